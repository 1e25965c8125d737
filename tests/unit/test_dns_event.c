// SPDX-License-Identifier: Apache-2.0
/* Datagrams and the events that they become. */
#include "dns_packet.h"

enum { ANSWER = 49, A = 1 };

static const char answer[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1";
_Static_assert(sizeof(answer) == ANSWER + 1, "its NUL is not sent");

TestSuite(dns_event, .init = setup, .fini = teardown);

/* One string of a vector; "" behind the last. */
static const char *nth(const struct span *at, unsigned n)
{
	const char *p = event_span(e, at), *end = p + at->len;

	while (p < end && n--)
		p += strlen(p) + 1;
	return p < end ? p : "";
}

static unsigned strings(const struct span *at)
{
	unsigned n = 0;

	while (*nth(at, n))
		n++;
	return n;
}

static void udp(const void *bytes, size_t n, size_t length)
{
	packet(IPPROTO_UDP, bytes, n, length);
	dns_events_begin(d, &r.net_packet_dns);
	cr_assert(next(), "each datagram is an event");
	cr_expect_eq(e->length, length);
	cr_expect_eq(e->sequence, 0);
}

Test(dns_event, packets_without_an_owner_are_counted)
{
	udp(query, QUERY, QUERY);
	cr_expect_eq(e->owner_known, r.net_packet_dns.owner_known);
	cr_expect_eq(d->unowned, !r.net_packet_dns.owner_known);
	r.net_packet_dns.owner_known = !r.net_packet_dns.owner_known;
	dns_events_begin(d, &r.net_packet_dns);
	cr_expect_eq(d->unowned, 1);
}

Test(dns_event, query_by_udp)
{
	udp(query, QUERY, QUERY);
	cr_expect_str_eq(str(&e->type), "query");
	cr_expect_eq(e->id, 0x1234);
	cr_expect_eq(e->flags, DNS_RD);
	cr_expect_eq(e->questions, 1);
	cr_expect_str_eq(str(&e->question), "www.example.org");
	cr_expect_eq(e->qtype, A);
	cr_expect_eq(e->qclass, 1);
	cr_expect_eq(e->answer_count, 0);
	cr_expect_eq(e->answers.len + e->answer_types.len + e->answer_names.len, 0);
	cr_expect_eq(e->ttl, 0);
	cr_expect_eq(e->cut, false);
	cr_expect_eq(e->malformed.len + e->payload.len, 0);
	cr_expect_eq(d->faults[DNS_WELL_FORMED], 1);
	no_more();
}

Test(dns_event, response_by_udp)
{
	static const char bytes[] =
		"\x12\x34\x81\x80\0\1\0\4\0\0\0\0" QUESTION
		"\xc0\x0c\0\5\0\1\0\0\1\x2c\0\5\2Cd\xc0\x10"			/* WWW.example.org CNAME Cd.example.org */
		"\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1"
		"\xc0\x2d\0\1\0\1\0\0\0\x1e\0\4\x0a\0\0\2"
		"\xc0\x2d\0\x10\0\1\0\0\0\x5a\0\4\3AbC";				/* what a TXT says keeps its case */
	static const char *const rows[][3] = {
		{ "cd.example.org", "CNAME", "www.example.org" },
		{ "10.0.0.1", "A", "cd.example.org" },
		{ "10.0.0.2", "A", "cd.example.org" },
		{ "\"AbC\"", "TXT", "cd.example.org" },
	};

	udp(bytes, sizeof(bytes) - 1, sizeof(bytes) - 1);
	cr_expect_str_eq(str(&e->type), "response");
	cr_expect_eq(e->malformed.len, 0, "%s", str(&e->malformed));
	cr_expect_eq(e->cut, false);
	cr_expect_eq(e->answer_count, 4);
	cr_expect_eq(e->ttl, 30);
	for (unsigned i = 0; i < 4; i++) {
		cr_expect_str_eq(nth(&e->answers, i), rows[i][0]);
		cr_expect_str_eq(nth(&e->answer_types, i), rows[i][1]);
		cr_expect_str_eq(nth(&e->answer_names, i), rows[i][2]);
	}
	cr_expect_eq(strings(&e->answers), 4);
	no_more();
}

Test(dns_event, nxdomain)
{
	char bytes[QUERY];

	memcpy(bytes, query, QUERY);
	bytes[2] = (char)0x81;
	bytes[3] = (char)0x83;
	udp(bytes, QUERY, QUERY);
	cr_expect_str_eq(str(&e->type), "response");
	cr_expect_eq(e->rcode, 3);
	cr_expect_str_eq(str(&e->question), "www.example.org");
	cr_expect_eq(e->answers.len, 0);
}

Test(dns_event, malformed)
{
	static const struct { const char *bytes; size_t n; enum dns_fault fault; } rows[] = {
		{ "", 0, DNS_EMPTY },
		{ "hello", 5, DNS_HEADER_CUT },
		{ "\0\1\1\0\0\1\0\0\0\0\0\0", 12, DNS_COUNT },
		{ "\0\1\1\0\0\1\0\0\0\0\0\0\3ab", 15, DNS_RECORD_CUT },
		{ "\0\1\1\0\0\1\0\0\0\0\0\0\x40", 13, DNS_LABEL_TOO_LONG },
		{ "\0\1\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 18, DNS_POINTER_LOOP },
		{ "\0\1\1\0\0\0\0\0\0\0\0\0!", 13, DNS_TRAILING },
	};

	for (size_t i = 0; i < LEN_OF(rows); i++) {
		udp(rows[i].bytes, rows[i].n, rows[i].n);
		cr_expect_str_eq(str(&e->malformed), dns_fault_text(rows[i].fault));
		cr_assert_eq(e->payload.len, rows[i].n);
		cr_expect(!memcmp(event_span(e, &e->payload), rows[i].bytes, rows[i].n));
		cr_expect_eq(e->cut, false);
		cr_expect_eq(e->head.truncated, 0);
		cr_expect_eq(e->type.len != 0, rows[i].n >= DNS_HEADER);
		cr_expect_eq(d->faults[rows[i].fault], 1);
		no_more();
	}
}

Test(dns_event, payload_has_a_bound)
{
	char bytes[DNS_PAYLOAD_MAX + 1] = { 0 };

	udp(bytes, sizeof(bytes) - 1, sizeof(bytes) - 1);
	cr_expect_str_eq(str(&e->malformed), dns_fault_text(DNS_TRAILING));
	cr_expect_eq(e->payload.len, DNS_PAYLOAD_MAX);
	cr_expect_eq(e->head.truncated, 0);
	udp(bytes, sizeof(bytes), sizeof(bytes));
	cr_expect_eq(e->payload.len, DNS_PAYLOAD_MAX);
	cr_expect_eq(e->head.truncated, 1u << BIT_net_packet_dns_payload);
}

Test(dns_event, captured_in_part)
{
	udp(answer, QUERY + 5, ANSWER);
	cr_expect_eq(e->cut, true);
	cr_expect_eq(e->malformed.len, 0);
	cr_expect_str_eq(str(&e->question), "www.example.org");
	cr_expect_eq(e->answer_count, 1);
	cr_expect_eq(e->answers.len, 0);
	udp(answer, 0, ANSWER);
	cr_expect_eq(e->cut, true);
	cr_expect_eq(e->malformed.len, 0);
	cr_expect_eq(e->type.len, 0, "no header was seen");
}

Test(dns_event, more_answers_than_are_kept)
{
	static char bytes[4096];
	size_t n = big(bytes, DNS_ANSWERS_MAX + 1, 4);

	udp(bytes, n, n);
	cr_expect_eq(e->cut, true);
	cr_expect_eq(e->malformed.len, 0);
	cr_expect_eq(e->head.truncated, 0);
	cr_expect_eq(e->answer_count, DNS_ANSWERS_MAX + 1);
	cr_expect_eq(strings(&e->answers), DNS_ANSWERS_MAX);
	cr_expect_eq(strings(&e->answer_types), DNS_ANSWERS_MAX);
	cr_expect_eq(strings(&e->answer_names), DNS_ANSWERS_MAX);
	cr_expect_eq(e->ttl, 200 - (DNS_ANSWERS_MAX - 1), "of those that are told");
}

/* In hex, data is twice as long as what was sent: where the record is full, whole strings are left out. */
Test(dns_event, text_that_does_not_fit)
{
	static const uint32_t all = 1u << BIT_net_packet_dns_answers | 1u << BIT_net_packet_dns_answer_types |
				    1u << BIT_net_packet_dns_answer_names;
	static char bytes[1 << 14];
	size_t n = big(bytes, 45, 200);

	udp(bytes, n, n);
	cr_expect_eq(e->cut, true);
	cr_expect_eq(e->malformed.len, 0);
	cr_expect_eq(e->answer_count, 45);
	cr_expect_leq(e->head.size, RECORD_MAX);
	cr_expect_eq(e->head.truncated & 1u << BIT_net_packet_dns_answers, 1u << BIT_net_packet_dns_answers);
	cr_expect_eq(e->head.truncated & ~all, 0);
	cr_expect_gt(strings(&e->answers), 30);
	cr_expect_lt(strings(&e->answers), 45);
	for (unsigned i = 0; i < strings(&e->answers); i++) {
		cr_expect_eq(strlen(nth(&e->answers, i)), 7 + 2 * 200, "whole");
		cr_expect(!strncmp(nth(&e->answers, i), "\\# 200 0101", 11));
	}
	cr_expect_eq(e->ttl, 200 - 44, "of all");
}
