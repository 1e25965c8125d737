// SPDX-License-Identifier: Apache-2.0
#include "policy/dedup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/backwards.h"

static size_t times_bytes(uint32_t size)
{
	return ((size_t)size + 1) * sizeof(uint64_t);
}

/* Where the parts lie: the pool, its caches, and for each cache its keys and times. */
static void place(struct dedup *d)
{
	char *at = d->memory;
	uint32_t size = d->spec.size, n = d->spec.caches;

	lru_place(&d->pool, at, n);
	at += lru_bytes(n);
	d->caches = (void *)at;
	at += (n + (size_t)1) * sizeof(*d->caches);
	for (uint32_t i = 1; i <= n; i++) {
		lru_place(&d->caches[i].keys, at, size);
		at += lru_bytes(size);
		d->caches[i].times = (void *)at;
		at += times_bytes(size);
	}
}

int dedup_init(struct dedup *d, const struct dedup_spec *spec)
{
	size_t each, bytes;

	memset(d, 0, sizeof(*d));
	d->spec = *spec;
	if (spec->caches == 0)
		d->spec.caches = DEDUP_CACHES_DEFAULT;
	if (spec->size == 0)
		return -EINVAL;
	if (spec->size > DEDUP_SIZE_MAX || d->spec.caches > DEDUP_SIZE_MAX)
		return -E2BIG;
	each = sizeof(*d->caches) + lru_bytes(spec->size) + times_bytes(spec->size);
	bytes = lru_bytes(d->spec.caches) + sizeof(*d->caches) + d->spec.caches * each;
	if (bytes > DEDUP_BYTES_MAX)
		return -E2BIG;
	d->memory = calloc(1, bytes);
	if (!d->memory)
		return -ENOMEM;
	place(d);
	return 0;
}

void dedup_fini(struct dedup *d)
{
	free(d->memory);
	memset(d, 0, sizeof(*d));
}

static struct dedup_cache *cache_of(struct dedup *d, uint64_t cgroup, uint32_t event)
{
	uint32_t slot = lru_find(&d->pool, cgroup, event);

	if (slot) {
		lru_touch(&d->pool, slot);
		return &d->caches[slot];
	}
	if (lru_victim(&d->pool))
		d->caches_evicted++;
	slot = lru_add(&d->pool, cgroup, event);
	lru_clear(&d->caches[slot].keys);
	return &d->caches[slot];
}

static bool expired(const struct dedup *d, uint64_t passed, uint64_t now)
{
	if (now < passed)
		return backwards(now, passed);
	return d->spec.ttl_ns && now - passed >= d->spec.ttl_ns;
}

static uint32_t add_key(struct dedup *d, struct dedup_cache *c, const struct key *key,
			uint64_t time)
{
	uint32_t slot = lru_victim(&c->keys);

	if (slot && !expired(d, c->times[slot], time))
		d->evicted++;
	return lru_add(&c->keys, key->hi, key->lo);
}

bool dedup_pass(struct dedup *d, uint64_t cgroup, uint32_t event, const struct key *key,
		uint64_t time)
{
	struct dedup_cache *c = cache_of(d, cgroup, event);
	uint32_t slot = lru_find(&c->keys, key->hi, key->lo);

	if (slot) {
		lru_touch(&c->keys, slot);
		if (!expired(d, c->times[slot], time)) {
			d->suppressed++;
			return false;
		}
	} else {
		slot = add_key(d, c, key, time);
	}
	c->times[slot] = time;
	d->passed++;
	return true;
}

void dedup_forget(struct dedup *d, uint64_t cgroup)
{
	uint32_t slot;

	while ((slot = lru_find_hi(&d->pool, cgroup)))
		lru_remove(&d->pool, slot);
}
