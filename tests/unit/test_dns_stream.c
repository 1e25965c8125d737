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
