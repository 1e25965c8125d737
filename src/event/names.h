/* SPDX-License-Identifier: Apache-2.0 */
/* The names of numbers, one table for each set of flags or choices. */
#ifndef SAKER_EVENT_NAMES_H
#define SAKER_EVENT_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct name {
	uint64_t value;
	const char *text;
};

/*
 * Where values overlap, a row that holds several bits is before the rows of its parts. Choices are
 * found fastest where their values follow each other.
 */
struct names {
	const struct name *rows;
	unsigned count;
};

/* A row whose value the kernel headers of Debian 12 know, and one they do not know yet. */
#define NAME(constant) { (uint64_t)(constant), #constant }
#define NEWER(constant, value) { value, #constant }

#define NAMES(table) \
	const struct names names_##table = { table, sizeof(table) / sizeof(*table) }

#define TABLE(table) extern const struct names names_##table;
#include "event/names.def"

/* The row of a value, NULL when there is none. */
const struct name *names_find(const struct names *names, uint64_t value);

/* The row of a name of len bytes, NULL when there is none. */
const struct name *names_parse(const struct names *names, const char *text, size_t len);

#endif
