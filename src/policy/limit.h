/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many events a key may have in a time: a bucket of tokens for each key, filled by the records'
 * own time.
 *
 * A limiter may be moved in memory, so one whose settings did not change can be handed on.
 */
#ifndef SAKER_POLICY_LIMIT_H
#define SAKER_POLICY_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lru.h"

enum { LIMIT_KEYS_DEFAULT = 4096, LIMIT_KEYS_MAX = 1 << 20 };

/* What has a bucket of its own. */
enum limit_key { LIMIT_cgroup, LIMIT_process, LIMIT_executable, LIMIT_container, LIMIT_global };

/* So many events per_ns, and at most burst at once.  One per interval: events 1, burst 1. */
struct limit_spec {
	uint32_t events;
	uint64_t per_ns;
	uint32_t burst;		/* 0: as many as events */
	enum limit_key key;
};

/* Its unit is 1/gain ns: a nanosecond gives gain, an event takes cost. */
struct limit_bucket {
	uint64_t level;
	uint64_t time;		/* of the newest record it knows, nanoseconds since boot */
	uint64_t suppressed;	/* since limiter_suppressed was last asked */
};

struct limiter {
	struct limit_spec spec;
	struct lru keys;
	struct limit_bucket *buckets;
	void *memory;
	uint64_t gain, cost, full;	/* full: the level of a full bucket */

	/* Counters. */
	uint64_t passed, suppressed;
	uint64_t evicted;	/* keys thrown out for want of room; they begin anew */
	uint64_t untold;	/* suppressed of keys that went before they were asked */
};

/* All memory it will ever have; keys 0: the default.  -ENOMEM; -EINVAL for 0 events, no time or too
 * many keys; -ERANGE when burst times per_ns cannot be counted. */
int limiter_init(struct limiter *limiter, const struct limit_spec *spec, uint32_t keys);
void limiter_fini(struct limiter *limiter);

/* Whether an event of this key may pass.  time is the record's, nanoseconds since boot. */
bool limiter_pass(struct limiter *limiter, uint64_t key, uint64_t time);

/* How many of this key did not pass since this was last asked. */
uint64_t limiter_suppressed(struct limiter *limiter, uint64_t key);

/* The key is gone, as a removed cgroup is. */
void limiter_forget(struct limiter *limiter, uint64_t key);

#endif
