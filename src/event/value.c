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

/* What an argument is called depends on the one before it, or for protocols on the first. */
static const struct told {
	enum type type;
	int32_t other;
	const struct names *names;
} told[] = {
	{ T_sock_proto, AF_INET, &names_sock_proto }, { T_sock_proto, AF_INET6, &names_sock_proto },
	{ T_sock_proto, AF_NETLINK, &names_netlink_families }, { T_sock_opt, SOL_SOCKET, &names_sock_opt },
	{ T_sock_opt, SOL_OF_TCP, &names_tcp_options },
};

enum { TOLD = sizeof(told) / sizeof(*told) };

static const struct told *told_by(enum type type, const uint64_t *args, unsigned i)
{
	int32_t other = (int32_t)(type == T_sock_proto ? args[0] : args[i - 1]);

	for (unsigned n = 0; n < TOLD; n++)
		if (told[n].type == type && told[n].other == other)
			return &told[n];
	return NULL;
}

static bool is_told(enum type type, unsigned i)
{
	return (type == T_sock_proto && i == 2) || (type == T_sock_opt && i > 0);
}

/* The first of the rows with these names stands for all. */
static uint64_t told_value(const struct told *by, uint64_t value)
{
	const struct told *first = told;

	while (first->names != by->names)
		first++;
	return (uint64_t)(first - told + 1) << 32 | (uint32_t)value;
}

void value_text_arg(struct text *t, enum type type, const uint64_t *args, unsigned i, bool compat)
{
	uint64_t value = value_clean(type, args[i], compat);
	const struct told *by = is_told(type, i) ? told_by(type, args, i) : NULL;
	const struct name *row = by ? names_find(by->names, value) : NULL;

	if (row)
		text_str(t, row->text);
	else if (is_told(type, i))
		text_dec(t, (int32_t)value);
	else
		value_text(t, type, value, compat);
}

uint64_t value_told_arg(enum type type, const uint64_t *args, unsigned i, bool compat)
{
	uint64_t value = value_clean(type, args[i], compat);
	const struct told *by = told_by(type, args, i);

	return by ? told_value(by, value) : (uint32_t)value;
}

int value_told(enum type type, const char *name, uint64_t *ret)
{
	for (unsigned n = 0; n < TOLD; n++) {
		const struct name *row = told[n].type == type ? names_parse(told[n].names, name, strlen(name)) : NULL;

		if (!row)
			continue;
		*ret = told_value(&told[n], row->value);
		return 0;
	}
	return -EINVAL;
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
