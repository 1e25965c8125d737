// SPDX-License-Identifier: Apache-2.0
#include "expr/nfa.h"

bool part_symbols(struct nfa *nfa, const struct symbols *symbols, struct part *ret)
{
	unsigned n = nfa->positions;

	if (n == REGEX_POSITIONS)
		return false;
	nfa->positions++;
	for (unsigned i = 0; i < SYMBOLS; i++)
		if (symbols->has[i])
			set_put(&nfa->allows[i], n);
	*ret = (struct part){ 0 };
	set_put(&ret->first, n);
	set_put(&ret->last, n);
	return true;
}

/* Whatever ends in from may go on with to. */
static void connect(struct nfa *nfa, const struct set *from, const struct set *to)
{
	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = from->w[i]; w; w &= w - 1)
			set_join(&nfa->follow[64 * i + __builtin_ctzll(w)], to);
}

void part_append(struct nfa *nfa, struct part *to, const struct part *part)
{
	connect(nfa, &to->last, &part->first);
	if (to->empty)
		set_join(&to->first, &part->first);
	if (part->empty)
		set_join(&to->last, &part->last);
	else
		to->last = part->last;
	to->empty &= part->empty;
}

void part_either(struct part *to, const struct part *other)
{
	set_join(&to->first, &other->first);
	set_join(&to->last, &other->last);
	to->empty |= other->empty;
}

void part_repeat(struct nfa *nfa, const struct part *part)
{
	connect(nfa, &part->last, &part->first);
}

void nfa_finish(struct nfa *nfa, const struct part *whole)
{
	nfa->first = whole->first;
	nfa->last = whole->last;
	nfa->empty = whole->empty;
}

bool nfa_step(const struct nfa *nfa, struct set *at, struct set *next, unsigned symbol)
{
	const struct set *allows = &nfa->allows[symbol];
	uint64_t any = 0;

	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = at->w[i]; w; w &= w - 1)
			set_join(next, &nfa->follow[64 * i + __builtin_ctzll(w)]);
	for (int i = 0; i < WORDS; i++)
		any |= at->w[i] = next->w[i] & allows->w[i];
	return any;
}

/* ^ and $ may stand for nothing at the ends: there, their positions add to those without them. */
bool nfa_match(const struct nfa *nfa, const char *text, size_t n)
{
	struct set next = nfa->first, at = { 0 }, edge;
	bool begun = nfa_step(nfa, &at, &next, BEGIN);
	bool accept = nfa->empty || (begun && set_meets(&at, &nfa->last));

	next = nfa->first;
	for (size_t i = 0; i < n; i++) {
		edge = at;
		if (!nfa_step(nfa, &edge, &next, (unsigned char)text[i]))
			return false;
		at = edge;
		next = (struct set){ 0 };
	}
	if (n)
		accept = set_meets(&at, &nfa->last);
	edge = at;
	return accept || (nfa_step(nfa, &edge, &next, END) && set_meets(&edge, &nfa->last));
}

