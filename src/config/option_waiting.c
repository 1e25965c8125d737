// SPDX-License-Identifier: Apache-2.0
#include "config/option.h"

#include <stdio.h>
#include <string.h>

static const size_t sizes[] = {
	[OPTION_BOOL] = sizeof(bool),	      [OPTION_NUMBER] = sizeof(uint64_t),
	[OPTION_SIZE] = sizeof(uint64_t),     [OPTION_POWER] = sizeof(uint64_t),
	[OPTION_DURATION] = sizeof(uint64_t), [OPTION_ENUM] = sizeof(unsigned),
};

static bool same_text(const struct option_text *a, const struct option_text *b)
{
	return a->text && b->text ? !strcmp(a->text, b->text) : a->text == b->text;
}

static bool same_list(const struct option_list *a, const struct option_list *b)
{
	for (unsigned i = 0; i < a->n && i < b->n; i++)
		if (!same_text(&a->items[i], &b->items[i]))
			return false;
	return a->n == b->n;
}

static bool same(const struct option_row *row, const void *a, const void *b)
{
	if (row->type == OPTION_STRINGS || row->type == OPTION_PATHS || row->type == OPTION_WORDS)
		return same_list(a, b);
	if (row->type == OPTION_STRING || row->type == OPTION_PATH || row->type == OPTION_WORD ||
	    row->type == OPTION_TEXT)
		return same_text(a, b);
	return row->type < sizeof(sizes) / sizeof(*sizes) && !memcmp(a, b, sizes[row->type]);
}

static void collect(const struct option_row *rows, const char *where, bool all, const void *now, const void *next,
		    char *to, size_t size)
{
	for (; rows->name; rows++) {
		const char *a = (const char *)now + rows->offset, *b = (const char *)next + rows->offset;
		bool wanted = all || rows->at_start;
		size_t len = strlen(to);
		char name[128];

		snprintf(name, sizeof(name), "%s.%s", where, rows->name);
		if (rows->type == OPTION_GROUP)
			collect(rows->rows, name, wanted, a, b, to, size);
		else if (wanted && !same(rows, a, b))
			snprintf(to + len, size - len, "%s%s", len ? ", " : "", name);
	}
}

char *option_waiting(const struct option_row *rows, const char *where, const void *now, const void *next, char *to,
		     size_t size)
{
	*to = 0;
	collect(rows, where, false, now, next, to, size);
	return to;
}
