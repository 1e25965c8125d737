// SPDX-License-Identifier: Apache-2.0
#include <criterion/criterion.h>
#include <errno.h>

#include "policy/dedup.h"

#define SECOND UINT64_C(1000000000)
#define START (1000 * SECOND)

static struct dedup dedup;

static void start(uint32_t size, uint32_t caches, uint64_t ttl_ns)
{
	const struct dedup_spec spec = { .size = size, .caches = caches, .ttl_ns = ttl_ns };

	cr_assert_eq(dedup_init(&dedup, &spec), 0);
}

static void teardown(void)
{
	dedup_fini(&dedup);
}

TestSuite(dedup, .fini = teardown);

static bool pass(uint64_t cgroup, uint32_t event, uint64_t name, uint64_t time)
{
	const struct key key = { name * 0x9e3779b97f4a7c15u, name };

	return dedup_pass(&dedup, cgroup, event, &key, time);
}

Test(dedup, what_cannot_be)
{
	static const struct {
		struct dedup_spec spec;
		int result;
	} rows[] = {
		{ { .size = 0 }, -EINVAL },
		{ { .size = DEDUP_SIZE_MAX + 1 }, -E2BIG },
		{ { .size = 1, .caches = UINT32_MAX }, -E2BIG },
		{ { .size = DEDUP_SIZE_MAX }, -E2BIG },
		{ { .size = DEDUP_SIZE_MAX, .caches = 1 }, 0 },
		{ { .size = 1, .caches = 1 }, 0 },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dedup d;

		cr_expect_eq(dedup_init(&d, &rows[i].spec), rows[i].result, "row %u", i);
		dedup_fini(&d);
		dedup_fini(&d);
	}
}

Test(dedup, once_in_its_time)
{
	start(100, 0, 60 * SECOND);
	cr_expect(pass(1, 2, 3, START));
	for (unsigned i = 0; i < 60; i++)
		cr_expect_not(pass(1, 2, 3, START + i * SECOND));
	cr_expect(pass(1, 2, 3, START + 60 * SECOND));
	cr_expect_not(pass(1, 2, 3, START + 61 * SECOND));
	cr_expect_eq(dedup.passed, 2);
	cr_expect_eq(dedup.suppressed, 61);
	cr_expect_eq(dedup.evicted, 0);
}

Test(dedup, no_end)
{
	start(100, 0, 0);
	cr_expect(pass(1, 2, 3, 0));
	cr_expect_not(pass(1, 2, 3, INT64_MAX));
}

Test(dedup, cgroups_and_events_do_not_share)
{
	start(4, 0, 60 * SECOND);
	for (uint64_t cgroup = 0; cgroup < 10; cgroup++)
		for (uint32_t event = 0; event < 10; event++) {
			cr_expect(pass(cgroup, event, 3, START));
			cr_expect_not(pass(cgroup, event, 3, START));
		}
}

Test(dedup, the_oldest_name_gives_way)
{
	start(3, 0, 60 * SECOND);
	for (unsigned name = 1; name <= 3; name++)
		cr_expect(pass(1, 2, name, START));
	cr_expect_not(pass(1, 2, 1, START));
	cr_expect(pass(1, 2, 4, START));
	cr_expect_not(pass(1, 2, 1, START));
	cr_expect_not(pass(1, 2, 3, START));
	cr_expect_eq(dedup.evicted, 1);
	cr_expect(pass(1, 2, 2, START));
	cr_expect_eq(dedup.evicted, 2);
	cr_expect(pass(1, 2, 9, START + 60 * SECOND));
	cr_expect_eq(dedup.evicted, 2, "its time was over");
}

Test(dedup, a_flood_stays_at_home)
{
	start(10, 4, 60 * SECOND);
	cr_expect(pass(1, 2, 3, START));
	for (unsigned name = 0; name < 10000; name++)
		cr_expect(pass(2, 2, name, START));
	cr_expect_not(pass(1, 2, 3, START));
	cr_expect_eq(dedup.caches_evicted, 0);
}

Test(dedup, the_oldest_cache_gives_way)
{
	start(10, 3, 60 * SECOND);
	for (uint64_t cgroup = 1; cgroup <= 3; cgroup++)
		cr_expect(pass(cgroup, 2, 3, START));
	cr_expect_not(pass(1, 2, 3, START));
	cr_expect(pass(4, 2, 3, START));
	cr_expect_eq(dedup.caches_evicted, 1);
	cr_expect_not(pass(1, 2, 3, START));
	cr_expect_not(pass(3, 2, 3, START));
	cr_expect(pass(2, 2, 3, START), "it was thrown out");
}

Test(dedup, forgets_with_the_cgroup)
{
	start(10, 64, 0);
	for (uint32_t event = 0; event < 20; event++)
		for (uint64_t cgroup = 1; cgroup <= 3; cgroup++)
			cr_expect(pass(cgroup, event, 3, START));
	dedup_forget(&dedup, 2);
	dedup_forget(&dedup, 2);
	dedup_forget(&dedup, 77);
	cr_expect_eq(dedup.pool.count, 40);
	for (uint32_t event = 0; event < 20; event++) {
		cr_expect_not(pass(1, event, 3, START));
		cr_expect(pass(2, event, 3, START));
		cr_expect_not(pass(3, event, 3, START));
	}
	cr_expect_eq(dedup.caches_evicted, 0);
}

Test(dedup, time_going_back)
{
	start(10, 0, SECOND);
	cr_expect(pass(1, 2, 3, START));
	cr_expect_not(pass(1, 2, 3, START - SECOND));
	cr_expect_not(pass(1, 2, 3, START - 60 * SECOND));
	cr_expect(pass(1, 2, 3, 5 * SECOND), "a new boot");
	cr_expect_not(pass(1, 2, 3, 5 * SECOND));
}
