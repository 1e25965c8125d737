// SPDX-License-Identifier: Apache-2.0
/* Lines to a local socket that somebody listens at, or to all who connect to ours. */
#include <string.h>

#include "config/mode.h"
#include "output/datagram.h"
#include "output/listener.h"
#include "output/sink.h"
#include "output/stream.h"

enum unix_socket { UNIX_STREAM, UNIX_DATAGRAM, UNIX_SEQPACKET };

enum { MESSAGE_MAX = 304 << 10 };	/* the socket's buffer may be less: it tells */

struct unix_settings {
	struct stream_settings stream;
	struct option_text path;
	unsigned socket;		/* enum unix_socket */
	bool listen;
	unsigned mode;
	uint64_t patience;		/* ms */
};

struct sink_unix {
	union {
		struct stream stream;
		struct datagram datagram;
		struct listener listener;
	};
	struct link_target target;
};

static const struct unix_settings *settings(const struct sink *s)
{
	return s->settings;
}

static int unix_check(const struct config_sink *sink, const struct config *config, struct diag *diag)
{
	const struct unix_settings *u = sink->settings;

	if (address_check_path(sink, &u->path, !u->listen, diag) < 0)
		return -EINVAL;
	if (u->listen && u->socket == UNIX_DATAGRAM)
		return diag_set(diag, sink->line, sink->col,
				"sink %s: readers cannot connect to a datagram socket; want socket stream or seqpacket",
				sink->name);
	if (u->stream.ack && (u->listen || u->socket != UNIX_STREAM))
		return diag_set(diag, sink->line, sink->col,
				"sink %s: only the one peer of a stream can acknowledge; ack wants socket stream "
				"and no listen", sink->name);
	return 0;
}

static void open_listener(struct sink *s, struct listener *l)
{
	const struct unix_settings *u = settings(s);

	l->settings = (struct listener_settings){ u->path.text, u->mode, u->stream.window, u->patience };
	l->socktype = u->socket == UNIX_SEQPACKET ? SOCK_SEQPACKET : SOCK_STREAM;
	listener_open(l, s);
}

static void unix_open(struct sink *s)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	const struct unix_settings *u = settings(s);
	struct sink_unix *own = s->own;

	if (u->listen) {
		open_listener(s, &own->listener);
		return;
	}
	link_target_path(&own->target, types[u->socket], &u->path);
	if (u->socket == UNIX_STREAM) {
		own->stream.link.target = &own->target;
		own->stream.settings = &u->stream;
		stream_open(&own->stream, s);
		return;
	}
	own->datagram.link.target = &own->target;
	own->datagram.max = MESSAGE_MAX;
	datagram_open(&own->datagram, s);
}

static void unix_wake(struct sink *s)
{
	if (settings(s)->listen)
		listener_wake(s);
	else if (settings(s)->socket == UNIX_STREAM)
		stream_wake(s);
	else
		datagram_wake(s);
}

static void unix_close(struct sink *s)
{
	if (settings(s)->listen)
		listener_close(s);
	else
		link_close(s);
}

static const char *const sockets[] = { "stream", "datagram", "seqpacket", NULL };

static const struct option_row unix_rows[] = {
	OPTION(STRING, unix_settings, path, .name = "path", .required = true, .sample = "/run/siem.sock",
	       .help = "the socket; an abstract name begins with @"),
	OPTION(ENUM, unix_settings, socket, .name = "socket", .words = sockets, .value = "stream",
	       .help = "a stream of lines, or a message for each"),
	OPTION(BOOL, unix_settings, listen, .name = "listen", .value = "false",
	       .help = "create the socket, and give all who connect what comes from then on; while nobody is "
		       "connected lines wait for the first"),
	OPTION(CUSTOM, unix_settings, mode, .name = "mode", .parse = mode_read, .value = "0660", .form = MODE_FORM,
	       .help = "permissions of the socket that is created"),
	OPTION(DURATION, unix_settings, patience, .name = "patience", .value = "1s", .min = 100, .max = 3600 * 1000,
	       .help = "how long one reader may hold up the others before it is disconnected"),
	STREAM_ROWS(unix_settings, stream),
	{ 0 },
};

const struct sink_ops sink_unix = {
	.kind = { "unix", "lines to a local socket, or from one to all who connect to it", unix_rows,
		  sizeof(struct unix_settings), unix_check },
	.size = sizeof(struct sink_unix),
	.open = unix_open, .wake = unix_wake, .close = unix_close,
};
