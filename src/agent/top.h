/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has most records, for who looks on: a bounded number of processes and cgroups are counted, and
 * only while somebody asks.  A newcomer takes the place of the one with the fewest and inherits its
 * count as what may be too much (space-saving, Metwally et al. 2005), so the loudest are never missed
 * and the rest of a count is certain.
 */
#ifndef SAKER_AGENT_TOP_H
#define SAKER_AGENT_TOP_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

enum top_kind { TOP_PROCESSES, TOP_CGROUPS, TOP_KINDS };

enum {
	TOP_ENTRIES = 64,	/* of each kind */
	TOP_SECONDS_MIN = 10,	/* that are counted on after the last question */
};

struct top_entry {
	uint64_t key;		/* start time of a process, id of a cgroup */
	uint32_t pid;		/* of the process, or of one seen last in the cgroup; 0: the place is free */
	wire_comm name;		/* of that process */
	uint64_t count, excess;	/* records; of these, at most so many were others' */
	uint64_t since;		/* number of the newcomer: another one is another entry */
};

struct top {
	uint64_t until;		/* nanoseconds since boot; 0: nobody looks on, nothing is counted */
	uint64_t newcomers;
	struct top_entry entries[TOP_KINDS][TOP_ENTRIES];
};

/* Somebody asks, and may again within so many seconds. */
void top_want(struct top *top, uint64_t now, unsigned seconds);

/* Forget all when nobody has asked for long enough. */
void top_tick(struct top *top, uint64_t now);

/* One more record. */
void top_count(struct top *top, const struct who *who);

#endif
