/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel side counted.  For each lane, once it is drained:
 *   seen = filtered + limited + muted + numbered + dropped for want of scratch memory
 *   numbered = read + dropped because the lane was full */
#ifndef SAKER_KERNEL_ACCOUNT_H
#define SAKER_KERNEL_ACCOUNT_H

#include <stdint.h>

#include "shared.h"

struct probe;

struct lane_account {
	uint64_t filtered, limited, muted, numbered;
	uint64_t dropped[DROPS];
};

enum { ACCOUNT_CPUS = 1024, ACCOUNT_TOP = 8 };

struct account {
	struct lane_account lanes[LANES];
	struct tally events[EVENTS_MAX];		/* summed over cpus */
	uint32_t cpu_dropped[LANES][ACCOUNT_CPUS];	/* all reasons */
};

struct loud_cgroup { uint64_t cgroup, count; };

/* A buffer for account_read, for the life of the probe; NULL when out of memory. */
struct account_reader;
struct account_reader *account_reader_new(const struct probe *probe);
void account_reader_free(struct account_reader *reader);

/* Read all counters.  0 or negative errno. */
int account_read(struct account_reader *reader, struct account *ret);

/* The cgroups that lost most in this lane since the last call, loudest first; how many.
 * The counts start again at 0. */
unsigned account_loud(struct account_reader *reader, enum lane lane, struct loud_cgroup top[ACCOUNT_TOP]);

/* Events of a lane the hooks saw, and events lost. */
uint64_t account_seen(const struct lane_account *lane);
uint64_t account_dropped(const struct lane_account *lane);

#endif
