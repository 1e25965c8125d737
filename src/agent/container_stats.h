/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_stats: what containers use, as events.  The kernel's files are read beside the loop, a bounded
 * number of cgroups a job, one job at a time.
 */
#ifndef SAKER_AGENT_CONTAINER_STATS_H
#define SAKER_AGENT_CONTAINER_STATS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct agent;
struct stats_batch;

struct container_stats {
	uint64_t interval;		/* nanoseconds; 0: never */
	bool all;			/* of cgroups that are no containers, too */
	struct stats_batch *batch;	/* what a job reads and told; made when first needed */
	uint64_t since;			/* when the round before began, nanoseconds since boot; 0: there was none */
	uint64_t until;			/* when this one did */
	uint32_t next;			/* slot of the table of cgroups to go on with; 0: no round is under way */
	bool busy;			/* a job is on its way */
	uv_work_t work;
};

/* From now on this often, in milliseconds, and of all cgroups or of containers alone. */
void container_stats_configure(struct container_stats *stats, uint64_t ms, bool all);

/* Begin another round when its time has come.  To be called twice a second. */
void container_stats_tick(struct agent *agent);

/* Frees; the loop has ended. */
void container_stats_close(struct container_stats *stats);

#endif
