// SPDX-License-Identifier: Apache-2.0
#include "output/road.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "expr/expr.h"

enum { ROOM_LEAST = 2 << 10 };	/* a batch with less is closed rather than tried */

_Static_assert((int)ENCODER_LINE_MAX + 2 * (int)BATCH_BYTES <= (int)QUEUE_BYTES_MIN / 2, "a long line beside others");

#define FOR_BITS(i, bits) \
	for (uint64_t left_ = (bits); left_; left_ &= left_ - 1) \
		for (unsigned i = (unsigned)__builtin_ctzll(left_), once_ = 1; once_; once_ = 0)

/* --- streams and their batches */

/* Whoever shares the batch gets it now. */
static void close_batch(struct road *r, struct stream *st)
{
	struct batch *b = st->open;

	if (!b)
		return;
	st->open = NULL;
	if (b->n)
		FOR_BITS(i, st->sharing)
			queue_share(&r->sinks[i]->queue, b);
	batch_disown(b);
	FOR_BITS(i, st->sinks)
		sink_wake(r->sinks[i]);
}

static bool open_batch(struct road *r, struct stream *st, uint32_t len)
{
	st->open = batch_new(&r->pool, len);
	st->sharing = st->sinks;
	return st->open != NULL;
}

static struct encoder *encoder_new(const struct road *r, const struct sink *s)
{
	struct encoder *e = calloc(1, sizeof(*e));

	if (e && encoder_init(e, &s->stream, &r->options) == 0)
		return e;
	if (e)
		encoder_fini(e);
	free(e);
	return NULL;
}

/* Where there was no memory for it there may be now. */
static bool has_encoder(const struct road *r, struct stream *st)
{
	if (!st->encoder)
		st->encoder = encoder_new(r, st->like);
	return st->encoder;
}

static size_t try_encode(struct stream *st, const struct expr_view *view)
{
	return encoder_encode(st->encoder, view->record, &view->subject, st->open->text + st->open->bytes,
			      batch_room(st->open));
}

static bool too_long(const struct stream *st)
{
	return st->encoder && st->encoder->too_long;
}

/* The line at the end of the open batch; a long one gets a batch of its own.  Its length, 0: it does
 * not fit or is too long, or there is no memory. */
static uint32_t encode(struct road *r, struct stream *st, const struct expr_view *view)
{
	size_t len;

	if (!has_encoder(r, st))
		return 0;
	if (st->open && batch_room(st->open) < ROOM_LEAST)
		close_batch(r, st);
	if (st->open) {
		len = try_encode(st, view);
		if (len || too_long(st))
			return len;
		close_batch(r, st);
	}
	if (!open_batch(r, st, 0))
		return 0;
	len = try_encode(st, view);
	if (len || too_long(st))
		return len;
	close_batch(r, st);
	return open_batch(r, st, ENCODER_LINE_MAX) ? try_encode(st, view) : 0;
}

/* --- which sinks take a record */

static bool takes(struct sink *s, const struct expr_view *view, bool wanted)
{
	const struct head *h = view->record;

	s->counts.offered++;
	if (!wanted)
		s->counts.unwanted++;
	else if (s->where && !expr_match(s->where, view))
		s->counts.rejected++;
	else if (s->limits && !limiter_pass(&s->limiter, 0, h->time))
		s->counts.limited++;
	else
		return true;
	return false;
}

/* The line is the last of the open batch.  From now on the sink gets copies. */
static void part(struct stream *st, struct sink *s, unsigned place)
{
	st->sharing &= ~(UINT64_C(1) << place);
	queue_part(&s->queue);
	queue_copy(&s->queue, st->open, 0, st->open->n - 1);
}

static void place_line(struct stream *st, struct sink *s, unsigned place, const struct mark *mark, uint32_t len)
{
	bool shares = st->sharing >> place & 1;
	bool admitted = queue_admit(&s->queue, mark->lane, len, shares ? st->open->size : 0);

	if (shares && !admitted)
		part(st, s, place);
	else if (!shares && admitted)
		queue_copy(&s->queue, st->open, st->open->n - 1, st->open->n);
}

/* No line comes of the record. */
static void leave_out(struct road *r, uint64_t taken, unsigned lane, bool unsendable)
{
	r->unencoded += !unsendable;
	FOR_BITS(i, taken) {
		if (unsendable)
			queue_unsendable(&r->sinks[i]->queue, lane);
		else
			r->sinks[i]->counts.unencoded++;
	}
}

static void deliver(struct road *r, struct stream *st, const struct expr_view *view, uint64_t taken)
{
	const struct head *h = view->record;
	struct mark mark = { .time = h->time, .seq = h->seq, .event = h->id, .lane = h->lane };
	uint32_t len = encode(r, st, view);

	if (!len) {
		leave_out(r, taken, h->lane, too_long(st));
		return;
	}
	mark.tag = st->encoder->cut;
	FOR_BITS(i, mark.tag ? taken : 0)
		r->sinks[i]->counts.truncated++;
	batch_added(st->open, &mark, len);
	if (st->open->size > BATCH_BYTES)
		batch_trim(st->open);
	FOR_BITS(i, st->sharing & ~taken)
		part(st, r->sinks[i], i);
	FOR_BITS(i, taken)
		place_line(st, r->sinks[i], i, &mark, len);
	if (st->sharing)
		return;
	/* Nobody needs it. */
	batch_disown(st->open);
	st->open = NULL;
}

void road_deliver(struct road *r, const struct expr_view *view, uint64_t wanted)
{
	uint64_t taken = 0;

	FOR_BITS(i, r->active)
		taken |= (uint64_t)takes(r->sinks[i], view, wanted >> i & 1) << i;
	for (unsigned i = 0; i < r->nstreams; i++)
		if (taken & r->streams[i].sinks)
			deliver(r, &r->streams[i], view, taken & r->streams[i].sinks);
	r->delivered++;
}

void road_header(struct road *r, unsigned place)
{
	const struct mark mark = { .time = clock_boot(), .lane = LANE_critical };
	struct sink *s = r->sinks[place];

	for (unsigned i = 0; i < r->nstreams; i++) {
		struct stream *st = &r->streams[i];
		size_t len;

		if (!(st->sinks >> place & 1) || !open_batch(r, st, 0))
			continue;
		st->sharing = UINT64_C(1) << place;
		len = has_encoder(r, st) ? encoder_header(st->encoder, st->open->text, batch_room(st->open)) : 0;
		if (len && queue_admit(&s->queue, mark.lane, len, st->open->size)) {
			s->counts.offered++;
			batch_added(st->open, &mark, len);
		}
		close_batch(r, st);
	}
}

uint64_t road_queued(const struct road *r)
{
	uint64_t sum = 0;

	FOR_BITS(i, r->active)
		sum += r->sinks[i]->queue.lines;
	return sum;
}

bool road_behind(const struct road *r, uint64_t now)
{
	FOR_BITS(i, r->active)
		if (sink_behind(r->sinks[i], now))
			return true;
	return false;
}

int road_flush(struct road *r)
{
	int error = 0;
	bool all = true;

	for (unsigned i = 0; i < r->nstreams; i++)
		close_batch(r, &r->streams[i]);
	FOR_BITS(i, r->active) {
		sink_wake(r->sinks[i]);
		if (r->sinks[i]->state == SINK_GONE)
			error = r->sinks[i]->gone;
		else
			all = false;
	}
	return all ? error : 0;
}

/* --- sinks come and go */

void road_init(struct road *r, const struct encoder_options *options)
{
	*r = (struct road){ .options = *options };
	snprintf(r->host, sizeof(r->host), "%s", options->host);
	r->options.host = r->host;
	r->options.redacted = &r->redacted;
}

static struct stream *find_stream(struct road *r, const struct sink *s)
{
	for (unsigned i = 0; i < r->nstreams; i++)
		if (r->streams[i].like && stream_same(&r->streams[i].like->stream, &s->stream))
			return &r->streams[i];
	return NULL;
}

static void encoder_free(struct encoder *e)
{
	if (!e)
		return;
	encoder_fini(e);
	free(e);
}

static struct stream *make_stream(struct road *r, const struct sink *s)
{
	unsigned i = 0;

	while (r->streams[i].like)
		i++;
	r->streams[i].like = s;
	r->streams[i].encoder = encoder_new(r, s);
	if (i >= r->nstreams)
		r->nstreams = i + 1;
	return &r->streams[i];
}

void road_add(struct road *r, unsigned place, struct sink *s)
{
	struct stream *st = find_stream(r, s);

	st = st ? st : make_stream(r, s);
	close_batch(r, st);
	s->queue.pool = &r->pool;
	st->sinks |= UINT64_C(1) << place;
	r->active |= UINT64_C(1) << place;
	r->sinks[place] = s;
}

/* The encoder may look into the configuration of the sink that goes: make it anew, of another. */
static void leave_stream(struct road *r, struct stream *st, const struct sink *s)
{
	if (st->like != s)
		return;
	encoder_free(st->encoder);
	st->like = st->sinks ? r->sinks[__builtin_ctzll(st->sinks)] : NULL;
	st->encoder = st->like ? encoder_new(r, st->like) : NULL;
}

void road_remove(struct road *r, unsigned place)
{
	struct sink *s = r->sinks[place];

	if (!s)
		return;
	for (unsigned i = 0; i < r->nstreams; i++) {
		struct stream *st = &r->streams[i];

		if (!(st->sinks >> place & 1))
			continue;
		close_batch(r, st);
		st->sinks &= ~(UINT64_C(1) << place);
		leave_stream(r, st, s);
	}
	r->active &= ~(UINT64_C(1) << place);
	r->sinks[place] = NULL;
}

void road_clock(struct road *r, int64_t boot_to_wall)
{
	int64_t change = boot_to_wall - r->options.boot_to_wall;

	/* Expressions and all lines have the same dates: what json_encoder_clock takes for an error is one here. */
	if (change > -CLOCK_ERROR && change < CLOCK_ERROR)
		return;
	r->options.boot_to_wall = boot_to_wall;
	for (unsigned i = 0; i < r->nstreams; i++)
		if (r->streams[i].encoder)
			encoder_clock(r->streams[i].encoder, boot_to_wall);
}

void road_policies(struct road *r, const char *const *names, unsigned n, uint64_t suppressed)
{
	for (unsigned i = 0; i < r->nstreams; i++)
		if (r->streams[i].encoder)
			encoder_policies(r->streams[i].encoder, names, n, suppressed);
}

void road_fini(struct road *r)
{
	FOR_BITS(i, r->active)
		queue_fini(&r->sinks[i]->queue);
	for (unsigned i = 0; i < r->nstreams; i++) {
		if (r->streams[i].open)
			batch_disown(r->streams[i].open);
		encoder_free(r->streams[i].encoder);
	}
	batch_pool_fini(&r->pool);
}
