// SPDX-License-Identifier: Apache-2.0
/* Patterns as tables, and what is known of them before they are tried, against the plain matchers. */
#include <criterion/criterion.h>
#include <string.h>

#include "expr.h"
#include "expr/constant.h"
#include "expr/dfa.h"
#include "expr/glob.h"
#include "expr/need.h"
#include "expr/nfa.h"
#include "expr/regex_read.h"

enum { ARENA = 1 << 20, PATTERNS = 4 };

static size_t any_of(uint64_t *state, const char *const *items, unsigned n, unsigned most, char *to)
{
	unsigned many = record_random(state) % (most + 1);
	size_t len = 0;

	for (unsigned i = 0; i < many; i++)
		len += sprintf(to + len, "%s", items[record_random(state) % n]);
	to[len] = 0;
	return len;
}

static const char *const glob_items[] = { "a", "b", "A", "/", "*", "?", "[ab]", "[!a]", "[a-c/]", "\\*", "\\a", "[", "]", ".", "/a", "**", "\xff" };
static const char *const text_items[] = { "a", "b", "A", "c", "/", "*", ".", "[", "]", "ab", "/a", "\xff" };

static size_t any_glob(uint64_t *state, char *to)
{
	return any_of(state, glob_items, LEN_OF(glob_items), 7, to);
}

static size_t any_text(uint64_t *state, char *to)
{
	return any_of(state, text_items, LEN_OF(text_items), 9, to);
}

/* The notes of a text that were asked of often enough to be taken. */
static bool may_match(const char *text, size_t n, const struct need *need, size_t nneeds)
{
	struct notes notes = { 0 };
	bool may = true;

	for (unsigned i = 0; i < 4; i++)
		may = notes_may_match(&notes, text, n, need, nneeds);
	return may;
}

Test(pattern, table_of_a_glob_is_the_glob)
{
	uint64_t state = 31;
	unsigned matched = 0, refused = 0, made = 0;
	char pattern[64], text[64];

	for (unsigned i = 0; i < 20000; i++) {
		bool fold = i % 2;
		size_t len = any_glob(&state, pattern);
		struct need need = { 0 };
		const struct dfa *dfa;
		struct arena arena;
		struct effort effort = { &arena, EFFORT };

		arena_init(&arena, ARENA);
		dfa = glob_dfa(&effort, pattern, len, fold);
		glob_need(pattern, len, &need);
		made += dfa != NULL;
		for (unsigned k = 0; k < 20; k++) {
			size_t n = any_text(&state, text);
			bool want = glob_match(pattern, len, text, n, fold), may = may_match(text, n, &need, 1);

			cr_assert(!dfa || dfa_match(dfa, text, n) == want, "\"%s\" and \"%s\", fold %d", pattern, text, fold);
			cr_assert(!want || may, "\"%s\" lacks what \"%s\" needs", text, pattern);
			matched += want;
			refused += !may;
		}
		arena_fini(&arena);
	}
	cr_expect(made > 19000 && matched > 10000 && refused > 100000, "%u, %u, %u", made, matched, refused);
}

static bool paths_match(const struct constant_text *patterns, size_t n, const char *text, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (glob_path(patterns[i].s, patterns[i].len, text, len))
			return true;
	return false;
}

Test(pattern, table_of_paths_is_what_they_match)
{
	uint64_t state = 77;
	unsigned matched = 0, refused = 0, made = 0;
	char pattern[PATTERNS][64], text[64];

	for (unsigned i = 0; i < 20000; i++) {
		struct constant_text patterns[PATTERNS];
		struct need needs[PATTERNS] = { 0 };
		size_t n = 1 + record_random(&state) % PATTERNS;
		const struct dfa *dfa;
		struct arena arena;
		struct effort effort = { &arena, EFFORT };

		for (size_t k = 0; k < n; k++) {
			patterns[k] = (struct constant_text){ pattern[k], any_glob(&state, pattern[k]) };
			glob_path_need(patterns[k].s, patterns[k].len, &needs[k]);
		}
		arena_init(&arena, ARENA);
		dfa = glob_path_dfa(&effort, patterns, n);
		made += dfa != NULL;
		for (unsigned k = 0; k < 20; k++) {
			size_t len = any_text(&state, text);
			bool want = paths_match(patterns, n, text, len), may = may_match(text, len, needs, n);

			cr_assert(!dfa || dfa_match(dfa, text, len) == want, "\"%s\" (of %zu) and \"%s\"", pattern[0], n, text);
			cr_assert(!want || may, "\"%s\" lacks what \"%s\" (of %zu) needs", text, pattern[0], n);
			matched += want;
			refused += !may;
		}
		arena_fini(&arena);
	}
	cr_expect(made > 19000 && matched > 20000 && refused > 50000, "%u, %u, %u", made, matched, refused);
}

static const char *const regex_items[] = { "a", "b", "A", "c", ".", "^", "$", "[ab]", "[^a]", "a+", "b*", "c?", "(ab|c)", "(a|b)*", "(^|/)",
					   "($|/)", "a{2,3}", "(bc?){1,2}", "/", "|", "(?:aA|/b)+", "\\x2f" };

Test(pattern, table_of_a_regex_is_the_automaton)
{
	static struct nfa nfa;
	uint64_t state = 5;
	unsigned matched = 0, refused = 0, made = 0, read = 0;
	char pattern[128], text[64];

	for (unsigned i = 0; i < 20000; i++) {
		size_t len = any_of(&state, regex_items, LEN_OF(regex_items), 7, pattern);
		struct regex_error error;
		const struct dfa *dfa;
		struct arena arena;
		struct effort effort = { &arena, EFFORT };
		struct need need;

		memset(&nfa, 0, sizeof(nfa));
		if (!regex_read(&nfa, pattern, len, &error))
			continue;
		read++;
		arena_init(&arena, ARENA);
		dfa = dfa_make(&effort, &nfa);
		nfa_need(&nfa, &need, &effort);
		made += dfa != NULL;
		for (unsigned k = 0; k < 20; k++) {
			size_t n = any_text(&state, text);
			bool want = nfa_match(&nfa, text, n), may = may_match(text, n, &need, 1);

			cr_assert(!dfa || dfa_match(dfa, text, n) == want, "%s on \"%s\"", pattern, text);
			cr_assert(!want || may, "\"%s\" lacks what %s needs", text, pattern);
			matched += want;
			refused += !may;
		}
		arena_fini(&arena);
	}
	cr_expect(read > 10000 && made == read && matched > 10000 && refused > 50000, "%u, %u, %u, %u", read, made, matched, refused);
}

static const struct { const char *pattern, *lacking; } needy[] = {
	{ "abc", "ab c" }, { "a+b", "ba" }, { "ab?c", "ab" }, { "(x|y)z", "xy" }, { "(?i)abC", "acb" }, { "a.b", "axc" }, { ".*/\\.ssh/.*", "/ssh/" },
	{ "(a|b)*xy", "abx" }, { "^ab$", "ac" }, { "(ab){2}", "ba" },
};

/* What a person sees at once a text to lack, is seen. */
Test(pattern, needs_are_found)
{
	for (size_t i = 0; i < LEN_OF(needy); i++) {
		static struct nfa nfa;
		struct effort effort = { NULL, EFFORT };
		struct regex_error error;
		struct need need;

		memset(&nfa, 0, sizeof(nfa));
		cr_assert(regex_read(&nfa, needy[i].pattern, strlen(needy[i].pattern), &error));
		nfa_need(&nfa, &need, &effort);
		cr_expect_not(may_match(needy[i].lacking, strlen(needy[i].lacking), &need, 1), "%s", needy[i].pattern);
	}
}

static const struct { const char *expr, *match, *other; } large[] = {
	{ "args.path regex '[ab]*a[ab]{14}'", "bbabbbbbbbbbbbbbb", "bbbbbbbbbbbbbbbbb" },
	{ "args.path glob \"*a??????????????\"", "bbabbbbbbbbbbbbbb", "bbbbbbbbbbbbbbbba" },
	{ "args.path iglob \"*a??????????????\"", "bbAbbbbbbbbbbbbbb", "bbbbbbbbbbbbbbbbA" },
	{ "args.path pmatch (/x, \"/*a??????????????\")", "/bbabbbbbbbbbbbbbb/b", "/bbbbbbbbbbbbbbbbb/a" },
};

/* Too many states for a table: the automaton goes on alone, and globs their own way. */
Test(pattern, too_large_for_a_table)
{
	static struct record r;
	const struct expr_view view = { .record = &r };
	struct arena arena;
	struct effort effort = { &arena, EFFORT };

	arena_init(&arena, ARENA);
	cr_expect_null(glob_dfa(&effort, "*a??????????????", 16, false));
	arena_fini(&arena);
	for (size_t i = 0; i < LEN_OF(large); i++) {
		struct diag diag;
		struct expr *expr;

		cr_assert_eq(test_compile(&expr, &arena, large[i].expr, "openat", &diag), 0, "%s", diag.text);
		record_openat(&r);
		*record_span(&r, 1) = record_str(&r, large[i].match);
		cr_expect(expr_match(expr, &view), "%s", large[i].expr);
		record_openat(&r);
		*record_span(&r, 1) = record_str(&r, large[i].other);
		cr_expect_not(expr_match(expr, &view), "%s", large[i].expr);
		arena_fini(&arena);
	}
}

/* Hundreds of patterns, each as large as can be, are compiled in bounded time and memory, and match. */
Test(pattern, effort_ends, .timeout = 60)
{
	static char text[300 * 45 + 100];
	static struct record r;
	const struct expr_view view = { .record = &r };
	struct arena arena;
	struct diag diag;
	struct expr *expr;
	size_t n = 0;

	while (n < 300 * 45)
		n += sprintf(text + n, "args.path regex '([ab]{1,20}c){1,10}%zu' or ", n);
	sprintf(text + n, "args.path glob '/e*/?asswd'");
	cr_assert_eq(test_compile(&expr, &arena, text, "openat", &diag), 0, "%s", diag.text);
	record_openat(&r);
	*record_span(&r, 1) = record_str(&r, "/etc/passwd");
	cr_expect(expr_match(expr, &view));
	record_openat(&r);
	*record_span(&r, 1) = record_str(&r, "abcabc0");
	cr_expect(expr_match(expr, &view));
	arena_fini(&arena);
}

/* More texts than are noted are matched without. */
Test(pattern, notes_end)
{
	static const char *const texts[] = { "abc", "abd", "abe", "abf", "abg" };
	struct need need = { 0 };
	struct notes notes = { 0 };

	need_text(&need, "xy", 2);
	for (unsigned round = 0; round < 4; round++)
		for (size_t i = 0; i < LEN_OF(texts); i++)
			cr_expect_eq(notes_may_match(&notes, texts[i], 3, &need, 1), round < 1 || i == 4, "%u %zu", round, i);
	notes.n = 0;
	cr_expect(notes_may_match(&notes, texts[0], 3, &need, 1));
}
