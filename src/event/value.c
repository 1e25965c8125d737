/* SPDX-License-Identifier: Apache-2.0 */
#include "event/value.h"

#include "base/text.h"
#include "event/look.h"

#include <errno.h>
#include <sys/socket.h>

enum { SOL_OF_TCP = 6 };

uint64_t value_clean(enum type type, uint64_t value, bool compat)
{
	return look_clean(&looks[type], value, compat);
}

bool value_is_number(enum type type)
{
	return looks[type].number;
}

void value_text(struct text *t, enum type type, uint64_t value, bool compat)
{
	const struct look *look = &looks[type];

	look->show(t, look, look_clean(look, value, compat));
}

static void show_of(struct text *t, const struct names *names, uint64_t value)
{
	const struct name *row = names ? names_find(names, value) : NULL;

	if (row)
		text_str(t, row->text);
	else
		text_dec(t, (int32_t)value);
}

static const struct names *proto_names(int family)
{
	switch (family) {
	case AF_INET:
	case AF_INET6:
		return &names_sock_proto;
	case AF_NETLINK:
		return &names_netlink_families;
	default:
		return NULL;
	}
}

static const struct names *option_names(int level)
{
	switch (level) {
	case SOL_SOCKET:
		return &names_sock_opt;
	case SOL_OF_TCP:
		return &names_tcp_options;
	default:
		return NULL;
	}
}

void value_text_arg(struct text *t, enum type type, const uint64_t *args, unsigned i, bool compat)
{
	uint64_t value = value_clean(type, args[i], compat);

	if (type == T_sock_proto && i == 2)
		show_of(t, proto_names((int)args[0]), value);
	else if (type == T_sock_opt && i > 0)
		show_of(t, option_names((int)args[i - 1]), value);
	else
		value_text(t, type, value, compat);
}

int value_parse(enum type type, const char *text, uint64_t *ret)
{
	const struct look *look = &looks[type];
	struct word word = { text, strlen(text) };
	uint64_t value;
	int r = word.len ? look->parse(look, word, &value) : -EINVAL;

	if (r)
		return r;
	*ret = look_clean(look, value, false);
	return 0;
}

const char *errno_name(int err)
{
	const struct name *row = err > 0 ? names_find(&names_errnos, (uint64_t)err) : NULL;

	return row ? row->text : NULL;
}
