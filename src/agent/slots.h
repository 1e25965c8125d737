/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sinks of a configuration while configurations come and go.
 *
 * A sink keeps its slot, and so its number for the policies, as long as its name is there.  One that
 * is removed or changed drains in the background; its successor of the same name is opened when it
 * has closed, and meanwhile collects in its queue.
 */
#ifndef SAKER_AGENT_SLOTS_H
#define SAKER_AGENT_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/arena.h"
#include "config/config.h"
#include "output/sink.h"

struct expr;
struct log;
struct policy_set;
struct road;
struct slots;

/* A configuration as it was read, and what was compiled of it.  It lives as long as a sink made of
 * it does. */
struct source {
	struct config config;
	struct arena wheres;
	struct expr *where[CONFIG_SINKS];	/* of its sinks, NULL: none */
	unsigned holders;
};

struct slot {
	struct sink *sink;
	struct source *source;		/* that the sink was made of */
	struct slots *slots;
	struct slot *next;		/* of those that leave */
	bool waits;			/* for one of its name that leaves */
	char label[CONFIG_NAME + 32];	/* of one that leaves: no other has it */
};

/* What is in force, or shall be. */
struct slots {
	struct slot *at[CONFIG_SINKS];
	bool fresh[CONFIG_SINKS];	/* of a plan: made for it */
	struct slot *leaving;
	struct road *road;		/* NULL until slots_start */
	uv_loop_t *loop;
	struct log *log;
	uv_timer_t patience;
	uint64_t drain_ms;		/* for what is removed while the agent runs */
	uint64_t left;			/* lines that closed sinks still had */
};

/* Zeroed, from malloc, held once; NULL without memory. */
struct source *source_new(void);

/* One holder less; the last frees it. */
void source_release(struct source *source);

/* Compile the filters of the sinks.  0, or negative errno with words in diag. */
int source_compile(struct source *source, struct diag *diag);

/* Fill a zeroed plan: slots in force whose sinks did not change, and fresh ones.  Nothing is opened.
 * 0, or negative errno with words in diag; then slots_drop the plan. */
int slots_plan(const struct slots *now, struct slots *plan, struct source *source, struct diag *diag);
void slots_drop(struct slots *plan);

/* The names by number, "" for none. */
void slots_names(const struct slots *slots, const char *names[static CONFIG_SINKS]);

/* Let the policies ask the kernel for what the sinks show or filter by. */
void slots_ask(const struct slots *slots, const struct source *source, struct policy_set *policies);

/* The n-th of those that drain until they are closed; NULL: there are not so many. */
const struct slot *slots_leaving(const struct slots *slots, unsigned n);

/* Let fresh sinks at free slots have records: those of new policies may come before the old ones'
 * sinks go. */
void slots_add_fresh(struct slots *now, const struct slots *plan, const struct source *source);

/* The places of sinks that records may still be on their way to, and that go away or are made anew;
 * of these, those that no sink of the same name takes. */
uint64_t slots_go(const struct slots *now, const struct slots *plan, uint64_t *ret_empty);

/* What the plan changes, by names. */
struct slots_diff { unsigned added, removed, changed; };
struct slots_diff slots_compare(const struct slots *now, const struct slots *plan);

/* The plan becomes what is in force. */
void slots_apply(struct slots *now, const struct slots *plan, const struct source *source);

/* Open the sinks, once there is a loop, and give them records. */
void slots_start(struct slots *slots, struct road *road, uv_loop_t *loop);

/* SIGHUP. */
void slots_reopen(struct slots *slots);

/* Send what is queued, for at most so long in all, and close; runs the loop.  *hurry: do not wait.
 * Whether all has closed: a write that hangs may not. */
bool slots_finish(struct slots *slots, uint64_t ms, const bool *hurry);

/* After that. */
void slots_free(struct slots *slots);

#endif
