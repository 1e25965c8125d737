/* SPDX-License-Identifier: Apache-2.0 */
/* A sink's lines into a file descriptor by libuv's threads: several batches a write, one request in
 * flight.  A write that hangs, of a pipe that nobody reads, holds up nothing but its own thread. */
#ifndef OUTPUT_FLOW_H
#define OUTPUT_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "output/sink.h"

enum { FLOW_PIECES = 4 };	/* as many as libuv takes without allocating */

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
 * as go in one request.  ended is called when they are written (0), or what could
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
