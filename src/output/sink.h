/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where lines go.  A kind of sink is one file src/output/sink_KIND.c with one const struct sink_ops
 * sink_KIND, and one word in meson.build; a sink is one entry under sinks: in saker.yaml.
 *
 *	pipeline -> road: where, limit, encode once a stream -> queue of each sink -> ops
 *
 * What a kind writes:
 *
 *	open	begin to connect, or open the file.  When that is done call sink_up; if it fails,
 *		now or later, free what was opened and call sink_retry: open is called again after
 *		100 ms to 30 s, twice as long each time until a line is done, with jitter.  A broken connection is the same: free, queue_rewind for
 *		what no peer acknowledged (sink_retry does it), sink_retry.
 *	wake	the queue has lines that were not sent.  Called at any time while the sink is up,
 *		also when it is busy: then it does nothing and looks at the queue itself when it is
 *		done.  Take them with queue_next, say queue_sent for those that the system has, and
 *		sink_done for those that are written or acknowledged, always from the oldest on.
 *	reopen	SIGHUP.  NULL: nothing to do.
 *	close	stop now: no waiting for a peer.  Free all and call sink_closed, at once or when the
 *		last handle or request has called back.  Called once, in every state; what should
 *		still be sent was sent before it or is counted as left.
 *
 * What it may assume:
 *
 *	- All calls come from the loop's thread and none is nested in another of the same sink, but
 *	  that wake may be called out of sink_up.  None may block: files and pipes go through
 *	  uv_fs_*, names through uv_getaddrinfo, sockets are non-blocking.
 *	- What queue_next gives stays where it is, and text is '\n'-ended lines end to end, until
 *	  sink_done, queue_rewind or queue_skip; only then may lines in the queue be displaced.  So
 *	  keep in flight what a peer can have in a moment, not the whole queue, or nothing can be
 *	  displaced and the newest are refused.
 *	- sink->settings is a struct of the kind's size, filled by its rows, and stays as it is;
 *	  sink->own has ops->size zeroed bytes.  Both live until sink_closed.
 *	- sink->loop is set.  A handle in sink->own must be closed before sink_closed.
 *	- A queue of at least 1 MiB; a line of at most ENCODER_LINE_MAX.
 *
 * A mark (batch_mark(piece.batch, piece.first + i)) tells of each line its event, lane, time and
 * the record's number; from it follow a severity, or where one line ends, for datagrams.
 * Acknowledgement by number: number the lines from 1 as they are sent; the oldest in flight has the
 * number of those done so far + 1.  HTTP: the pieces are the body, the answer is sink_done or
 * sink_retry.  A log with answers out of order counts them down from the oldest.  A spool writes
 * the pieces, calls sink_done, and reads them back as a source of its own.  What wants records
 * rather than lines (IPFIX) has a format whose lines are the records.
 */
#ifndef SAKER_OUTPUT_SINK_H
#define SAKER_OUTPUT_SINK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "config/sink.h"
#include "output/queue.h"
#include "policy/limit.h"

struct expr;
struct log;
struct sink;

struct sink_ops {
	struct config_sink_kind kind;
	size_t size;				/* of sink->own */
	void (*stream)(const void *settings, struct config_stream *stream);	/* its envelope; NULL: none */
	unsigned backoff_most_ms;		/* between two tries; 0: 30 s */
	void (*open)(struct sink *sink);
	void (*wake)(struct sink *sink);
	void (*reopen)(struct sink *sink);
	void (*close)(struct sink *sink);
	/* The capabilities it needs while it runs, bit n for capability n.  NULL: none. */
	uint64_t (*rights)(const void *settings);
};

enum sink_state {
	SINK_NEW,		/* not started yet; lines are taken */
	SINK_OPENING,
	SINK_UP,
	SINK_RETRYING,
	SINK_GONE,		/* for good: nobody will ever read again */
	SINK_CLOSING,		/* close was called */
	SINK_CLOSED,
	SINK_STATES,
};

extern const char *const sink_state_names[SINK_STATES];

/* offered = unwanted + rejected + limited + unencoded + queue refused + queue queued. */
struct sink_counts {
	uint64_t offered;	/* records delivered while the sink was there */
	uint64_t unwanted;	/* the policies named other sinks */
	uint64_t rejected;	/* by where */
	uint64_t limited;	/* by limit */
	uint64_t truncated;	/* of those queued: the end of the line is missing */
	uint64_t unencoded;	/* the line did not fit or there was no memory for it */
	uint64_t retries;	/* times sink_retry was called */
	uint64_t troubles;	/* times sink_trouble was called */
	uint64_t opened;	/* times sink_up was called: all but the first are reconnects */
};

struct sink {
	/* For the kind to read. */
	const struct sink_ops *ops;
	const void *settings;
	void *own;
	uv_loop_t *loop;		/* NULL: none runs yet */
	char name[CONFIG_NAME + 1];
	enum sink_state state;
	bool draining;			/* no more lines come; it will be closed */
	struct queue queue;

	/* For the kind to set: what a thread of this process writes for it. */
	uint64_t writing_since;		/* nanoseconds since boot; 0: nothing is written */
	uint64_t writing_bytes;

	/* For the road. */
	struct config_stream stream;
	const struct expr *where;	/* borrowed; NULL: everything */
	struct limiter limiter;
	bool limits;
	uint64_t hash;			/* of its configuration */

	/* For sink.c. */
	struct log *log;		/* NULL: failures are not told */
	uv_timer_t retry, deadline;
	unsigned backoff_ms, closing_handles;
	int gone;			/* why, a negative errno */
	bool failed_told;		/* that it fails; not again until a line was done */
	uint64_t up_since, trouble_told;	/* nanoseconds since boot; 0: never */
	char error[240];		/* the last, "" if there never was one */
	void (*closed)(struct sink *sink);
	void *owner;			/* whoever waits for closed */
	struct sink_counts counts;
};

/* All kinds, NULL at the end; the same as configuration sees them. */
extern const struct sink_ops *const sink_kinds[];
extern const struct config_sink_kind *const sink_config_kinds[];

/* Not of configuration: writes to standard output and waits for the reader, for commands that must
 * not lose a line. */
extern const struct sink_ops sink_console;

/* --- for the agent */

/* A sink of a configuration, which must outlive it; from malloc.  0, -ENOMEM or -EINVAL. */
int sink_new(struct sink **ret, const struct config_sink *config, struct log *log);

/* One of the console, already started.  0 or -ENOMEM. */
int sink_console_new(struct sink **ret, const struct config_stream *stream);

/* Begin.  Failures are tried again and told once. */
void sink_start(struct sink *sink, uv_loop_t *loop);

/* Let it look at its queue. */
void sink_wake(struct sink *sink);

/* Whether more waits than one write takes, and a thread that has not had it for long will ask for it in
 * a moment: to encode still more now would only take the processor and the caches from it. */
bool sink_behind(const struct sink *sink, uint64_t now);

/* SIGHUP. */
void sink_reopen(struct sink *sink);

/* Send what is queued, for at most so long, then close; no more lines may come.  closed is called
 * when all is over, perhaps at once, and what is left has been counted; then sink_free. */
void sink_drain(struct sink *sink, uint64_t ms, void (*closed)(struct sink *sink), void *owner);

/* Close now one that drains. */
void sink_hurry(struct sink *sink);

/* Of one that is closed or was never started. */
void sink_free(struct sink *sink);

/* --- for the kind */

/* It is open and will take lines. */
void sink_up(struct sink *sink);

/* It is not, or not any more, because of r, a negative errno; what is in flight waits again.  what:
 * "cannot connect to 10.1.2.3:514", before the words for the error; r 0: it says it all.  The kind has freed all that it
 * opened, but for requests under way that will come to nothing. */
__attribute__((format(printf, 3, 4)))
void sink_retry(struct sink *sink, int r, const char *what, ...);

/* Tell a failure that the sink deals with itself; it stays up. */
__attribute__((format(printf, 3, 4)))
void sink_trouble(struct sink *sink, int r, const char *what, ...);

/* Nobody will ever read what is written: it is tried no more, and what comes is refused. */
void sink_gone(struct sink *sink, int r);

/* The oldest lines in flight are done: queue_done, and the end of draining.  Returns how many were
 * in flight. */
uint32_t sink_done(struct sink *sink, uint32_t lines);

/* The next line cannot be sent: queue_skip, and the end of draining.  Only when nothing is in flight. */
void sink_skip(struct sink *sink);

/* The answer to close: nothing of the sink is open any more. */
void sink_closed(struct sink *sink);

/* --- for who watches */

struct sink_stats {
	const char *name, *kind, *state, *error;
	const struct sink_counts *counts;
	const struct queue_counts *queue;
	uint64_t waiting, waiting_bytes;	/* lines not done yet, their text */
	uint64_t in_flight;			/* of these, lines sent but not done */
	uint64_t memory, memory_most;		/* bytes of the queue's blocks, and the bound */
	uint64_t dropped;			/* lines, of all reasons and lanes */
};

void sink_stats(const struct sink *sink, struct sink_stats *stats);

#endif
