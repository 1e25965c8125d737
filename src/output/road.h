/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The road from a record to the queues of the sinks.
 *
 * A stream is what sinks of the same format and selection share: one encoder, one open batch. A
 * sink that takes every line of the open batch will get the batch itself. Once it does not (its
 * where, its limit, its queue, or the policies say so), the lines it did take are copied into its
 * queue, and until the batch is closed it has its lines copied.
 */
#ifndef SAKER_OUTPUT_ROAD_H
#define SAKER_OUTPUT_ROAD_H

#include <stdbool.h>
#include <stdint.h>

#include "output/batch.h"
#include "output/encoder.h"
#include "output/sink.h"

struct expr_view;

enum { ROAD_SINKS = 64 };

struct stream {
	const struct sink *like;	/* whose stream the encoder was made of; NULL: unused */
	struct encoder *encoder;	/* NULL: there was no memory for it; the next record tries again */
	struct batch *open;		/* NULL: none */
	uint64_t sinks;			/* bit n: the sink at place n has this stream */
	uint64_t sharing;		/* of these, those that took every line of the open batch */
};

struct road {
	struct encoder_options options;
	struct batch_pool pool;
	struct redact_counts redacted;
	struct stream streams[ROAD_SINKS];
	unsigned nstreams;		/* highest used + 1 */
	struct sink *sinks[ROAD_SINKS];	/* the caller's; NULL: none at this place */
	uint64_t active;		/* bit n: there is one at place n */
	uint64_t delivered, unencoded;	/* records; lines that did not fit, which only a forged record can */
	char host[256];
};

void road_init(struct road *road, const struct encoder_options *options);

/* What the sinks that are still there have queued is left. */
void road_fini(struct road *road);

/* Give the place to a sink whose stream, where and limit are set.  It cannot fail: while there is no
 * memory for an encoder, lines are counted as unencoded. */
void road_add(struct road *road, unsigned place, struct sink *sink);

/* No more lines for the sink at the place; what it took is in its queue.  Also of an empty place. */
void road_remove(struct road *road, unsigned place);

/* The wall clock was set. */
void road_clock(struct road *road, int64_t boot_to_wall);

/* The policies that want the record to come; n 0: none to name. */
void road_policies(struct road *road, const char *const *names, unsigned n, uint64_t suppressed);

/* Give the sink at the place the line that stands before all others, if its format has one. */
void road_header(struct road *road, unsigned place);

/* Lines that the sinks have not written yet. */
uint64_t road_queued(const struct road *road);

/* Hand a record to the sinks; wanted: bit n for the sink at place n. */
void road_deliver(struct road *road, const struct expr_view *view, uint64_t wanted);

/* Whether a sink is behind for a moment (sink_behind). */
bool road_behind(const struct road *road, uint64_t now);

/* The end of a turn: close the batches and wake the sinks.  0, or the error that all sinks are gone
 * for. */
int road_flush(struct road *road);

#endif
