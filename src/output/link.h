/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection of a sink to its peer: names are resolved off the loop, sockets are connected without
 * waiting, and a broken one ends in sink_retry.  It is the first member of what a sink owns.
 */
#ifndef SAKER_OUTPUT_LINK_H
#define SAKER_OUTPUT_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "output/resolve.h"

struct sink;
struct link;

/* Where to; of the settings. */
struct link_target {
	int socktype;			/* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
	const char *path;		/* of a local socket; NULL: address says it */
	struct address address;
	char shown[ADDRESS_HOST + 16];	/* for messages */
};

enum link_state {
	LINK_CLOSED, LINK_RESOLVING, LINK_CONNECTING, LINK_UP, LINK_BREAKING,
};

struct link {
	struct sink *sink;
	const struct link_target *target;
	/* Something can be read or written; UV_READABLE | UV_WRITABLE, also when the peer has gone.  Not
	 * called any more after link_break. */
	void (*ready)(struct link *link, int events);
	/* It is connected, before sink_up; NULL: nothing to do. */
	void (*up)(struct link *link);
	/* It broke or is closed: nothing is in flight any more; NULL: nothing to do. */
	void (*down)(struct link *link);

	enum link_state state;
	int fd;
	bool begun;			/* timer and target are set */
	bool ends;			/* sink_closed when all is closed */
	uv_poll_t poll;
	uv_timer_t timer;		/* for connecting and resolving, then the owner's */
	void (*on_timer)(struct link *link);
	uv_async_t answer;
	struct question *question;	/* a name that is being resolved; NULL: none */
	union endpoint results[ADDRESS_RESULTS];	/* the last good ones of a name */
	socklen_t lengths[ADDRESS_RESULTS];
	unsigned nresults, tried;
	int error;			/* why it breaks */
	const char *what;		/* "cannot connect to" */
};

/* Targets of settings that were checked. */
void link_target_address(struct link_target *target, int socktype, const struct option_text *address);
void link_target_path(struct link_target *target, int socktype, const struct option_text *path);

/* For sink_ops.open, with sink, target, ready, up and down set. */
void link_open(struct link *link);

/* sink_ops.close, of a sink that owns a link; also of one that was never opened. */
void link_close(struct sink *sink);

/* Wait for these: UV_READABLE, UV_WRITABLE. */
void link_poll(struct link *link, int events);

/* Call on_timer every so many milliseconds; 0: not any more.  Only while it is up. */
void link_every(struct link *link, uint64_t ms, void (*on_timer)(struct link *link));

/* The connection is of no use any more because of r, a negative errno. */
void link_break(struct link *link, int r, const char *what);

#endif
