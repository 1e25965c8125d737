// SPDX-License-Identifier: Apache-2.0
/* What of a queue is written to a file by one request, and what became of it. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "output/flow.h"

enum { LINE = 1000, QUEUE = 16 << 20, SHARE = QUEUE / FLOW_SHARE };

static const struct sink_ops ops = { .kind.name = "test" };
static struct batch_pool pool;
static uv_loop_t loop;
static struct sink sink;
static struct flow flow;
static int fd, ended;

static void setup(void)
{
	const struct queue_options options = { QUEUE, QUEUE_DROP_OLDEST, 0 };
	char path[] = "/tmp/flow.XXXXXX";

	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	unlink(path);
	uv_loop_init(&loop);
	sink = (struct sink){ .ops = &ops, .state = SINK_UP, .loop = &loop };
	cr_assert_eq(queue_init(&sink.queue, &pool, &options), 0);
	ended = 1;
}

static void teardown(void)
{
	queue_fini(&sink.queue);
	batch_pool_fini(&pool);
	uv_loop_close(&loop);
	close(fd);
}

TestSuite(flow, .init = setup, .fini = teardown);

static void fill(unsigned lines)
{
	for (unsigned i = 0; i < lines; i++) {
		const struct mark mark = { .seq = i, .lane = LANE_bulk };
		struct batch *b = batch_new(&pool, LINE);

		memset(b->text, 'a' + (int)(i % 26), LINE);
		batch_added(b, &mark, LINE);
		cr_assert(queue_admit(&sink.queue, LANE_bulk, LINE, 0));
		queue_copy(&sink.queue, b, 0, 1);
		batch_disown(b);
	}
}

static void on_ended(struct sink *s, int r)
{
	ended = r;
}

static uint64_t write_some(uint64_t most)
{
	uint64_t bytes = 0;

	if (!flow_start(&flow, &sink, fd, most, on_ended))
		return 0;
	bytes = flow.bytes;
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(ended, 0);
	cr_expect_eq(flow.written, bytes);
	cr_expect_eq(flow_settle(&flow), 0);
	return bytes;
}

/* A turn of the loop fills the queue by megabytes, and there is one request a turn. */
Test(flow, a_request_takes_what_a_turn_brought)
{
	enum { TURN = 3000 };

	fill(TURN);
	cr_expect_eq(write_some(0), TURN * LINE);
	cr_expect_eq(sink.queue.counts.done, TURN);
	cr_expect_eq(lseek(fd, 0, SEEK_END), TURN * LINE);
	cr_expect_eq(write_some(0), 0);
}

Test(flow, what_is_in_flight_is_a_share_of_the_queue)
{
	fill(2 * SHARE / LINE);
	cr_assert(flow_start(&flow, &sink, fd, 0, on_ended));
	cr_expect_leq(flow.bytes, SHARE);
	cr_expect_gt(flow.bytes, SHARE / 4 * 3);
	cr_expect_eq(sink.queue.in_flight * LINE, flow.bytes);
	uv_run(&loop, UV_RUN_DEFAULT);
	flow_settle(&flow);
}

Test(flow, a_bound_is_held_but_a_line_always_goes)
{
	fill(100);
	cr_expect_eq(write_some(10 * LINE + 1), 10 * LINE);
	cr_expect_eq(write_some(1), LINE);
	cr_expect_eq(write_some(0), 89 * LINE);
}

Test(flow, what_was_cancelled_waits_again)
{
	fill(10);
	cr_assert(flow_start(&flow, &sink, fd, 0, on_ended));
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(flow_cancel(&flow), 10 * LINE);
	cr_expect_eq(sink.queue.counts.done, 0);
	cr_expect_eq(write_some(0), 10 * LINE);
}

Test(flow, a_sink_is_behind_while_a_thread_writes_and_much_waits)
{
	uint64_t begun;

	fill(SHARE / LINE);
	cr_expect_not(sink_behind(&sink, clock_boot()), "nothing is written yet");
	cr_assert(flow_start(&flow, &sink, fd, 1 << 20, on_ended));
	begun = sink.writing_since;
	cr_expect(sink_behind(&sink, begun + 1000));
	cr_expect_not(sink_behind(&sink, begun + 1000000000), "a slow disk holds up others");
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_not(sink_behind(&sink, begun + 1000), "it was written");
	flow_settle(&flow);
	cr_assert(flow_start(&flow, &sink, fd, 0, on_ended));
	cr_expect_not(sink_behind(&sink, sink.writing_since), "all of it is being written");
	uv_run(&loop, UV_RUN_DEFAULT);
	flow_settle(&flow);
}
