/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The position automaton (Glushkov): a state for each character of the pattern, no empty moves, so
 * a set of states is a few words and one step is one pass over it.  At most 256 positions; the cost
 * of a byte of text is bounded by that, whatever the pattern, and nothing is allocated while
 * matching.
 */
#ifndef SAKER_EXPR_NFA_H
#define SAKER_EXPR_NFA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expr/regex.h"

struct effort;
struct need;

enum { BEGIN = 256, END, SYMBOLS };	/* what a position takes, besides bytes */
enum { WORDS = REGEX_POSITIONS / 64 };

struct set { uint64_t w[WORDS]; };

struct nfa {
	struct set first, last;
	struct set follow[REGEX_POSITIONS];
	struct set allows[SYMBOLS];	/* positions that take this symbol */
	unsigned positions;
	bool empty;
};

static inline void set_join(struct set *to, const struct set *from)
{
	for (int i = 0; i < WORDS; i++)
		to->w[i] |= from->w[i];
}

static inline void set_put(struct set *s, unsigned i)
{
	s->w[i / 64] |= UINT64_C(1) << i % 64;
}

static inline bool set_has(const struct set *s, unsigned i)
{
	return s->w[i / 64] >> i % 64 & 1;
}

static inline bool set_meets(const struct set *a, const struct set *b)
{
	uint64_t any = 0;

	for (int i = 0; i < WORDS; i++)
		any |= a->w[i] & b->w[i];
	return any;
}

/* Where a part of a pattern may begin and end. */
struct part {
	struct set first, last;
	bool empty;
};

struct symbols { bool has[SYMBOLS]; };

/* A part that takes one of these symbols.  false when the pattern is too long. */
bool part_symbols(struct nfa *nfa, const struct symbols *symbols, struct part *ret);

/* One behind the other. */
void part_append(struct nfa *nfa, struct part *to, const struct part *part);

/* One or the other. */
void part_either(struct part *to, const struct part *other);

/* Of one part, or the last of several: go on with it as often as one likes. */
void part_repeat(struct nfa *nfa, const struct part *part);

/* All parts are joined: this is the whole. */
void nfa_finish(struct nfa *nfa, const struct part *whole);

/* Positions that are reached when the symbol is read at those of next, with what may follow those of
 * at; false when there are none. */
bool nfa_step(const struct nfa *nfa, struct set *at, struct set *next, unsigned symbol);

bool nfa_match(const struct nfa *nfa, const char *text, size_t n);

/* As regex_find has it. */
bool nfa_find(const struct nfa *nfa, const char *text, size_t n, size_t from, size_t *begin, size_t *end);

/* What each text that matches has; nothing is known without effort. */
void nfa_need(const struct nfa *nfa, struct need *need, struct effort *effort);

#endif
