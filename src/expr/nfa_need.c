// SPDX-License-Identifier: Apache-2.0
/* A position that each way from begin to end passes needs its letter, and its neighbour's where only
 * one can stand there. */
#include "expr/nfa.h"

#include "expr/dfa.h"
#include "expr/need.h"

enum { ANY = -1, UNSEEN = -2 };

/* The byte that a position takes, either case of a letter; ANY when others too, or none. */
static int letter_of(const struct nfa *nfa, unsigned position)
{
	int letter = UNSEEN;

	for (int c = 0; c < SYMBOLS; c++) {
		if (!set_has(&nfa->allows[c], position))
			continue;
		if (c > 255 || (letter != UNSEEN && (c | 32) != (letter | 32)))
			return ANY;
		letter = c;
	}
	return letter == UNSEEN ? ANY : letter;
}

/* Whether a text can match that does not pass this position. */
static bool avoidable(const struct nfa *nfa, unsigned position)
{
	struct set todo = nfa->first, seen = { 0 };

	set_put(&seen, position);
	for (int i = 0; i < WORDS; ) {
		uint64_t new = todo.w[i] & ~seen.w[i];
		unsigned p = 64 * i + (new ? __builtin_ctzll(new) : 0);

		if (!new) {
			i++;
			continue;
		}
		if (set_has(&nfa->last, p))
			return true;
		set_put(&seen, p);
		set_join(&todo, &nfa->follow[p]);
		i = 0;
	}
	return nfa->empty;
}

/* The only position before this one; -1 when there are several or it may be the first. */
static int only_before(const struct nfa *nfa, unsigned position)
{
	int before = -1;

	if (set_has(&nfa->first, position))
		return -1;
	for (unsigned p = 0; p < nfa->positions; p++) {
		if (!set_has(&nfa->follow[p], position))
			continue;
		if (before >= 0)
			return -1;
		before = p;
	}
	return before;
}

/* The only position behind this one; -1 when there are several or it may be the last. */
static int only_behind(const struct nfa *nfa, unsigned position)
{
	const struct set *follow = &nfa->follow[position];
	int behind = -1;

	if (set_has(&nfa->last, position))
		return -1;
	for (int i = 0; i < WORDS; i++) {
		if (!follow->w[i])
			continue;
		if (behind >= 0 || follow->w[i] & (follow->w[i] - 1))
			return -1;
		behind = 64 * i + __builtin_ctzll(follow->w[i]);
	}
	return behind;
}

void nfa_need(const struct nfa *nfa, struct need *need, struct effort *effort)
{
	unsigned steps = 1 + nfa->positions * nfa->positions / 16;

	need->n = 0;
	if (effort->left < steps)
		return;
	effort->left -= steps;
	for (unsigned p = 0; p < nfa->positions; p++) {
		int letter = letter_of(nfa, p), before, behind;

		if (letter == ANY || avoidable(nfa, p))
			continue;
		before = only_before(nfa, p);
		behind = only_behind(nfa, p);
		need_letter(need, before < 0 ? ANY : letter_of(nfa, before), letter);
		if (behind >= 0)
			need_letter(need, letter, letter_of(nfa, behind));
	}
}
