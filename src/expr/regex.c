// SPDX-License-Identifier: Apache-2.0
/* glibc's and PCRE's matchers may take exponential time, TRE and RE2 allocate during a match; Hyperscan
 * takes 2 ms to compile a pattern, 6 MiB, and ten times as long on a short text. */
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

static bool keep(struct arena *arena, struct regex *regex, const struct nfa *nfa)
{
	struct nfa *copy = arena_alloc(arena, sizeof(*nfa));

	if (copy)
		*copy = *nfa;
	regex->nfa = copy;
	return copy;
}

static const struct regex *compile(struct effort *effort, struct nfa *nfa, const char *pattern, size_t n,
				   unsigned uses, struct regex_error *error)
{
	struct regex *regex = arena_alloc(effort->arena, sizeof(*regex));

	error->text = NULL;
	if (!regex || !regex_read(nfa, pattern, n, error))
		return NULL;
	nfa_need(nfa, &regex->need, effort);
	if (uses & REGEX_MATCH)
		regex->dfa = dfa_make(effort, nfa);
	if ((uses & REGEX_FIND || !regex->dfa) && !keep(effort->arena, regex, nfa))
		return NULL;
	return regex;
}

const struct regex *regex_compile(struct effort *effort, const char *pattern, size_t n, unsigned uses,
				  struct regex_error *error)
{
	struct nfa *nfa = calloc(1, sizeof(*nfa));
	const struct regex *regex;

	error->text = NULL;
	regex = nfa ? compile(effort, nfa, pattern, n, uses, error) : NULL;
	free(nfa);
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
