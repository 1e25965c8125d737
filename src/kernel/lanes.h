/* SPDX-License-Identifier: Apache-2.0 */
/* The way of records from the kernel to the loop, by lane: ring buffers or perf buffers. */
#ifndef SAKER_KERNEL_LANES_H
#define SAKER_KERNEL_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/ring.h"
#include "shared.h"

struct perf_buffer;
struct probe;

/* Gets every record; it is borrowed for the call. */
typedef void (*lane_reader)(void *ctx, const void *record, size_t len);

struct lanes;

struct lane_source {
	struct lanes *lanes;
	int map;			/* the ring's; readable when the kernel side has woken us */
	struct ring ring;
	struct perf_buffer *perf;
	uint64_t read;			/* records */
	uint64_t bytes;
};

struct lanes {
	struct lane_source source[LANES];
	struct probe *probe;
	lane_reader reader;
	void *ctx;
	unsigned turn;		/* of lanes_read */
	unsigned budget;		/* records that may still be read this turn */
	_Alignas(8) char sample[RECORD_MAX];	/* a perf buffer's record, aligned */
};

/* 0 or negative errno.  lane_bytes: of the whole ring, or of each cpu's perf buffer. */
int lanes_open(struct lanes *lanes, struct probe *probe, const size_t lane_bytes[LANES], lane_reader reader, void *ctx);
void lanes_close(struct lanes *lanes);

/* A file descriptor that is readable when the lane has woken us; owned by lanes. */
int lanes_fd(const struct lanes *lanes, enum lane lane);

/* Read at most budget records: of rings, in order of their time whatever the lane.  How many. */
unsigned lanes_read(struct lanes *lanes, unsigned budget);

/* Bytes that wait in a lane. */
uint64_t lanes_pending(const struct lanes *lanes, enum lane lane);

/* Whether what comes can wait for a moment: the lanes are rings, and less than half full. */
bool lanes_roomy(const struct lanes *lanes);

/* Ask the kernel side to wake us at the next record.  Read once more after it: a record may have
 * come between the last read and this. */
void lanes_sleep(struct lanes *lanes);

#endif
