// SPDX-License-Identifier: Apache-2.0
/* Any bytes as packets of a few sockets: each becomes sound records of its messages, each counted once. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "event/schema.h"
#include "net/dns_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	PACKETS_MAX = 32,		/* of one input */
	PAYLOAD_MAX = 4096,		/* bytes, as the kernel side takes */
	/* What is before a packet's bytes: flags, bytes not captured, and two numbers with the high byte first: what is
	 * added to the sequence number, and how many bytes there are. */
	FLAGS = 0, MISSING = 1, SEQUENCE = 2, LENGTH = 4, HEADER = 6,
	TCP = 1, INGRESS = 2, OTHER_SOCKET = 4, HOSTNAME = 8, CUT = 16, FAR = 32 /* sequence in 64 KiB */, MUCH = 64 /* missing in 256 */,
};

static _Alignas(8) char record[RECORD_MAX];

static void check(bool ok)
{
	if (!ok)
		abort();
}

static unsigned number_at(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static struct span put(const void *data, size_t n)
{
	struct head *h = (void *)record;
	struct span at = { (h->size + 7) & ~7u, n };

	memcpy(record + at.off, data, n);
	h->size = at.off + n;
	return at;
}

/* The next packet, of n bytes at most; the bytes that it takes. */
static size_t make(const uint8_t *data, size_t n)
{
	struct event_net_packet_dns *e = (void *)record;
	uint8_t flags = data[FLAGS];
	size_t length = number_at(data + LENGTH);

	length = length < n - HEADER ? length : n - HEADER;
	length = length < PAYLOAD_MAX ? length : PAYLOAD_MAX;
	memset(e, 0, sizeof(*e));
	e->head.size = sizeof(*e);
	e->head.id = EVENT_net_packet_dns;
	e->head.lane = schema_lane(EVENT_net_packet_dns);
	e->proto = flags & TCP ? IPPROTO_TCP : IPPROTO_UDP;
	e->direction = flags & INGRESS ? PACKET_INGRESS : PACKET_EGRESS;
	e->socket = flags & OTHER_SOCKET ? 2 : 1;
	e->cut = flags & CUT;
	/* Not far from where numbers wrap around. */
	e->sequence = 0xffffff80 + (number_at(data + SEQUENCE) << (flags & FAR ? 16 : 0));
	e->length = length + (data[MISSING] << (flags & MUCH ? 8 : 0));
	if (flags & HOSTNAME)
		e->head.hostname = put("host", 5);
	e->payload = put(data + HEADER, length);
	return HEADER + length;
}

static unsigned strings(const void *e, const struct span *at)
{
	const char *p = event_span(e, at);
	unsigned n = 0;

	for (uint32_t i = 0; i < at->len; i++)
		n += !p[i];
	return n;
}

static void check_made(const struct event_net_packet_dns *e)
{
	unsigned answers = strings(e, &e->answers), types = strings(e, &e->answer_types), names = strings(e, &e->answer_names);

	check(event_valid(e, e->head.size));
	check(e->payload.len <= DNS_PAYLOAD_MAX && (e->malformed.len || !e->payload.len));
	check(!e->head.truncated || e->cut || e->payload.len == DNS_PAYLOAD_MAX);
	check(answers <= e->answer_count && types <= e->answer_count && names <= e->answer_count);
	check(e->cut || e->malformed.len || (answers == e->answer_count && types == answers && names == answers));
	check(e->cut || e->malformed.len || e->type.len);
}

static uint64_t messages(const struct dns_events *d)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < DNS_FAULTS_COUNT; i++)
		n += d->faults[i];
	return n;
}

/* Whether the packet was new. */
static bool take(struct dns_events *d)
{
	const struct event_net_packet_dns *raw = (const void *)record, *e;
	uint64_t before = messages(d), again = d->again, n = 0;

	check(event_valid(record, raw->head.size));
	dns_events_begin(d, raw);
	while ((e = dns_events_next(d))) {
		check_made(e);
		check(e->socket == raw->socket && e->direction == raw->direction && e->proto == raw->proto);
		n++;
	}
	check(!dns_events_next(d));
	check(messages(d) - before == n);
	again = d->again - again;
	if (raw->proto == IPPROTO_UDP)
		check(n == 1 && !again);
	else
		check(n <= raw->length / 2 + 1 && again <= 1 && (!again || !n));
	return !again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_events *d = dns_events_new();
	unsigned packets = 0;

	check(d);
	while (size >= HEADER && packets++ < PACKETS_MAX) {
		size_t took = make(data, size);

		/* It may be new twice, at the end and in a gap, but not for a third time. */
		if (take(d) && data[FLAGS] & TCP && take(d))
			check(!take(d));
		data += took;
		size -= took;
	}
	check(!d->streams.forgotten);
	dns_events_free(d);
	return 0;
}
