/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines on their way to sinks, some tens of KiB in one block of memory.
 *
 * Text grows from the front of a block, a mark for each line from its back; a batch is full when
 * they meet.  What was once added stays where it is: while a sink sends the first lines of a batch,
 * more may be added behind them.
 *
 * A batch has a count of owners: the stream that fills it and each queue that holds it.  With one
 * owner it is private, and its owner may change it.
 */
#ifndef SAKER_OUTPUT_BATCH_H
#define SAKER_OUTPUT_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

enum {
	BATCH_BYTES = 64 << 10,		/* a block, header and marks included */
	BATCH_POOL_SPARE = 16,		/* blocks that are kept for the next need */
};

/* A line. */
struct mark {
	uint64_t time;		/* of its record, nanoseconds since boot */
	uint64_t seq;		/* of its record, among those of its processor and lane */
	uint32_t end;		/* of its text in the batch; the line before ends where it begins */
	uint16_t event;		/* enum event_id */
	uint8_t lane;		/* enum lane */
	uint8_t tag;		/* for sinks: what the encoder of its stream says of the line */
};

struct batch {
	struct batch *next;		/* in the pool */
	struct batch_pool *pool;
	uint32_t size;			/* bytes of the block */
	uint32_t owners;
	uint32_t bytes;			/* of text */
	uint32_t n;			/* lines */
	uint32_t lane_lines[LANES], lane_bytes[LANES];
	char text[];
};

struct batch_pool {
	struct batch *spare;
	unsigned nspare;
	unsigned idle;			/* the fewest that were spare since batch_pool_trim */
	uint64_t blocks, bytes;		/* that exist, spare ones included */
	uint64_t failed;		/* times the system had no memory */
};

/* The mark of the i-th line. */
static inline struct mark *batch_mark(const struct batch *b, uint32_t i)
{
	return (struct mark *)((uintptr_t)b + b->size) - 1 - i;
}

/* Where the text of the i-th line begins, as an offset; i may be n. */
static inline uint32_t batch_begin(const struct batch *b, uint32_t i)
{
	return i ? batch_mark(b, i - 1)->end : 0;
}

/* Bytes of a line that still fit. */
static inline uint32_t batch_room(const struct batch *b)
{
	uint32_t used = sizeof(*b) + b->bytes + (b->n + 1) * (uint32_t)sizeof(struct mark);

	return used < b->size ? b->size - used : 0;
}

/* Bytes of the block that batch_new makes. */
uint32_t batch_size_for(uint32_t len);

/* A block for a line of len bytes or more lines, owned once; NULL without memory. */
struct batch *batch_new(struct batch_pool *pool, uint32_t len);

void batch_own(struct batch *batch);

/* One owner less; the last frees it. */
void batch_disown(struct batch *batch);

/* Take a line whose len bytes of text were written at the end of the text.  The mark's end is set
 * here. */
void batch_added(struct batch *batch, const struct mark *mark, uint32_t len);

/* Copy a line to the end of one that has room for it. */
void batch_copy(struct batch *to, const struct batch *from, uint32_t i);

/* Take back from the system what a block for one long line did not need. */
void batch_trim(struct batch *batch);

/* Give back the spare blocks that nobody needed since the last time. */
void batch_pool_trim(struct batch_pool *pool);

/* Free the spare blocks. */
void batch_pool_fini(struct batch_pool *pool);

#endif
