/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions in time linear to the text, without allocation while matching. */
#ifndef SAKER_EXPR_REGEX_H
#define SAKER_EXPR_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dfa;
struct effort;
struct need;
struct regex;

enum { REGEX_POSITIONS = 256 };

struct regex_error {
	const char *text;	/* NULL: out of memory */
	size_t at;		/* offset in the pattern */
};

enum { REGEX_MATCH = 1, REGEX_FIND = 2 };

/* uses: which of the functions below will be called.  NULL, and what is wrong with the pattern. */
const struct regex *regex_compile(struct effort *effort, const char *pattern, size_t n, unsigned uses,
				  struct regex_error *error);

/* What regex_match asks; NULL when it would be too large. */
const struct dfa *regex_dfa(const struct regex *regex);

/* What each text that matches has. */
const struct need *regex_need(const struct regex *regex);

/* Whether all of the text matches. */
bool regex_match(const struct regex *regex, const char *text, size_t n);

/* The first part of the text from byte from on that matches, the longest of those that begin there;
 * false if there is none.  A part of no bytes is none. */
bool regex_find(const struct regex *regex, const char *text, size_t n, size_t from, size_t *begin, size_t *end);

#endif
