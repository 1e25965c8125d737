/* SPDX-License-Identifier: Apache-2.0 */
/* "Attached" is not "working": every so often the agent does something harmless for each kind of hook
 * that is attached, and looks whether the hook saw it. */
#ifndef SAKER_AGENT_CANARY_H
#define SAKER_AGENT_CANARY_H

#include <stdbool.h>
#include <stdint.h>

struct probe;

enum { CANARY_KINDS = 8 };

struct canary_state {
	uint64_t sent, returned, missed;	/* acts; those that were seen; that were not in time */
	uint64_t before;			/* how many were seen when it was last sent */
	bool waiting;				/* sent, and neither seen nor late yet */
	bool silent;				/* the last one was not seen */
};

struct canaries {
	uint64_t interval;		/* nanoseconds; 0: never */
	uint64_t acted, judged;		/* when, nanoseconds since boot; 0: not yet */
	struct canary_state kinds[CANARY_KINDS];
};

/* What hook a kind is about: "file_open", "sys_exit". */
const char *canary_name(unsigned kind);

/* To be called a few times within each interval: sends them out when it is time, and looks which came
 * back.  now: nanoseconds since boot. */
void canaries_tick(struct canaries *canaries, const struct probe *probe, uint64_t now);

/* The first kind that is silent, -1 if none is. */
int canaries_silent(const struct canaries *canaries);

/* Send them out again at once, because the hooks were mended. */
void canaries_hurry(struct canaries *canaries);

#endif
