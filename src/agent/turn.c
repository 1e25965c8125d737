// SPDX-License-Identifier: Apache-2.0
#include "agent/turn.h"

#include <errno.h>
#include <string.h>

#include "agent/agent.h"
#include "base/clock.h"
#include "kernel/tree.h"
#include "output/capture.h"

enum {
	TICK_MS = 2,		/* between reads while records come: a lane holds those of 8 ms of a flood */
	TICK_IDLE_MS = 10,	/* for perf buffers, which cannot wake us */
	IDLE_TICKS = 50,	/* without a record before we sleep */
};

void agent_stop(struct agent *a, const char *reason)
{
	if (a->stop_reason)
		return;
	a->stop_reason = reason;
	if (a->options.stopping)
		a->options.stopping(a->options.stopping_ctx);
	uv_stop(&a->loop);
}

void agent_flush(struct agent *a)
{
	int r = pipeline_flush(&a->pipeline);

	if (r == 0 && a->options.pipeline.capture)
		r = a->pipeline.capture_error ? a->pipeline.capture_error
					      : capture_flush(a->options.pipeline.capture);
	if (r == 0)
		return;
	a->write_error = r;
	agent_stop(a, r == -EPIPE ? "the reader went away" : strerror(-r));
}

/* The followed command has ended when all of its process tree has. */
void agent_look_at_child(struct agent *a)
{
	if (a->child.pid > 0 && child_ended(&a->child) && tree_empty(&a->probe))
		agent_stop(a, "the command ended");
}

static void on_tick(uv_timer_t *timer);
static void on_more(uv_idle_t *more);

static bool is_asleep(const struct agent *a)
{
	return uv_is_active((const uv_handle_t *)&a->polls[0]);
}

void turn_wake(struct agent *a)
{
	if (!is_asleep(a))
		return;
	for (unsigned i = 0; i < LANES; i++)
		uv_poll_stop(&a->polls[i]);
	a->idle_ticks = 0;
	uv_timer_start(&a->tick, on_tick, 0, TICK_MS);
}

void turn_look(struct agent *a)
{
	uint64_t bytes = 0;

	if (!is_asleep(a))
		return;
	for (unsigned i = 0; i < LANES; i++)
		bytes += lanes_pending(&a->lanes, i);
	if (bytes)
		turn_wake(a);
}

static void on_wake(uv_poll_t *poll, int status, int events)
{
	turn_wake(poll->data);
}

static unsigned read_lanes(struct agent *a)
{
	unsigned n = lanes_read(&a->lanes, TURN_RECORDS);

	if (n)
		agent_flush(a);
	if (a->pipeline.users.wanted || a->pipeline.hashes.nwaiting)
		lookups_start(a);
	if (a->pipeline.done)
		agent_stop(a, "the count was reached");
	return n;
}

/* A turn fills a queue faster than a thread empties it.  What waits in the lanes waits at less cost
 * than in a queue that grows, and does not displace anything. */
static bool hold(struct agent *a)
{
	a->held = road_behind(&a->pipeline.road, clock_boot()) && lanes_roomy(&a->lanes);
	return a->held;
}

/* Nothing came for a while: let the kernel wake us. */
static void sleep_until_woken(struct agent *a)
{
	lanes_sleep(&a->lanes);
	if (read_lanes(a)) {
		a->idle_ticks = 0;
		return;
	}
	uv_timer_start(&a->tick, on_tick, TICK_IDLE_MS, TICK_IDLE_MS);
	if (a->options.probe.transport == TRANSPORT_PERF)
		return;
	uv_timer_stop(&a->tick);
	for (unsigned i = 0; i < LANES; i++)
		uv_poll_start(&a->polls[i], UV_READABLE, on_wake);
}

static void take_turn(struct agent *a)
{
	unsigned n;

	uv_idle_stop(&a->more);
	if (hold(a))
		return;
	n = read_lanes(a);
	if (n == TURN_RECORDS)
		uv_idle_start(&a->more, on_more);
	if (n && a->idle_ticks >= IDLE_TICKS)
		uv_timer_start(&a->tick, on_tick, TICK_MS, TICK_MS);
	a->idle_ticks = n ? 0 : a->idle_ticks + 1;
	if (a->idle_ticks == IDLE_TICKS)
		sleep_until_woken(a);
	agent_look_at_child(a);
}

static void on_tick(uv_timer_t *timer)
{
	take_turn(timer->data);
}

static void on_more(uv_idle_t *more)
{
	take_turn(more->data);
}

static void on_check(uv_check_t *check)
{
	struct agent *a = check->data;

	if (a->held)
		take_turn(a);
}

void turn_start(struct agent *a)
{
	uv_check_start(&a->check, on_check);
	uv_timer_start(&a->tick, on_tick, 0, TICK_MS);
}

void turn_stop(struct agent *a)
{
	uv_check_stop(&a->check);
	uv_idle_stop(&a->more);
	uv_timer_stop(&a->tick);
	uv_timer_stop(&a->second);
	uv_timer_stop(&a->deadline);
	for (unsigned i = 0; i < LANES; i++)
		uv_poll_stop(&a->polls[i]);
}

static void on_drain(uv_timer_t *timer)
{
	struct agent *a = timer->data;

	a->drained = a->hurry || a->pipeline.done || a->write_error ||
		     (a->drain_until && clock_boot() > a->drain_until) || (!hold(a) && read_lanes(a) == 0);
	if (a->drained)
		uv_stop(&a->loop);
	else
		uv_timer_start(timer, on_drain, 1, 0);
}

void turn_drain(struct agent *a, uint64_t until)
{
	a->drain_until = until;
	uv_timer_start(&a->tick, on_drain, 0, 0);
	while (!a->drained)
		uv_run(&a->loop, UV_RUN_DEFAULT);
}
