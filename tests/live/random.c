// SPDX-License-Identifier: Apache-2.0
#include "random.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint64_t state;

void chance_from(uint64_t seed)
{
	state = seed;
}

uint64_t chance(uint64_t n)
{
	state ^= state << 13;	/* xorshift64 */
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static const char *const paths[] = {
	"", "/", "/nowhere/a", "/nowhere/ab", "/nowhere/in/x.conf", "/nowhere/in/y.conf", "nowhere", "/etc/passwd",
	"/etc/hostname", "/proc/self/fd", "/tmp", "/dev/null", "/etc/alternatives/..",
	"/nowhere/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
	"0123456789012345678901234567890123456789.conf",
};

static const uint64_t values[] = {
	0, 1, 2, 3, 4, 5, 9, 64, 100, 255, 256, 0x1000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000001, 0x7fffffffffffffff,
	(uint64_t)-1, (uint64_t)-2, (uint64_t)-100,
};

const char *any_path(void)
{
	return paths[chance(sizeof(paths) / sizeof(*paths))];
}

const char *no_path(void)
{
	return paths[2 + chance(4)];
}

uint64_t any_value(void)
{
	return chance(3) ? values[chance(sizeof(values) / sizeof(*values))] : chance(12);
}

/* --- expressions */

__attribute__((format(printf, 2, 3)))
static void say(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (t->n < RANDOM_TEXT)
		t->n += vsnprintf(t->s + t->n, RANDOM_TEXT - t->n, format, args);
	va_end(args);
}

static void say_path(struct text *t)
{
	const char *path = any_path();
	size_t len = strlen(path), from = chance(3) ? 0 : chance(len + 1);

	say(t, "\"%.*s\"", (int)(chance(3) ? len - from : chance(len - from + 1)), path + from);
}

static void say_paths(struct text *t)
{
	say(t, "(");
	for (unsigned n = 1 + chance(4); n > 0; n--) {
		say_path(t);
		say(t, "%s", n > 1 ? ", " : ")");
	}
}

static void say_text_test(struct text *t)
{
	static const char *const ops[] = { "=", "!=", "startswith", "endswith", "contains", "in", "pmatch" };
	unsigned op = chance(7);

	say(t, " %s ", ops[op]);
	if (op < 5)
		say_path(t);
	else
		say_paths(t);
}

static void say_number_test(struct text *t, const char *const *words)
{
	static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=", "in", "intersects", "=", "contains" };
	unsigned op = chance(10), n = op == 6 || op == 7 ? 1 + chance(4) : 1, nwords = 0;

	while (words && words[nwords])
		nwords++;
	say(t, " %s %s", ops[op], op == 6 || op == 7 ? "(" : "");
	for (unsigned i = 0; i < n; i++) {
		if (nwords && chance(4))
			say(t, "%s", words[chance(nwords)]);
		else
			say(t, "%lld", (long long)any_value());
		say(t, "%s", i + 1 < n ? ", " : "");
	}
	say(t, "%s", op == 6 || op == 7 ? ")" : "");
}

/* Of what a descriptor stands for: files that are there, sockets and pipes. */
static void say_fd(struct text *t)
{
	static const char *const fixed[] = {
		"fd.type = file", "fd.type = directory", "fd.type in (ipv4, ipv6)", "fd.type != char", "fd.typechar = p",
		"fd.sockfamily = ip", "fd.l4proto = udp", "fd.rport = 7", "fd.rip = 127.0.0.0/8", "fd.sport in (7, 9)",
		"fd.cip != 127.0.0.1", "fd.rip in (::1, 127.0.0.7)", "fd.port > 8", "fd.num < 100", "fd.num in (3, 4)",
		"fd.ino > 5", "fd.name startswith pipe:", "fd.name = \"[eventfd]\"", "fd.name startswith 127.0.0.1",
		"fd.lip exists",
	};
	static const char *const parts[] = { "name", "filename", "directory" };

	if (chance(3)) {
		say(t, "%s", fixed[chance(sizeof(fixed) / sizeof(*fixed))]);
		return;
	}
	say(t, "fd.%s", parts[chance(3)]);
	say_text_test(t);
}

static const char *const flags[] = {
	"O_RDONLY", "O_WRONLY", "O_RDWR", "O_TRUNC", "O_APPEND", "O_CLOEXEC", "O_PATH", "O_DIRECTORY", NULL,
};

static void say_arg(struct text *t, enum random_event event)
{
	static const struct { enum random_event event; const char *name; bool text, flags; } args[] = {
		{ RANDOM_openat, "path", true, false }, { RANDOM_openat, "flags", false, true },
		{ RANDOM_openat, "flags", false, true }, { RANDOM_openat, "dirfd", false, false },
		{ RANDOM_openat, "mode", false, false }, { RANDOM_faccessat, "path", true, false },
		{ RANDOM_faccessat, "mode", false, false }, { RANDOM_mkdirat, "path", true, false },
		{ RANDOM_mkdirat, "dirfd", false, false }, { RANDOM_kill, "pid", false, false },
		{ RANDOM_kill, "sig", false, false }, { RANDOM_lseek, "offset", false, false },
		{ RANDOM_lseek, "fd", false, false }, { RANDOM_lseek, "whence", false, false },
		{ RANDOM_getpriority, "who", false, false }, { RANDOM_getpriority, "which", false, false },
		{ RANDOM_connect, "fd", false, false }, { RANDOM_connect, "addrlen", false, false },
		{ RANDOM_dup3, "oldfd", false, false }, { RANDOM_dup3, "flags", false, true },
		{ RANDOM_fchmodat, "path", true, false }, { RANDOM_fchmodat, "mode", false, false },
	};
	unsigned k;

	do
		k = chance(sizeof(args) / sizeof(*args));
	while (args[k].event != event && event != RANDOM_getppid);
	say(t, "args.%s", args[k].name);
	if (args[k].text)
		say_text_test(t);
	else
		say_number_test(t, args[k].flags ? flags : NULL);
}

/* The calls are made by a child of this test. */
static void say_ancestor(struct text *t)
{
	const int pids[] = { getpid(), getppid(), 1, 2, 0x3ffffff };

	say(t, "proc.apid%s in (%d, %d)", chance(3) ? "" : "[1]", pids[chance(5)], pids[chance(5)]);
}

static void say_state(struct text *t)
{
	static const char *const fixed[] = {
		"args.new = TCP_CLOSE", "args.old = TCP_CLOSE", "args.new != TCP_CLOSE", "args.new in (TCP_SYN_SENT, TCP_LISTEN)",
		"args.dst = 127.0.0.0/8", "args.dst in (127.0.0.1, ::1)", "args.dst != 127.0.0.2", "args.src = 127.0.0.1",
		"args.family = AF_INET6", "args.proto = IPPROTO_TCP", "args.family in (AF_INET, AF_UNIX)",
	};

	say(t, "%s", fixed[chance(sizeof(fixed) / sizeof(*fixed))]);
}

static bool has_fd(enum random_event event)
{
	return event != RANDOM_getppid && event != RANDOM_kill && event != RANDOM_getpriority;
}

static void say_comparison(struct text *t, enum random_event event)
{
	static const char *const fixed[] = {
		"ret < 0", "ret >= 0", "evt.failed = true", "evt.failed = false", "errno exists", "errno = ENOENT",
		"errno != EBADF", "errno in (ENOENT, EBADF, EINVAL)", "ret = -2", "ret in (-9, -2, -22)",
		"user.uid = 0", "user.uid != 0", "user.uid in (0, 1, 2)", "proc.name startswith sub", "proc.pid > 1",
		"not proc.name = other", "evt.res = ENOENT", "user.gid < 100", "evt.is_open_write = true",
		"proc.exe endswith live", "proc.exe startswith /nowhere", "proc.exe in (/bin/cat, /bin/sh)",
		"not proc.exe contains live", "not proc.exe endswith /live", "proc.exe != /bin/cat", "proc.exe_ino > 5",
		"proc.exe_ino = 5", "not proc.exe_dev = 0",
	};

	if (has_fd(event) && chance(3) == 0)
		say_fd(t);
	else if (chance(6) == 0)
		say_ancestor(t);
	else if (event == RANDOM_getppid || chance(3) == 0)
		say(t, "%s", fixed[chance(sizeof(fixed) / sizeof(*fixed))]);
	else if (event == RANDOM_sock_state)
		say_state(t);
	else
		say_arg(t, event);
}

void say_expr(struct text *t, enum random_event event, unsigned depth)
{
	unsigned n = 2 + chance(2);

	if (chance(4) == 0)
		say(t, "not ");
	if (!depth || chance(3) == 0) {
		say_comparison(t, event);
		return;
	}
	say(t, "(");
	for (const char *word = chance(2) ? " and " : " or "; n > 0; n--) {
		say_expr(t, event, depth - 1);
		say(t, "%s", n > 1 ? word : ")");
	}
}
