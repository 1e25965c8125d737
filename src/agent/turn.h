/* SPDX-License-Identifier: Apache-2.0 */
/* The turns of the loop: records are read from the lanes and handed to the pipeline, a bounded number
 * a turn, and the kernel wakes us when there are none. */
#ifndef SAKER_AGENT_TURN_H
#define SAKER_AGENT_TURN_H

#include <stdint.h>

struct agent;

enum { TURN_RECORDS = 1024 };	/* read at most before sinks, timers and signals get their turn */

/* Read from now on, once the loop runs. */
void turn_start(struct agent *agent);

/* Read no more of itself: the loop may go on for others. */
void turn_stop(struct agent *agent);

/* Read all that is in the lanes, while the loop goes on for the sinks; at the longest until then,
 * nanoseconds since boot, 0: as long as it takes.  After turn_stop. */
void turn_drain(struct agent *agent, uint64_t until);

/* Read on if the loop sleeps: for who has read the lanes elsewhere, since the record that woke us may
 * have been among those. */
void turn_wake(struct agent *agent);

/* The same if something waits in the lanes.  A probe that asked whether we sleep just before we did
 * wakes nobody, and its record would wait for the next one. */
void turn_look(struct agent *agent);

/* End the loop after this turn.  The first reason counts. */
void agent_stop(struct agent *agent, const char *reason);

/* Let the sinks have what was collected; a failure that leaves no use in going on ends the loop. */
void agent_flush(struct agent *agent);

/* End the loop if the followed command and all of its process tree have ended. */
void agent_look_at_child(struct agent *agent);

#endif
