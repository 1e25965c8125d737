// SPDX-License-Identifier: Apache-2.0
/* What comparisons must know of a type beyond its text, from the rows behind value.h. */
#include "expr/operand.h"

#include <string.h>

#include "base/nearest.h"
#include "event/look.h"
#include "event/value.h"

enum { NAMES_NEAR = 1024 };

unsigned type_bits(enum type type)
{
	return looks[type].bits;
}

bool type_signed(enum type type)
{
	return looks[type].sign;
}

uint64_t type_choice_bits(enum type type)
{
	return looks[type].choices && looks[type].flags ? looks[type].part : 0;
}

bool type_has_flags(enum type type)
{
	return looks[type].flags != NULL || type == T_cap_mask;
}

bool type_named(enum type type)
{
	return looks[type].choices && !looks[type].flags;
}

size_t type_names_with(enum type type, const char *part, uint64_t *values, size_t max)
{
	const struct names *names = looks[type].choices;
	size_t n = 0;

	for (unsigned i = 0; i < names->count; i++) {
		if (!strstr(names->rows[i].text, part))
			continue;
		if (n < max)
			values[n] = look_clean(&looks[type], names->rows[i].value, false);
		n++;
	}
	return n;
}

bool type_ordered(enum type type)
{
	return (value_is_number(type) && type != T_bool) || type == T_hex || type == T_hex_long ||
	       type == T_ptr || type == T_dirfd;
}

static size_t add(const char **words, size_t n, const struct names *names)
{
	for (unsigned i = 0; names && i < names->count && n < NAMES_NEAR; i++)
		words[n++] = names->rows[i].text;
	return n;
}

/* INET of AF_INET. */
static bool is_behind_prefix(const char *word, const char *name)
{
	size_t n = strlen(word), len = strlen(name);

	return len > 1 && n > len && word[n - len - 1] == '_' && !strcmp(word + n - len, name);
}

const char *type_nearest(enum type type, const char *name)
{
	const char *words[NAMES_NEAR], *near;
	size_t n = add(words, add(words, 0, looks[type].choices), looks[type].flags);

	if (type == T_signal)
		n = add(words, n, &names_signals);
	if (type == T_sock_proto)
		n = add(words, n, &names_netlink_families);
	if (type == T_sock_opt)
		n = add(words, n, &names_tcp_options);
	if (type == T_cap_mask)
		n = add(words, n, &names_capability);
	if (type == T_ioctl_cmd)
		n = add(words, n, &names_ioctls);
	near = nearest(name, words, n);
	for (size_t i = 0; i < n && !near; i++)
		if (is_behind_prefix(words[i], name))
			near = words[i];
	return near;
}
