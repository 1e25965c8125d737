/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a text has to have for a pattern to match it: letters, and pairs of neighbours.  Of a text it
 * is noted once which it has, so that a hundred patterns that do not match it cost a few looks each,
 * however long the text and however bad the patterns are.
 *
 * Letters are the same in both cases, and so are bytes that differ by 32: what is noted is necessary,
 * never sufficient.
 */
#ifndef SAKER_EXPR_NEED_H
#define SAKER_EXPR_NEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NEEDS = 6, NEED_PAIRS = 2048, NEED_BITS = NEED_PAIRS + 256 };

struct need {
	uint8_t n;
	uint16_t bits[NEEDS];	/* those that stand last in the pattern */
};

struct note {
	const char *text;	/* not owned */
	size_t len;
	unsigned asked;
	uint64_t has[NEED_BITS / 64];
};

/* Of the texts of one record, while it is looked at.  Begin with n = 0. */
struct notes {
	unsigned n;
	struct note of[4];
};

/* The letter behind the one before; -1 is none: anything may stand there. */
void need_letter(struct need *need, int before, int letter);

/* All of the text's. */
void need_text(struct need *need, const char *text, size_t n);

/* Whether the text may match one of the patterns with these needs.  The same text has to stay where
 * it is while the notes live. */
bool notes_may_match(struct notes *notes, const char *text, size_t len, const struct need *needs, size_t n);

#endif
