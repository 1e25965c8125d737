// SPDX-License-Identifier: Apache-2.0
/* A queue by itself: what is admitted, what gives way, what is in flight. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "output/queue.h"

enum { LINE = 1000, PER_BLOCK = (BATCH_BYTES - sizeof(struct batch)) / (LINE + sizeof(struct mark)) };

static struct batch_pool pool;
static struct queue q;

static void teardown(void)
{
	queue_fini(&q);
	batch_pool_fini(&pool);
	cr_expect_eq(pool.blocks, 0);
	cr_expect_eq(pool.bytes, 0);
}

TestSuite(queue, .fini = teardown);

static void start(unsigned when_full, unsigned reserve)
{
	const struct queue_options options = { QUEUE_BYTES_MIN, when_full, reserve };

	cr_assert_eq(queue_init(&q, &pool, &options), 0);
}

/* A batch of n lines of which each is numbered. */
static struct batch *batch(unsigned n, enum lane lane, uint64_t first, uint32_t len)
{
	struct batch *b = batch_new(&pool, len);

	for (unsigned i = 0; i < n; i++) {
		struct mark mark = { .seq = first + i, .lane = lane, .time = 1000 };

		cr_assert_geq(batch_room(b), len);
		memset(b->text + b->bytes, 'a' + (int)((first + i) % 26), len);
		batch_added(b, &mark, len);
	}
	return b;
}

/* How many of n lines, apart, are admitted. */
static unsigned add(unsigned n, enum lane lane, uint64_t first, uint32_t len)
{
	unsigned admitted = 0;

	for (unsigned i = 0; i < n; i++) {
		struct batch *b = batch(1, lane, first + i, len);

		if (queue_admit(&q, lane, len, 0)) {
			queue_copy(&q, b, 0, 1);
			admitted++;
		}
		batch_disown(b);
	}
	return admitted;
}

/* The number of the next line to send, UINT64_MAX: none. */
static uint64_t next(void)
{
	struct queue_piece piece;

	return queue_next(&q, &piece, 1) ? batch_mark(piece.batch, piece.first)->seq : UINT64_MAX;
}

static unsigned blocks(void)
{
	return (unsigned)(q.charged / BATCH_BYTES);
}

Test(queue, joins_small_batches)
{
	start(QUEUE_DROP_OLDEST, 0);
	for (unsigned i = 0; i < 10; i++) {
		struct batch *b = batch(1, LANE_normal, i, LINE);

		cr_expect(queue_admit(&q, LANE_normal, LINE, b->size));
		queue_share(&q, b);
		batch_disown(b);
	}
	cr_expect_eq(blocks(), 1);
	cr_expect_eq(q.lines, 10);
	for (unsigned i = 0; i < 10; i++) {
		cr_expect_eq(next(), i);
		queue_sent(&q, 1);
	}
	cr_expect_eq(next(), UINT64_MAX);
	cr_expect_eq(queue_done(&q, 100, 2000), 10);
	cr_expect_eq(q.charged, 0);
}

/* What another queue has, too, is not changed. */
Test(queue, leaves_shared_batches_alone)
{
	struct batch *b = batch(1, LANE_normal, 0, LINE);

	start(QUEUE_DROP_OLDEST, 0);
	cr_expect(queue_admit(&q, LANE_normal, LINE, b->size));
	queue_share(&q, b);
	cr_expect_eq(add(3, LANE_normal, 1, LINE), 3);
	cr_expect_eq(b->n, 1);
	cr_expect_eq(blocks(), 2);
	batch_disown(b);
}

Test(queue, shares_full_batches)
{
	struct batch *b = batch(PER_BLOCK, LANE_normal, 0, LINE);

	start(QUEUE_DROP_OLDEST, 0);
	cr_expect_eq(add(1, LANE_normal, 99, LINE), 1);
	for (unsigned i = 0; i < PER_BLOCK; i++)
		cr_expect(queue_admit(&q, LANE_normal, LINE, b->size));
	queue_share(&q, b);
	cr_expect_eq(b->owners, 2);
	cr_expect_eq(blocks(), 2);
	batch_disown(b);
}

Test(queue, drop_newest)
{
	unsigned room = QUEUE_BYTES_MIN / BATCH_BYTES * PER_BLOCK;

	start(QUEUE_DROP_NEWEST, 0);
	cr_expect_eq(add(room + 50, LANE_normal, 0, LINE), room);
	cr_expect_eq(q.counts.dropped[QUEUE_REFUSED][LANE_normal], 50);
	cr_expect_eq(q.charged, QUEUE_BYTES_MIN);
	cr_expect_eq(next(), 0);
}

Test(queue, drop_oldest)
{
	unsigned room = QUEUE_BYTES_MIN / BATCH_BYTES * PER_BLOCK;

	start(QUEUE_DROP_OLDEST, 0);
	cr_expect_eq(add(room + 50, LANE_normal, 0, LINE), room + 50);
	cr_expect_eq(q.counts.dropped[QUEUE_REFUSED][LANE_normal], 0);
	cr_expect_eq(q.counts.dropped[QUEUE_DISPLACED][LANE_normal], PER_BLOCK);
	cr_expect_eq(next(), PER_BLOCK, "a block gives way as a whole");
}

Test(queue, reserve_is_for_critical_lines)
{
	unsigned room = QUEUE_BYTES_MIN / BATCH_BYTES * PER_BLOCK;

	start(QUEUE_DROP_NEWEST, 50);
	cr_expect_eq(add(room, LANE_bulk, 0, LINE), room / 2);
	cr_expect_eq(add(room, LANE_critical, 0, LINE), room / 2);
	cr_expect_eq(add(1, LANE_normal, 0, LINE), 0);
}

Test(queue, critical_lines_displace_others_first)
{
	unsigned room = QUEUE_BYTES_MIN / BATCH_BYTES * PER_BLOCK;

	start(QUEUE_DROP_OLDEST, 0);
	for (unsigned i = 0; i < room / 2; i++) {
		add(1, LANE_critical, 2 * i, LINE);
		add(1, LANE_normal, 2 * i + 1, LINE);
	}
	cr_expect_eq(q.counts.dropped[QUEUE_DISPLACED][LANE_normal], 0);
	cr_expect_eq(add(room / 2 - PER_BLOCK, LANE_critical, room, LINE), room / 2 - PER_BLOCK);
	cr_expect_eq(q.counts.dropped[QUEUE_DISPLACED][LANE_critical], 0);
	cr_expect_gt(q.counts.dropped[QUEUE_DISPLACED][LANE_normal], room / 2 - 2 * PER_BLOCK);
	/* In their order, though they were moved together. */
	for (unsigned i = 0; i < room / 2; i++) {
		while (next() % 2)
			queue_sent(&q, 1);
		cr_assert_eq(next(), 2 * i);
		queue_sent(&q, 1);
	}
	queue_rewind(&q);
	cr_expect_eq(add(room, LANE_critical, 2 * room, LINE), room);
	cr_expect_gt(q.counts.dropped[QUEUE_DISPLACED][LANE_critical], 0);
	cr_expect_leq(q.charged, QUEUE_BYTES_MIN);
}

Test(queue, what_is_in_flight_stays)
{
	unsigned room = QUEUE_BYTES_MIN / BATCH_BYTES * PER_BLOCK;
	struct queue_piece piece;
	char before[LINE];

	start(QUEUE_DROP_OLDEST, 0);
	add(room, LANE_normal, 0, LINE);
	cr_assert_eq(queue_next(&q, &piece, 1), 1);
	memcpy(before, piece.text, LINE);
	queue_sent(&q, 1);
	add(room, LANE_critical, room, LINE);
	cr_expect_eq(memcmp(before, piece.text, LINE), 0);
	cr_expect_eq(queue_done(&q, 1, 2000), 1);
	cr_expect_eq(q.counts.done, 1);
	cr_expect_eq(q.counts.done_bytes, LINE);
}

Test(queue, nothing_gives_way_when_all_is_in_flight)
{
	unsigned room = QUEUE_BYTES_MIN / BATCH_BYTES * PER_BLOCK;

	start(QUEUE_DROP_OLDEST, 0);
	add(room, LANE_normal, 0, LINE);
	queue_sent(&q, room);
	cr_expect_eq(add(10, LANE_normal, room, LINE), 0);
	cr_expect_eq(add(10, LANE_critical, room, LINE), 0);
	queue_rewind(&q);
	cr_expect_eq(add(10, LANE_normal, room, LINE), 10);
}

Test(queue, more_comes_behind_what_is_in_flight)
{
	start(QUEUE_DROP_OLDEST, 0);
	add(3, LANE_normal, 0, LINE);
	queue_sent(&q, 3);
	cr_expect_not(queue_waiting(&q));
	add(2, LANE_normal, 3, LINE);
	cr_expect(queue_waiting(&q));
	cr_expect_eq(next(), 3);
	cr_expect_eq(blocks(), 1);
	queue_sent(&q, 1);
	cr_expect_eq(queue_done(&q, 4, 2000), 4);
	queue_rewind(&q);
	cr_expect_eq(next(), 4);
}

Test(queue, acknowledged_more_than_was_sent)
{
	start(QUEUE_DROP_OLDEST, 0);
	add(5, LANE_normal, 0, LINE);
	queue_sent(&q, 2);
	cr_expect_eq(queue_done(&q, 1000, 2000), 2);
	cr_expect_eq(q.lines, 3);
	cr_expect_eq(next(), 2);
}

Test(queue, skips_what_cannot_be_sent)
{
	start(QUEUE_DROP_OLDEST, 0);
	add(2, LANE_bulk, 0, LINE);
	queue_skip(&q);
	cr_expect_eq(q.counts.dropped[QUEUE_UNSENDABLE][LANE_bulk], 1);
	cr_expect_eq(next(), 1);
	queue_skip(&q);
	cr_expect_eq(next(), UINT64_MAX);
	cr_expect_eq(q.lines, 0);
}

Test(queue, what_is_left_is_counted)
{
	start(QUEUE_DROP_OLDEST, 0);
	add(7, LANE_normal, 0, LINE);
	add(2, LANE_critical, 7, LINE);
	queue_sent(&q, 3);
	queue_done(&q, 1, 2000);
	queue_fini(&q);
	cr_expect_eq(q.counts.dropped[QUEUE_LEFT][LANE_normal], 6);
	cr_expect_eq(q.counts.dropped[QUEUE_LEFT][LANE_critical], 2);
	cr_expect_eq(q.lines, 0);
	cr_expect_eq(q.bytes, 0);
}

Test(queue, long_lines)
{
	start(QUEUE_DROP_OLDEST, 0);
	for (unsigned i = 0; i < 20; i++) {
		cr_expect_eq(add(1, LANE_normal, i, 200 << 10), 1);
		cr_expect_leq(q.charged, QUEUE_BYTES_MIN);
	}
	cr_expect_eq(q.lines, 5);
	cr_expect_eq(next(), 15);
	cr_expect_eq(add(1, LANE_normal, 0, 2 << 20), 0, "longer than the queue");
	cr_expect_eq(q.lines, 5);
}

/* The n-th counts what took less than 1.024 us << n. */
Test(queue, latencies)
{
	static const struct { uint64_t ns; unsigned slot; } rows[] = {
		{ 0, 0 }, { 1023, 0 }, { 1024, 1 }, { 2047, 1 }, { 2048, 2 }, { 1 << 20, 11 },
		{ UINT64_C(1) << 36, 27 }, { UINT64_C(1) << 60, 27 },
	};

	start(QUEUE_DROP_OLDEST, 0);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t before = q.counts.latency.counts[rows[i].slot];

		add(1, LANE_normal, i, LINE);
		queue_sent(&q, 1);
		queue_done(&q, 1, 1000 + rows[i].ns);
		cr_expect_eq(q.counts.latency.counts[rows[i].slot], before + 1, "%llu", (unsigned long long)rows[i].ns);
	}
}

/* A burst, and after it a trickle: what the trickle needs is kept. */
Test(queue, blocks_of_a_burst_are_given_back)
{
	start(QUEUE_DROP_OLDEST, 0);
	cr_expect_eq(add(10 * PER_BLOCK, LANE_normal, 0, LINE), 10 * PER_BLOCK);
	queue_sent(&q, 10 * PER_BLOCK);
	queue_done(&q, 10 * PER_BLOCK, 2000);
	cr_assert_geq(pool.blocks, 10);
	batch_pool_trim(&pool);
	for (unsigned i = 0; i < 2 * PER_BLOCK; i++) {
		add(1, LANE_normal, i, LINE);
		queue_sent(&q, 1);
		queue_done(&q, 1, 2000);
	}
	batch_pool_trim(&pool);
	cr_expect_eq(pool.blocks, 2, "%llu blocks", (unsigned long long)pool.blocks);
	cr_expect_eq(pool.bytes, 2 * BATCH_BYTES);
	add(1, LANE_normal, 0, LINE);
	cr_expect_eq(pool.blocks, 2, "none was needed anew");
	queue_sent(&q, 1);
	queue_done(&q, 1, 2000);
	batch_pool_trim(&pool);
	batch_pool_trim(&pool);
	cr_expect_eq(pool.blocks, 0, "nobody needs any");
}
