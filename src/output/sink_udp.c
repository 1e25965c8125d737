// SPDX-License-Identifier: Apache-2.0
/* A datagram for each line. */
#include "output/datagram.h"
#include "output/sink.h"

struct udp_settings {
	struct option_text address;
	uint64_t max;
};

struct sink_udp {
	struct datagram datagram;
	struct link_target target;
};

static int udp_check(const struct config_sink *sink, const struct config *config, struct diag *diag)
{
	const struct udp_settings *u = sink->settings;

	return address_check(sink, &u->address, diag);
}

static void udp_open(struct sink *s)
{
	const struct udp_settings *u = s->settings;
	struct sink_udp *own = s->own;

	link_target_address(&own->target, SOCK_DGRAM, &u->address);
	own->datagram.link.target = &own->target;
	own->datagram.max = (uint32_t)u->max;
	datagram_open(&own->datagram, s);
}

static const struct option_row udp_rows[] = {
	OPTION(STRING, udp_settings, address, .name = "address", .required = true, .sample = "siem.example:5170",
	       .help = "host and port of the peer; a name is resolved again after a failure"),
	OPTION(SIZE, udp_settings, max, .name = "max_datagram", .value = "65507", .min = 512, .max = DATAGRAM_MAX,
	       .help = "a line that is longer is dropped and counted"),
	{ 0 },
};

const struct sink_ops sink_udp = {
	.kind = { "udp", "a datagram for each line; nobody tells if it arrives", udp_rows,
		  sizeof(struct udp_settings), udp_check },
	.size = sizeof(struct sink_udp),
	.open = udp_open, .wake = datagram_wake, .close = link_close,
};
