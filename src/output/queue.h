/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for a sink: lines in the order they came, in blocks of memory whose sum is bounded.
 *
 * A line is waiting, then sent (in flight), then done and gone; what is in flight can become waiting
 * again (queue_rewind) when a connection broke before the peer had acknowledged it.  Done always
 * goes from the oldest on.
 *
 * A share of the bound is reserved: above it only lines of the critical lane are admitted.  When
 * there is no room, the line is refused, or the oldest that wait are displaced: those of other lanes
 * before any of the critical one.  What is in flight is never displaced.
 *
 * The bound is of memory: a queue is charged for a whole block as soon as it has a line in it, and
 * for a shared one as if it had it alone.  Small batches are joined, so blocks are full when it
 * matters.
 */
#ifndef SAKER_OUTPUT_QUEUE_H
#define SAKER_OUTPUT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"
#include "output/batch.h"

enum {
	QUEUE_BYTES_MIN = 1 << 20,	/* so that the longest line fits below the largest reserve */
};

enum queue_full { QUEUE_DROP_OLDEST, QUEUE_DROP_NEWEST };

/* Why a line did not get where it should. */
enum queue_drop {
	QUEUE_REFUSED,		/* no room when it came */
	QUEUE_DISPLACED,	/* it waited, and a newer one needed the room */
	QUEUE_NO_MEMORY,	/* of the system */
	QUEUE_UNSENDABLE,	/* the sink cannot send such a line: too long for a datagram */
	QUEUE_LEFT,		/* still there when the sink was closed */
	QUEUE_DROPS,
};

extern const char *const queue_drop_names[QUEUE_DROPS];

struct queue_options {
	uint64_t bytes;		/* at least QUEUE_BYTES_MIN */
	unsigned when_full;	/* enum queue_full */
	unsigned reserve;	/* percent */
};

/* queued = done + dropped but QUEUE_REFUSED + lines that are there. */
struct queue_counts {
	uint64_t queued[LANES];		/* admitted */
	uint64_t sent;			/* given to the system, again after a rewind */
	uint64_t done;			/* written, or acknowledged where the peer does that */
	uint64_t done_bytes;
	uint64_t dropped[QUEUE_DROPS][LANES];
	struct histogram latency;	/* from a record's time to done */
};

struct queue_entry {
	struct batch *batch;
	uint32_t done, sent;	/* of its lines; done <= sent */
};

struct queue {
	struct batch_pool *pool;
	struct queue_options options;
	uint64_t soft;			/* the bound for lines that are not critical */
	struct queue_entry *ring;
	unsigned size, head, n;		/* of the ring; index of the oldest; entries */
	unsigned cursor;		/* first entry with lines that were not sent, from the oldest */
	uint64_t charged;		/* bytes of blocks */
	uint32_t pending_charge;	/* of these, for a batch that is still being filled */
	uint32_t pending;		/* lines in it */
	uint64_t lines, bytes;		/* that are there, text only */
	uint64_t in_flight;		/* lines */
	uint64_t critical_bytes;	/* text of critical lines that are there */
	bool shut;			/* everything is refused */
	bool hopeless;			/* nothing can be displaced for what is not critical */
	struct queue_counts counts;
};

/* Lines that were not sent yet, of one batch. */
struct queue_piece {
	const struct batch *batch;
	const char *text;
	uint32_t first, n;	/* lines: batch_mark(batch, first + i) */
	uint32_t bytes;
};

/* 0 or -ENOMEM.  The pool is the caller's and outlives the queue. */
int queue_init(struct queue *queue, struct batch_pool *pool, const struct queue_options *options);

/* Drop what is left as QUEUE_LEFT; counts stay.  Also of a zeroed one. */
void queue_fini(struct queue *queue);

/* --- for the road: lines come */

/* Whether a line of this lane may come, into a batch that is being filled (shared: that many bytes
 * its block has) or apart (shared 0); displaces or counts a refusal.  If so it counts as queued and
 * must be placed by one of those below. */
bool queue_admit(struct queue *queue, unsigned lane, uint32_t len, uint32_t shared);

/* The batch that the admitted lines are in is full or has waited long enough. */
void queue_share(struct queue *queue, struct batch *batch);

/* Copy admitted lines first to last - 1 of a batch, pending or just admitted apart. */
void queue_copy(struct queue *queue, const struct batch *batch, uint32_t first, uint32_t last);

/* The pending lines will be copied: they are charged for by queue_copy. */
void queue_part(struct queue *queue);

/* --- for sinks: lines go */

/* The next lines to send, at most max pieces; how many there are.  They stay where they are until
 * they are done, dropped or rewound; more lines may come behind them. */
unsigned queue_next(const struct queue *queue, struct queue_piece *pieces, unsigned max);

/* So many of these are given to the system now. */
void queue_sent(struct queue *queue, uint32_t lines);

/* The oldest so many in flight are done.  How many were in flight, at most lines: less means that
 * a peer acknowledged what it never got.  now: nanoseconds since boot. */
uint32_t queue_done(struct queue *queue, uint32_t lines, uint64_t now);

/* What is in flight waits again. */
void queue_rewind(struct queue *queue);

/* A line that would have come cannot be sent: count it as queued and dropped as QUEUE_UNSENDABLE. */
void queue_unsendable(struct queue *q, unsigned lane);

/* The next line cannot be sent: drop it as QUEUE_UNSENDABLE.  Only when nothing is in flight. */
void queue_skip(struct queue *queue);

/* Lines that wait and were not sent, those in a batch that is still being filled not counted. */
static inline bool queue_waiting(const struct queue *queue)
{
	return queue->cursor < queue->n;
}

#endif
