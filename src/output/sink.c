// SPDX-License-Identifier: Apache-2.0
#include "output/sink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	BACKOFF_LEAST_MS = 100, BACKOFF_MOST_MS = 30000,
	JITTER = 5,		/* a fifth more or less, so that many agents do not come at once */
	TROUBLE_MS = 60000,	/* between two tellings of trouble */
	STABLE_MS = 10000,	/* up so long, the next failure is a new one */
	PATIENCE_NS = 5000000,	/* with a thread that writes: a disk that takes longer holds up nobody */
	BEHIND_BYTES = 512 << 10,
};

const char *const sink_state_names[SINK_STATES] = {
	"new", "opening", "up", "retrying", "gone", "closing", "closed",
};

/* --- making */

static struct sink *alloc(const struct sink_ops *ops, const char *name)
{
	struct sink *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ops = ops;
	s->own = calloc(1, ops->size ? ops->size : 1);
	snprintf(s->name, sizeof(s->name), "%s", name);
	if (s->own)
		return s;
	free(s);
	return NULL;
}

static int start_limit(struct sink *s, const struct rate *limit)
{
	const struct limit_spec spec = {
		.events = limit->count, .per_ns = limit->interval * 1000000, .burst = limit->burst, .key = LIMIT_global,
	};
	int r = limit->count ? limiter_init(&s->limiter, &spec, 1) : 0;

	s->limits = limit->count && r == 0;
	return r;
}

int sink_new(struct sink **ret, const struct config_sink *c, struct log *log)
{
	const struct sink_ops *ops = sink_kinds[c->type];
	const struct queue_options queue = { c->queue.bytes, c->queue.when_full, c->queue.reserve };
	struct sink *s = alloc(ops, c->name);
	int r;

	if (!s)
		return -ENOMEM;
	s->settings = c->settings;
	s->stream = c->stream;
	if (ops->stream)
		ops->stream(c->settings, &s->stream);
	s->hash = c->hash;
	s->log = log;
	r = queue_init(&s->queue, NULL, &queue);
	r = r < 0 ? r : start_limit(s, &c->limit);
	if (r < 0)
		sink_free(s);
	else
		*ret = s;
	return r;
}

int sink_console_new(struct sink **ret, const struct config_stream *stream)
{
	const struct queue_options queue = { .bytes = QUEUE_BYTES_MIN };
	struct sink *s = alloc(&sink_console, "stdout");
	int r = s ? queue_init(&s->queue, NULL, &queue) : -ENOMEM;

	if (r < 0) {
		if (s)
			sink_free(s);
		return r;
	}
	s->stream = *stream;
	s->state = SINK_UP;
	*ret = s;
	return 0;
}

void sink_free(struct sink *s)
{
	queue_fini(&s->queue);
	if (s->limits)
		limiter_fini(&s->limiter);
	free(s->own);
	free(s);
}

/* --- being open or not */

static void open_now(struct sink *s)
{
	s->state = SINK_OPENING;
	s->ops->open(s);
}

static void on_retry(uv_timer_t *timer)
{
	open_now(timer->data);
}

void sink_start(struct sink *s, uv_loop_t *loop)
{
	s->loop = loop;
	uv_timer_init(loop, &s->retry);
	uv_timer_init(loop, &s->deadline);
	s->retry.data = s->deadline.data = s;
	open_now(s);
}

void sink_wake(struct sink *s)
{
	if (s->state == SINK_UP && queue_waiting(&s->queue))
		s->ops->wake(s);
}

bool sink_behind(const struct sink *s, uint64_t now)
{
	return s->writing_since && now - s->writing_since < PATIENCE_NS &&
	       s->queue.bytes >= s->writing_bytes + BEHIND_BYTES;
}

void sink_reopen(struct sink *s)
{
	if (s->ops->reopen && s->state == SINK_UP)
		s->ops->reopen(s);
}

static void say(struct sink *s, enum log_level level, const char *text)
{
	if (s->log)
		log_say(s->log, level, "sink \"%s\": %s", s->name, text);
}

static void note_error(struct sink *s, int r, const char *what, va_list args)
{
	char text[160];

	vsnprintf(text, sizeof(text), what, args);
	snprintf(s->error, sizeof(s->error), "%s%s%s", text, r ? ": " : "", r ? strerror(-r) : "");
}

void sink_up(struct sink *s)
{
	s->state = SINK_UP;
	s->counts.opened++;
	s->up_since = clock_boot();
	sink_wake(s);
}

/* Lines go: what was wrong is over. */
static void note_success(struct sink *s)
{
	s->backoff_ms = 0;
	if (s->failed_told)
		say(s, LOG_info, "works again");
	s->failed_told = false;
}

static uint64_t next_backoff(struct sink *s)
{
	unsigned most = s->ops->backoff_most_ms ? s->ops->backoff_most_ms : BACKOFF_MOST_MS;
	uint32_t chance = 0;

	s->backoff_ms = s->backoff_ms ? s->backoff_ms * 2 : BACKOFF_LEAST_MS;
	if (s->backoff_ms > most)
		s->backoff_ms = most;
	uv_random(NULL, NULL, &chance, sizeof(chance), 0, NULL);
	return s->backoff_ms - s->backoff_ms / JITTER + chance % (s->backoff_ms / JITTER * 2 + 1);
}

void sink_retry(struct sink *s, int r, const char *what, ...)
{
	va_list args;

	if (s->state == SINK_CLOSING || s->state == SINK_CLOSED)
		return;
	va_start(args, what);
	note_error(s, r, what, args);
	va_end(args);
	if (!s->failed_told)
		say(s, LOG_error, s->error);
	s->failed_told = true;
	s->counts.retries++;
	if (s->state == SINK_UP && clock_boot() - s->up_since > STABLE_MS * UINT64_C(1000000))
		s->backoff_ms = 0;
	queue_rewind(&s->queue);
	s->state = SINK_RETRYING;
	uv_timer_start(&s->retry, on_retry, next_backoff(s), 0);
}

void sink_trouble(struct sink *s, int r, const char *what, ...)
{
	va_list args;

	va_start(args, what);
	note_error(s, r, what, args);
	va_end(args);
	s->counts.troubles++;
	if (s->trouble_told && clock_boot() - s->trouble_told < TROUBLE_MS * UINT64_C(1000000))
		return;
	s->trouble_told = clock_boot();
	say(s, LOG_warning, s->error);
}

void sink_gone(struct sink *s, int r)
{
	s->state = SINK_GONE;
	s->gone = r;
	s->queue.shut = true;
	snprintf(s->error, sizeof(s->error), "%s", strerror(-r));
	queue_rewind(&s->queue);
}

/* --- the end */

static void close_now(struct sink *s)
{
	if (s->state == SINK_CLOSING || s->state == SINK_CLOSED)
		return;
	s->state = SINK_CLOSING;
	if (s->loop) {
		uv_timer_stop(&s->retry);
		uv_timer_stop(&s->deadline);
	}
	s->ops->close(s);
}

static void on_deadline(uv_timer_t *timer)
{
	close_now(timer->data);
}

void sink_drain(struct sink *s, uint64_t ms, void (*closed)(struct sink *s), void *owner)
{
	s->draining = true;
	s->closed = closed;
	s->owner = owner;
	if (!s->loop || !s->queue.lines || s->state == SINK_GONE)
		close_now(s);
	else
		uv_timer_start(&s->deadline, on_deadline, ms, 0);
}

void sink_hurry(struct sink *s)
{
	if (s->draining)
		close_now(s);
}

/* The deadline closes it, at once but not from inside the kind's own call. */
static void end_draining(struct sink *s)
{
	if (s->draining && !s->queue.lines && s->loop && s->state != SINK_CLOSING)
		uv_timer_start(&s->deadline, on_deadline, 0, 0);
}

void sink_skip(struct sink *s)
{
	queue_skip(&s->queue);
	end_draining(s);
}

uint32_t sink_done(struct sink *s, uint32_t lines)
{
	uint32_t n = queue_done(&s->queue, lines, clock_boot());

	if (n && (s->failed_told || s->backoff_ms))
		note_success(s);
	end_draining(s);
	return n;
}

static void finish(struct sink *s)
{
	s->state = SINK_CLOSED;
	queue_fini(&s->queue);
	if (s->closed)
		s->closed(s);
}

static void on_timer_closed(uv_handle_t *timer)
{
	struct sink *s = timer->data;

	if (--s->closing_handles == 0)
		finish(s);
}

void sink_closed(struct sink *s)
{
	if (!s->loop) {
		finish(s);
		return;
	}
	s->closing_handles = 2;
	uv_close((uv_handle_t *)&s->retry, on_timer_closed);
	uv_close((uv_handle_t *)&s->deadline, on_timer_closed);
}

/* --- figures */

void sink_stats(const struct sink *s, struct sink_stats *stats)
{
	*stats = (struct sink_stats){
		.name = s->name,
		.kind = s->ops->kind.name,
		.state = sink_state_names[s->state],
		.error = s->error,
		.counts = &s->counts,
		.queue = &s->queue.counts,
		.waiting = s->queue.lines,
		.waiting_bytes = s->queue.bytes,
		.in_flight = s->queue.in_flight,
		.memory = s->queue.charged,
		.memory_most = s->queue.options.bytes,
	};
	for (unsigned why = 0; why < QUEUE_DROPS; why++)
		for (unsigned lane = 0; lane < LANES; lane++)
			stats->dropped += s->queue.counts.dropped[why][lane];
}
