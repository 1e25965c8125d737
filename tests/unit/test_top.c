// SPDX-License-Identifier: Apache-2.0
#include "agent/top.h"

#include <criterion/criterion.h>

#define SECOND UINT64_C(1000000000)

static struct top top;

static void see(uint32_t pid, unsigned n)
{
	struct who who = { .host_pid = pid, .proc_leader_start = pid * 1000, .proc_cgroup = pid % 3 + 1 };

	while (n--)
		top_count(&top, &who);
}

static const struct top_entry *entry(enum top_kind kind, uint32_t pid, uint64_t cgroup)
{
	for (unsigned i = 0; i < TOP_ENTRIES; i++) {
		const struct top_entry *e = &top.entries[kind][i];

		if (e->pid && (kind == TOP_PROCESSES ? e->pid == pid : e->key == cgroup))
			return e;
	}
	return NULL;
}

Test(top, few_are_counted_exactly)
{
	for (uint32_t pid = 1; pid <= TOP_ENTRIES; pid++)
		see(pid, pid);
	for (uint32_t pid = 1; pid <= TOP_ENTRIES; pid++) {
		const struct top_entry *e = entry(TOP_PROCESSES, pid, 0);

		cr_assert(e, "%u", pid);
		cr_expect_eq(e->count, pid);
		cr_expect_eq(e->excess, 0);
	}
	cr_expect_eq(entry(TOP_CGROUPS, 0, 1)->count + entry(TOP_CGROUPS, 0, 2)->count + entry(TOP_CGROUPS, 0, 3)->count,
		     TOP_ENTRIES * (TOP_ENTRIES + 1) / 2);
}

/* Who has more than a 64th of all is there, and what is certain of its count is no more than the truth. */
Test(top, the_loudest_are_never_missed)
{
	const struct top_entry *e;
	uint64_t sum = 0;

	for (unsigned turn = 0; turn < 1000; turn++) {
		see(7, 10);
		see(8, 5);
		for (uint32_t pid = 100; pid < 120; pid++)
			see(pid + turn * 20, 1);
	}
	e = entry(TOP_PROCESSES, 7, 0);
	cr_assert(e);
	cr_expect_eq(e->count, 10000);
	cr_expect_eq(e->excess, 0);
	e = entry(TOP_PROCESSES, 8, 0);
	cr_assert(e);
	cr_expect_leq(e->count - e->excess, 5000);
	cr_expect_geq(e->count, 5000);
	for (unsigned i = 0; i < TOP_ENTRIES; i++)
		sum += top.entries[TOP_PROCESSES][i].count;
	cr_expect_eq(sum, 35000, "the sum is that of all records");
}

Test(top, a_newcomer_is_another_entry)
{
	uint64_t since;

	for (uint32_t pid = 1; pid <= TOP_ENTRIES; pid++)
		see(pid, 5);
	since = entry(TOP_PROCESSES, 1, 0)->since;
	see(1000, 1);
	cr_assert(entry(TOP_PROCESSES, 1000, 0));
	cr_expect_eq(entry(TOP_PROCESSES, 1000, 0)->count, 6);
	cr_expect_eq(entry(TOP_PROCESSES, 1000, 0)->excess, 5);
	cr_expect_gt(entry(TOP_PROCESSES, 1000, 0)->since, since);
}

Test(top, what_nobody_asks_for_is_forgotten)
{
	top_tick(&top, 5 * SECOND);
	cr_expect_eq(top.until, 0);
	top_want(&top, 5 * SECOND, 1);
	cr_expect_eq(top.until, (5 + TOP_SECONDS_MIN) * SECOND);
	see(1, 1);
	top_want(&top, 6 * SECOND, 60);
	cr_expect_eq(top.until, 66 * SECOND);
	top_want(&top, 7 * SECOND, 1);
	cr_expect_eq(top.until, 66 * SECOND, "the more patient one still looks on");
	top_tick(&top, 65 * SECOND);
	cr_expect(entry(TOP_PROCESSES, 1, 0));
	top_tick(&top, 66 * SECOND);
	cr_expect_eq(top.until, 0);
	cr_expect(!entry(TOP_PROCESSES, 1, 0));
}
