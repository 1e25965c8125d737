/* SPDX-License-Identifier: Apache-2.0 */
/* A table that matches as an NFA does, with one look into it a byte, or for two while it stays small. */
#ifndef SAKER_EXPR_DFA_H
#define SAKER_EXPR_DFA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct dfa;
struct nfa;

/* For patterns that are compiled together: where they are kept, and how many steps may still be spent
 * on making them quick.  Without they still match, slower. */
enum { EFFORT = 1 << 19 };	/* some 20 ms */

struct effort {
	struct arena *arena;
	unsigned left;
};

/* NULL when it would be larger than 16 KiB, without effort, or when half of the memory is taken. */
const struct dfa *dfa_make(struct effort *effort, const struct nfa *nfa);

/* Whether all of the text matches. */
bool dfa_match(const struct dfa *dfa, const char *text, size_t n);

#endif
