/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was told already is not told again for a while.  Each cgroup and event has a cache of its
 * own out of a pool, so that a flood in one container pushes nothing out of another's.
 *
 * A dedup may be moved in memory, so one whose settings did not change can be handed on.
 */
#ifndef SAKER_POLICY_DEDUP_H
#define SAKER_POLICY_DEDUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lru.h"
#include "policy/key.h"

enum {
	DEDUP_CACHES_DEFAULT = 256,
	DEDUP_SIZE_MAX = 1 << 20,
	DEDUP_BYTES_MAX = 1 << 30,
};

struct dedup_spec {
	uint32_t size;		/* keys in a cache */
	uint32_t caches;	/* in the pool; 0: the default */
	uint64_t ttl_ns;	/* from when a key passed, however often it came since; 0: no end */
};

struct dedup_cache {
	struct lru keys;
	uint64_t *times;	/* when a key passed last, nanoseconds since boot */
};

struct dedup {
	struct dedup_spec spec;
	struct lru pool;	/* by cgroup and event */
	struct dedup_cache *caches;
	void *memory;

	/* Counters. */
	uint64_t passed, suppressed;
	uint64_t evicted;	/* keys thrown out before their time, their cache being full */
	uint64_t caches_evicted;	/* whole caches, the pool being full */
};

/* All memory it will ever have, used page by page as caches are.  -ENOMEM; -EINVAL for size 0;
 * -E2BIG above DEDUP_SIZE_MAX or DEDUP_BYTES_MAX. */
int dedup_init(struct dedup *dedup, const struct dedup_spec *spec);
void dedup_fini(struct dedup *dedup);

/* Whether the key did not pass within its time to live; if so, it passes now. */
bool dedup_pass(struct dedup *dedup, uint64_t cgroup, uint32_t event, const struct key *key,
		uint64_t time);

/* The cgroup is gone, and with it its caches. */
void dedup_forget(struct dedup *dedup, uint64_t cgroup);

#endif
