// SPDX-License-Identifier: Apache-2.0
#include "policy/limit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/backwards.h"

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static int set_rate(struct limiter *l)
{
	const struct limit_spec *s = &l->spec;
	uint64_t divisor, burst = s->burst ? s->burst : s->events;

	if (!s->events || !s->per_ns)
		return -EINVAL;
	divisor = common_divisor(s->per_ns, s->events);
	l->gain = s->events / divisor;
	l->cost = s->per_ns / divisor;
	if (l->cost > INT64_MAX / burst)
		return -ERANGE;
	l->full = l->cost * burst;
	return 0;
}

int limiter_init(struct limiter *l, const struct limit_spec *spec, uint32_t keys)
{
	int r;

	memset(l, 0, sizeof(*l));
	l->spec = *spec;
	if (keys == 0)
		keys = LIMIT_KEYS_DEFAULT;
	if (keys > LIMIT_KEYS_MAX)
		return -EINVAL;
	if (spec->key == LIMIT_global)
		keys = 1;
	r = set_rate(l);
	if (r < 0)
		return r;
	l->memory = calloc(1, lru_bytes(keys) + (keys + (size_t)1) * sizeof(*l->buckets));
	if (!l->memory)
		return -ENOMEM;
	lru_place(&l->keys, l->memory, keys);
	l->buckets = (void *)((char *)l->memory + lru_bytes(keys));
	return 0;
}

void limiter_fini(struct limiter *l)
{
	free(l->memory);
	memset(l, 0, sizeof(*l));
}

static uint32_t add_key(struct limiter *l, uint64_t key, uint64_t time)
{
	uint32_t slot = lru_victim(&l->keys);

	if (slot) {
		l->evicted++;
		l->untold += l->buckets[slot].suppressed;
	}
	slot = lru_add(&l->keys, key, 0);
	l->buckets[slot] = (struct limit_bucket){ .level = l->full, .time = time };
	return slot;
}

/* A record older than one before it fills nothing and takes nothing back. */
static void fill(const struct limiter *l, struct limit_bucket *b, uint64_t time)
{
	uint64_t since = time - b->time;

	if (time < b->time) {
		if (backwards(time, b->time))
			b->time = time;
		return;
	}
	b->time = time;
	if (since > (l->full - b->level) / l->gain)
		b->level = l->full;
	else
		b->level += since * l->gain;
}

bool limiter_pass(struct limiter *l, uint64_t key, uint64_t time)
{
	uint32_t slot = lru_find(&l->keys, key, 0);
	struct limit_bucket *b;

	if (slot)
		lru_touch(&l->keys, slot);
	else
		slot = add_key(l, key, time);
	b = &l->buckets[slot];
	fill(l, b, time);
	if (b->level < l->cost) {
		b->suppressed++;
		l->suppressed++;
		return false;
	}
	b->level -= l->cost;
	l->passed++;
	return true;
}

uint64_t limiter_suppressed(struct limiter *l, uint64_t key)
{
	struct limit_bucket *b = &l->buckets[lru_find(&l->keys, key, 0)];
	uint64_t n = b->suppressed;

	b->suppressed = 0;
	return n;
}

void limiter_forget(struct limiter *l, uint64_t key)
{
	uint32_t slot = lru_find(&l->keys, key, 0);

	if (!slot)
		return;
	l->untold += l->buckets[slot].suppressed;
	lru_remove(&l->keys, slot);
}
