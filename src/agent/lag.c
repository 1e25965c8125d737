// SPDX-License-Identifier: Apache-2.0
#include "agent/lag.h"

/* Before the loop waits again: what passed since it last did, but for the waiting, it was busy. */
static void on_prepare(uv_prepare_t *prepare)
{
	struct lag *l = prepare->data;
	uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(prepare->loop);

	if (l->before)
		histogram_add(&l->turns, now - l->before - (idle - l->idle));
	l->before = now;
	l->idle = idle;
}

int lag_start(struct lag *l, uv_loop_t *loop)
{
	int r = uv_loop_configure(loop, UV_METRICS_IDLE_TIME);

	if (r < 0)
		return r;
	uv_prepare_init(loop, &l->prepare);
	l->prepare.data = l;
	uv_prepare_start(&l->prepare, on_prepare);
	uv_unref((uv_handle_t *)&l->prepare);
	return 0;
}

/* The loop counts a repeated timer's next time from when its turn began, in whole milliseconds. */
void lag_late(struct lag *l, uint64_t interval_ms)
{
	uint64_t now = uv_hrtime();

	if (l->due)
		histogram_add(&l->lateness, now > l->due ? now - l->due : 0);
	l->due = uv_now(l->prepare.loop) * 1000000 + interval_ms * 1000000;
}
