/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for people on standard error: "saker: text" on a terminal or in a file, "<3>text" where
 * the journal listens.  Of messages from one place in the source only so many are written in a
 * while; how many were left out is told after it.  Nothing here ever waits for a reader.
 */
#ifndef SAKER_BASE_LOG_H
#define SAKER_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_error, LOG_warning, LOG_info, LOG_debug, LOG_LEVELS };

enum {
	LOG_SITES = 64,			/* places that are told apart */
	LOG_BURST = 20,			/* messages of one place in a while */
	LOG_WHILE_MS = 10000,
	LOG_LINE = 1200,		/* bytes of a message, its end is cut */
};

struct log_site {
	const char *format;		/* NULL: free */
	enum log_level level;
	uint64_t began;			/* of the while, nanoseconds since boot */
	unsigned said, suppressed;	/* in it */
};

struct log {
	enum log_level level;		/* the least important that is written */
	int fd;				/* the caller's */
	int own;			/* the same file, opened anew so that it does not block; -1: none */
	bool socket, journal;
	uint64_t (*clock)(void);	/* nanoseconds since boot */
	struct log_site sites[LOG_SITES];

	/* Counters. */
	uint64_t said[LOG_LEVELS];
	uint64_t suppressed;		/* for want of patience */
	uint64_t unwritten;		/* for want of a reader */
	uint64_t unwritten_told;
};

/* Begin to write to fd, which must stay open.  stream: what the environment says as JOURNAL_STREAM,
 * NULL if it does not. */
void log_open(struct log *log, int fd, const char *stream, enum log_level level);
void log_close(struct log *log);

/* One line; what is not printable ASCII becomes "?". */
__attribute__((format(printf, 3, 4)))
void log_say(struct log *log, enum log_level level, const char *format, ...);

/* Lines that were made elsewhere, as they are: a diagnostic with its source line. */
void log_lines(struct log *log, enum log_level level, const char *text);

/* Tell what was left out in whiles that are over; to be called now and then. */
void log_tick(struct log *log);

/* "error", "warning", "info", "debug", NULL: in order of enum log_level. */
extern const char *const log_level_names[LOG_LEVELS + 1];

#endif
