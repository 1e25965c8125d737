// SPDX-License-Identifier: Apache-2.0
/* Segments of TCP and the events that they become: in parts, twice, or out of turn. */
#include "dns_packet.h"

TestSuite(dns_stream, .init = setup, .fini = teardown);

static void is_query(unsigned id)
{
	cr_assert(next());
	cr_expect_eq(e->id, id);
	cr_expect_eq(e->length, QUERY);
	cr_expect_eq(e->malformed.len, 0);
	cr_expect_eq(e->payload.len, 0);
	cr_expect_str_eq(str(&e->type), "query");
}

static void is_whole_query(unsigned id)
{
	is_query(id);
	cr_expect_eq(e->cut, false);
	cr_expect_str_eq(str(&e->question), "www.example.org");
}

static uint32_t at;		/* sequence number of the next segment */

static void segment_at(uint32_t sequence, const void *bytes, size_t n, size_t length)
{
	packet(IPPROTO_TCP, bytes, n, length);
	r.net_packet_dns.sequence = sequence;
	dns_events_begin(d, &r.net_packet_dns);
}

static void segment(const void *bytes, size_t n)
{
	segment_at(at, bytes, n, n);
	at += n;
}

/* The query with this number behind its length. */
static const char *framed(unsigned id)
{
	static char bytes[2 + QUERY];

	bytes[0] = 0;
	bytes[1] = QUERY;
	memcpy(bytes + 2, query, QUERY);
	bytes[2] = (char)(id >> 8);
	bytes[3] = (char)id;
	return bytes;
}

enum { FRAMED = 2 + QUERY };

Test(dns_stream, length_and_message)
{
	at = 1000;
	segment(framed(5), FRAMED);
	is_whole_query(5);
	cr_expect_eq(e->sequence, 1002);
	no_more();
}

Test(dns_stream, length_alone)
{
	at = 1000;
	for (unsigned id = 0; id < 3; id++) {
		segment(framed(id), 2);
		no_more();
		segment(framed(id) + 2, QUERY);
		is_whole_query(id);
		no_more();
	}
	segment(framed(9), 1);
	no_more();
	segment(framed(9) + 1, FRAMED - 1);
	is_whole_query(9);
	no_more();
	cr_expect_eq(d->faults[DNS_WELL_FORMED], 4);
	cr_expect_eq(d->again, 0);
}

/* And the begin of a third. */
Test(dns_stream, two_in_one_segment)
{
	char bytes[3 * FRAMED];

	for (unsigned i = 0; i < 3; i++)
		memcpy(bytes + i * FRAMED, framed(i), FRAMED);
	at = 1000;
	segment(bytes, 2 * FRAMED + 1);
	is_whole_query(0);
	cr_expect_eq(e->sequence, 1002);
	is_whole_query(1);
	cr_expect_eq(e->sequence, 1002 + FRAMED);
	no_more();
	segment(bytes + 2 * FRAMED + 1, FRAMED - 1);
	is_whole_query(2);
	no_more();
}

/* What the first segment holds is told, and that it is not all; the rest is passed over. */
Test(dns_stream, message_over_segments)
{
	char bytes[2 * FRAMED];

	memcpy(bytes, framed(1), FRAMED);
	memcpy(bytes + FRAMED, framed(2), FRAMED);
	at = 1000;
	segment(bytes, 20);
	is_query(1);
	cr_expect_eq(e->cut, true);
	no_more();
	segment(bytes + 20, 5);
	no_more();
	segment(bytes + 25, 2 * FRAMED - 25);
	is_whole_query(2);
	no_more();
	cr_expect_eq(d->again, 0);
}

/* Of a segment that was captured in part, messages that were captured are whole. */
Test(dns_stream, segment_captured_in_part)
{
	char bytes[3 * FRAMED];

	for (unsigned i = 0; i < 3; i++)
		memcpy(bytes + i * FRAMED, framed(i), FRAMED);
	segment_at(1000, bytes, FRAMED + 20, 2 * FRAMED);
	is_whole_query(0);
	is_query(1);
	cr_expect_eq(e->cut, true);
	no_more();
	segment_at(1000 + 2 * FRAMED, bytes, FRAMED, FRAMED + 5);
	is_whole_query(0);
	cr_assert(next(), "what was not captured is told");
	cr_expect_eq(e->cut, true);
	cr_expect_eq(e->length, 5);
	cr_expect_eq(e->malformed.len, 0, "%s, of nothing", str(&e->malformed));
	cr_expect_eq(e->type.len, 0);
	cr_expect_eq(e->sequence, 1000 + 3 * FRAMED);
	no_more();
}

Test(dns_stream, length_that_holds_no_header)
{
	at = 1000;
	for (unsigned n = 0; n < DNS_HEADER; n++) {
		char bytes[2 + DNS_HEADER] = { 0, (char)n, 'x', 'y' };

		segment(bytes, 2 + n);
		cr_assert(next());
		cr_expect_str_eq(str(&e->malformed), "wrong TCP length");
		cr_expect_eq(e->length, n);
		cr_assert_eq(e->payload.len, n);
		cr_expect(!memcmp(event_span(e, &e->payload), bytes + 2, n));
		cr_expect_eq(e->type.len, 0);
		no_more();
	}
	cr_expect_eq(d->faults[DNS_TCP_LENGTH], DNS_HEADER);
	segment(framed(1), FRAMED);
	is_whole_query(1);
}

/* The length of what is no message means nothing: what comes next is looked at. */
Test(dns_stream, malformed)
{
	static const char bytes[] = "\x10\0\0\1\1\0\0\1\0\0\0\0\0\0\x40rubbish";

	at = 1000;
	segment(bytes, sizeof(bytes) - 1);
	cr_assert(next());
	cr_expect_str_eq(str(&e->malformed), dns_fault_text(DNS_LABEL_TOO_LONG));
	cr_expect_eq(e->length, 0x1000);
	cr_expect_eq(e->cut, true);
	cr_expect_eq(e->payload.len, sizeof(bytes) - 1 - 2);
	no_more();
	segment(framed(1), FRAMED);
	is_whole_query(1);
}

/* --- segments that come twice, or out of turn */

Test(dns_stream, seen_before)
{
	char bytes[2 * FRAMED];

	at = 1000;
	segment(framed(1), FRAMED);
	is_whole_query(1);
	for (unsigned i = 1; i <= 3; i++) {
		segment_at(1000, framed(1), FRAMED, FRAMED);
		no_more();
		cr_expect_eq(d->again, i);
	}
	segment_at(1000 + FRAMED - 1, "", 1, 1);
	no_more();
	cr_expect_eq(d->again, 4, "to keep a connection alive");
	/* With more behind it. */
	memcpy(bytes, framed(1), FRAMED);
	memcpy(bytes + FRAMED, framed(2), FRAMED);
	segment_at(1000, bytes, sizeof(bytes), sizeof(bytes));
	is_whole_query(2);
	no_more();
	cr_expect_eq(d->again, 4);
	cr_expect_eq(d->faults[DNS_WELL_FORMED], 2);
}

/* Half of the sequence numbers on from zero: no gap is there that it could fill. */
Test(dns_stream, seen_before_amid_all_numbers)
{
	for (uint32_t bits = 0; bits < 4; bits++) {
		uint32_t sequence = (bits << 30) - 10;

		packet(IPPROTO_TCP, framed(1), FRAMED, FRAMED);
		r.net_packet_dns.socket = 100 + bits;
		r.net_packet_dns.sequence = sequence;
		dns_events_begin(d, &r.net_packet_dns);
		is_whole_query(1);
		no_more();
		dns_events_begin(d, &r.net_packet_dns);
		no_more();
		cr_expect_eq(d->again, bits + 1, "at %u", sequence);
	}
}

/* Two messages are missing, of one the length was seen: what follows is read from its begin. */
Test(dns_stream, gap)
{
	at = 1000;
	segment(framed(1), FRAMED);
	is_whole_query(1);
	segment(framed(2), 2);
	no_more();
	segment_at(1000 + 3 * FRAMED, framed(4), FRAMED, FRAMED);
	is_whole_query(4);
	no_more();
	segment_at(1000 + 4 * FRAMED, framed(5), FRAMED, FRAMED);
	is_whole_query(5);
	no_more();
	cr_expect_eq(d->again, 0);
	cr_expect_eq(d->faults[DNS_WELL_FORMED], 3);
}

/* What was missing comes late, and once. */
Test(dns_stream, gap_is_filled)
{
	at = 1000;
	segment(framed(1), FRAMED);
	is_whole_query(1);
	segment_at(1000 + 3 * FRAMED, framed(4), FRAMED, FRAMED);
	is_whole_query(4);
	for (unsigned i = 1; i <= 2; i++) {
		segment_at(1000 + i * FRAMED, framed(1 + i), FRAMED, FRAMED);
		is_whole_query(1 + i);
		no_more();
	}
	for (unsigned i = 0; i <= 3; i++) {
		segment_at(1000 + i * FRAMED, framed(1 + i), FRAMED, FRAMED);
		no_more();
		cr_expect_eq(d->again, i + 1);
	}
	segment_at(1000 + 4 * FRAMED, framed(5), FRAMED, FRAMED);
	is_whole_query(5);
}

/* The sender puts what it sends again together with what came before and behind it. */
Test(dns_stream, gap_is_filled_by_more)
{
	char bytes[3 * FRAMED];

	for (unsigned i = 0; i < 3; i++)
		memcpy(bytes + i * FRAMED, framed(i), FRAMED);
	at = 1000;
	segment(bytes, FRAMED);
	is_whole_query(0);
	segment_at(1000 + 2 * FRAMED, framed(2), FRAMED, FRAMED);
	is_whole_query(2);
	segment_at(1000, bytes, sizeof(bytes), sizeof(bytes));
	is_whole_query(1);
	cr_expect_eq(e->sequence, 1000 + FRAMED + 2);
	no_more();
	cr_expect_eq(d->again, 0);
	segment_at(1000, bytes, sizeof(bytes), sizeof(bytes));
	no_more();
	cr_expect_eq(d->again, 1);
}

/* Amid a message that was told: neither what follows nor what was missing is taken for another one. */
Test(dns_stream, gap_in_a_message)
{
	static char bytes[512];
	size_t n = 2 + big(bytes + 2, 4, 40);

	bytes[1] = (char)(n - 2);
	memcpy(bytes + n, framed(2), FRAMED);
	at = 1000;
	segment(bytes, 50);
	cr_assert(next());
	cr_expect_eq(e->length, n - 2);
	cr_expect_eq(e->malformed.len, 0);
	cr_expect_eq(e->cut, true);
	no_more();
	segment_at(1100, bytes + 100, 50, 50);
	no_more();
	segment_at(1050, bytes + 50, 50, 50);
	no_more();
	segment_at(1150, bytes + 150, n + FRAMED - 150, n + FRAMED - 150);
	is_whole_query(2);
	no_more();
	cr_expect_eq(d->again, 1);
}

Test(dns_stream, numbers_wrap_around)
{
	char bytes[2 * FRAMED];

	memcpy(bytes, framed(1), FRAMED);
	memcpy(bytes + FRAMED, framed(2), FRAMED);
	at = -(uint32_t)(FRAMED + 1);
	segment(bytes, FRAMED);
	is_whole_query(1);
	segment(bytes + FRAMED, FRAMED);
	is_whole_query(2);
	cr_expect_eq(e->sequence, 1);
	no_more();
	cr_expect_eq(at, FRAMED - 1);
	segment_at(-(uint32_t)(FRAMED + 1), bytes, sizeof(bytes), sizeof(bytes));
	no_more();
	cr_expect_eq(d->again, 1);
	segment(framed(3), FRAMED);
	is_whole_query(3);
	cr_expect_eq(d->again, 1);
}

Test(dns_stream, gap_where_numbers_wrap_around)
{
	const uint32_t begin = -(uint32_t)(FRAMED + 10);

	at = begin;
	segment(framed(1), FRAMED);
	is_whole_query(1);
	segment_at(begin + 2 * FRAMED, framed(3), FRAMED, FRAMED);
	is_whole_query(3);
	segment_at(begin + FRAMED, framed(2), FRAMED, FRAMED);
	is_whole_query(2);
	no_more();
	segment_at(begin + FRAMED, framed(2), FRAMED, FRAMED);
	no_more();
	cr_expect_eq(d->again, 1);
}

/* --- connections */

static void segment_of(uint64_t socket, unsigned direction, uint32_t sequence, const char *bytes, size_t n)
{
	packet(IPPROTO_TCP, bytes, n, n);
	r.net_packet_dns.socket = socket;
	r.net_packet_dns.direction = direction;
	r.net_packet_dns.sequence = sequence;
	dns_events_begin(d, &r.net_packet_dns);
}

Test(dns_stream, directions_are_apart)
{
	segment_of(1, PACKET_EGRESS, 1000, framed(1), 2);
	no_more();
	segment_of(1, PACKET_INGRESS, 500, framed(2), FRAMED);
	is_whole_query(2);
	no_more();
	segment_of(2, PACKET_EGRESS, 1000, framed(3), FRAMED);
	is_whole_query(3);
	no_more();
	segment_of(1, PACKET_EGRESS, 1002, framed(1) + 2, QUERY);
	is_whole_query(1);
	no_more();
	cr_expect_eq(d->again, 0);
}

/* The one that was used longest ago is forgotten, and begins anew. */
Test(dns_stream, more_streams_than_fit)
{
	for (unsigned i = 1; i <= DNS_STREAMS_MAX; i++) {
		segment_of(i, PACKET_EGRESS, 1000, framed(i), FRAMED);
		is_whole_query(i);
	}
	cr_expect_eq(d->streams.forgotten, 0);
	segment_of(1, PACKET_EGRESS, 1000, framed(1), FRAMED);
	no_more();
	cr_expect_eq(d->again, 1);
	segment_of(DNS_STREAMS_MAX + 1, PACKET_EGRESS, 1000, framed(3), FRAMED);
	is_whole_query(3);
	cr_expect_eq(d->streams.forgotten, 1);
	segment_of(1, PACKET_EGRESS, 1000, framed(1), FRAMED);
	no_more();
	cr_expect_eq(d->again, 2, "it was used");
	segment_of(2, PACKET_EGRESS, 1000, framed(2), FRAMED);
	is_whole_query(2);
	no_more();
	cr_expect_eq(d->streams.forgotten, 2);
	cr_expect_eq(d->again, 2);
}
