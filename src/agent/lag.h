/* SPDX-License-Identifier: Apache-2.0 */
/* How long what comes has to wait for the loop. */
#ifndef SAKER_AGENT_LAG_H
#define SAKER_AGENT_LAG_H

#include <stdint.h>
#include <uv.h>

#include "base/histogram.h"

struct lag {
	uv_prepare_t prepare;
	uint64_t before, idle;		/* at the end of the last turn: time, and time spent waiting */
	uint64_t due;			/* when lag_late should be called next; 0: not yet known */
	struct histogram turns;		/* busy time of each turn */
	struct histogram lateness;	/* of a timer, the waiting for a processor included */
};

/* Measure the turns of a loop, which was just made.  0 or negative errno. */
int lag_start(struct lag *lag, uv_loop_t *loop);

/* A timer of this interval has come. */
void lag_late(struct lag *lag, uint64_t interval_ms);

#endif
