// SPDX-License-Identifier: Apache-2.0
#include "output/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const queue_drop_names[QUEUE_DROPS] = {
	"refused", "displaced", "no_memory", "unsendable", "left",
};

int queue_init(struct queue *q, struct batch_pool *pool, const struct queue_options *options)
{
	*q = (struct queue){ .pool = pool, .options = *options };
	q->soft = options->bytes - options->bytes / 100 * options->reserve;
	q->size = options->bytes / BATCH_BYTES + 2;
	q->ring = calloc(q->size, sizeof(*q->ring));
	return q->ring ? 0 : -ENOMEM;
}

static struct queue_entry *entry(const struct queue *q, unsigned i)
{
	return &q->ring[(q->head + i) % q->size];
}

/* Lines that are not done and fall out of the count of those that are there. */
static void forget_line(struct queue *q, const struct batch *b, uint32_t i)
{
	uint32_t len = batch_mark(b, i)->end - batch_begin(b, i);

	q->lines--;
	q->bytes -= len;
	if (batch_mark(b, i)->lane == LANE_critical)
		q->critical_bytes -= len;
}

static void drop_line(struct queue *q, const struct batch *b, uint32_t i, enum queue_drop why)
{
	forget_line(q, b, i);
	q->counts.dropped[why][batch_mark(b, i)->lane]++;
}

static void drop_lines(struct queue *q, const struct batch *b, uint32_t first, uint32_t last, enum queue_drop why)
{
	for (uint32_t i = first; i < last; i++)
		drop_line(q, b, i, why);
}

/* The entries before it move up, for there are few. */
static void entry_remove(struct queue *q, unsigned i)
{
	struct queue_entry e = *entry(q, i);

	q->charged -= e.batch->size;
	batch_disown(e.batch);
	for (; i > 0; i--)
		*entry(q, i) = *entry(q, i - 1);
	q->head = (q->head + 1) % q->size;
	q->n--;
}

static bool entry_push(struct queue *q, struct batch *b)
{
	if (q->n == q->size)
		return false;
	*entry(q, q->n++) = (struct queue_entry){ .batch = b };
	q->charged += b->size;
	q->hopeless = false;
	return true;
}

/* --- making room */

static bool loose(const struct queue_entry *e)
{
	return e->sent == e->done;
}

static bool has_others(const struct queue_entry *e)
{
	for (uint32_t i = e->done; i < e->batch->n; i++)
		if (batch_mark(e->batch, i)->lane != LANE_critical)
			return true;
	return false;
}

/* The critical lines that remain of an entry go behind those of the one before, as far as there is
 * room, and the rest into a block of their own.  NULL: nothing remains. */
static struct batch *keep_critical(struct queue *q, const struct queue_entry *e, struct batch *before)
{
	struct batch *rest = NULL, *to;

	for (uint32_t i = e->done; i < e->batch->n; i++) {
		uint32_t len = batch_mark(e->batch, i)->end - batch_begin(e->batch, i);

		if (batch_mark(e->batch, i)->lane != LANE_critical) {
			drop_line(q, e->batch, i, QUEUE_DISPLACED);
			continue;
		}
		if (!rest && (!before || batch_room(before) < len))
			rest = batch_new(q->pool, len);
		to = rest ? rest : before;
		if (to && batch_room(to) >= len)
			batch_copy(to, e->batch, i);
		else
			drop_line(q, e->batch, i, QUEUE_NO_MEMORY);
	}
	return rest;
}

/* Whether the entry is still there. */
static bool thin(struct queue *q, unsigned i)
{
	struct queue_entry *e = entry(q, i), *p = i ? entry(q, i - 1) : NULL;
	struct batch *before = p && loose(p) && p->batch->owners == 1 ? p->batch : NULL;
	struct batch *rest = keep_critical(q, e, before);

	if (!rest) {
		entry_remove(q, i);
		return false;
	}
	q->charged += rest->size;
	q->charged -= e->batch->size;
	batch_disown(e->batch);
	*e = (struct queue_entry){ .batch = rest };
	return true;
}

static bool make_room(struct queue *q, bool critical, uint64_t most)
{
	if (q->options.when_full == QUEUE_DROP_NEWEST || (!critical && (q->hopeless || q->critical_bytes > most)))
		return false;
	for (unsigned i = q->cursor; i < q->n && q->charged > most;)
		if (!loose(entry(q, i)) || !has_others(entry(q, i)) || thin(q, i))
			i++;
	for (unsigned i = q->cursor; critical && i < q->n && q->charged > most;) {
		struct queue_entry *e = entry(q, i);

		if (!loose(e)) {
			i++;
			continue;
		}
		drop_lines(q, e->batch, e->done, e->batch->n, QUEUE_DISPLACED);
		entry_remove(q, i);
	}
	q->hopeless = !critical && q->charged > most;
	return q->charged <= most;
}

/* --- lines come */

/* A block that more can be added to: nobody else sees it. */
static struct batch *tail(const struct queue *q, uint32_t len)
{
	struct batch *b = q->n ? entry(q, q->n - 1)->batch : NULL;

	return b && b->owners == 1 && batch_room(b) >= len ? b : NULL;
}

bool queue_admit(struct queue *q, unsigned lane, uint32_t len, uint32_t shared)
{
	bool critical = lane == LANE_critical;
	uint64_t most = critical ? q->options.bytes : q->soft;
	uint32_t need = shared ? (q->pending ? 0 : shared) : tail(q, len) ? 0 : batch_size_for(len);
	/* What is displaced may be the tail. */
	uint32_t block = shared ? need : batch_size_for(len);

	if (q->shut || (q->charged + need > most && (block > most || !make_room(q, critical, most - block)))) {
		q->counts.dropped[QUEUE_REFUSED][lane]++;
		return false;
	}
	if (shared) {
		q->charged += need;
		q->pending_charge += need;
		q->pending++;
	}
	q->counts.queued[lane]++;
	q->lines++;
	q->bytes += len;
	q->critical_bytes += critical ? len : 0;
	return true;
}

void queue_unsendable(struct queue *q, unsigned lane)
{
	q->counts.queued[lane]++;
	q->counts.dropped[QUEUE_UNSENDABLE][lane]++;
}

void queue_part(struct queue *q)
{
	q->charged -= q->pending_charge;
	q->pending_charge = q->pending = 0;
}

static struct batch *grow(struct queue *q, uint32_t len)
{
	struct batch *b = batch_new(q->pool, len);

	if (b && !entry_push(q, b)) {
		batch_disown(b);
		b = NULL;
	}
	return b;
}

void queue_copy(struct queue *q, const struct batch *from, uint32_t first, uint32_t last)
{
	q->hopeless = false;
	for (uint32_t i = first; i < last; i++) {
		uint32_t len = batch_mark(from, i)->end - batch_begin(from, i);
		struct batch *to = tail(q, len);

		to = to ? to : grow(q, len);
		if (!to) {
			drop_lines(q, from, i, last, QUEUE_NO_MEMORY);
			return;
		}
		batch_copy(to, from, i);
		if (q->cursor == q->n)
			q->cursor--;
	}
}

/* A batch that is nearly empty is shared only where it does not have to wait. */
void queue_share(struct queue *q, struct batch *b)
{
	uint32_t used = b->bytes + b->n * (uint32_t)sizeof(struct mark);

	queue_part(q);
	if ((q->n && used < b->size / 4 * 3) || !entry_push(q, b))
		queue_copy(q, b, 0, b->n);
	else
		batch_own(b);
}

/* --- lines go */

unsigned queue_next(const struct queue *q, struct queue_piece *pieces, unsigned max)
{
	unsigned n = 0;

	for (unsigned i = q->cursor; i < q->n && n < max; i++) {
		const struct queue_entry *e = entry(q, i);
		uint32_t begin = batch_begin(e->batch, e->sent);

		pieces[n++] = (struct queue_piece){
			.batch = e->batch, .text = e->batch->text + begin, .first = e->sent,
			.n = e->batch->n - e->sent, .bytes = e->batch->bytes - begin,
		};
	}
	return n;
}

void queue_sent(struct queue *q, uint32_t lines)
{
	q->counts.sent += lines;
	q->in_flight += lines;
	while (lines) {
		struct queue_entry *e = entry(q, q->cursor);
		uint32_t left = e->batch->n - e->sent, n = lines < left ? lines : left;

		e->sent += n;
		lines -= n;
		if (e->sent == e->batch->n)
			q->cursor++;
	}
}

static void done_line(struct queue *q, const struct batch *b, uint32_t i, uint64_t now)
{
	const struct mark *m = batch_mark(b, i);

	forget_line(q, b, i);
	q->counts.done++;
	q->counts.done_bytes += m->end - batch_begin(b, i);
	histogram_add(&q->counts.latency, now > m->time ? now - m->time : 0);
}

static void leave(struct queue *q)
{
	struct queue_entry *e = entry(q, 0);

	if (e->done < e->batch->n)
		return;
	entry_remove(q, 0);
	if (q->cursor)
		q->cursor--;
}

uint32_t queue_done(struct queue *q, uint32_t lines, uint64_t now)
{
	uint32_t n = lines < q->in_flight ? lines : (uint32_t)q->in_flight;

	q->hopeless = false;
	for (uint32_t left = n; left; left--) {
		struct queue_entry *e = entry(q, 0);

		done_line(q, e->batch, e->done++, now);
		leave(q);
	}
	q->in_flight -= n;
	return n;
}

void queue_rewind(struct queue *q)
{
	for (unsigned i = 0; i < q->n; i++)
		entry(q, i)->sent = entry(q, i)->done;
	q->cursor = 0;
	q->in_flight = 0;
	q->hopeless = false;
}

void queue_skip(struct queue *q)
{
	struct queue_entry *e = entry(q, 0);

	drop_line(q, e->batch, e->done, QUEUE_UNSENDABLE);
	e->done++;
	e->sent++;
	leave(q);
}

void queue_fini(struct queue *q)
{
	queue_rewind(q);
	while (q->n) {
		struct queue_entry *e = entry(q, 0);

		drop_lines(q, e->batch, e->done, e->batch->n, QUEUE_LEFT);
		entry_remove(q, 0);
	}
	free(q->ring);
	q->ring = NULL;
}
