// SPDX-License-Identifier: Apache-2.0
#include "base/diag.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

Test(diag, first_wins)
{
	struct diag diag = { 0 };

	cr_expect_eq(diag_set(&diag, 1, 2, "a %d", 3), -EINVAL);
	cr_expect_eq(diag_set(&diag, 4, 5, "b"), -EINVAL);
	cr_expect(diag.line == 1 && diag.col == 2);
	cr_expect_str_eq(diag.text, "a 3");
}

Test(diag, shows)
{
	struct diag diag = { 0 };
	char longer[1000];

	diag_set(&diag, 1, 1, "a\nb\x1b[0m\t\xc3\xa4");
	cr_expect_str_eq(diag.text, "a?b?[0m???");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	memset(&diag, 0, sizeof(diag));
	diag_set(&diag, 1, 1, "%s", longer);
	cr_expect_eq(strlen(diag.text), sizeof(diag.text) - 1);
}

static const struct { const char *file; unsigned line, col; const char *source, *out; } prints[] = {
	{ "f", 1, 3, "abcd\nef", "f:1:3: wrong\nabcd\n  ^\n" },
	{ "f", 1, 1, "", "f:1:1: wrong\n\n^\n" },
	{ "f", 1, 2, NULL, "f:1:2: wrong\n" },
	{ "f", 0, 0, "abcd", "f: wrong\n" },
	{ NULL, 1, 2, "ab", "1:2: wrong\nab\n ^\n" },
	{ NULL, 0, 0, NULL, "wrong\n" },
	{ "f", 1, 3, "\ta\x1b\r\n", "f:1:3: wrong\n a?\n  ^\n" },
	{ "f", 1, 3, "\xc3\xa4\xe2\x82\xac" "b", "f:1:3: wrong\n??b\n  ^\n" },
	{ "a\nb", 0, 0, NULL, "a?b: wrong\n" },
};

Test(diag, print)
{
	for (size_t i = 0; i < LEN(prints); i++) {
		struct diag diag = { .file = prints[i].file };
		char out[200] = "";
		FILE *to = fmemopen(out, sizeof(out), "w");

		diag_set(&diag, prints[i].line, prints[i].col, "wrong");
		diag_print(&diag, prints[i].source, to);
		fclose(to);
		cr_expect_str_eq(out, prints[i].out, "%zu: %s", i, out);
	}
}

/* Of a long line the part around the column is shown, and the caret stands below it. */
Test(diag, long_line)
{
	struct diag diag = { 0 };
	char line[5001], out[400] = "", *second, *caret;
	FILE *to = fmemopen(out, sizeof(out), "w");

	memset(line, 'a', 5000);
	line[5000] = 0;
	line[3999] = '!';
	diag_set(&diag, 1, 4000, "wrong");
	diag_print(&diag, line, to);
	fclose(to);
	second = strchr(out, '\n') + 1;
	caret = strchr(second, '\n') + 1;
	cr_expect_leq(strcspn(second, "\n"), 100);
	cr_expect_eq(strcspn(second, "!"), strcspn(caret, "^"));
}

Test(diag, lines)
{
	static const char text[] = "a\nb\n\nc";

	cr_expect_null(diag_line(text, 6, 0));
	cr_expect_eq(diag_line(text, 6, 1), text);
	cr_expect_eq(diag_line(text, 6, 2), text + 2);
	cr_expect_eq(diag_line(text, 6, 3), text + 4);
	cr_expect_eq(diag_line(text, 6, 4), text + 5);
	cr_expect_null(diag_line(text, 6, 5));
}

Test(arena, allocations)
{
	struct arena arena;
	unsigned char *last = NULL;

	arena_init(&arena, 1 << 20);
	for (size_t n = 0; n < 3000; n += 7) {
		unsigned char *p = arena_alloc(&arena, n);

		cr_assert(p);
		cr_expect_eq((uintptr_t)p % 8, 0);
		for (size_t i = 0; i < n; i++)
			cr_assert_eq(p[i], 0);
		memset(p, 0xff, n);
		cr_expect_neq(p, last);
		last = p;
	}
	cr_expect_leq(arena.used, arena.limit);
	cr_expect_str_eq(arena_strdup(&arena, "text"), "text");
	cr_expect_str_eq(arena_copy(&arena, "text", 2), "te");
	arena_fini(&arena);
	cr_expect_eq(arena.used, 0);
	arena_fini(&arena);
}

Test(arena, limit)
{
	struct arena arena;
	unsigned n = 0;

	arena_init(&arena, 100000);
	cr_expect_null(arena_alloc(&arena, 100001));
	cr_expect_null(arena_alloc(&arena, SIZE_MAX));
	cr_expect_null(arena_copy(&arena, "", SIZE_MAX));
	while (arena_alloc(&arena, 1000))
		n++;
	cr_expect(n > 70 && n < 100, "%u", n);
	arena_fini(&arena);
	cr_expect(arena_alloc(&arena, 50000));
	arena_fini(&arena);
}
