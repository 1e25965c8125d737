/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions in time linear to the text, without allocation while matching. */
#ifndef SAKER_EXPR_REGEX_H
#define SAKER_EXPR_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct regex;

enum { REGEX_POSITIONS = 256 };

struct regex_error {
	const char *text;	/* NULL: out of memory */
	size_t at;		/* offset in the pattern */
};

/* NULL, and what is wrong with the pattern. */
const struct regex *regex_compile(struct arena *arena, const char *pattern, size_t n,
				  struct regex_error *error);

/* Whether all of the text matches. */
bool regex_match(const struct regex *regex, const char *text, size_t n);

/* The first part of the text from byte from on that matches, the longest of those that begin there;
 * false if there is none.  A part of no bytes is none. */
bool regex_find(const struct regex *regex, const char *text, size_t n, size_t from, size_t *begin, size_t *end);

#endif
