/* SPDX-License-Identifier: Apache-2.0 */
/* Peers of sinks, good and bad: children that write the whole lines they got to NAME.json in the
 * agent's folder, where agent_records looks for a sink's records. */
#ifndef SAKER_TESTS_LIVE_PEER_H
#define SAKER_TESTS_LIVE_PEER_H

#include <stdbool.h>
#include <sys/types.h>

enum peer_kind {
	PEER_TCP, PEER_UDP,	/* on 127.0.0.1, at a port that peer_start returns */
	PEER_STREAM, PEER_SEQPACKET, PEER_DATAGRAM,	/* listens at NAME.sock */
	PEER_STREAM_READER, PEER_SEQPACKET_READER,	/* connects to what the agent's sink listens at */
};

struct peer_how {
	bool ack;		/* say how many whole lines were written */
	bool deaf;		/* accept and never read */
	bool silent;		/* count lines in shared->n[PEER_LINES] and forget them */
	bool octets;		/* frames of RFC 6587, octet counting, instead of lines */
	long rate;		/* bytes a second; 0: as they come */
	long reset;		/* break after a random number of bytes below this; 0: never */
	long least;		/* and not before so many more */
	int room;		/* bytes that its system takes before it reads them; 0: many */
	int resets;		/* so many times, then no more; counted in shared->n[PEER_RESETS] */
	const char *at;		/* socket of another name */
	int port;		/* 0: any that is free */
};

enum { PEER_RESETS = 40, PEER_ENDS, PEER_LINES };	/* places in shared->n */

/* A peer that is ready when this returns; its port, 0 for a local one.  pid may be NULL. */
int peer_start(const char *name, enum peer_kind kind, const struct peer_how *how, pid_t *pid);

/* End all when they have read what there is: the agent has ended before.  Those that read slowly or not at
 * all end at once. */
void peers_finish(void);

/* End all at once. */
void peers_stop(void);

#endif
