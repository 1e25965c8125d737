/* SPDX-License-Identifier: Apache-2.0 */
/* Names and compiled expressions for the tests of src/expr. */
#ifndef SAKER_TESTS_UNIT_EXPR_H
#define SAKER_TESTS_UNIT_EXPR_H

#include "base/arena.h"
#include "base/diag.h"
#include "event/select.h"
#include "expr/expr.h"
#include "record.h"

static const char *const shells[] = { "bash", "sh", "zsh" };
static const char *const programs[] = { "shells", "cat" };
static const char *const quoted[] = { "\"/etc/passwd\"", "'a \\'b'", "\"(systemd)\"", "\"", "\"a\" or \"b\"" };
static const char *const loop_a[] = { "loop_b" }, *const loop_b[] = { "loop_a" };
static const char *const private_nets[] = { "10.0.0.0/8", "192.168.0.0/16", "fd00::/8" };

static const struct expr_list test_lists[] = {
	{ "shells", shells, LEN_OF(shells) },
	{ "programs", programs, LEN_OF(programs) },
	{ "nobody", NULL, 0 },
	{ "quoted", quoted, LEN_OF(quoted) },
	{ "loop_a", loop_a, 1 },
	{ "loop_b", loop_b, 1 },
	{ "private", private_nets, LEN_OF(private_nets) },
};

static const struct expr_macro test_macros[] = {
	{ "opening", "evt.type in (open, openat, openat2)", { "macros", 10, 5, 5 } },
	{ "container", "container.id != host", { "macros", 11, 5, 5 } },
	{ "spawned", "evt.type in (execve, execveat) and evt.failed = false", { "macros", 12, 5, 5 } },
	{ "writing", "opening and args.flags intersects (O_WRONLY, O_RDWR)", { "macros", 13, 5, 5 } },
	{ "broken", "proc.name =\n  ", { "macros", 20, 5, 5 } },
	{ "wrong", "proc.pid = 1\nor proc.pid = x", { "macros", 30, 5, 3 } },
	{ "itself", "not itself", { "macros", 40, 5, 5 } },
	{ "ping", "pong", { "macros", 50, 5, 5 } },
	{ "pong", "proc.pid = 1 or ping", { "macros", 51, 5, 5 } },
};

static const struct expr_names test_names = {
	test_macros, test_lists, LEN_OF(test_macros), LEN_OF(test_lists),
};

/* events: as -e takes them, NULL for all. */
static inline void test_events(struct event_set *set, const char *events)
{
	struct select_error error;

	*set = (struct event_set){ 0 };
	if (events) {
		select_parse(set, events, &error);
		event_set_remove(set, EVENT_lost);
		event_set_remove(set, EVENT_agent_start);
		event_set_remove(set, EVENT_agent_stop);
		return;
	}
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (schema_get(id))
			event_set_add(set, id);
}

static inline int test_compile(struct expr **expr, struct arena *arena, const char *text, const char *events,
			       struct diag *diag)
{
	static const struct expr_source where = { "test", 3, 7, 1 };
	struct event_set set;

	*diag = (struct diag){ 0 };
	arena_init(arena, 8 << 20);
	test_events(&set, events);
	return expr_compile(expr, arena, text, &where, &test_names, &set, diag);
}

#endif
