// SPDX-License-Identifier: Apache-2.0
/* Records that wait for what is read of their container, and names of those that did not. */
#include "agent/hold.h"

#include <criterion/criterion.h>
#include <string.h>

#include "event.h"

enum { SIZE = 4096 };

static char record[SIZE];

static const struct head *numbered(uint64_t seq, uint32_t size)
{
	struct head *h = (void *)record;

	memset(record, (int)seq, sizeof(record));
	h->size = size;
	h->seq = seq;
	return h;
}

Test(hold, each_of_a_container_in_order)
{
	const struct head *h;
	struct hold hold;

	cr_assert_eq(hold_init(&hold), 0);
	for (uint64_t i = 0; i < 30; i++)
		cr_expect(hold_put(&hold, numbered(i, 512), 1 + i % 3, i));
	for (uint64_t i = 1; i < 30; i += 3) {
		h = hold_take(&hold, 2, 0);
		cr_assert_not_null(h);
		cr_expect_eq(h->seq, i);
	}
	cr_expect_null(hold_take(&hold, 2, 0));
	cr_expect_eq(hold.now_held, 20);
	cr_expect_eq(hold.overdue, 0);
	hold_fini(&hold);
}

/* Whoever waits since before is taken, whatever it waits for; nobody else. */
Test(hold, no_longer_than_allowed)
{
	struct hold hold;

	cr_assert_eq(hold_init(&hold), 0);
	for (uint64_t i = 0; i < 10; i++)
		cr_expect(hold_put(&hold, numbered(i, 512), 1 + i % 2, 1000 * i));
	for (uint64_t i = 0; i < 5; i++)
		cr_expect_eq(hold_take(&hold, 0, 5000)->seq, i);
	cr_expect_null(hold_take(&hold, 0, 5000));
	cr_expect_eq(hold.overdue, 5);
	cr_expect_eq(hold.now_held, 5);
	hold_fini(&hold);
}

/* Policies that go take along what they select. */
Test(hold, each_of_a_generation)
{
	struct hold hold;

	cr_assert_eq(hold_init(&hold), 0);
	for (uint64_t i = 0; i < 9; i++) {
		((struct head *)numbered(i, 512))->policy = 1 + i % 3;
		cr_expect(hold_put(&hold, (const struct head *)record, 1, i));
	}
	for (uint64_t i = 1; i < 9; i += 3)
		cr_expect_eq(hold_take_of(&hold, 2)->seq, i);
	cr_expect_null(hold_take_of(&hold, 2));
	cr_expect_eq(hold.now_held, 6);
	cr_expect_eq(hold.overdue, 3);
	hold_fini(&hold);
}

Test(hold, names_no_sink_that_is_gone)
{
	struct hold_name name;
	struct hold hold;

	cr_assert_eq(hold_init(&hold), 0);
	hold_name(&hold, numbered(1, 512), 7, 6);
	hold_name(&hold, numbered(2, 512), 7, 2);
	hold_forget(&hold, 2);
	cr_assert(hold_unname(&hold, 7, &name));
	cr_expect_eq(name.sinks, 4);
	cr_assert(hold_unname(&hold, 7, &name));
	cr_expect_eq(name.sinks, 0);
	hold_fini(&hold);
}

/* The room is a ring: it serves on and on, in whatever order it is given back; none is bent or lost. */
Test(hold, round_and_round)
{
	uint64_t next = 0, taken = 0, refused = 0;
	const struct head *h;
	struct hold hold;

	cr_assert_eq(hold_init(&hold), 0);
	for (unsigned turn = 0; turn < 20000; turn++) {
		uint32_t size = sizeof(struct head) + 8 * (turn * 7 % 400);

		if (!hold_put(&hold, numbered(next, size), 1 + next % 5, turn))
			refused++;
		else
			next++;
		if (turn % 3 == 0)
			continue;
		h = hold_take(&hold, turn % 11 ? 0 : 1 + turn % 5, turn > 50 ? turn - 50 : 0);
		if (!h)
			continue;
		taken++;
		cr_assert_eq(((const char *)h)[h->size - 1], (char)h->seq);
	}
	while (hold_take(&hold, 0, UINT64_MAX))
		taken++;
	cr_expect_eq(taken, next);
	cr_expect_eq(hold.held, next);
	cr_expect_eq(hold.unheld, refused);
	cr_expect_gt(taken, 10000);
	hold_fini(&hold);
}

Test(hold, full)
{
	struct hold hold;
	unsigned n = 0;

	cr_assert_eq(hold_init(&hold), 0);
	while (hold_put(&hold, numbered(n, SIZE), 1, n))
		n++;
	cr_expect_gt(n, HOLD_BYTES / SIZE - 10);
	cr_expect_eq(hold.unheld, 1);
	cr_expect_eq(hold_take(&hold, 1, 0)->seq, 0);
	cr_expect_eq(hold_take(&hold, 1, 0)->seq, 1);
	cr_expect(hold_put(&hold, numbered(n, SIZE), 1, n), "what was taken has room again");
	hold_fini(&hold);
}

Test(hold, names)
{
	struct hold_name name;
	struct hold hold;

	cr_assert_eq(hold_init(&hold), 0);
	for (unsigned i = 0; i < HOLD_NAMED + 7; i++)
		hold_name(&hold, numbered(i, 512), 1 + i % 2, 3);
	cr_expect_eq(hold.unnamed, 7);
	for (unsigned i = 0; i < HOLD_NAMED / 2; i++) {
		cr_assert(hold_unname(&hold, 2, &name));
		cr_expect_eq(name.seq, 2 * i + 1);
		cr_expect_eq(name.sinks, 3);
	}
	cr_expect_not(hold_unname(&hold, 2, &name));
	cr_expect_eq(hold.nnames, HOLD_NAMED / 2);
	hold_fini(&hold);
}
