// SPDX-License-Identifier: Apache-2.0
/* Lines to a peer over tcp. */
#include <string.h>

#include "output/sink.h"
#include "output/stream.h"

struct tcp_settings {
	struct stream_settings stream;
	struct option_text address;
};

struct sink_tcp {
	struct stream stream;
	struct link_target target;
};

static int tcp_check(const struct config_sink *sink, const struct config *config, struct diag *diag)
{
	const struct tcp_settings *t = sink->settings;

	return address_check(sink, &t->address, diag);
}

static void tcp_open(struct sink *s)
{
	const struct tcp_settings *t = s->settings;
	struct sink_tcp *own = s->own;

	link_target_address(&own->target, SOCK_STREAM, &t->address);
	own->stream.link.target = &own->target;
	own->stream.settings = &t->stream;
	stream_open(&own->stream, s);
}

static const struct option_row tcp_rows[] = {
	OPTION(STRING, tcp_settings, address, .name = "address", .required = true, .sample = "siem.example:5170",
	       .help = "host and port of the peer; a name is resolved again for every connection"),
	STREAM_ROWS(tcp_settings, stream),
	{ 0 },
};

const struct sink_ops sink_tcp = {
	.kind = { "tcp", "lines over a tcp connection", tcp_rows, sizeof(struct tcp_settings), tcp_check },
	.size = sizeof(struct sink_tcp),
	.open = tcp_open, .wake = stream_wake, .close = link_close,
};
