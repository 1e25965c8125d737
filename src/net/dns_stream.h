/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages of TCP: each comes behind its length, in a segment of its own or not, several in one or one in
 * several.  Segments are looked at as they pass, so one may come twice, or before its turn.
 *
 * Nothing is put together: what a segment holds of a message is told, and the rest of it is passed over.
 */
#ifndef SAKER_NET_DNS_STREAM_H
#define SAKER_NET_DNS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lru.h"

enum { DNS_STREAMS_MAX = 2048 };	/* directions of connections; the least used is forgotten first */

/* Where a direction of a connection is. */
struct dns_stream {
	uint32_t next;			/* sequence number of the byte behind what was seen */
	uint32_t skip;			/* bytes that belong to a message that was told */
	uint32_t gap, gap_end;		/* that was not seen when what follows it came; equal: there is none */
	uint8_t prefix[2], nprefix;	/* what there is of the length of the next message */
};

struct dns_streams {
	struct lru lru;
	struct dns_stream streams[DNS_STREAMS_MAX + 1];
	uint64_t forgotten;		/* for want of room */
};

/* One segment, while its messages are taken out. */
struct dns_segment {
	const uint8_t *bytes;
	size_t captured, length;	/* of the bytes; length as on the wire */
	size_t at;
	struct dns_stream *stream;
	struct dns_stream alone;	/* the stream of a segment that fills a gap: it has no past and no future */
};

/* What a segment holds of a message, without its length. */
struct dns_piece {
	const uint8_t *bytes;
	size_t captured, length;	/* length is that of the whole message */
	bool unknown;			/* its length was not captured: length is that of the rest of the segment */
};

/* memory: lru_bytes(DNS_STREAMS_MAX) zeroed bytes, the caller's.  The rest of streams is zeroed, too. */
void dns_streams_init(struct dns_streams *streams, void *memory);

/* A segment of the direction (1 or 2) of a socket, whose first byte has this sequence number.  false: it was seen
 * before, or belongs to a message that was told. */
bool dns_segment_begin(struct dns_segment *segment, struct dns_streams *streams, uint64_t socket, unsigned direction,
		       uint32_t sequence);

/* The next message; false: there are no more.  Of one whose length was not captured nothing is there but the
 * rest of the segment. */
bool dns_segment_next(struct dns_segment *segment, struct dns_piece *ret);

/* The last message was none, so its length means nothing: the next one is looked for in the next segment. */
void dns_segment_lost(struct dns_segment *segment);

#endif
