/* SPDX-License-Identifier: Apache-2.0 */
/* A sink's lines into a file descriptor by libuv's threads, one request in flight.  A write that hangs,
 * of a pipe that nobody reads, holds up nothing but its own thread.
 *
 * A request ends when the loop comes round, and by then a turn may have filled a queue by megabytes.
 * So it takes what waits, but not more than a share of the queue: what is in flight cannot be
 * displaced. */
#ifndef SAKER_OUTPUT_FLOW_H
#define SAKER_OUTPUT_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "output/sink.h"

enum {
	FLOW_PIECES = 64,	/* batches: 4 MiB of full ones */
	FLOW_SHARE = 4,		/* a quarter of the queue's bytes */
};

struct flow {
	struct sink *sink;
	void (*ended)(struct sink *sink, int r);
	uv_fs_t request;
	uv_file fd;
	bool busy;
	struct queue_piece pieces[FLOW_PIECES];
	unsigned npieces;
	uint64_t bytes, written;	/* of the pieces */
};

/* Write the next lines of the queue to fd, at most so many bytes but at least a line; most 0: as many
 * as a request takes.  ended is called when they are written (0), or what could
 * be of them (negative errno); flow_settle tells how much.  False: there is nothing to write. */
bool flow_start(struct flow *flow, struct sink *sink, uv_file fd, uint64_t most,
		void (*ended)(struct sink *sink, int r));

/* Go on with the same lines, after a failure. */
void flow_resume(struct flow *flow);

/* The lines that were written whole are done; the others wait again.  Bytes of a line that were
 * written of it before it failed. */
uint64_t flow_settle(struct flow *flow);

/* None of them is done: all wait again.  The bytes that were written of them. */
uint64_t flow_cancel(struct flow *flow);

#endif
