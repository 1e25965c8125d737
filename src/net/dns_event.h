/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event net_packet_dns: the kernel side fills in who, whence and whither, and puts the packet's payload behind
 * it.  Here the message in it is read and becomes the rest of the fields.
 *
 * Names are made lower case: DNS compares them so, and some resolvers mix cases at random.
 */
#ifndef SAKER_NET_DNS_EVENT_H
#define SAKER_NET_DNS_EVENT_H

#include <stdint.h>

#include "event/build.h"
#include "net/dns.h"
#include "net/dns_stream.h"

enum { DNS_PAYLOAD_MAX = 512 };		/* bytes shown of a malformed message */

struct dns_events {
	struct dns_message message;
	struct build build;
	struct dns_streams streams;
	struct dns_segment segment;
	const struct event_net_packet_dns *raw;		/* borrowed; NULL: it is done */
	uint64_t faults[DNS_FAULTS_COUNT];		/* messages by what is wrong with them */
	uint64_t again;					/* segments that were seen before */
	uint64_t unowned;				/* packets of sockets whose owner is not known */
	uint64_t streams_memory[];
};

/* Nothing of it is touched before it is needed.  NULL: no memory. */
struct dns_events *dns_events_new(void);
void dns_events_free(struct dns_events *events);

/* A record of the kernel side, valid and borrowed until its last message was taken. */
void dns_events_begin(struct dns_events *events, const struct event_net_packet_dns *raw);

/* The record of its next message, valid until the next call; NULL: there are no more. */
const struct event_net_packet_dns *dns_events_next(struct dns_events *events);

#endif
