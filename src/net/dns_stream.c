// SPDX-License-Identifier: Apache-2.0
#include "net/dns_stream.h"

void dns_streams_init(struct dns_streams *s, void *memory)
{
	lru_place(&s->lru, memory, DNS_STREAMS_MAX);
}

static struct dns_stream *stream_of(struct dns_streams *s, uint64_t socket, unsigned direction, uint32_t sequence)
{
	uint32_t slot = lru_find(&s->lru, socket, direction);

	if (slot) {
		lru_touch(&s->lru, slot);
		return &s->streams[slot];
	}
	s->forgotten += lru_victim(&s->lru) != 0;
	slot = lru_add(&s->lru, socket, direction);
	s->streams[slot] = (struct dns_stream){ .next = sequence };
	return &s->streams[slot];
}

/* Sequence numbers wrap around. */
static int32_t behind(uint32_t sequence, uint32_t from)
{
	return (int32_t)(sequence - from);
}

/* It comes before its turn.  What is missing belongs to a message that was told, or else what comes begins with a
 * message, or is not understood. */
static void skip_gap(struct dns_stream *st, uint32_t sequence)
{
	uint32_t missing = sequence - st->next;

	if (missing <= st->skip) {
		st->skip -= missing;
	} else {
		st->gap = st->next;
		st->gap_end = sequence;
		st->skip = st->nprefix = 0;
	}
	st->next = sequence;
}

/* All of it is behind what was seen: what lies in the gap is new. */
static bool fill_gap(struct dns_segment *g, struct dns_stream *st, uint32_t sequence, uint32_t end)
{
	uint32_t from = behind(sequence, st->gap) > 0 ? sequence : st->gap;
	uint32_t to = behind(end, st->gap_end) < 0 ? end : st->gap_end;

	if (from - st->gap >= st->gap_end - st->gap || behind(to, from) <= 0)
		return false;
	g->at = from - sequence;
	g->length = to - sequence;
	if (g->captured > g->length)
		g->captured = g->length;
	st->gap = to;
	g->alone = (struct dns_stream){ 0 };
	g->stream = &g->alone;
	return true;
}

bool dns_segment_begin(struct dns_segment *g, struct dns_streams *s, uint64_t socket, unsigned direction, uint32_t sequence)
{
	struct dns_stream *st = stream_of(s, socket, direction, sequence);
	uint32_t end = sequence + g->length;

	g->at = 0;
	g->stream = st;
	if (behind(sequence, st->next) > 0)
		skip_gap(st, sequence);
	if (behind(end, st->next) <= 0)
		return fill_gap(g, st, sequence, end);
	g->at = st->next - sequence;
	st->next = end;
	return true;
}

/* Take the length of the next message; false: the segment ends, or what was captured of it. */
static bool take_prefix(struct dns_segment *g)
{
	struct dns_stream *st = g->stream;

	while (st->nprefix < sizeof(st->prefix) && g->at < g->captured && g->at < g->length)
		st->prefix[st->nprefix++] = g->bytes[g->at++];
	return st->nprefix == sizeof(st->prefix);
}

void dns_segment_lost(struct dns_segment *g)
{
	g->at = g->length;
	g->stream->skip = g->stream->nprefix = 0;
}

static size_t captured_from(const struct dns_segment *g, size_t at)
{
	return at < g->captured ? g->captured - at : 0;
}

/* Pass over what is left of a message that was told. */
static void skip_rest(struct dns_segment *g)
{
	size_t left = g->length - g->at, n = g->stream->skip < left ? g->stream->skip : left;

	g->at += n;
	g->stream->skip -= n;
}

bool dns_segment_next(struct dns_segment *g, struct dns_piece *ret)
{
	struct dns_stream *st = g->stream;
	size_t length, captured;

	skip_rest(g);
	if (g->at == g->length)
		return false;
	if (!take_prefix(g)) {
		*ret = (struct dns_piece){ .bytes = g->bytes + g->at, .length = g->length - g->at, .unknown = true };
		if (g->at == g->length)
			return false;
		dns_segment_lost(g);
		return true;
	}
	length = st->prefix[0] << 8 | st->prefix[1];
	if (g->at == g->length && length)
		return false;		/* the message comes in the next segment */
	captured = captured_from(g, g->at);
	*ret = (struct dns_piece){ g->bytes + g->at, captured < length ? captured : length, length, false };
	st->nprefix = 0;
	st->skip = length;
	skip_rest(g);
	return true;
}
