// SPDX-License-Identifier: Apache-2.0
/* A pattern of file names as an automaton, so that its time is linear too. */
#include <stdlib.h>
#include <string.h>

#include "expr/constant.h"
#include "expr/dfa.h"
#include "expr/glob.h"
#include "expr/nfa.h"

/* Any number of characters; of a path, of one component. */
static bool append_any(struct nfa *nfa, bool path, struct part *to)
{
	struct symbols any = { 0 };
	struct part part;

	memset(any.has, true, 256);
	any.has['/'] = !path;
	if (!part_symbols(nfa, &any, &part))
		return false;
	part_repeat(nfa, &part);
	part.empty = true;
	part_append(nfa, to, &part);
	return true;
}

/* Goes on behind the character, class or ? at *p.  false also when nothing can stand there. */
static bool append_one(struct nfa *nfa, const char **p, const char *end, bool fold, bool path, struct part *to)
{
	struct symbols symbols = { 0 };
	const char *behind = NULL;
	struct part part;

	for (unsigned c = 0; c < 256; c++) {
		const char *next = glob_one(*p, end, (char)c, fold);

		symbols.has[c] = next && !(path && c == '/');
		behind = next ? next : behind;
	}
	if (!behind || !part_symbols(nfa, &symbols, &part))
		return false;
	part_append(nfa, to, &part);
	*p = behind;
	return true;
}

static bool append(struct nfa *nfa, const char *p, const char *end, bool fold, bool path, struct part *to)
{
	while (p < end)
		if (*p != '*') {
			if (!append_one(nfa, &p, end, fold, path, to))
				return false;
		} else if (!append_any(nfa, path, to)) {
			return false;
		} else {
			p++;
		}
	return true;
}

static bool append_slash(struct nfa *nfa, struct part *to)
{
	struct symbols slash = { .has = { ['/'] = true } };
	struct part part;

	if (!part_symbols(nfa, &slash, &part))
		return false;
	part_append(nfa, to, &part);
	return true;
}

/* Component by component, and whatever is below. */
static bool read_path(struct nfa *nfa, const struct constant_text *pattern, struct part *ret)
{
	const char *p = pattern->s, *end = p + pattern->len - (pattern->len && p[pattern->len - 1] == '/');
	struct part below = { .empty = true };

	*ret = below;
	for (;;) {
		size_t n = glob_component(p, end);

		if (!append(nfa, p, p + n, false, true, ret))
			return false;
		p += n;
		if (p == end)
			break;
		if (!append_slash(nfa, ret))
			return false;
		p++;
	}
	if (!append_slash(nfa, &below) || !append_any(nfa, false, &below))
		return false;
	below.empty = true;
	part_append(nfa, ret, &below);
	return true;
}

static bool read_paths(struct nfa *nfa, const struct constant_text *patterns, size_t n, struct part *ret)
{
	struct part other;

	*ret = (struct part){ 0 };
	for (size_t i = 0; i < n; i++) {
		if (!read_path(nfa, &patterns[i], &other))
			return false;
		part_either(ret, &other);
	}
	return true;
}

static const struct dfa *finish(struct effort *effort, struct nfa *nfa, bool read, const struct part *whole)
{
	const struct dfa *dfa = NULL;

	if (read) {
		nfa_finish(nfa, whole);
		dfa = dfa_make(effort, nfa);
	}
	free(nfa);
	return dfa;
}

const struct dfa *glob_dfa(struct effort *effort, const char *pattern, size_t n, bool fold)
{
	struct nfa *nfa = calloc(1, sizeof(*nfa));
	struct part whole = { .empty = true };

	return nfa ? finish(effort, nfa, append(nfa, pattern, pattern + n, fold, false, &whole), &whole) : NULL;
}

const struct dfa *glob_path_dfa(struct effort *effort, const struct constant_text *patterns, size_t n)
{
	struct nfa *nfa = calloc(1, sizeof(*nfa));
	struct part whole;

	return nfa ? finish(effort, nfa, read_paths(nfa, patterns, n, &whole), &whole) : NULL;
}
