// SPDX-License-Identifier: Apache-2.0
/* Nanoseconds that an expression costs a record, and microseconds to compile it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/expr.h"
#include "expr/need.h"
#include "identity/process.h"

enum { ROUNDS = 5, RECORDS = 2000000, COMPILES = 200 };

static const struct { const char *text; unsigned tests; } rows[] = {
	{ "evt.type = openat", 0 },
	{ "proc.pid = 1", 1 },
	{ "user.uid in (1, 2, 3, 4, 5, 6, 7, 8, 9)", 1 },
	{ "args.flags intersects (O_WRONLY, O_RDWR)", 1 },
	{ "proc.name = bash", 1 },
	{ "proc.name in (bash, sh, zsh, dash, ash, ksh, csh, tcsh, fish, busybox)", 1 },
	{ "args.path startswith /var/lib", 1 },
	{ "args.path contains shadow", 1 },
	{ "args.path glob '/home/*/.ssh/*'", 1 },
	{ "args.path pmatch (/bin, /usr/bin, /sbin, /usr/sbin)", 1 },
	{ "args.path regex '/home/[a-z]+/\\.ssh/.*'", 1 },
	{ "args.path regex '.*(passwd|shadow)[-~]?'", 1 },
	{ "fd.name startswith /var/lib", 1 },
	{ "proc.exe = /usr/bin/bash", 1 },
	{ "proc.cmdline contains curl", 1 },
	{ "container.id != host", 1 },
	{ "proc.pid > 1 and proc.tid > 1 and proc.ppid > 0 and user.uid > 0 and user.gid > 0 and ret > 0 and "
	  "proc.vpid > 0 and proc.vtid > 0 and proc.cgroup > 0 and proc.start > 0", 10 },
	{ "evt.type = openat and fd.name startswith /etc and proc.name != less", 2 },
	{ "opening and args.flags intersects (O_RDONLY) and fd.typechar = f and fd.num >= 0 and "
	  "(fd.name startswith /etc/shadow or fd.name in (/etc/sudoers, /etc/pam.conf)) and not proc.name in (programs)", 6 },
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static double match_ns(const struct expr *expr, const struct expr_view *view, unsigned *matched)
{
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		double start = seconds(), took;

		*matched = 0;
		for (unsigned i = 0; i < RECORDS; i++) {
			*matched += expr_match(expr, view);
			__asm__ volatile("" ::: "memory");
		}
		took = seconds() - start;
		best = took < best ? took : best;
	}
	return best / RECORDS * 1e9;
}

static double compile_us(const char *text)
{
	double start = seconds();

	for (int i = 0; i < COMPILES; i++) {
		struct arena arena;
		struct diag diag;
		struct expr *expr;

		if (test_compile(&expr, &arena, text, NULL, &diag))
			return -1;
		arena_fini(&arena);
	}
	return (seconds() - start) / COMPILES * 1e6;
}

/* A hundred conditions that are asked of each event of one kind, by how their patterns may be made worse: each with
 * other letters, in place of @ and !, so that none is shared. */
static const struct { const char *name, *text; } worst[] = {
	{ "typical", "proc.name = x@ and fd.name startswith /etc/!" },
	{ "contains", "args.path contains aaaaaaaaaaaaaaab@!" },
	{ "glob", "args.path glob '*a*a*b@!'" },
	{ "pmatch", "args.path pmatch (/a*/a*/@, /*/*/*/!)" },
	{ "regex", "args.path regex '(a|a)*(a*)*b@!'" },
	{ "repeated", "args.path regex '(/?[a@]{1,6}){1,6}!'" },
	{ "glob, all there", "args.path glob '*/a/*aaa/*[@!]'" },
	{ "pmatch, all there", "args.path pmatch (/a*/a*/[@!], /?/?/aa*[@!])" },
	{ "regex, all there", "args.path regex '(/?[a@]*a)*[!]?[@!]'" },
	{ "repeated, all there", "args.path regex '(/?[a@]{1,60}){1,4}[a!]'" },
};

enum { CONDITIONS = 100, EVENTS = 2000, LONG_PATH = 255 };

static void condition(char *to, size_t size, const char *from, unsigned i)
{
	snprintf(to, size, "%s", from);
	for (; *to; to++)
		*to = *to == '@' ? (char)('c' + i / 10) : *to == '!' ? (char)('c' + i % 10) : *to;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int hundred(unsigned kind, const struct expr_view *view, const char *of)
{
	static struct expr *exprs[CONDITIONS];
	static struct arena arenas[CONDITIONS];
	static double took[EVENTS];
	struct notes notes;
	const struct expr_view noted = { .record = view->record, .subject = view->subject, .notes = &notes };
	double sum = 0;
	char text[200];
	struct diag diag;

	for (unsigned i = 0; i < CONDITIONS; i++) {
		condition(text, sizeof(text), worst[kind].text, i);
		if (test_compile(&exprs[i], &arenas[i], text, "openat", &diag)) {
			fprintf(stderr, "%s: %s\n", text, diag.text);
			return -1;
		}
	}
	for (unsigned n = 0; n < EVENTS; n++) {
		double start = seconds();

		notes.n = 0;
		for (unsigned i = 0; i < CONDITIONS; i++)
			expr_match(exprs[i], &noted);
		took[n] = seconds() - start;
		sum += took[n];
	}
	qsort(took, EVENTS, sizeof(*took), ascending);
	printf("%9.2f %9.2f %9.2f  %s of a path of %s\n", took[EVENTS / 2] * 1e6, sum / EVENTS * 1e6,
	       took[EVENTS * 99 / 100] * 1e6, worst[kind].name, of);
	for (unsigned i = 0; i < CONDITIONS; i++)
		arena_fini(&arenas[i]);
	return 0;
}

static int hundreds(const struct expr_view *typical)
{
	static struct record r;
	const struct expr_view hostile = { .record = &r, .subject = typical->subject };
	char path[LONG_PATH + 1];

	memset(path, 'a', LONG_PATH);
	path[0] = path[2] = path[4] = '/';
	path[LONG_PATH] = 0;
	record_openat(&r);
	*record_span(&r, 1) = record_str(&r, path);
	printf("%9s %9s %9s  us of an event, for a hundred conditions\n", "median", "mean", "p99");
	for (unsigned i = 0; i < LEN_OF(worst); i++)
		if (hundred(i, typical, "12 bytes") < 0 || hundred(i, &hostile, "255 bytes") < 0)
			return 1;
	return 0;
}

static int single(const struct expr_view *view)
{
	printf("%9s %9s %9s %9s\n", "ns", "ns/test", "us to make", "bytes");
	for (size_t i = 0; i < LEN_OF(rows); i++) {
		struct arena arena;
		struct diag diag;
		struct expr *expr;
		unsigned matched;
		double ns;

		if (test_compile(&expr, &arena, rows[i].text, NULL, &diag)) {
			fprintf(stderr, "%s: %s\n", rows[i].text, diag.text);
			return 1;
		}
		ns = match_ns(expr, view, &matched);
		printf("%9.1f %9.1f %9.0f %9zu  %s %.100s\n", ns, rows[i].tests ? ns / rows[i].tests : ns,
		       compile_us(rows[i].text), arena.used, matched ? "true " : "false", rows[i].text);
		arena_fini(&arena);
	}
	return 0;
}

/* With "hundred" only what a hundred conditions cost. */
int main(int argc, char **argv)
{
	static const struct process process = { .exe = "/usr/bin/cat", .cwd = "/", .args = "cat\0/etc/passwd", .args_len = 16,
						.args_known = true };
	static struct record r;
	struct expr_view view = { .record = &r, .subject.process = &process };

	record_openat(&r);
	if (argc < 2 && single(&view))
		return 1;
	return hundreds(&view);
}
