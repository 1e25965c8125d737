/* SPDX-License-Identifier: Apache-2.0 */
/* The loop and what lives on it.  Everything the program owns while it watches is in struct agent. */
#ifndef SAKER_AGENT_AGENT_H
#define SAKER_AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "agent/canary.h"
#include "agent/child.h"
#include "agent/container_stats.h"
#include "agent/health.h"
#include "agent/lag.h"
#include "agent/lineages.h"
#include "agent/lookups.h"
#include "agent/losses.h"
#include "agent/memory.h"
#include "agent/mute.h"
#include "agent/pipeline.h"
#include "agent/syscall_stats.h"
#include "identity/cgroup_root.h"
#include "kernel/lanes.h"
#include "kernel/probe.h"
#include "policy/policy.h"

struct config;
struct log;
struct where;

struct agent;

struct agent_options {
	struct log *log;		/* the caller's */
	struct probe_options probe;
	struct pipeline_options pipeline;
	struct filter filter;
	struct cgroup_wish cgroup;
	struct sink *console;		/* the caller's; NULL: sinks are added by opened */
	const struct config *config;	/* the caller's, says whom not to hear; NULL: all are heard */
	struct policy_set *policies;	/* from malloc, taken over; NULL: what is selected is shown */
	const struct where *where;	/* the caller's; NULL: no expression.  Not together with policies. */
	char **argv;			/* command to run and follow; NULL: none */
	uint64_t duration_ms;		/* end after so long; 0: never */
	uint64_t memory_limit;		/* bytes; 0: none */
	uint64_t report_ms;		/* between two tellings of the figures; 0: as often as losses are looked at */
	uint64_t drain_ms;		/* at most, for what is in the lanes at the end; 0: as long as it takes */
	uint64_t syscall_stats_ms;	/* between two tellings of system calls by cgroup; 0: never */
	uint64_t container_stats_ms;	/* between two tellings of what containers use; 0: never */
	bool cgroup_stats;		/* of all cgroups, too */
	uint64_t canary_ms;		/* between two looks whether the hooks run; 0: never */
	bool header;			/* a line of column names first, on the console */
	void (*opened)(void *ctx, struct agent *agent);	/* loop and road are there; NULL: nothing */
	void (*hangup)(void *ctx);	/* on SIGHUP; NULL: end */
	void (*stopping)(void *ctx);	/* it is about to end; NULL: nobody asks */
	void *stopping_ctx;
	void (*idle)(void *ctx);	/* the switch of policies that was under way has ended; NULL: nobody asks */
	void *ctx;
};

struct switching;

struct agent {
	struct agent_options options;
	struct cgroup_root cgroup_root;
	struct probe probe;
	struct lanes lanes;
	struct losses losses;
	struct mutes mutes;
	struct lineages lineages;
	struct syscall_stats syscall_stats;
	struct container_stats container_stats;
	struct pipeline pipeline;
	struct memory memory;
	struct child child;
	struct lookups lookups;
	struct canaries canaries;
	struct health_watch health;
	struct lag lag;
	uv_loop_t loop;
	uv_poll_t polls[LANES];		/* the lanes' wake-ups, while we sleep */
	uv_timer_t tick;		/* reads the lanes, while there is something to read */
	uv_idle_t more;			/* reads them again, for a turn did not read all */
	uv_check_t check;		/* reads them as soon as a sink that was behind is not */
	bool held;			/* for such a sink */
	uv_timer_t second;		/* losses, clock, processes' arguments */
	uv_timer_t deadline;
	uv_signal_t signals[4];
	unsigned idle_ticks;		/* in a row that read nothing */
	bool opened_loop;
	struct switching *switching;	/* policies that are being put in force; NULL: none */
	struct policy_evictions evicted;	/* of policies that are gone */
	uint16_t generation;		/* of the policies in force; 0: none are */
	uint64_t reported;		/* when the figures were told, nanoseconds since boot */
	uint64_t switched;		/* when they came in force, nanoseconds since boot */
	int write_error;		/* first failure of a sink, negative errno */
	uint64_t started;		/* nanoseconds since boot */
	const char *stop_reason;	/* NULL while it runs */
	uint64_t stopped;		/* nanoseconds since boot */
	bool hurry;			/* it was told twice to stop */
	bool drained;			/* the lanes were read to their end, or it took too long */
	uint64_t drain_until;		/* nanoseconds since boot; 0: as long as it takes */
	char error[768];		/* why agent_open or agent_run failed, for people */
};

/* Load, attach, look at what already runs.  0, or negative errno with agent->error set. */
int agent_open(struct agent *agent, const struct agent_options *options);

/* Watch until a signal, the deadline, the count, or the end of the followed command.
 * 0, or negative errno with agent->error set. */
int agent_run(struct agent *agent);

/* Detach and free; also after a failed agent_open.  hangs: something of a sink could not be closed,
 * so the loop and the road are left as they are; then the process must end by _exit. */
void agent_close(struct agent *agent, bool hangs);

/* "1234 events in 5.0 s, none lost" in the log. */
void agent_summary(const struct agent *agent);

#endif
