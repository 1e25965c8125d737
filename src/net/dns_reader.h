/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where reading of a DNS message stands; for the files of the reader alone.
 *
 * A function that gives false has said why in the message, malformed or cut: nothing more is read then.
 */
#ifndef SAKER_NET_DNS_READER_H
#define SAKER_NET_DNS_READER_H

#include "net/dns.h"

#include "base/text.h"

struct dns_reader {
	const uint8_t *bytes;		/* the message */
	size_t at, end;			/* next byte; end of what is being read: the message, or the data of a record */
	size_t captured;		/* bytes that are here; those beyond length are of another message */
	size_t length;			/* of the whole message */
	enum dns_fault beyond;		/* what is wrong when something runs beyond end */
	struct dns_message *m;
	struct text out;		/* within the message's text */
};

/* The message is malformed. Always false. */
static inline bool dns_fail(struct dns_reader *r, enum dns_fault fault)
{
	r->m->malformed = fault;
	return false;
}

/* Whether n more bytes are there. */
static inline bool dns_need(struct dns_reader *r, size_t n)
{
	if (n > r->end - r->at)
		return dns_fail(r, r->beyond);
	if (r->at + n <= r->captured)
		return true;
	r->m->cut |= DNS_CUT_CAPTURE;
	return false;
}

static inline unsigned dns_peek16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* The next number; the caller asked whether it is there. */
static inline unsigned dns_take16(struct dns_reader *r)
{
	unsigned value = dns_peek16(r->bytes + r->at);

	r->at += 2;
	return value;
}

static inline uint32_t dns_take32(struct dns_reader *r)
{
	uint32_t high = dns_take16(r);

	return high << 16 | dns_take16(r);
}

/* Append the next name. */
bool dns_read_name(struct dns_reader *r);

/* Append the data of a record of this type and class, from at to end. */
bool dns_read_data(struct dns_reader *r, unsigned type, unsigned class);

/* Append the parameters of an SVCB record, each behind a space, up to end. */
bool dns_read_params(struct dns_reader *r);

/* Append n bytes as they are within quotes: \ before what would end them, and \DDD for what is not printable. */
void dns_show_string(struct text *t, const uint8_t *bytes, size_t n);

#endif
