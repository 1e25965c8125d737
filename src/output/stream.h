/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines over a connection that is a stream of bytes.
 *
 * With acknowledgement the peer writes back, in decimal and ended by '\n', how many lines of this
 * connection it has safe, whenever it likes.  Without it a line is done when the peer's side of the
 * socket has its bytes: for a local one the peer itself; for tcp the peer's kernel, and half a second or
 * a window of bytes went by since, for the peer to read them.  What was not done when the connection
 * broke is sent again over the next one.
 */
#ifndef SAKER_OUTPUT_STREAM_H
#define SAKER_OUTPUT_STREAM_H

#include "config/option.h"
#include "output/flight.h"
#include "output/link.h"

/* Of the settings of a sink. */
struct stream_settings {
	bool ack;
	uint64_t window;		/* bytes in flight, at most */
	uint64_t ack_timeout;		/* ms */
};

/* The first member of what a sink owns. */
struct stream {
	struct link link;
	const struct stream_settings *settings;
	/* Add to the flight what comes next, and say so to the queue; false: there is nothing.  NULL:
	 * pieces of the queue as they are. */
	bool (*next)(struct stream *stream);
	struct flight flight;
	uint64_t written;		/* bytes of this connection */
	uint64_t acknowledged;		/* lines of this connection */
	uint64_t arrived, safe;		/* bytes that the peer's system had when last looked, and the time before */
	uint64_t looked;		/* ns since boot */
	uint64_t progress;		/* when a line was done last, or none was in flight; ns since boot */
	bool ended;			/* the peer will write nothing more */
	char answer[24];		/* the beginning of a line from the peer */
	unsigned answered;		/* bytes of it */
};

/* Rows for a table of options; struct_ has a struct stream_settings member_. */
#define STREAM_ROWS(struct_, member_) \
	OPTION(BOOL, struct_, member_.ack, .name = "ack", .value = "false", \
	       .help = "the peer answers with the number of lines that it has, counted from the connection's " \
		       "begin, in decimal and ended by a newline; what it did not answer for is sent again"), \
	OPTION(DURATION, struct_, member_.ack_timeout, .name = "ack_timeout", .value = "30s", .min = 1000, \
	       .max = 3600 * 1000, .help = "how long a peer may take to answer before the connection is given up"), \
	OPTION(SIZE, struct_, member_.window, .name = "window", .value = "256K", .min = 64 << 10, \
	       .max = 64 << 20, .help = "bytes that were sent and that the peer may not have yet")

/* For sink_ops.open: with link.target and settings set. */
void stream_open(struct stream *stream, struct sink *sink);

/* sink_ops.wake, of a sink that owns one. */
void stream_wake(struct sink *sink);

#endif
