/* SPDX-License-Identifier: Apache-2.0 */
/* syscall_stats: the kernel's counters of system calls by cgroup as events, a bounded number a turn. */
#ifndef SAKER_AGENT_SYSCALL_STATS_H
#define SAKER_AGENT_SYSCALL_STATS_H

#include <stdbool.h>
#include <stdint.h>

struct agent;
struct stats_reader;

struct syscall_stats {
	struct stats_reader *reader;	/* made when first needed */
	uint64_t interval;		/* nanoseconds; 0: never */
	uint64_t since;			/* begin of the interval that is told, nanoseconds since boot; 0: none yet */
	uint64_t until;			/* its end */
	uint64_t seen;			/* calls when the last reading began */
	uint64_t counted;		/* that were read since the start */
	uint64_t lost;			/* that were thrown out for want of room, at least */
	uint64_t uncounted;		/* of these, in the interval before */
	bool reading;
};

/* Tell the counters when their time has come.  To be called twice a second. */
void syscall_stats_tick(struct agent *agent);
void syscall_stats_close(struct syscall_stats *stats);

#endif
