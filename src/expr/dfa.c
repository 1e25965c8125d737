// SPDX-License-Identifier: Apache-2.0
/* A state is what may be read next and whether the text may end here: the sets of positions that can
 * be reached, each found once, as long as they are few. */
#include "expr/dfa.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "expr/nfa.h"

enum { STATES = 1024, CELLS = 8192, SLOTS = 2 * STATES };	/* CELLS: of 2 bytes each */

struct dfa {
	uint8_t classes[256];	/* of bytes that no position tells apart */
	uint16_t nclasses, start, accepting;	/* rows from this one on accept the end of the text */
	const uint16_t *pairs;	/* the same for two bytes at once, its rows by nclasses longer; or NULL */
	uint16_t next[];	/* a row for each state: what begins at 0 is that of no return */
};

struct state {
	struct set next;	/* positions that may take the next symbol */
	bool accept;
};

struct maker {
	const struct nfa *nfa;
	struct state states[STATES];
	uint16_t slots[SLOTS];	/* states by hash, and 1 */
	uint16_t cells[CELLS];	/* of each state in turn, the states that follow by class */
	uint8_t classes[256], sample[256];	/* a byte of each class */
	unsigned nstates, nclasses;
	struct effort *effort;
};

static void find_classes(struct maker *m)
{
	const struct set *allows = m->nfa->allows;

	for (unsigned c = 0; c < 256; c++) {
		unsigned k = 0;

		while (k < m->nclasses && memcmp(&allows[m->sample[k]], &allows[c], sizeof(*allows)) != 0)
			k++;
		if (k == m->nclasses)
			m->sample[m->nclasses++] = c;
		m->classes[c] = k;
	}
}

static unsigned hash(const struct state *s)
{
	uint64_t h = s->accept;

	for (int i = 0; i < WORDS; i++) {
		h = (h ^ s->next.w[i]) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	return h % SLOTS;
}

static bool same(const struct state *a, const struct state *b)
{
	return a->accept == b->accept && !memcmp(&a->next, &b->next, sizeof(a->next));
}

/* The number of a state, a new one if need be; -1 when there are too many. */
static int number_of(struct maker *m, const struct state *s)
{
	unsigned at = hash(s);

	for (; m->slots[at]; at = (at + 1) % SLOTS)
		if (same(&m->states[m->slots[at] - 1], s))
			return m->slots[at] - 1;
	if (m->nstates == STATES || (m->nstates + 1) * m->nclasses > CELLS)
		return -1;
	m->states[m->nstates] = *s;
	m->slots[at] = ++m->nstates;
	return m->nstates - 1;
}

/* The state when these positions were the last to take a symbol and those of next may be the next. */
static int state_at(struct maker *m, const struct set *at, const struct set *next, bool accept)
{
	struct state s = { *next, accept || set_meets(at, &m->nfa->last) };
	struct set end = { 0 };

	for (int i = 0; i < WORDS; i++)
		end.w[i] = next->w[i] & m->nfa->allows[END].w[i];
	s.accept |= set_meets(&end, &m->nfa->last);
	return number_of(m, &s);
}

static int first_state(struct maker *m)
{
	struct set next = m->nfa->first, at = { 0 };

	nfa_step(m->nfa, &at, &next, BEGIN);
	next = m->nfa->first;
	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = at.w[i]; w; w &= w - 1)
			set_join(&next, &m->nfa->follow[64 * i + __builtin_ctzll(w)]);
	return state_at(m, &at, &next, m->nfa->empty);
}

/* What follows a state by each class of bytes; false when there are too many. */
static bool follow(struct maker *m, unsigned state)
{
	const struct set none = { 0 };

	if (m->effort->left < m->nclasses)
		return false;
	m->effort->left -= m->nclasses;
	for (unsigned k = 0; k < m->nclasses; k++) {
		struct set at = none, next = m->states[state].next, behind = none;
		int to;

		nfa_step(m->nfa, &at, &next, m->sample[k]);
		for (int i = 0; i < WORDS; i++)
			for (uint64_t w = at.w[i]; w; w &= w - 1)
				set_join(&behind, &m->nfa->follow[64 * i + __builtin_ctzll(w)]);
		to = state_at(m, &at, &behind, false);
		if (to < 0)
			return false;
		m->cells[state * m->nclasses + k] = to;
	}
	return true;
}

/* Rows of states that accept come last. */
static void number_rows(const struct maker *m, uint16_t *rows, struct dfa *dfa)
{
	unsigned row = 0;

	for (unsigned accept = 0; accept < 2; accept++) {
		dfa->accepting = row * m->nclasses;
		for (unsigned s = 0; s < m->nstates; s++)
			if (m->states[s].accept == accept)
				rows[s] = row++ * m->nclasses;
	}
}

/* The table is read at the pace of one look after the other: with pairs there are half as many. */
static void make_pairs(uint16_t *pairs, const struct dfa *dfa, unsigned ncells)
{
	for (unsigned cell = 0; cell < ncells; cell++)
		for (unsigned k = 0; k < dfa->nclasses; k++)
			*pairs++ = dfa->next[dfa->next[cell] + k] * dfa->nclasses;
}

static const struct dfa *finish(struct arena *arena, const struct maker *m, unsigned start)
{
	unsigned ncells = m->nstates * m->nclasses;
	unsigned npairs = ncells * (m->nclasses + 1) <= CELLS ? ncells * m->nclasses : 0;
	struct dfa *dfa = arena_alloc(arena, sizeof(*dfa) + (ncells + npairs) * sizeof(*dfa->next));
	uint16_t rows[STATES];

	if (!dfa)
		return NULL;
	number_rows(m, rows, dfa);
	memcpy(dfa->classes, m->classes, sizeof(dfa->classes));
	dfa->nclasses = m->nclasses;
	dfa->start = rows[start];
	for (unsigned s = 0; s < m->nstates; s++)
		for (unsigned k = 0; k < m->nclasses; k++)
			dfa->next[rows[s] + k] = rows[m->cells[s * m->nclasses + k]];
	if (npairs) {
		make_pairs(dfa->next + ncells, dfa, ncells);
		dfa->pairs = dfa->next + ncells;
	}
	return dfa;
}

static const struct dfa *make(struct maker *m)
{
	const struct state none = { 0 };
	int start;

	find_classes(m);
	number_of(m, &none);	/* the first: of no return */
	start = first_state(m);
	for (unsigned s = 0; s < m->nstates; s++)
		if (!follow(m, s))
			return NULL;
	return start < 0 ? NULL : finish(m->effort->arena, m, start);
}

const struct dfa *dfa_make(struct effort *effort, const struct nfa *nfa)
{
	struct maker *m = effort->arena->used < effort->arena->limit / 2 ? calloc(1, sizeof(*m)) : NULL;
	const struct dfa *dfa;

	if (!m)
		return NULL;
	m->nfa = nfa;
	m->effort = effort;
	dfa = make(m);
	free(m);
	return dfa;
}

static bool match_pairs(const struct dfa *dfa, unsigned at, const unsigned char *text, size_t n)
{
	at *= dfa->nclasses;
	for (size_t i = 0; i < n; i += 2) {
		at = dfa->pairs[at + dfa->classes[text[i]] * dfa->nclasses + dfa->classes[text[i + 1]]];
		if (!at)
			return false;
	}
	return at >= dfa->accepting * dfa->nclasses;
}

bool dfa_match(const struct dfa *dfa, const char *text, size_t n)
{
	size_t alone = dfa->pairs ? n % 2 : n;
	unsigned at = dfa->start;

	for (size_t i = 0; i < alone; i++) {
		at = dfa->next[at + dfa->classes[(unsigned char)text[i]]];
		if (!at)
			return false;
	}
	if (dfa->pairs)
		return match_pairs(dfa, at, (const unsigned char *)text + alone, n - alone);
	return at >= dfa->accepting;
}
