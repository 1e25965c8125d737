// SPDX-License-Identifier: Apache-2.0
/* Standard output of saker run.  The description may be shared with others, so O_NONBLOCK is not set
 * on it: threads write, and a reader that is slow holds up only this sink. */
#include <unistd.h>

#include "output/flow.h"
#include "output/sink.h"

enum { AGAIN_MS = 20 };		/* between tries where somebody else made it non-blocking */

struct sink_stdout {
	struct flow flow;
	uv_timer_t again;
	bool timer;		/* again was begun */
};

static void write_next(struct sink *s);

static void on_again(uv_timer_t *timer)
{
	struct sink_stdout *o = timer->data;

	flow_resume(&o->flow);
}

static void finish(struct sink *s);

static void on_written(struct sink *s, int r)
{
	struct sink_stdout *o = s->own;

	if (r == UV_EAGAIN && s->state != SINK_CLOSING) {
		uv_timer_start(&o->again, on_again, AGAIN_MS, 0);
		return;
	}
	flow_settle(&o->flow);
	if (s->state == SINK_CLOSING)
		finish(s);
	else if (r == UV_EPIPE)
		sink_gone(s, r);
	else if (r < 0)
		sink_retry(s, r, "cannot write to standard output");
	else
		write_next(s);
}

static void write_next(struct sink *s)
{
	struct sink_stdout *o = s->own;

	flow_start(&o->flow, s, STDOUT_FILENO, 0, on_written);
}

static bool busy(const struct sink_stdout *o)
{
	return o->flow.busy || (o->timer && uv_is_active((const uv_handle_t *)&o->again));
}

static void stdout_open(struct sink *s)
{
	struct sink_stdout *o = s->own;

	if (!o->timer)
		uv_timer_init(s->loop, &o->again);
	o->timer = true;
	o->again.data = o;
	sink_up(s);
}

static void stdout_wake(struct sink *s)
{
	if (!busy(s->own))
		write_next(s);
}

static void on_timer_closed(uv_handle_t *timer)
{
	struct sink_stdout *o = timer->data;

	sink_closed(o->flow.sink);
}

static void finish(struct sink *s)
{
	struct sink_stdout *o = s->own;

	o->flow.sink = s;
	if (o->timer)
		uv_close((uv_handle_t *)&o->again, on_timer_closed);
	else
		sink_closed(s);
}

/* A write that is under way ends by itself, or never. */
static void stdout_close(struct sink *s)
{
	struct sink_stdout *o = s->own;

	if (o->flow.busy) {
		uv_cancel((uv_req_t *)&o->flow.request);
		return;
	}
	if (o->timer && uv_is_active((uv_handle_t *)&o->again)) {
		uv_timer_stop(&o->again);
		flow_settle(&o->flow);
	}
	finish(s);
}

const struct sink_ops sink_stdout = {
	.kind = { .name = "stdout", .doc = "lines on standard output" },
	.size = sizeof(struct sink_stdout),
	.open = stdout_open,
	.wake = stdout_wake,
	.close = stdout_close,
};
