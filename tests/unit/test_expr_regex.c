// SPDX-License-Identifier: Apache-2.0
#include "expr/regex.h"

#include <criterion/criterion.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "expr/dfa.h"
#include "expr/glob.h"
#include "record.h"

static const struct { const char *pattern, *text; bool want; } rows[] = {
	{ "", "", true }, { "", "a", false }, { "a", "a", true }, { "a", "aa", false }, { "a*", "", true },
	{ "a*", "aaaa", true }, { "a*", "aab", false }, { "a+", "", false }, { "a+", "aa", true }, { "a?", "a", true },
	{ "a?", "aa", false }, { "ab|cd", "cd", true }, { "ab|cd", "abd", false }, { "a(b|c)d", "acd", true },
	{ "a(?:b|)d", "ad", true }, { "(ab)*", "ababab", true }, { "(ab)*", "aba", false }, { "(a|b)*abb", "babaabb", true },
	{ ".*", "anything at all\n", true }, { "/etc/.*\\.conf", "/etc/a.conf", true }, { "/etc/.*\\.conf", "/etc/a_conf", false },
	{ "a{3}", "aaa", true }, { "a{3}", "aa", false }, { "a{2,}", "aaaaa", true }, { "a{2,}", "a", false },
	{ "a{0,2}", "", true }, { "a{0,2}", "aaa", false }, { "(ab){1,2}c", "ababc", true }, { "(a{2}){2}", "aaaa", true },
	{ "(a{2}){2}", "aaa", false }, { "(a|b{2}){2,3}", "abba", true }, { "[a-c]+", "abccba", true }, { "[^a-c]", "d", true },
	{ "[^a-c]", "b", false }, { "[]a]", "]", true }, { "[a-]", "-", true }, { "[\\d_]+", "12_3", true }, { "\\w+", "aZ_9", true },
	{ "\\W", "a", false }, { "\\s\\S", " x", true }, { "\\x41\\t", "A\t", true }, { "\\.\\*", ".*", true }, { "(?i)CaT", "cAt", true },
	{ "CaT", "cAt", false }, { "(?i)[a-z]+", "ABC", true }, { "^a$", "a", true }, { "^$", "", true }, { "^$", "x", false },
	{ "a^b", "ab", false }, { "(^|/)a", "a", true }, { "(^|/)a", "/a", true }, { "(^|/)a", "xa", false }, { "a($|/)", "a", true },
	{ "a($|/.*)", "a/b", true }, { "a$b", "ab", false }, { "^a|b$", "b", true }, { ".*?x", "aax", true }, { "(a*)*", "aaaa", true },
	{ "(a*)*b", "aaaa", false }, { "((a|b)*c)*", "abcbac", true }, { "x*^a", "a", true }, { "\xff.", "\xff\x01", true },
};

Test(regex, matches)
{
	for (size_t i = 0; i < LEN_OF(rows); i++) {
		struct regex_error error;
		const struct regex *regex;
		struct arena arena;
		struct effort effort = { &arena, EFFORT };

		arena_init(&arena, 1 << 20);
		regex = regex_compile(&effort, rows[i].pattern, strlen(rows[i].pattern), REGEX_MATCH | REGEX_FIND, &error);
		cr_assert(regex, "%s: %s", rows[i].pattern, error.text);
		cr_expect_eq(regex_match(regex, rows[i].text, strlen(rows[i].text)), rows[i].want, "%s on %s",
			     rows[i].pattern, rows[i].text);
		arena_fini(&arena);
	}
}

static size_t random_pattern(uint64_t *state, char *p, unsigned depth)
{
	static const char *const ends[] = { "", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}" };
	size_t n = 0;

	for (unsigned i = 0; i <= record_random(state) % 3; i++) {
		switch (record_random(state) % (depth ? 6 : 4)) {
		case 0: n += sprintf(p + n, "."); break;
		case 1: n += sprintf(p + n, "[%sa-b]", record_random(state) % 2 ? "^" : ""); break;
		case 4: case 5:
			p[n++] = '(';
			n += random_pattern(state, p + n, depth - 1);
			p[n++] = '|';
			n += random_pattern(state, p + n, depth - 1);
			p[n++] = ')';
			break;
		default: n += sprintf(p + n, "%c", (int)('a' + record_random(state) % 3));
		}
		n += sprintf(p + n, "%s", ends[record_random(state) % LEN_OF(ends)]);
	}
	p[n] = 0;
	return n;
}

/* The same as the C library says, for patterns small enough for it. */
Test(regex, agrees_with_the_library, .timeout = 120)
{
	uint64_t state = 4711;
	unsigned compared = 0, matched = 0;
	char pattern[4096], whole[4200], text[16];

	for (unsigned i = 0; i < 20000; i++) {
		struct regex_error error;
		const struct regex *regex;
		struct arena arena;
		struct effort effort = { &arena, EFFORT };
		regex_t other;
		size_t n = random_pattern(&state, pattern, 2);

		snprintf(whole, sizeof(whole), "^(%s)$", pattern);
		arena_init(&arena, 1 << 20);
		regex = regex_compile(&effort, pattern, n, REGEX_MATCH | REGEX_FIND, &error);
		if (regex && !regcomp(&other, whole, REG_EXTENDED | REG_NOSUB)) {
			for (unsigned k = 0; k < 10; k++) {
				size_t len = record_random(&state) % 9;
				bool want;

				for (size_t j = 0; j < len; j++)
					text[j] = 'a' + record_random(&state) % 3;
				text[len] = 0;
				want = !regexec(&other, text, 0, NULL, 0);
				cr_assert_eq(regex_match(regex, text, len), want, "%s on %s", pattern, text);
				compared++;
				matched += want;
			}
			regfree(&other);
		}
		arena_fini(&arena);
	}
	cr_expect(compared > 100000 && matched > compared / 50, "%u of %u", matched, compared);
}

/* What makes backtracking matchers take years. */
Test(regex, takes_linear_time, .timeout = 10)
{
	static const char *const patterns[] = { "(a*)*b", "(a|aa)+b", "(a?){100}a{100}", "((a+)+)+b", "(.*a){20}b", ".*.*.*.*.*b" };
	static char text[RECORD_MAX];

	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < LEN_OF(patterns); i++) {
		struct regex_error error;
		const struct regex *regex;
		struct arena arena;
		struct effort effort = { &arena, EFFORT };
		clock_t begin = clock();

		arena_init(&arena, 1 << 20);
		regex = regex_compile(&effort, patterns[i], strlen(patterns[i]), REGEX_MATCH | REGEX_FIND, &error);
		cr_assert(regex, "%s: %s", patterns[i], error.text);
		cr_expect_not(regex_match(regex, text, sizeof(text)));
		cr_expect(clock() - begin < CLOCKS_PER_SEC, "%s", patterns[i]);
		arena_fini(&arena);
	}
}

/* The first of all parts that match, the longest of those. */
static bool find_slowly(const struct regex *regex, const char *text, size_t n, size_t *begin, size_t *end)
{
	for (*begin = 0; *begin < n; ++*begin)
		for (*end = n; *end > *begin; --*end)
			if (regex_match(regex, text + *begin, *end - *begin))
				return true;
	return false;
}

Test(regex, finds_the_first_and_longest, .timeout = 120)
{
	uint64_t state = 1147;
	unsigned found = 0;
	char pattern[4096], text[16];

	for (unsigned i = 0; i < 20000; i++) {
		size_t n = random_pattern(&state, pattern, 2), begin, end, b, e;
		struct regex_error error;
		const struct regex *regex;
		struct arena arena;
		struct effort effort = { &arena, EFFORT };

		arena_init(&arena, 1 << 20);
		regex = regex_compile(&effort, pattern, n, REGEX_MATCH | REGEX_FIND, &error);
		for (unsigned k = 0; regex && k < 5; k++) {
			size_t len = record_random(&state) % 9;
			bool want;

			for (size_t j = 0; j < len; j++)
				text[j] = 'a' + record_random(&state) % 4;
			text[len] = 0;
			want = find_slowly(regex, text, len, &b, &e);
			cr_assert_eq(regex_find(regex, text, len, 0, &begin, &end), want, "%s in %s", pattern, text);
			cr_assert(!want || (begin == b && end == e), "%s in %s: %zu to %zu, not %zu to %zu", pattern,
				  text, begin, end, b, e);
			found += want;
		}
		arena_fini(&arena);
	}
	cr_expect_gt(found, 10000, "%u", found);
}

static const struct { const char *pattern, *text; size_t from; int begin, end; } parts[] = {
	{ "^a", "aa", 0, 0, 1 }, { "^a", "aa", 1, -1, 0 }, { "a$", "aab", 0, -1, 0 }, { "a+$", "baa", 0, 1, 3 }, { "^$", "", 0, -1, 0 },
	{ "a*", "bbb", 0, -1, 0 }, { "a*", "baab", 0, 1, 3 }, { "(^|/)tmp($|/)", "x/tmp", 0, 1, 5 }, { "(^|/)tmp($|/)", "xtmp", 0, -1, 0 },
	{ "ab|abcd", "xabcd", 0, 1, 5 }, { "ab|abcd", "xabcx", 0, 1, 3 }, { "b.*d|bc", "abcx", 0, 1, 3 }, { "a", "aXa", 1, 2, 3 },
	{ "(?i)key-[0-9]{4}", "my KEY-1234.", 0, 3, 11 },
};

Test(regex, finds)
{
	for (size_t i = 0; i < LEN_OF(parts); i++) {
		struct regex_error error;
		const struct regex *regex;
		struct arena arena;
		struct effort effort = { &arena, EFFORT };
		size_t begin, end;
		bool found;

		arena_init(&arena, 1 << 20);
		regex = regex_compile(&effort, parts[i].pattern, strlen(parts[i].pattern), REGEX_MATCH | REGEX_FIND, &error);
		cr_assert(regex, "%s: %s", parts[i].pattern, error.text);
		found = regex_find(regex, parts[i].text, strlen(parts[i].text), parts[i].from, &begin, &end);
		cr_expect_eq(found, parts[i].begin >= 0, "%s in %s", parts[i].pattern, parts[i].text);
		cr_expect(!found || ((int)begin == parts[i].begin && (int)end == parts[i].end), "%s in %s: %zu to %zu",
			  parts[i].pattern, parts[i].text, begin, end);
		arena_fini(&arena);
	}
}

static const struct { const char *pattern, *text; bool want, path; } globs[] = {
	{ "*", "", true, false }, { "", "", true, false }, { "?", "", false, false }, { "a*b*c", "axxbyyc", true, false },
	{ "a*b*c", "axxbyy", false, false }, { "*.so*", "libc.so.6", true, false }, { "[a-c]?", "bz", true, false },
	{ "[!a-c]?", "bz", false, false }, { "[]]", "]", true, false }, { "[", "[", true, false }, { "\\*", "*", true, false },
	{ "\\*", "x", false, false }, { "/tmp/*", "/tmp/a/b", true, false }, { "a\\", "a\\", true, false }, { "**a", "bba", true, false },
	{ "/etc", "/etc/passwd", true, true }, { "/etc", "/etcetera", false, true }, { "/etc/", "/etc", true, true },
	{ "/", "/x", true, true }, { "/", "x", false, true }, { "/var/*/log", "/var/a/log/x", true, true },
	{ "/var/*/log", "/var/a/b/log", false, true }, { "etc", "/etc", false, true }, { "/a/b/c", "/a/b", false, true },
};

Test(glob, matches)
{
	for (size_t i = 0; i < LEN_OF(globs); i++) {
		size_t n = strlen(globs[i].pattern), len = strlen(globs[i].text);
		bool got = globs[i].path ? glob_path(globs[i].pattern, n, globs[i].text, len)
					 : glob_match(globs[i].pattern, n, globs[i].text, len, false);

		cr_expect_eq(got, globs[i].want, "%s on %s", globs[i].pattern, globs[i].text);
	}
	cr_expect(glob_match("A*[X-Z]", 7, "abby", 4, true));
	cr_expect(contains_folded("Hello World", 11, "o wO", 4));
	cr_expect_not(contains_folded("Hello", 5, "hello!", 6));
}

/* Of few letters, so that many match; the C library decides. */
Test(glob, is_fnmatch)
{
	static const char *const words[] = { "a", "b", "*", "*", "?", "[ab]", "[!a]", "[a-b/]", "\\a", "\\*", "-", "ab" };
	uint64_t state = 1;
	unsigned matched = 0;

	for (unsigned round = 0; round < 300000; round++) {
		char pattern[64] = "", text[9] = "";
		size_t np = record_random(&state) % 7, n = record_random(&state) % sizeof(text);
		bool fold = record_random(&state) % 2, want;

		for (size_t i = 0; i < np; i++)
			strcat(pattern, words[record_random(&state) % LEN_OF(words)]);
		for (size_t i = 0; i < n; i++)
			text[i] = "abABab*-"[record_random(&state) % 8];
		want = fnmatch(pattern, text, fold ? FNM_CASEFOLD : 0) == 0;
		cr_assert_eq(glob_match(pattern, strlen(pattern), text, strlen(text), fold), want, "\"%s\" and \"%s\"", pattern,
			     text);
		matched += want;
	}
	cr_expect_gt(matched, 10000, "%u", matched);
}
