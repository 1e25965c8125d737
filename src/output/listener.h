/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A local socket that readers connect to and leave as they like.  All get the lines from their
 * connecting on; while there is none, lines wait in the queue for the first.  A line is done when all
 * who read have it.  A reader that holds up the others is disconnected.
 */
#ifndef SAKER_OUTPUT_LISTENER_H
#define SAKER_OUTPUT_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <uv.h>

#include "output/flight.h"

struct sink;
struct listener;

enum { LISTENER_READERS = 32 };

struct reader {
	struct listener *listener;
	uv_poll_t poll;
	int fd;
	uint64_t at;			/* number of the byte that it gets next */
	bool used, leaving;
	int why;			/* it leaves, a negative errno */
};

/* Of the settings. */
struct listener_settings {
	const char *path;
	unsigned mode;
	uint64_t window;		/* bytes by which a reader may be behind */
	uint64_t patience;		/* ms that one may hold up others */
};

/* The first member of what a sink owns. */
struct listener {
	struct sink *sink;
	struct listener_settings settings;
	int socktype;			/* SOCK_STREAM or SOCK_SEQPACKET */
	uv_poll_t poll;
	uv_timer_t timer;
	int fd;
	struct stat inode;		/* of the socket, so that nobody else's is removed */
	struct reader readers[LISTENER_READERS];
	unsigned nreaders, handles;
	uint64_t held_since;		/* since when one holds up others, ns since boot; 0: none does */
	struct flight flight;
};

/* For sink_ops, with settings and socktype set. */
void listener_open(struct listener *listener, struct sink *sink);

/* sink_ops.wake and close, of a sink that owns one. */
void listener_wake(struct sink *sink);
void listener_close(struct sink *sink);

#endif
