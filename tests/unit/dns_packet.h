/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of DNS as the kernel side records them, and the events that they become. */
#ifndef SAKER_TESTS_UNIT_DNS_PACKET_H
#define SAKER_TESTS_UNIT_DNS_PACKET_H

#include <criterion/criterion.h>
#include <netinet/in.h>

#include "net/dns_event.h"
#include "record.h"

enum { QUERY = 33, SOCKET = 7 };

/* WWW.example.org A IN */
#define QUESTION "\3WWW\7example\3org\0\0\1\0\1"
static const char query[] = "\x12\x34\x01\x00\0\1\0\0\0\0\0\0" QUESTION;
_Static_assert(sizeof(query) == QUERY + 1, "its NUL is not sent");

static struct record r;
static struct dns_events *d;
static const struct event_net_packet_dns *e;

static inline void setup(void)
{
	d = dns_events_new();
	cr_assert(d);
}

static inline void teardown(void)
{
	dns_events_free(d);
}

/* A packet of length bytes, of which n were captured. */
static inline void packet(int proto, const void *bytes, size_t n, size_t length)
{
	record_begin(&r, EVENT_net_packet_dns);
	r.head.hostname = record_str(&r, "box");
	r.net_packet_dns.proto = proto;
	r.net_packet_dns.family = AF_INET;
	r.net_packet_dns.direction = PACKET_EGRESS;
	r.net_packet_dns.socket = SOCKET;
	r.net_packet_dns.owner_known = true;
	r.net_packet_dns.length = length;
	r.net_packet_dns.cut = n < length;
	r.net_packet_dns.payload = record_bytes(&r, bytes, n);
	cr_assert(event_valid(&r, r.head.size));
}

static inline const struct event_net_packet_dns *next(void)
{
	e = dns_events_next(d);
	if (!e)
		return NULL;
	cr_assert(event_valid(e, e->head.size));
	cr_expect_eq(e->head.time, RECORD_TIME);
	cr_expect_eq(e->head.seq, 17);
	cr_expect_eq(e->head.who.proc_pid, RECORD_PID);
	cr_expect_str_eq(event_span(e, &e->head.hostname), "box");
	cr_expect_eq(e->direction, r.net_packet_dns.direction);
	cr_expect_eq(e->socket, r.net_packet_dns.socket);
	cr_expect_eq(e->owner_known, true);
	return e;
}

static inline void no_more(void)
{
	cr_expect_null(dns_events_next(d));
	cr_expect_null(dns_events_next(d));
}

static inline const char *str(const struct span *at)
{
	return at->len ? event_span(e, at) : "";
}

/* A response of answers with n bytes of data each, of a type that is shown in hex. */
static inline size_t big(char *bytes, unsigned answers, unsigned n)
{
	char *p = bytes;

	memcpy(p, query, QUERY);
	p[2] = (char)0x81;
	p[7] = (char)answers;
	p += QUERY;
	for (unsigned i = 0; i < answers; i++) {
		const char head[] = { (char)0xc0, 0x0c, (char)0xff, 0, 0, 1, 0, 0, 0, (char)(200 - i), 0, (char)n };

		memcpy(p, head, sizeof(head));
		memset(p + sizeof(head), 1, n);
		p += sizeof(head) + n;
	}
	return p - bytes;
}

#endif
