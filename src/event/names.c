/* SPDX-License-Identifier: Apache-2.0 */
#include "event/names.h"

#include <string.h>

const struct name *names_find(const struct names *names, uint64_t value)
{
	const struct name *row = names->rows, *end = row + names->count;
	uint64_t guess = value - row->value;

	if (guess < names->count && row[guess].value == value)
		return row + guess;
	for (; row < end; row++) {
		if (row->value == value)
			return row;
	}
	return NULL;
}

const struct name *names_parse(const struct names *names, const char *text, size_t len)
{
	const struct name *row = names->rows, *end = row + names->count;

	for (; row < end; row++) {
		if (!strncmp(row->text, text, len) && !row->text[len])
			return row;
	}
	return NULL;
}
