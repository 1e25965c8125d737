// SPDX-License-Identifier: Apache-2.0
#include "policy/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "policy/policy_file.h"

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return text ? fnv64(hash, text, strlen(text) + 1) : fnv64(hash, "\1", 2);
}

static uint64_t hash_list(uint64_t hash, const struct option_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		hash = hash_text(hash, list->items[i].text);
	return fnv64(hash, &list->n, sizeof(list->n));
}

uint64_t policy_state_identity(const char *policy, const struct policy_file_entry *e)
{
	const uint64_t numbers[] = { e->limit.rate.count, e->limit.rate.interval, e->limit.rate.burst, e->limit.per,
				     e->dedup.size, e->dedup.ttl, e->sample.share, e->sample.whole };
	uint64_t hash = hash_text(0, policy);

	hash = hash_text(hash, e->selector);
	hash = hash_text(hash, e->where.text);
	hash = hash_list(hash, &e->dedup.key);
	hash = hash_list(hash, &e->unless_empty);
	return fnv64(hash, numbers, sizeof(numbers));
}

static int start_limit(struct policy_state *s, const struct policy_limit *limit)
{
	const struct limit_spec spec = {
		.events = limit->rate.count, .per_ns = limit->rate.interval * 1000000, .burst = limit->rate.burst,
		.key = limit->per,
	};
	int r = limiter_init(&s->limiter, &spec, 0);

	s->limits = r == 0;
	return r;
}

static int start_dedup(struct policy_state *s, const struct policy_dedup *dedup)
{
	struct dedup_spec spec = { .size = dedup->size, .ttl_ns = dedup->ttl * 1000000, .caches = DEDUP_CACHES_DEFAULT };
	int r = dedup_init(&s->dedup, &spec);

	/* Of large caches there are fewer. */
	for (; r == -E2BIG && spec.caches > 1; r = dedup_init(&s->dedup, &spec))
		spec.caches /= 2;
	s->dedups = r == 0;
	return r;
}

int policy_state_new(struct policy_state **ret, uint64_t identity, const struct policy_file_entry *entry)
{
	struct policy_state *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return -ENOMEM;
	s->identity = identity;
	s->users = 1;
	if (entry->limit.rate.count)
		r = start_limit(s, &entry->limit);
	if (r == 0 && entry->dedup.key.n)
		r = start_dedup(s, &entry->dedup);
	if (r < 0)
		policy_state_drop(s);
	else
		*ret = s;
	return r;
}

void policy_state_drop(struct policy_state *s)
{
	if (!s || --s->users)
		return;
	if (s->limits)
		limiter_fini(&s->limiter);
	if (s->dedups)
		dedup_fini(&s->dedup);
	free(s);
}

/* Without memory for an empty one, the full one stays. */
void policy_state_empty(struct policy_state *s)
{
	struct dedup fresh;

	if (!s->dedups || dedup_init(&fresh, &s->dedup.spec) < 0)
		return;
	fresh.passed = s->dedup.passed;
	fresh.suppressed = s->dedup.suppressed;
	fresh.evicted = s->dedup.evicted;
	fresh.caches_evicted = s->dedup.caches_evicted;
	dedup_fini(&s->dedup);
	s->dedup = fresh;
}

void policy_state_forget(struct policy_state *s, uint64_t cgroup)
{
	if (s->limits && s->limiter.spec.key == LIMIT_cgroup)
		limiter_forget(&s->limiter, cgroup);
	if (s->dedups)
		dedup_forget(&s->dedup, cgroup);
}
