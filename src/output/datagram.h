/* SPDX-License-Identifier: Apache-2.0 */
/* Lines as messages of their own, over a connected socket that keeps messages apart.  A line is done
 * when the system has taken it: of those that a peer loses after that nobody hears. */
#ifndef SAKER_OUTPUT_DATAGRAM_H
#define SAKER_OUTPUT_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/link.h"

struct mark;

enum { DATAGRAM_HEAD = 1024, DATAGRAM_MAX = 65507 /* of UDP over IPv4, RFC 768 */ };

/* The first member of what a sink owns. */
struct datagram {
	struct link link;
	uint32_t max;		/* bytes of a message; a longer line cannot be sent */
	bool bare;		/* the newline behind a line is not sent */
	/* Send a line that the socket takes no message for, -EMSGSIZE; 0, or a negative errno.  NULL: it
	 * cannot be sent. */
	int (*large)(struct datagram *datagram, const char *text, uint32_t bytes);
	/* Write what stands before a line; its length, at most DATAGRAM_HEAD.  NULL: nothing. */
	size_t (*head)(struct sink *sink, const struct mark *mark, char *to);
};

/* For sink_ops.open: with link.target, max and head set. */
void datagram_open(struct datagram *datagram, struct sink *sink);

/* sink_ops.wake, of a sink that owns one. */
void datagram_wake(struct sink *sink);

#endif
