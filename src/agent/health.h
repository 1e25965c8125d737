/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the agent does what it is there for: it reads what the kernel side hands it, the hooks run,
 * and the kernel side works by our settings. */
#ifndef SAKER_AGENT_HEALTH_H
#define SAKER_AGENT_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "shared.h"

struct agent;

enum health_check_id { HEALTH_lanes, HEALTH_canaries, HEALTH_hooks, HEALTH_policy, HEALTH_memory, HEALTH_CHECKS };

struct health_check {
	const char *name;	/* "lanes" */
	bool ok;
	char why[160];		/* of what is not ok, in words */
};

struct health {
	bool ok;		/* all are */
	struct health_check checks[HEALTH_CHECKS];
};

/* What is remembered between two looks. */
struct health_watch {
	uint64_t read[LANES];		/* records of each lane, when it was last seen to move */
	uint64_t moved[LANES];		/* when that was, nanoseconds since boot */
	uint64_t mended;		/* hooks that were attached again */
	uint64_t mend_failures;
	bool told[HEALTH_CHECKS];	/* the log has it that it is not ok */
};

/* Look now. */
void health_check(const struct agent *agent, struct health *ret);

/* Whether records are read and the canaries return: the rest can be mended while it runs. */
bool health_reads(const struct agent *agent);

/* To be called every half second: sends canaries, mends broken hooks, tells in the log what became
 * of the checks. */
void health_tick(struct agent *agent);

#endif
