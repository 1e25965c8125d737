// SPDX-License-Identifier: Apache-2.0
/* Nanoseconds that an expression costs a record, and microseconds to compile it. */
#include <stdio.h>
#include <time.h>

#include "../unit/expr.h"
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

int main(void)
{
	static const struct process process = { .exe = "/usr/bin/cat", .cwd = "/", .args = "cat\0/etc/passwd", .args_len = 16,
						.args_known = true };
	static struct record r;
	struct expr_view view = { .record = &r, .subject.process = &process };

	record_openat(&r);
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
		ns = match_ns(expr, &view, &matched);
		printf("%9.1f %9.1f %9.0f %9zu  %s %.100s\n", ns, rows[i].tests ? ns / rows[i].tests : ns,
		       compile_us(rows[i].text), arena.used, matched ? "true " : "false", rows[i].text);
		arena_fini(&arena);
	}
	return 0;
}
