// SPDX-License-Identifier: Apache-2.0
#include "config/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit { const char *name; uint64_t factor; };

/* The first is that of a plain number; from small to large. */
static const struct unit sizes[] = {
	{ "", 1 },
	{ "K", UINT64_C(1) << 10 },
	{ "M", UINT64_C(1) << 20 },
	{ "G", UINT64_C(1) << 30 },
	{ NULL, 0 },
};

static const struct unit durations[] = {
	{ "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { NULL, 0 },
};

static int parse(const char *text, const struct unit *units, uint64_t *ret)
{
	char *end;
	uint64_t value;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	for (; units->name; units++)
		if (!strcmp(end, units->name))
			return errno || __builtin_mul_overflow(value, units->factor, &value)
				       ? -ERANGE
				       : (*ret = value, 0);
	return -EINVAL;
}

int unit_number(const char *text, uint64_t *ret)
{
	static const struct unit none[] = { { "", 1 }, { NULL, 0 } };

	return parse(text, none, ret);
}

int unit_size(const char *text, uint64_t *ret)
{
	return parse(text, sizes, ret);
}

int unit_duration(const char *text, uint64_t *ret_ms)
{
	return parse(text, durations, ret_ms);
}

static char *print(char *to, uint64_t value, const struct unit *units)
{
	const struct unit *best = units;

	for (; units->name; units++)
		if (*units->name && value && value % units->factor == 0)
			best = units;
	snprintf(to, UNIT_TEXT, "%" PRIu64 "%s", value / best->factor, best->name);
	return to;
}

char *unit_print_size(char to[static UNIT_TEXT], uint64_t bytes)
{
	return print(to, bytes, sizes);
}

char *unit_print_duration(char to[static UNIT_TEXT], uint64_t ms)
{
	return print(to, ms, durations);
}
