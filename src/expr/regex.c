// SPDX-License-Identifier: Apache-2.0
/* glibc's and PCRE's matchers may take exponential time, TRE allocates during a match, RE2 and
 * Hyperscan are C++. */
#include "expr/regex.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "expr/dfa.h"
#include "expr/need.h"
#include "expr/nfa.h"
#include "expr/regex_read.h"

struct regex {
	const struct nfa *nfa;	/* NULL: only matches are asked for, and the DFA tells */
	const struct dfa *dfa;	/* NULL: it would be too large */
	struct need need;
};

static bool keep(struct arena *arena, struct regex *regex, const struct nfa *a)
{
	struct nfa *copy = arena_alloc(arena, sizeof(*a));

	if (copy)
		*copy = *a;
	regex->nfa = copy;
	return copy;
}

static const struct regex *compile(struct arena *arena, struct nfa *a, const char *pattern, size_t n,
				   unsigned uses, struct regex_error *error)
{
	struct regex *regex = arena_alloc(arena, sizeof(*regex));

	error->text = NULL;
	if (!regex || !regex_read(a, pattern, n, error))
		return NULL;
	nfa_need(a, &regex->need);
	if (uses & REGEX_MATCH)
		regex->dfa = dfa_make(arena, a);
	if ((uses & REGEX_FIND || !regex->dfa) && !keep(arena, regex, a))
		return NULL;
	return regex;
}

const struct regex *regex_compile(struct arena *arena, const char *pattern, size_t n, unsigned uses,
				  struct regex_error *error)
{
	struct nfa *a = calloc(1, sizeof(*a));
	const struct regex *regex;

	error->text = NULL;
	regex = a ? compile(arena, a, pattern, n, uses, error) : NULL;
	free(a);
	return regex;
}

const struct dfa *regex_dfa(const struct regex *regex)
{
	return regex->dfa;
}

const struct need *regex_need(const struct regex *regex)
{
	return &regex->need;
}

bool regex_match(const struct regex *regex, const char *text, size_t n)
{
	return regex->dfa ? dfa_match(regex->dfa, text, n) : nfa_match(regex->nfa, text, n);
}

bool regex_find(const struct regex *regex, const char *text, size_t n, size_t from, size_t *begin, size_t *end)
{
	return nfa_find(regex->nfa, text, n, from, begin, end);
}
