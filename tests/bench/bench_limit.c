// SPDX-License-Identifier: Apache-2.0
/* Nanoseconds that a limit, a hash of a field, and a dedup cost an event. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "event/schema.h"
#include "expr/expr.h"
#include "policy/dedup.h"
#include "policy/key.h"
#include "policy/limit.h"
#include "policy/sample.h"
#include "../unit/record.h"

enum { ROUNDS = 5, EVENTS = 2000000 };

struct bench {
	struct limiter limiter;
	struct dedup dedup;
	struct key_seed seed;
	struct key_field path, cgroup;
	struct record record;
	unsigned keys;
	uint64_t passed;	/* so that nothing is optimised away */
};

typedef void measured(struct bench *b, unsigned i);

static uint64_t spread(struct bench *b, unsigned i)
{
	return (i * 2654435761u >> 8) % b->keys;
}

static void run_limit(struct bench *b, unsigned i)
{
	b->passed += limiter_pass(&b->limiter, spread(b, i), RECORD_TIME + i * 1000ull);
}

static void run_identity(struct bench *b, unsigned i)
{
	b->record.head.who.host_pid = i;
	b->passed += key_identity(&b->seed, LIMIT_process, &b->record.head.who, "", 0) & 1;
}

static void run_path(struct bench *b, unsigned i)
{
	b->passed += key_fields(&b->seed, &(struct expr_view){ .record = &b->record }, &b->path, 1).lo & 1;
}

static void run_dedup(struct bench *b, unsigned i)
{
	const struct key key = { .hi = spread(b, i) * 0x9e3779b97f4a7c15u };

	b->passed += dedup_pass(&b->dedup, key.hi >> 56, 1, &key, RECORD_TIME + i * 1000ull);
}

static void run_dedup_whole(struct bench *b, unsigned i)
{
	struct key key;

	b->record.call.args[0] = i;
	key = key_fields(&b->seed, &(struct expr_view){ .record = &b->record }, &b->path, 1);
	b->passed += dedup_pass(&b->dedup, 1, 1, &key, RECORD_TIME + i * 1000ull);
}

static void run_sample(struct bench *b, unsigned i)
{
	b->passed += sample_pass(RECORD_TIME + i, i, 100);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void measure(struct bench *b, const char *name, measured *run, unsigned keys)
{
	double best = 1e9;

	b->keys = keys;
	for (int round = 0; round < ROUNDS; round++) {
		double start = seconds(), took;

		for (unsigned i = 0; i < EVENTS; i++)
			run(b, i);
		took = seconds() - start;
		best = took < best ? took : best;
	}
	printf("%-44s %6.1f ns\n", name, best / EVENTS * 1e9);
}

int main(void)
{
	static const struct limit_spec rate = { .events = 5, .per_ns = RECORD_SECOND, .burst = 1 };
	static const struct dedup_spec once = { .size = 100, .ttl_ns = 60ull * RECORD_SECOND };
	static struct bench b;

	if (limiter_init(&b.limiter, &rate, 0) || dedup_init(&b.dedup, &once) ||
	    key_seed_init(&b.seed))
		return 1;
	record_openat(&b.record);
	b.path = key_field_event(schema_get(EVENT_call_openat), 1);
	measure(&b, "limiter_pass, 1 key", run_limit, 1);
	measure(&b, "limiter_pass, 100 keys", run_limit, 100);
	measure(&b, "limiter_pass, 4096 keys, all held", run_limit, 4096);
	measure(&b, "limiter_pass, 100000 keys, most thrown out", run_limit, 100000);
	measure(&b, "key_identity of a process", run_identity, 1);
	measure(&b, "key_fields of a path of 11 bytes", run_path, 1);
	measure(&b, "dedup_pass, 1 key", run_dedup, 1);
	measure(&b, "dedup_pass, 20000 keys in 256 caches", run_dedup, 20000);
	measure(&b, "dedup_pass, 1000000 keys, most thrown out", run_dedup, 1000000);
	measure(&b, "key_fields and dedup_pass", run_dedup_whole, 1);
	measure(&b, "sample_pass", run_sample, 1);
	dedup_fini(&b.dedup);
	limiter_fini(&b.limiter);
	return b.passed == 0;
}
