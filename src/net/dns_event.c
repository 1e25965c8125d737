// SPDX-License-Identifier: Apache-2.0
#include "net/dns_event.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "event/schema.h"
#include "event/value.h"

enum { NAME_BYTES = 32 };	/* of a record type */

/* Types whose data is a name, maybe behind numbers: RFC 1035, 1183, 2782, 6672. */
static const uint16_t name_types[] = { 2 /* NS */, 5 /* CNAME */, 12 /* PTR */, 15 /* MX */, 33 /* SRV */, 39 /* DNAME */ };

struct dns_events *dns_events_new(void)
{
	struct dns_events *d = calloc(1, sizeof(*d) + lru_bytes(DNS_STREAMS_MAX));

	if (d)
		dns_streams_init(&d->streams, d->streams_memory);
	return d;
}

void dns_events_free(struct dns_events *d)
{
	free(d);
}

void dns_events_begin(struct dns_events *d, const struct event_net_packet_dns *raw)
{
	d->raw = raw;
	d->segment = (struct dns_segment){
		.bytes = (const uint8_t *)event_span(raw, &raw->payload),
		.captured = raw->payload.len,
		.length = raw->length,
	};
	d->unowned += !raw->owner_known;
	if (raw->proto != IPPROTO_TCP)
		return;
	if (dns_segment_begin(&d->segment, &d->streams, raw->socket, raw->direction, raw->sequence))
		return;
	d->again++;
	d->raw = NULL;
}

/* The next message of the packet; false: there is none. */
static bool next_piece(struct dns_events *d, struct dns_piece *piece)
{
	if (!d->raw)
		return false;
	if (d->raw->proto == IPPROTO_TCP)
		return dns_segment_next(&d->segment, piece);
	*piece = (struct dns_piece){ d->segment.bytes, d->segment.captured, d->segment.length, false };
	return true;
}

/* Of a message whose length was not captured nothing can be wrong; TCP's length that holds no header is. */
static void read_piece(struct dns_events *d, const struct dns_piece *piece)
{
	const uint8_t prefix[] = { 0, (uint8_t)piece->length };

	if (piece->unknown)
		dns_read(piece->bytes, 0, DNS_MESSAGE_MAX, false, &d->message);
	else if (d->raw->proto == IPPROTO_TCP && piece->length < DNS_HEADER)
		dns_read(prefix, sizeof(prefix), sizeof(prefix), true, &d->message);
	else
		dns_read(piece->bytes, piece->captured, piece->length, false, &d->message);
}

/* A text that would not fit is left out, which is told. */
static bool room_for(struct dns_events *d, size_t len, uint32_t bit)
{
	struct event_net_packet_dns *e = (void *)d->build.record;

	if (e->head.size + len <= RECORD_MAX)
		return true;
	e->head.truncated |= 1u << bit;
	e->cut = true;
	return false;
}

static void put_name(struct dns_events *d, struct span *at, struct dns_text name, uint32_t bit)
{
	char *text = d->message.text + name.at;

	dns_fold(text, name.len);
	if (room_for(d, name.len + 1, bit))
		build_str(&d->build, at, text);
}

/* From the kernel's record: all but what the message says. */
static struct event_net_packet_dns *copy_packet(struct dns_events *d, const struct dns_piece *piece)
{
	struct event_net_packet_dns *e = (void *)d->build.record;

	memset(e, 0, sizeof(*e));
	memcpy(e, d->raw, offsetof(struct event_net_packet_dns, sequence));
	e->head.size = sizeof(*e);
	e->head.hostname = e->head.stack = (struct span){ 0 };
	e->head.truncated = e->head.faulted = 0;
	e->cut = d->raw->cut && d->raw->proto != IPPROTO_TCP;	/* of a segment, maybe not all messages are */
	if (d->raw->head.hostname.len)
		build_str(&d->build, &e->head.hostname, event_span(d->raw, &d->raw->head.hostname));
	if (d->raw->proto == IPPROTO_TCP)
		e->sequence = (uint32_t)(d->raw->sequence + (piece->bytes - d->segment.bytes));
	e->length = piece->length;
	return e;
}

static void put_question(struct dns_events *d, struct event_net_packet_dns *e)
{
	const struct dns_message *m = &d->message;

	e->questions = m->question_count;
	if (!m->questions_kept)
		return;
	e->qtype = m->questions[0].type;
	e->qclass = m->questions[0].class;
	put_name(d, &e->question, m->questions[0].name, BIT_net_packet_dns_question);
}

static bool is_name(uint16_t type)
{
	for (size_t i = 0; i < sizeof(name_types) / sizeof(*name_types); i++)
		if (name_types[i] == type)
			return true;
	return false;
}

/* One text of each answer; what of is taken is told by the offset in struct dns_answer. */
static void put_texts(struct dns_events *d, struct span *at, size_t of, uint32_t bit)
{
	struct dns_message *m = &d->message;

	for (unsigned i = 0; i < m->answers_kept; i++) {
		struct dns_text text;

		memcpy(&text, (const char *)&m->answers[i] + of, sizeof(text));
		if (of == offsetof(struct dns_answer, name) || is_name(m->answers[i].type))
			dns_fold(m->text + text.at, text.len);
		if (!room_for(d, text.len + 1, bit))
			return;
		build_strv(&d->build, at, dns_text(m, text));
	}
}

static void put_types(struct dns_events *d, struct span *at)
{
	for (unsigned i = 0; i < d->message.answers_kept; i++) {
		char name[NAME_BYTES];
		struct text t = { .p = name, .end = name + sizeof(name) - 1 };

		value_text(&t, T_dns_type, d->message.answers[i].type, false);
		*t.p = 0;
		if (!room_for(d, NAME_BYTES, BIT_net_packet_dns_answer_types))
			return;
		build_strv(&d->build, at, name);
	}
}

static void put_answers(struct dns_events *d, struct event_net_packet_dns *e)
{
	const struct dns_message *m = &d->message;

	e->answer_count = m->answer_count;
	e->ttl = 0;
	for (unsigned i = 0; i < m->answers_kept; i++)
		if (i == 0 || m->answers[i].ttl < e->ttl)
			e->ttl = m->answers[i].ttl;
	put_texts(d, &e->answers, offsetof(struct dns_answer, data), BIT_net_packet_dns_answers);
	put_types(d, &e->answer_types);
	put_texts(d, &e->answer_names, offsetof(struct dns_answer, name), BIT_net_packet_dns_answer_names);
}

static void put_malformed(struct dns_events *d, struct event_net_packet_dns *e, const struct dns_piece *piece)
{
	size_t n = piece->captured < DNS_PAYLOAD_MAX ? piece->captured : DNS_PAYLOAD_MAX;

	build_str(&d->build, &e->malformed, dns_fault_text(d->message.malformed));
	if (!room_for(d, n, BIT_net_packet_dns_payload))
		return;
	if (n < piece->captured)
		e->head.truncated |= 1u << BIT_net_packet_dns_payload;
	e->payload = (struct span){ e->head.size, n };
	memcpy(d->build.record + e->head.size, piece->bytes, n);
	e->head.size += n;
}

const struct event_net_packet_dns *dns_events_next(struct dns_events *d)
{
	struct dns_message *m = &d->message;
	struct event_net_packet_dns *e;
	struct dns_piece piece;

	if (!next_piece(d, &piece))
		return NULL;
	read_piece(d, &piece);
	d->faults[m->malformed]++;
	e = copy_packet(d, &piece);
	e->cut |= m->cut != 0 || piece.captured < piece.length;
	if (m->malformed)
		put_malformed(d, e, &piece);
	if (m->header) {
		e->id = m->id;
		e->opcode = m->opcode;
		e->rcode = m->rcode;
		e->flags = m->flags;
		build_str(&d->build, &e->type, m->response ? "response" : "query");
		put_question(d, e);
		put_answers(d, e);
	}
	if (d->raw->proto != IPPROTO_TCP)
		d->raw = NULL;
	else if (m->malformed)
		dns_segment_lost(&d->segment);
	return e;
}
