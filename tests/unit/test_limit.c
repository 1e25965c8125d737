// SPDX-License-Identifier: Apache-2.0
#include <criterion/criterion.h>
#include <errno.h>

#include "policy/limit.h"
#include "policy/sample.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define START (1000 * SECOND)

static struct limiter limiter;

static void start(uint32_t events, uint64_t per_ns, uint32_t burst, uint32_t keys)
{
	const struct limit_spec spec = { .events = events, .per_ns = per_ns, .burst = burst };

	cr_assert_eq(limiter_init(&limiter, &spec, keys), 0);
}

static void teardown(void)
{
	limiter_fini(&limiter);
}

TestSuite(limit, .fini = teardown);

/* How many of n events of a key pass, apart ns from each other. */
static unsigned passed(uint64_t key, uint64_t from, uint64_t apart, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		count += limiter_pass(&limiter, key, from + i * apart);
	return count;
}

Test(limit, what_cannot_be)
{
	static const struct {
		const char *name;
		struct limit_spec spec;
		uint32_t keys;
		int result;
	} rows[] = {
		{ "no events", { 0, SECOND, 1, LIMIT_cgroup }, 0, -EINVAL },
		{ "no time", { 1, 0, 1, LIMIT_cgroup }, 0, -EINVAL },
		{ "too many keys", { 1, SECOND, 1, LIMIT_cgroup }, LIMIT_KEYS_MAX + 1, -EINVAL },
		{ "too much", { UINT32_MAX, UINT64_MAX, UINT32_MAX, LIMIT_cgroup }, 0, -ERANGE },
		{ "much", { 10000000, 3600 * SECOND, 0, LIMIT_cgroup }, 0, 0 },
		{ "one a year", { 1, 31536000 * SECOND, 1, LIMIT_cgroup }, 0, 0 },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct limiter l;

		cr_expect_eq(limiter_init(&l, &rows[i].spec, rows[i].keys), rows[i].result, "%s",
			     rows[i].name);
		limiter_fini(&l);
		limiter_fini(&l);
	}
}

Test(limit, rates)
{
	static const struct {
		uint32_t events, burst;
		uint64_t per, apart;
		unsigned n, passed;
	} rows[] = {
		{ 5, 1, SECOND, 0, 100, 1 },			/* at once */
		{ 5, 0, SECOND, 0, 100, 5 },
		{ 5, 1, SECOND, MS, 10000, 50 },		/* ten seconds */
		{ 5, 5, SECOND, MS, 10001, 55 },
		{ 5, 1, SECOND, 200 * MS, 100, 100 },		/* just as fast as allowed */
		{ 5, 1, SECOND, 199 * MS, 100, 50 },
		{ 3, 1, SECOND, MS, 30001, 90 },		/* a third is no whole number */
		{ 7, 1, 3 * SECOND, MS, 30001, 70 },
		{ 1, 1, 15 * SECOND, 100 * MS, 601, 5 },	/* one per interval, both ends */
		{ 1000000, 1, SECOND, 1, 10000000, 10000 },
		{ 4294967295, 1, SECOND, 1, 1000, 1000 },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		unsigned n;

		start(rows[i].events, rows[i].per, rows[i].burst, 0);
		n = passed(1, START, rows[i].apart, rows[i].n);
		cr_expect_eq(n, rows[i].passed, "row %u: %u", i, n);
		cr_expect_eq(limiter.passed + limiter.suppressed, rows[i].n, "row %u", i);
		limiter_fini(&limiter);
	}
}

Test(limit, keys_do_not_share)
{
	start(1, SECOND, 1, 0);
	for (uint64_t key = 0; key < 1000; key++)
		cr_expect_eq(passed(key, START, 0, 3), 1);
	cr_expect_eq(limiter.evicted, 0);
}

Test(limit, global_has_one_bucket)
{
	const struct limit_spec spec = { 1, SECOND, 1, LIMIT_global };

	cr_assert_eq(limiter_init(&limiter, &spec, 100), 0);
	cr_expect_eq(limiter.keys.size, 1);
	cr_expect_eq(passed(0, START, 0, 3), 1);
}

Test(limit, suppressed_is_told_once)
{
	start(1, SECOND, 1, 0);
	passed(7, START, 0, 11);
	passed(8, START, 0, 3);
	cr_expect_eq(limiter_suppressed(&limiter, 7), 10);
	cr_expect_eq(limiter_suppressed(&limiter, 7), 0);
	cr_expect_eq(limiter_suppressed(&limiter, 9), 0);
	limiter_forget(&limiter, 8);
	limiter_forget(&limiter, 8);
	cr_expect_eq(limiter.untold, 2);
	cr_expect(limiter_pass(&limiter, 8, START));
}

Test(limit, the_oldest_key_gives_way)
{
	start(1, SECOND, 1, 3);
	for (uint64_t key = 1; key <= 3; key++)
		passed(key, START, 0, 2);
	passed(1, START, 0, 1);
	passed(4, START, 0, 1);
	cr_expect_eq(limiter.evicted, 1);
	cr_expect_eq(limiter.untold, 1);
	cr_expect_eq(limiter_suppressed(&limiter, 1), 2);
	cr_expect_eq(limiter_suppressed(&limiter, 2), 0);
	cr_expect_eq(limiter_suppressed(&limiter, 3), 1);
}

/* Four cpus, each up to 3 ms behind the others, one event per ms. */
Test(limit, cpus_out_of_order)
{
	unsigned count = 0;

	start(10, SECOND, 1, 0);
	for (uint64_t i = 0; i < 100000; i++)
		count += limiter_pass(&limiter, 1, START + i * MS - (i * 7 % 4) * MS);
	cr_expect_geq(count, 999);
	cr_expect_leq(count, 1001);
}

Test(limit, time_going_back_gives_nothing)
{
	start(1, SECOND, 1, 0);
	cr_expect(limiter_pass(&limiter, 1, START));
	for (unsigned i = 0; i < 1000; i++) {
		cr_expect_not(limiter_pass(&limiter, 1, START - i * MS));
		cr_expect_not(limiter_pass(&limiter, 1, START + 999 * MS));
	}
	cr_expect(limiter_pass(&limiter, 1, START + SECOND));
}

Test(limit, a_new_boot_is_not_waited_for)
{
	start(1, SECOND, 1, 0);
	cr_expect(limiter_pass(&limiter, 1, START));
	cr_expect_not(limiter_pass(&limiter, 1, SECOND));
	cr_expect(limiter_pass(&limiter, 1, 2 * SECOND));
}

Test(limit, ends_of_time)
{
	start(UINT32_MAX, SECOND, UINT32_MAX, 0);
	cr_expect(limiter_pass(&limiter, 1, 0));
	cr_expect(limiter_pass(&limiter, 1, UINT64_MAX));
	cr_expect(limiter_pass(&limiter, 1, 0));
	cr_expect_eq(limiter.buckets[1].level, limiter.full - 2 * limiter.cost);
}

/* Against a plain list: what is found, what is thrown out, in which order. */
Test(limit, table_is_an_lru)
{
	enum { SIZE = 13, KEYS = 40, ROUNDS = 200000 };
	static uint64_t memory[512], used[KEYS], turn;
	uint64_t random = 88172645463325252u;
	struct lru lru;

	cr_assert_leq(lru_bytes(SIZE), sizeof(memory));
	lru_place(&lru, memory, SIZE);
	for (turn = 1; turn < ROUNDS; turn++) {
		uint64_t key;
		uint32_t slot, victim, count = 0;

		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		key = random % KEYS;
		slot = lru_find(&lru, key / 4, key % 4);
		cr_assert_eq(!!slot, !!used[key], "key %u", (unsigned)key);
		if (slot && (random >> 32) % 4 == 0) {
			lru_remove(&lru, slot);
			used[key] = 0;
		} else if (slot) {
			lru_touch(&lru, slot);
			used[key] = turn;
		} else {
			uint64_t oldest = 0;

			for (unsigned i = 0; i < KEYS; i++)
				if (used[i] && (!used[oldest] || used[i] < used[oldest]))
					oldest = i;
			victim = lru_victim(&lru);
			if (victim) {
				cr_assert_eq(lru.entries[victim].hi, oldest / 4);
				cr_assert_eq(lru.entries[victim].lo, oldest % 4);
				used[oldest] = 0;
			}
			cr_assert(lru_add(&lru, key / 4, key % 4));
			used[key] = turn;
		}
		for (unsigned i = 0; i < KEYS; i++)
			count += !!used[i];
		cr_assert_eq(lru.count, count);
	}
	lru_clear(&lru);
	cr_expect_eq(lru_find(&lru, 1, 1), 0);
	cr_expect_eq(lru_victim(&lru), 0);
}

Test(limit, samples)
{
	static const uint32_t parts[] = { 2, 3, 10, 100, 1000 };

	cr_expect(sample_pass(START, 1, 0));
	cr_expect(sample_pass(START, 1, 1));
	for (unsigned p = 0; p < sizeof(parts) / sizeof(*parts); p++) {
		unsigned n = 0, same = 0;

		for (uint64_t i = 0; i < 1000000; i++) {
			bool pass = sample_pass(START + i / 10, i % 10 + i / 7, parts[p]);

			n += pass;
			same += pass == sample_pass(START + i / 10, i % 10 + i / 7, parts[p]);
		}
		cr_expect_eq(same, 1000000);
		cr_expect_geq(n + 4000, 1000000 / parts[p], "1/%u: %u", parts[p], n);
		cr_expect_leq(n, 1000000 / parts[p] + 4000, "1/%u: %u", parts[p], n);
	}
}
