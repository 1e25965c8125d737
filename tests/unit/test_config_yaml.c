// SPDX-License-Identifier: Apache-2.0
#include "config/yaml.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/utf8.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

static struct arena arena;
static struct diag diag;
static struct yaml_work work;

static void begin(void)
{
	arena_init(&arena, YAML_ARENA);
	memset(&diag, 0, sizeof(diag));
}

static void end(void)
{
	arena_fini(&arena);
}

TestSuite(yaml, .init = begin, .fini = end);

static const struct node *good(const char *text)
{
	const struct node *root = NULL;

	cr_assert_eq(yaml_read(&root, text, strlen(text), &arena, &diag, &work), 0, "%s: %s", text,
		     diag.text);
	return root;
}

Test(yaml, tree)
{
	const struct node *root = good("# c\na: 1\nb:\n  - x\n  - {c: 'd', e: }\n"), *b, *map;

	cr_expect_eq(root->kind, NODE_MAP);
	cr_expect_eq(root->n, 2);
	cr_expect_str_eq(node_get(root, "a")->text, "1");
	b = node_get(root, "b");
	cr_expect_eq(b->kind, NODE_LIST);
	cr_expect_str_eq(b->first->text, "x");
	map = b->first->next;
	cr_expect_eq(map->line, 5);
	cr_expect_eq(map->col, 5);
	cr_expect(node_get(map, "c")->quoted);
	cr_expect(node_null(node_get(map, "e")));
	cr_expect_null(node_get(root, "c"));
	cr_expect_null(map->next);
}

Test(yaml, byte_order_mark)
{
	cr_expect_str_eq(node_get(good("\xef\xbb\xbf" "a: b\r\nc: d\r\n"), "c")->text, "d");
}

Test(yaml, nothing)
{
	const struct node *root = good("[~, null, '', 'null', x, ]");

	cr_expect_eq(root->n, 5);
	cr_expect(node_null(root->first));
	cr_expect(node_null(root->first->next));
	cr_expect(!node_null(root->first->next->next));
	cr_expect(!node_null(root->first->next->next->next));
}

/* text: a map whose value a is looked at; raw, line and col: what is there in the source. */
static const struct { const char *text, *raw; unsigned line, col; } raws[] = {
	{ "a: b = c", "b = c", 1, 4 },
	{ "a:   b = c  # d\n", "b = c", 1, 6 },
	{ "a: 'b = c'", "b = c", 1, 5 },
	{ "a: \"b = c\"", "b = c", 1, 5 },
	{ "x: \xc3\xa4\n\xc3\xb6: 1\na: \xc3\xbc = c", "\xc3\xbc = c", 3, 4 },
	{ "{x: \xc3\xa4, a: b}", "b", 1, 11 },
	{ "a: b and\n  c = d\n", "b and\n  c = d", 1, 4 },
	{ "a: |\n  b and\n  c\n", "b and\n  c", 2, 3 },
	{ "a: >\n\n    b and\n    c\nd: e\n", "b and\n    c", 3, 5 },
	{ "a: 'it''s'", NULL, 0, 0 },
	{ "a: \"b\\\"c\"", NULL, 0, 0 },
};

Test(yaml, raw)
{
	for (size_t i = 0; i < LEN(raws); i++) {
		const struct node *root, *node;
		unsigned line = 0, col = 0;
		const char *raw;
		size_t len = 0;

		if (yaml_read(&root, raws[i].text, strlen(raws[i].text), &arena, &diag, NULL) < 0)
			continue;
		node = node_get(root, "a");
		raw = yaml_raw(node, &len, &line, &col);
		if (!raws[i].raw) {
			cr_expect_null(raw, "%s", raws[i].text);
			continue;
		}
		cr_assert(raw, "%s", raws[i].text);
		cr_expect(len == strlen(raws[i].raw) && !memcmp(raw, raws[i].raw, len),
			  "%s: \"%.*s\"", raws[i].text, (int)len, raw);
		cr_expect_eq(line, raws[i].line, "%s: line %u", raws[i].text, line);
		cr_expect_eq(col, raws[i].col, "%s: col %u", raws[i].text, col);
	}
}

static void check_unicode(unsigned code, const char *bytes, size_t n)
{
	unsigned got = 0;

	cr_expect_eq(utf8_next(bytes, n, &got), n, "U+%X", code);
	cr_expect_eq(got, code);
	for (size_t less = 0; less < n; less++)
		cr_expect(less == 0 || utf8_next(bytes, less, &got) == 0, "U+%X cut to %zu", code,
			  less);
}

Test(yaml, utf8)
{
	check_unicode('a', "a", 1);
	check_unicode(0x7ff, "\xdf\xbf", 2);
	check_unicode(0x800, "\xe0\xa0\x80", 3);
	check_unicode(0xffff, "\xef\xbf\xbf", 3);
	check_unicode(0x10000, "\xf0\x90\x80\x80", 4);
	check_unicode(0x10ffff, "\xf4\x8f\xbf\xbf", 4);
}

/* A text of YAML_BYTES that repeats a piece, after a beginning.  What it must end in within how
 * many bytes that libyaml is given; reads 0: it may be read to its end. */
static const struct { const char *first, *piece, *says; size_t reads;
} hostile[] = {
	{ "", "[", "lists and maps are nested deeper than 32", 16384 },
	{ "", "{", "a key must be text, not a list or map", 16384 },
	{ "", "[{", "a key must be text, not a list or map", 16384 },
	{ "", "{a: ", "lists and maps are nested deeper than 32", 16384 },
	{ "", "[\n", "lists and maps are nested deeper than 32", 16384 },
	{ "", "- ", "lists and maps are nested deeper than 32", 16384 },
	{ "", "? ", "a key must be text, not a list or map", 16384 },
	{ "a: ", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	  "lists and maps are nested deeper than 32", 16384 },
	{ "", "- a\n", "more than 100000 texts, lists and maps", 0 },
	{ "", "- - a\n", "more than 100000 texts, lists and maps", 0 },
	{ "[", "a,", "more than 100000 texts, lists and maps", 0 },
	{ "[", "[],", "more than 100000 texts, lists and maps", 0 },
	{ "[", "{},", "more than 100000 texts, lists and maps", 0 },
	{ "[", "{a: b},", "more than 100000 texts, lists and maps", 0 },
	{ "", "-\n", "more than 100000 texts, lists and maps", 0 },
	{ "", "a", "a text is longer than 64K", 0 },
	{ "a: ", "b ", "a text is longer than 64K", 0 },
	{ "a: '", "b\n ", NULL, 0 },
	{ "a: \"", "\\x41", NULL, 0 },
	{ "a: |\n", " b\n", "a text is longer than 64K", 0 },
	{ "a: >\n", " b\n\n", "a text is longer than 64K", 0 },
	{ "", "#\n", "the file is empty", 0 },
	{ "", "\n", "the file is empty", 0 },
	{ "", " ", "the file is empty", 0 },
	{ "", "&a ", NULL, 16384 },
	{ "", "*a ", NULL, 16384 },
	{ "", "!a ", NULL, 16384 },
	{ "", "%a\n", NULL, 16384 },
	{ "", "---\n", "a second document begins; a file has one", 16384 },
	{ "", ", ", NULL, 16384 },
	{ "", "a: ", NULL, 16384 },
	{ "", "a:\n", NULL, 0 },
	{ "", "\"", NULL, 16384 },
	{ "", "''", NULL, 0 },
	{ "a: ", "]", NULL, 16384 },
};

static char *repeat(const char *first, const char *piece)
{
	char *text = calloc(1, YAML_BYTES + 1);
	size_t n = strlen(first), len = strlen(piece);

	memcpy(text, first, n);
	for (; n + len <= YAML_BYTES; n += len)
		memcpy(text + n, piece, len);
	return text;
}

Test(yaml, hostile)
{
	for (size_t i = 0; i < LEN(hostile); i++) {
		char *text = repeat(hostile[i].first, hostile[i].piece);
		const struct node *root;
		int r;

		arena_fini(&arena);
		memset(&diag, 0, sizeof(diag));
		r = yaml_read(&root, text, strlen(text), &arena, &diag, &work);
		cr_expect_eq(r, -EINVAL, "%s..", hostile[i].piece);
		if (hostile[i].says)
			cr_expect_str_eq(diag.text, hostile[i].says, "%s..: %s", hostile[i].piece,
					 diag.text);
		if (hostile[i].reads)
			cr_expect_leq(work.bytes, hostile[i].reads, "%s..: %zu bytes",
				      hostile[i].piece, work.bytes);
		cr_expect_leq(work.events, YAML_EVENTS + 1);
		cr_expect_leq(arena.used, YAML_ARENA, "%s..", hostile[i].piece);
		free(text);
	}
}

/* What a process of its own takes to read the text, NULL: nothing. */
static struct rusage cost_of(const char *text)
{
	struct rusage usage = { 0 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		const struct node *root;

		_exit(text && yaml_read(&root, text, strlen(text), &arena, &diag, &work) == 0);
	}
	cr_assert(wait4(pid, &status, 0, &usage) == pid && status == 0, "it ended with %#x", status);
	return usage;
}

static bool sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return true;
#else
	return false;
#endif
}

/* Time is told; others want the processor, too. */
Test(yaml, hostile_costs)
{
	long most_ms = 0, most_kib = 0;

	for (size_t i = 0; i < LEN(hostile); i++) {
		char *text = repeat(hostile[i].first, hostile[i].piece);
		long base = cost_of(NULL).ru_maxrss, ms, kib;
		struct rusage usage = cost_of(text);

		ms = usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000;
		kib = usage.ru_maxrss - base;
		most_ms = ms > most_ms ? ms : most_ms;
		most_kib = kib > most_kib ? kib : most_kib;
		cr_expect(sanitized() || kib <= 16 << 10, "%s..: %ld KiB", hostile[i].piece, kib);
		free(text);
	}
	fprintf(stderr, "the dearest took %ld ms and %ld KiB\n", most_ms, most_kib);
}

Test(yaml, many_keys)
{
	char *text = calloc(1, YAML_BYTES + 1);
	const struct node *root;
	size_t n = 0;

	for (unsigned i = 0; i < YAML_KEYS; i++)
		n += (size_t)sprintf(text + n, "k%u: v\n", i);
	cr_expect_eq(yaml_read(&root, text, n, &arena, &diag, &work), 0, "%s", diag.text);
	cr_expect_eq(root->n, YAML_KEYS);
	sprintf(text + n, "k0: v\n");
	cr_expect_eq(yaml_read(&root, text, strlen(text), &arena, &diag, &work), -EINVAL);
	cr_expect_str_eq(diag.text, "a map has more than 4096 keys");
	memset(&diag, 0, sizeof(diag));
	memcpy(strstr(text, "k4095"), "k0001", 5);
	memcpy(strstr(text, "k1001"), "k0001", 5);
	cr_expect_eq(yaml_read(&root, text, n, &arena, &diag, &work), -EINVAL);
	cr_expect_str_eq(diag.text, "\"k0001\" is here twice; first in line 1002");
	free(text);
}

Test(yaml, too_large)
{
	char *text = calloc(1, YAML_BYTES + 2);
	const struct node *root;

	memset(text, '#', YAML_BYTES + 1);
	cr_expect_eq(yaml_read(&root, text, YAML_BYTES + 1, &arena, &diag, &work), -EINVAL);
	cr_expect_str_eq(diag.text, "larger than 1M");
	free(text);
}

Test(yaml, utf16)
{
	const struct node *root;

	cr_expect_eq(yaml_read(&root, "\xff\xfe" "a\0", 4, &arena, &diag, &work), -EINVAL);
	cr_expect_str_eq(diag.text, "the text is UTF-16; want UTF-8");
}

Test(yaml, no_memory)
{
	const struct node *root;
	struct arena small;

	arena_init(&small, 0);
	cr_expect_eq(yaml_read(&root, "a: b", 4, &small, &diag, &work), -ENOMEM);
	cr_expect_str_eq(diag.text, "not enough memory");
	arena_fini(&small);
}
