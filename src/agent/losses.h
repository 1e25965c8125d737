/* SPDX-License-Identifier: Apache-2.0 */
/* Losses as events: who lost how much, where and why, within a second. */
#ifndef SAKER_AGENT_LOSSES_H
#define SAKER_AGENT_LOSSES_H

#include <stdint.h>

#include "event/build.h"
#include "kernel/account.h"
#include "kernel/lanes.h"

struct probe;

struct losses {
	struct probe *probe;
	struct account_reader *reader;
	struct account before, now;
	uint64_t missed_before;		/* runs that the kernel skipped */
	uint64_t unfollowed_before;	/* processes that the tree had no room for */
	uint64_t last;			/* time of the last loss that was told; 0: none */
	uint64_t since;			/* time of the last look, nanoseconds since boot */
	uint64_t seq;			/* of the agent's own records */
	struct build build;
};

/* 0 or -ENOMEM. */
int losses_init(struct losses *losses, struct probe *probe, uint64_t now);
void losses_fini(struct losses *losses);

/* Hand a lost event for each lane and reason that lost something since the last call to the
 * reader.  now: nanoseconds since boot. */
void losses_report(struct losses *losses, uint64_t now, lane_reader reader, void *ctx);

/* Read all counters again; totals are in losses->now. */
int losses_read(struct losses *losses);

/* Everything lost so far, of all lanes and reasons. */
uint64_t losses_total(const struct losses *losses);

#endif
