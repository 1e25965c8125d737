/* SPDX-License-Identifier: Apache-2.0 */
/* What can be told of expressions without records. */
#include "expr/satisfy.h"

#include <criterion/criterion.h>
#include <string.h>

#include "expr.h"

static struct arena arena;

static struct expr *compiled(const char *text, const char *event)
{
	static const struct expr_source where = { "test", 1, 1, 1 };
	struct diag diag = { 0 };
	struct expr *expr = NULL;
	struct event_set set;

	test_events(&set, event);
	cr_assert_eq(expr_compile(&expr, &arena, text, &where, NULL, &set, &diag), 0, "%s: %s", text, diag.text);
	return expr;
}

static unsigned event_of(const char *name)
{
	struct event_set set;
	unsigned id = 0;

	for (test_events(&set, name); id < EVENT_COUNT && !event_set_has(&set, id);)
		id++;
	return id;
}

/* b may be NULL: a alone. */
static const struct { const char *event, *a, *b; } never[] = {
	{ "openat", "evt.type = read", NULL },
	{ "openat", "evt.type = openat", "evt.type = read" },
	{ "openat", "proc.name = a", "proc.name = b" },
	{ "openat", "proc.name = a and proc.name = b", NULL },
	{ "openat", "proc.name in (a, b)", "proc.name in (c, d)" },
	{ "openat", "proc.name in (a, b) and proc.name != a and proc.name != b", NULL },
	{ "openat", "user.uid = 0", "user.uid != 0" },
	{ "openat", "user.uid = 0", "user.uid >= 1000" },
	{ "openat", "user.uid = 0", "not user.uid = 0" },
	{ "openat", "user.uid = 0", "not user.uid < 1000" },
	{ "openat", "proc.pid > 10 and proc.pid < 5", NULL },
	{ "openat", "proc.pid > 10 and not proc.pid > 5", NULL },
	{ "openat", "ret < 0", "ret >= 0" },
	{ "openat", "ret < 0 and ret = 3", NULL },
	{ "openat", "proc.name startswith ssh", "proc.name startswith kube" },
	{ "openat", "proc.name = sshd", "not proc.name startswith ssh" },
	{ "openat", "args.path startswith /etc/ssh", "not args.path startswith /etc" },
	{ "openat", "args.path endswith .conf and args.path endswith .so", NULL },
	{ "openat", "args.path startswith /etc and args.path = /tmp/x", NULL },
	{ "openat", "args.path glob /etc/*", "args.path in (/tmp/x, /tmp/y)" },
	{ "openat", "args.path exists", "not args.path exists" },
	{ "openat", "args.path = /x", "not args.path exists" },
	{ "openat", "args.path contains x", "not args.path contains x" },
	{ "openat", "proc.aname in (sshd, nginx)", "not proc.aname in (sshd, nginx)" },
	{ "openat", "(proc.name = a or proc.name = b) and (proc.name = c or proc.name = d)", NULL },
	{ "openat", "container.id = host", "container.id != host" },
	{ "connect", "fd.rip in (10.0.0.0/8)", "not fd.rip in (10.0.0.0/8)" },
};

static const struct { const char *event, *a, *b; } sometimes[] = {
	{ "openat", "proc.name = a", NULL },
	{ "openat", "proc.name = a or proc.name = b", "proc.name = b" },
	{ "openat", "proc.name in (a, b) and proc.name != a", NULL },
	{ "openat", "proc.name != a and proc.name != b", NULL },
	{ "openat", "not proc.name = a", "not proc.name = b" },
	{ "openat", "proc.pid > 5 and proc.pid < 10", NULL },
	{ "openat", "ret < 0", "ret = -2" },
	{ "openat", "ret < 0", "ret < -1" },
	{ "openat", "proc.name startswith ssh", "proc.name startswith s" },
	{ "openat", "args.path startswith /etc and args.path endswith .conf", NULL },
	{ "openat", "args.path contains a", "not args.path contains b" },
	{ "openat", "not args.path = a", "not args.path != a" },	/* it may be missing */
	{ "openat", "proc.aname = a", "proc.aname = b" },		/* one of them each */
	{ "openat", "proc.aname = a", "proc.aname != b" },
	{ "openat", "args.flags contains O_CREAT and args.flags contains O_TRUNC", NULL },
	{ "connect", "fd.port = 1", "fd.port = 2" },
	{ "connect", "fd.rip in (10.0.0.0/8)", "not fd.rip in (10.1.0.0/16)" },
	{ "execve", "proc.args = a", "proc.args = b" },
};

static bool contradict(const char *event, const char *a, const char *b)
{
	unsigned steps = SATISFY_STEPS;

	return expr_contradict(compiled(a, event), b ? compiled(b, event) : NULL, event_of(event), &steps);
}

Test(satisfy, contradictions)
{
	arena_init(&arena, 64 << 20);
	for (size_t i = 0; i < LEN_OF(never); i++)
		cr_expect(contradict(never[i].event, never[i].a, never[i].b), "%s; %s", never[i].a,
			  never[i].b ? never[i].b : "");
	for (size_t i = 0; i < LEN_OF(sometimes); i++)
		cr_expect_not(contradict(sometimes[i].event, sometimes[i].a, sometimes[i].b), "%s; %s", sometimes[i].a,
			      sometimes[i].b ? sometimes[i].b : "");
	arena_fini(&arena);
}

static const struct { const char *text; bool always; } tautologies[] = {
	{ "proc.cgroup >= 0", true },
	{ "proc.name != cat or proc.name != ls", true },
	{ "not (proc.name = cat and proc.name = ls)", true },
	{ "args.fd >= 0 or args.fd < 0", true },
	{ "args.fd exists", true },
	{ "evt.type = read", true },
	{ "evt.type = read and proc.name != cat", false },
	{ "user.uid < 1000 or user.uid >= 1000", true },
	{ "user.uid < 1000 or user.uid > 1000", false },
	{ "proc.name != cat", false },
	{ "proc.name = cat", false },
};

Test(satisfy, tautologies)
{
	arena_init(&arena, 64 << 20);
	for (size_t i = 0; i < LEN_OF(tautologies); i++) {
		unsigned steps = SATISFY_STEPS;

		cr_expect_eq(expr_always(compiled(tautologies[i].text, "read"), event_of("read"), &steps),
			     tautologies[i].always, "%s", tautologies[i].text);
	}
	arena_fini(&arena);
}

static const struct { const char *a, *b; bool same; } pairs[] = {
	{ "proc.name = a", "proc.name  =  'a'", true },
	{ "proc.name = a and user.uid = 0", "user.uid = 0 and proc.name = a", true },
	{ "proc.name in (a, b)", "proc.name in (a, c)", false },
	{ "proc.name = a", "proc.pname = a", false },
	{ "proc.name = a", "not proc.name = a", false },
	{ "fd.rip in (10.0.0.0/8)", "fd.rip in (10.0.0.0/8)", true },
	{ "fd.rip in (10.0.0.0/8)", "fd.rip in (11.0.0.0/8)", false },
	{ "evt.type = connect", "fd.rip exists", false },
};

Test(satisfy, sameness)
{
	unsigned id = event_of("connect");

	arena_init(&arena, 64 << 20);
	for (size_t i = 0; i < LEN_OF(pairs); i++)
		cr_expect_eq(expr_same(compiled(pairs[i].a, "connect"), compiled(pairs[i].b, "connect"), id),
			     pairs[i].same, "%s; %s", pairs[i].a, pairs[i].b);
	cr_expect(expr_same(NULL, NULL, id));
	cr_expect_not(expr_same(NULL, compiled("proc.name = a", "connect"), id));
	arena_fini(&arena);
}

/* As many ways as there are: it ends, and says nothing. */
Test(satisfy, too_many_ways)
{
	char text[20000] = "";
	unsigned steps = SATISFY_STEPS;
	size_t n = 0;

	for (int i = 0; i < 200; i++)
		n += snprintf(text + n, sizeof(text) - n, "%s(proc.pid > %d or user.uid > %d)", i ? " and " : "", i, i);
	n += snprintf(text + n, sizeof(text) - n, " and proc.pid < 0 and ret < 0 and ret > 0 and (args.fd = 1 or args.fd = 2)");
	arena_init(&arena, 64 << 20);
	expr_contradict(compiled(text, "read"), NULL, event_of("read"), &steps);
	cr_expect_lt(steps, SATISFY_STEPS);
	arena_fini(&arena);
}
