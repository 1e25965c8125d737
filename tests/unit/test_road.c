// SPDX-License-Identifier: Apache-2.0
/* Random records through the road into queues, against a model that knows what every queue must
 * have: nothing is lost but what is counted, nothing comes twice or out of order, and no more memory
 * is used than was allowed. */
#include <criterion/criterion.h>
#include <errno.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/fnv.h"
#include "config/config.h"
#include "event/set.h"
#include "expr/expr.h"
#include "output/road.h"
#include "record.h"

enum { LINES = 1 << 16, SINKS = 4, TEXT = ENCODER_LINE_MAX };

enum fate { HERE, FLYING, DONE, GONE };

struct line {
	uint32_t len[FORMATS], hash[FORMATS];
	uint8_t lane;
};

/* What a queue must have. */
struct model {
	unsigned n, first;		/* lines it admitted; the oldest that is neither done nor gone */
	uint32_t id[LINES];
	uint8_t fate[LINES];
	uint64_t displaced[LANES], done;
};

static struct line lines[LINES];	/* by id, which is the record's seq */
static struct model models[SINKS];
static struct sink *sinks[SINKS];
static struct road road;
static struct encoder encoders[FORMATS];
static struct arena arena;
static struct record record;
static char text[TEXT];
static uint64_t seed;
static unsigned ids;

static uint32_t draw(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((seed >> 33) % below);
}

static uint32_t hash_of(const char *p, uint32_t n)
{
	return (uint32_t)fnv64(0, p, n);
}

static void nothing(struct sink *s)
{
}

static const struct sink_ops ops = { .kind.name = "test", .open = nothing, .wake = nothing, .close = nothing };

static const struct expr *compile(const char *expression)
{
	const struct expr_source where = { "test", 1, 1, 1 };
	struct diag diag = { 0 };
	struct event_set all;
	struct expr *expr;

	memset(&all, 0xff, sizeof(all));
	cr_assert_eq(expr_compile(&expr, &arena, expression, &where, NULL, &all, &diag), 0, "%s", diag.text);
	return expr;
}

static struct sink *sink(unsigned place, unsigned format, const struct queue_options *options, const char *where)
{
	struct sink *s = calloc(1, sizeof(*s));

	s->ops = &ops;
	s->state = SINK_UP;
	s->stream.format = format;
	s->where = where ? compile(where) : NULL;
	cr_assert_eq(queue_init(&s->queue, NULL, options), 0);
	road_add(&road, place, s);
	return s;
}

static void setup(void)
{
	const struct encoder_options options = { .host = "host", .boot_to_wall = RECORD_BOOT_TO_WALL };

	arena_init(&arena, 1 << 20);
	road_init(&road, &options);
	for (unsigned i = 0; i < FORMATS; i++)
		cr_assert_eq(encoder_init(&encoders[i], &(struct config_stream){ .format = i }, &options), 0);
	memset(models, 0, sizeof(models));
	ids = 0;
}

static void teardown(void)
{
	for (unsigned i = 0; i < SINKS; i++)
		if (sinks[i]) {
			road_remove(&road, i);
			queue_fini(&sinks[i]->queue);
			if (sinks[i]->limits)
				limiter_fini(&sinks[i]->limiter);
			free(sinks[i]);
			sinks[i] = NULL;
		}
	road_fini(&road);
	cr_expect_eq(road.pool.blocks, 0, "%llu blocks are left", (unsigned long long)road.pool.blocks);
	for (unsigned i = 0; i < FORMATS; i++)
		encoder_fini(&encoders[i]);
	arena_fini(&arena);
}

TestSuite(road, .init = setup, .fini = teardown, .timeout = 110);

/* --- what is in a queue */

/* Its lines in order, those of the open batch included; how many. */
static unsigned walk(const struct queue *q, const struct stream *st, struct mark *marks)
{
	unsigned n = 0;

	for (unsigned i = 0; i < q->n; i++) {
		const struct queue_entry *e = &q->ring[(q->head + i) % q->size];

		for (uint32_t k = e->done; k < e->batch->n; k++)
			marks[n++] = *batch_mark(e->batch, k);
	}
	for (uint32_t k = 0; k < q->pending; k++)
		marks[n++] = *batch_mark(st->open, k);
	return n;
}

static const struct stream *stream_of(unsigned i)
{
	for (unsigned k = 0; k < road.nstreams; k++)
		if (road.streams[k].sinks >> i & 1)
			return &road.streams[k];
	return NULL;
}

/* Whether lines that are not critical wait where they could be displaced. */
static bool others_wait(const struct queue *q)
{
	for (unsigned i = q->cursor; i < q->n; i++) {
		const struct queue_entry *e = &q->ring[(q->head + i) % q->size];

		for (uint32_t k = e->done; e->done == e->sent && k < e->batch->n; k++)
			if (batch_mark(e->batch, k)->lane != LANE_critical)
				return true;
	}
	return false;
}

static uint64_t sum(const uint64_t lanes[LANES])
{
	return lanes[0] + lanes[1] + lanes[2];
}

static void check_balance(unsigned i)
{
	const struct queue *q = &sinks[i]->queue;
	const struct queue_counts *c = &q->counts;
	const struct sink_counts *s = &sinks[i]->counts;
	uint64_t dropped = 0;

	for (unsigned why = QUEUE_REFUSED + 1; why < QUEUE_DROPS; why++)
		dropped += sum(c->dropped[why]);
	cr_assert_eq(sum(c->queued), c->done + dropped + q->lines, "sink %u: queued %llu", i,
		     (unsigned long long)sum(c->queued));
	cr_assert_eq(s->offered, s->unwanted + s->rejected + s->limited + s->unencoded + sum(c->queued) +
		     sum(c->dropped[QUEUE_REFUSED]), "sink %u: offered %llu", i, (unsigned long long)s->offered);
}

/* What is there is what the model has, but for what was displaced: that is gone from now on. */
static void check_queue(unsigned i)
{
	static struct mark marks[LINES];
	const struct queue *q = &sinks[i]->queue;
	struct model *m = &models[i];
	unsigned n = walk(q, stream_of(i), marks), at = 0;
	uint64_t gone[LANES] = { 0 }, bytes = 0, critical_bytes = 0;
	uint32_t len;

	for (unsigned k = m->first; k < m->n; k++) {
		if (m->fate[k] == DONE || m->fate[k] == GONE)
			continue;
		if (at < n && marks[at].seq == m->id[k]) {
			len = lines[m->id[k]].len[sinks[i]->stream.format];
			bytes += len;
			critical_bytes += marks[at++].lane == LANE_critical ? len : 0;
			continue;
		}
		cr_assert_neq(m->fate[k], FLYING, "sink %u: line %u was in flight and is not there", i, m->id[k]);
		gone[lines[m->id[k]].lane]++;
		m->fate[k] = GONE;
	}
	cr_assert_eq(at, n, "sink %u has a line that it should not have", i);
	for (unsigned lane = 0; lane < LANES; lane++) {
		m->displaced[lane] += gone[lane];
		cr_assert_eq(m->displaced[lane], q->counts.dropped[QUEUE_DISPLACED][lane], "sink %u, lane %u", i, lane);
	}
	cr_assert_eq(q->lines, n);
	cr_assert_eq(q->bytes, bytes);
	cr_assert_eq(q->critical_bytes, critical_bytes);
	cr_assert_leq(q->charged, q->options.bytes);
	while (m->first < m->n && m->fate[m->first] >= DONE)
		m->first++;
}

static void check_all(void)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < SINKS; i++)
		if (sinks[i]) {
			check_queue(i);
			check_balance(i);
			most += sinks[i]->queue.charged;
		}
	cr_assert_leq(road.pool.bytes, most + (BATCH_POOL_SPARE + 1) * BATCH_BYTES + road.nstreams * TEXT);
}

/* --- lines come and go */

static void make_record(void)
{
	static char argv[60000];
	/* Mostly short; some so long that a batch has room for a few or one. */
	uint32_t len = draw(8) ? draw(300) : draw(40) ? draw(3000) : draw(sizeof(argv));

	memset(argv, draw(2) ? 'a' : '\n', len);
	if (draw(3))
		record_openat(&record);
	else
		record_exec(&record, "/bin/cat", argv, len);
	record.head.seq = ids;
	record.head.time += ids;
	record.head.who.user_uid = draw(4);
}

static uint64_t displaced_critical(unsigned i)
{
	return sinks[i]->queue.counts.dropped[QUEUE_DISPLACED][LANE_critical];
}

static void deliver(uint64_t wanted)
{
	const struct expr_view view = { .record = &record };
	uint64_t before[SINKS], critical[SINKS];

	lines[ids].lane = record.head.lane;
	for (unsigned i = 0; i < FORMATS; i++) {
		size_t len = encoder_encode(&encoders[i], &record, &view.subject, text, sizeof(text));

		cr_assert(len);
		lines[ids].len[i] = len;
		lines[ids].hash[i] = hash_of(text, len);
	}
	for (unsigned i = 0; i < SINKS; i++) {
		before[i] = sinks[i] ? sum(sinks[i]->queue.counts.queued) : 0;
		critical[i] = sinks[i] ? displaced_critical(i) : 0;
	}
	road_deliver(&road, &view, wanted);
	for (unsigned i = 0; i < SINKS; i++) {
		cr_assert(!sinks[i] || displaced_critical(i) == critical[i] || !others_wait(&sinks[i]->queue),
			  "sink %u: critical lines gave way before others", i);
		if (sinks[i] && sum(sinks[i]->queue.counts.queued) > before[i]) {
			models[i].fate[models[i].n] = HERE;
			models[i].id[models[i].n++] = ids;
		}
	}
	ids++;
}

/* The first of this fate from at on. */
static unsigned find(const struct model *m, unsigned at, enum fate fate)
{
	while (at < m->n && m->fate[at] != fate)
		at++;
	return at;
}

static void send_some(unsigned i)
{
	struct queue *q = &sinks[i]->queue;
	struct queue_piece pieces[3];
	unsigned n = queue_next(q, pieces, 1 + draw(3)), at = models[i].first;

	check_queue(i);

	for (unsigned k = 0; k < n; k++) {
		uint32_t take = draw(2) ? pieces[k].n : 1 + draw(pieces[k].n);

		for (uint32_t l = 0; l < take; l++) {
			const struct mark *m = batch_mark(pieces[k].batch, pieces[k].first + l);
			uint32_t begin = batch_begin(pieces[k].batch, pieces[k].first + l);

			at = find(&models[i], at, HERE);
			cr_assert_lt(at, models[i].n);
			cr_assert_eq(m->seq, models[i].id[at], "sink %u sends %llu, not %u", i,
				     (unsigned long long)m->seq, models[i].id[at]);
			cr_assert_eq(hash_of(pieces[k].batch->text + begin, m->end - begin),
				     lines[m->seq].hash[sinks[i]->stream.format], "sink %u: line %u", i,
				     models[i].id[at]);
			models[i].fate[at] = FLYING;
		}
		queue_sent(q, take);
		if (take < pieces[k].n)
			break;
	}
}

static void finish_some(unsigned i)
{
	struct queue *q = &sinks[i]->queue;
	uint32_t n = q->in_flight ? 1 + draw((uint32_t)q->in_flight) : 0;
	unsigned at = models[i].first;

	cr_assert_eq(queue_done(q, n, RECORD_TIME + ids), n);
	for (uint32_t k = 0; k < n; k++) {
		at = find(&models[i], at, FLYING);
		models[i].fate[at] = DONE;
	}
	models[i].done += n;
	cr_assert_eq(q->counts.done, models[i].done);
}

static void rewind_all(unsigned i)
{
	queue_rewind(&sinks[i]->queue);
	for (unsigned k = models[i].first; k < models[i].n; k++)
		if (models[i].fate[k] == FLYING)
			models[i].fate[k] = HERE;
}

/* slow: hardly anything is sent. */
static void step(bool slow)
{
	unsigned what = slow ? draw(87) : draw(100), i = draw(SINKS);

	if (what < 80) {
		make_record();
		deliver(draw(4) ? UINT64_MAX : draw(1 << SINKS) | 1);
	} else if (what < 86) {
		road_flush(&road);
	} else if (what < 92) {
		send_some(i);
	} else if (what < 99) {
		finish_some(i);
	} else {
		rewind_all(i);
	}
}

static const struct queue_options oldest = { 1 << 20, QUEUE_DROP_OLDEST, 10 },
				  newest = { 2 << 20, QUEUE_DROP_NEWEST, 50 }, plain = { 1 << 20, QUEUE_DROP_OLDEST, 0 };

/* That the course of things was not all fair weather. */
struct weather { uint64_t refused, displaced, critical, done, rejected, limited, unwanted; };

static void note_weather(struct weather *w)
{
	for (unsigned i = 0; i < SINKS; i++) {
		const struct queue_counts *c = &sinks[i]->queue.counts;

		w->refused += sum(c->dropped[QUEUE_REFUSED]);
		w->displaced += sum(c->dropped[QUEUE_DISPLACED]);
		w->critical += c->dropped[QUEUE_DISPLACED][LANE_critical];
		w->done += c->done;
		w->rejected += sinks[i]->counts.rejected;
		w->limited += sinks[i]->counts.limited;
		w->unwanted += sinks[i]->counts.unwanted;
	}
}

Test(road, random)
{
	struct weather w = { 0 };
	const struct limit_spec limit = { .events = 1, .per_ns = 3, .burst = 100, .key = LIMIT_global };

	for (seed = 1; seed <= 6; seed++) {
		uint64_t kept = seed;

		sinks[0] = sink(0, FORMAT_JSON, &oldest, NULL);
		sinks[1] = sink(1, FORMAT_JSON, &newest, "user.uid in (0, 1, 2)");
		sinks[2] = sink(2, FORMAT_JSON, &plain, NULL);
		sinks[3] = sink(3, FORMAT_TABLE, &oldest, NULL);
		cr_assert_eq(limiter_init(&sinks[2]->limiter, &limit, 1), 0);
		sinks[2]->limits = true;
		for (unsigned n = 0; n < 20000; n++) {
			step(n / 4000 % 2);
			if (n % 8 == 0)
				check_all();
		}
		note_weather(&w);
		teardown();
		setup();
		seed = kept;
	}
	cr_expect(w.refused && w.displaced && w.critical && w.done && w.rejected && w.limited && w.unwanted);
}

/* Two sinks that take all cost the memory of one. */
Test(road, shared)
{
	uint64_t one = 0;

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i <= round * 3; i++)
			sinks[i] = sink(i, FORMAT_JSON, &newest, NULL);
		for (seed = 9; ids < 1000;) {
			make_record();
			deliver(UINT64_MAX);
		}
		road_flush(&road);
		check_all();
		if (round == 0)
			one = road.pool.bytes;
		else
			cr_expect_leq(road.pool.bytes, one + 4 * BATCH_BYTES);
		cr_expect_gt(road.pool.bytes, 8 * BATCH_BYTES);
		teardown();
		setup();
	}
}

/* A sink that comes gets what comes then; one that goes keeps what it has. */
Test(road, come_and_go)
{
	sinks[0] = sink(0, FORMAT_JSON, &plain, NULL);
	for (seed = 3; ids < 10;) {
		make_record();
		deliver(UINT64_MAX);
	}
	sinks[1] = sink(1, FORMAT_JSON, &plain, NULL);
	make_record();
	deliver(UINT64_MAX);
	check_all();
	cr_expect_eq(sinks[1]->queue.lines, 1);
	road_remove(&road, 0);
	cr_expect_eq(sinks[0]->queue.lines, 11);
	make_record();
	deliver(UINT64_MAX);
	cr_expect_eq(sinks[0]->queue.lines, 11);
	cr_expect_eq(sinks[1]->queue.lines, 2);
	check_all();
}

/* What nobody can take is told to whoever asks for the end. */
Test(road, gone)
{
	sinks[0] = sink(0, FORMAT_JSON, &plain, NULL);
	sinks[1] = sink(1, FORMAT_JSON, &plain, NULL);
	sink_gone(sinks[0], -EPIPE);
	make_record();
	deliver(UINT64_MAX);
	cr_expect_eq(road_flush(&road), 0);
	cr_expect_eq(sum(sinks[0]->queue.counts.dropped[QUEUE_REFUSED]), 1);
	cr_expect_eq(sinks[1]->queue.lines, 1);
	sink_gone(sinks[1], -EPIPE);
	cr_expect_eq(road_flush(&road), -EPIPE);
	check_balance(0);
	check_balance(1);
}
