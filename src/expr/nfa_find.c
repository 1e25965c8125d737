// SPDX-License-Identifier: Apache-2.0
/* The first part of a text that matches: all places where one may have begun go along together. */
#include "expr/nfa.h"

/* What may come next, and where in the text each began: the first of several. */
struct front {
	struct set set;
	uint32_t begin[REGEX_POSITIONS];
};

static void front_add(struct front *f, const struct set *set, uint32_t begin)
{
	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = set->w[i]; w; w &= w - 1) {
			unsigned at = 64 * i + __builtin_ctzll(w);
			bool known = f->set.w[i] >> at % 64 & 1;

			if (!known || begin < f->begin[at])
				f->begin[at] = begin;
		}
	set_join(&f->set, set);
}

/* What follows those of f that take the symbol, into next. */
static void front_step(const struct nfa *nfa, const struct front *f, struct front *next, unsigned symbol)
{
	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = f->set.w[i] & nfa->allows[symbol].w[i]; w; w &= w - 1) {
			unsigned at = 64 * i + __builtin_ctzll(w);

			front_add(next, &nfa->follow[at], f->begin[at]);
		}
}

/* A match may begin at byte i, behind a ^ at the begin of the text. */
static void front_begin(const struct nfa *nfa, struct front *f, size_t i)
{
	struct front start = { 0 };

	front_add(f, &nfa->first, i);
	if (i > 0)
		return;
	front_add(&start, &nfa->first, 0);
	front_step(nfa, &start, f, BEGIN);
}

/* The first begin of what has matched when the symbol was taken, SIZE_MAX if nothing has. */
static size_t front_match(const struct nfa *nfa, const struct front *f, unsigned symbol)
{
	size_t first = SIZE_MAX;

	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = f->set.w[i] & nfa->allows[symbol].w[i] & nfa->last.w[i]; w; w &= w - 1) {
			size_t begin = f->begin[64 * i + __builtin_ctzll(w)];

			first = begin < first ? begin : first;
		}
	return first;
}

/* Whether the first match can still become longer, or one that began before it end. */
static bool front_hopes(const struct front *f, size_t begin)
{
	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = f->set.w[i]; w; w &= w - 1)
			if (f->begin[64 * i + __builtin_ctzll(w)] <= begin)
				return true;
	return false;
}

static bool could_begin(const struct nfa *nfa, unsigned symbol)
{
	return set_meets(&nfa->first, &nfa->allows[symbol]);
}

bool nfa_find(const struct nfa *nfa, const char *text, size_t n, size_t from, size_t *begin, size_t *end)
{
	const bool anchored = could_begin(nfa, BEGIN);
	struct front fronts[2] = { 0 }, *f = &fronts[0], *next = &fronts[1];
	size_t found = SIZE_MAX, stop = 0;

	for (size_t i = from; i <= n && (found == SIZE_MAX || front_hopes(f, found)); i++) {
		unsigned symbol = i < n ? (unsigned char)text[i] : END;
		struct front *swap = f;
		size_t first;

		if (found == SIZE_MAX && i < n && (could_begin(nfa, symbol) || (anchored && i == 0)))
			front_begin(nfa, f, i);
		first = front_match(nfa, f, symbol);
		if (first != SIZE_MAX && first <= found) {
			found = first;
			stop = i < n ? i + 1 : n;
		}
		next->set = (struct set){ 0 };
		front_step(nfa, f, next, symbol);
		f = next;
		next = swap;
	}
	*begin = found;
	*end = stop;
	return found != SIZE_MAX;
}
