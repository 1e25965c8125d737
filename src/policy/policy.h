/* SPDX-License-Identifier: Apache-2.0 */
/* Policies as they are in force: expressions compiled, events known, filters for the kernel made. */
#ifndef SAKER_POLICY_POLICY_H
#define SAKER_POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/diag.h"
#include "event/schema.h"
#include "event/set.h"
#include "expr/expr.h"
#include "filter.h"
#include "policy/key.h"
#include "policy/policy_file.h"

struct policy_state;

/* What one policy asks of one event. */
struct policy_rule {
	const struct expr *scope, *where;	/* NULL: everything */
	const struct policy_file_entry *entry;
	struct policy_state *state;		/* of its limit and dedup; NULL if it has neither */
	struct key_field *dedup, *unless_empty;
	uint8_t ndedup, nunless_empty;
	uint8_t policy;				/* index of its file */
	uint64_t sinks;				/* bit n: the n-th sink of the configuration */
};

struct policy_plan {
	struct policy_rule *rules;
	unsigned n;
};

/* What became of a record. */
struct policy_verdict {
	uint64_t policies;	/* bit n: the n-th policy wants it; 0: nobody does */
	uint64_t sinks;
	bool hash;		/* one of them wants the executable's hash */
	uint64_t suppressed;	/* that a limit left out before it */
};

/* Of one record in POLICY_TIMED it is measured how long each policy takes to decide. */
enum { POLICY_TIMED = 64, POLICY_BUDGET_NS = 50000 };

struct policy_counts {
	uint64_t matched, limited, deduplicated, sampled, empty;
	uint64_t timed, spent, over_budget;	/* of those measured: nanoseconds, and how many took over the budget */
};

/* Keys that were forgotten for want of room: their limit or cache begins anew. */
struct policy_evictions { uint64_t limits, caches; };

struct policy_set {
	struct arena arena;			/* has all that is pointed to, but states */
	struct policy_file_set files;
	uint16_t generation;
	struct event_set events;		/* that some policy wants */
	struct event_set required;		/* without which it may not be in force */
	bool envp;				/* somebody wants the environment */
	struct event_set sessions;		/* with session and process group */
	struct event_set stacks;		/* with the stack of the caller */
	struct policy_plan plans[EVENT_COUNT];
	struct policy_state **states;
	unsigned nstates;
	struct key_seed seed;
	struct policy_counts counts[POLICY_FILES];
	unsigned untimed;			/* records since the last that was measured */

	/* For the kernel side, as struct filter_image of kernel/filters.h has it. */
	uint16_t filter_of[EVENTS_MAX];
	struct event_filter *filters;
	struct push_down shared;
	unsigned nfilters;
};

/* Compile files, which the set takes over also when it fails.  before: the set in force, whose limits
 * and caches are kept for entries that did not change; may be NULL.  sinks: names of the
 * configuration's sinks.  0, or negative errno with words in diag. */
int policy_compile(struct policy_set *set, struct policy_file_set *files, const struct policy_set *before,
		   const char *const *sinks, unsigned nsinks, struct diag *diag);
void policy_set_fini(struct policy_set *set);

/* Let the records of an event have session and process group if some policy sends them to the n-th sink. */
void policy_ask_session(struct policy_set *set, unsigned id, unsigned sink);

/* Ask all policies about a valid record; view has the same record. */
struct policy_verdict policy_match(struct policy_set *set, const struct expr_view *view);

/* Whether some policy holds records of this event until their container was read of. */
bool policy_waits(const struct policy_set *set, unsigned id);

/* A cgroup is gone, and with it what is remembered of it. */
void policy_forget(struct policy_set *set, uint64_t cgroup);

/* Forget all keys that dedup remembers, so that repetitions are told again, and give back the memory. */
void policy_forget_repetitions(struct policy_set *set);

/* Whether a policy of the same name and text is in the set, which may be NULL. */
bool policy_has(const struct policy_set *set, const struct policy_file *file);

/* What a reload changed, by policies' names and contents. */
struct policy_diff { unsigned added, removed, changed, same; };
struct policy_diff policy_compare(const struct policy_set *before, const struct policy_set *after);

/* Add what a policy of this name has counted in the set, if it is there. */
void policy_add_counts(struct policy_counts *to, const struct policy_set *set, const char *name);

/* Add up the evictions of the set's limits and caches.  alone: only of those that no other set has. */
void policy_add_evictions(struct policy_evictions *to, const struct policy_set *set, bool alone);

const char *policy_name(const struct policy_set *set, unsigned n);

/* For each policy and event, what the kernel side filters and what user space does. */
void policy_explain(const struct policy_set *set, FILE *to);

#endif
