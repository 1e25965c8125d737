// SPDX-License-Identifier: Apache-2.0
/* Messages of RFC 5424, to a local socket, by udp (RFC 5426) or by tcp (RFC 6587). */
#include <errno.h>
#include <string.h>

#include "output/datagram.h"
#include "output/sink.h"
#include "output/stream.h"

enum transport { SYSLOG_UNIX, SYSLOG_UNIX_STREAM, SYSLOG_UDP, SYSLOG_TCP };
enum framing { FRAMING_OCTETS, FRAMING_NEWLINE };

enum { MESSAGE_LEAST = 480, MESSAGE_MOST = 256 << 10, APP_NAME = 48 };

struct syslog_settings {
	unsigned transport;		/* enum transport */
	struct option_text path, address, app;
	unsigned framing;		/* enum framing */
	unsigned facility;
	uint64_t enterprise;
	uint64_t max;
	unsigned too_long;		/* 0: truncate, 1: drop */
	struct stream_settings stream;
};

struct sink_syslog {
	union {
		struct stream stream;
		struct datagram datagram;
	};
	struct link_target target;
};

static const struct syslog_settings *settings(const struct sink *s)
{
	return s->settings;
}

static bool is_local(const struct syslog_settings *set)
{
	return set->transport == SYSLOG_UNIX || set->transport == SYSLOG_UNIX_STREAM;
}

static bool is_stream(const struct syslog_settings *set)
{
	return set->transport == SYSLOG_UNIX_STREAM || set->transport == SYSLOG_TCP;
}

static bool is_counted(const struct syslog_settings *set)
{
	return set->transport == SYSLOG_TCP && set->framing == FRAMING_OCTETS;
}

static int check_app(const struct config_sink *sink, struct diag *diag)
{
	const struct syslog_settings *set = sink->settings;
	size_t n = strlen(set->app.text);

	for (const char *p = set->app.text; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f)
			n = 0;
	if (n > 0 && n <= APP_NAME)
		return 0;
	return diag_set(diag, set->app.line, set->app.col, "sinks.%s.app_name \"%.64s\": want 1 to %d printable "
			"characters without spaces", sink->name, option_shown(&set->app), APP_NAME);
}

static int syslog_check(const struct config_sink *sink, const struct config *config, struct diag *diag)
{
	const struct syslog_settings *set = sink->settings;

	if (is_local(set) && set->address.text)
		return diag_set(diag, set->address.line, set->address.col,
				"sinks.%s.address: transport udp or tcp has one; unix has a path", sink->name);
	if (!is_local(set) && !set->address.text)
		return diag_set(diag, sink->line, sink->col, "sinks.%s: \"address\" is missing: udp and tcp need it",
				sink->name);
	if (check_app(sink, diag) < 0)
		return -EINVAL;
	return is_local(set) ? address_check_path(sink, &set->path, false, diag)
			     : address_check(sink, &set->address, diag);
}

static void syslog_stream(const void *from, struct config_stream *stream)
{
	const struct syslog_settings *set = from;

	stream->envelope = (struct config_envelope){
		.kind = ENVELOPE_SYSLOG,
		.facility = set->facility,
		.enterprise = set->enterprise,
		.app = set->app.text,
		.max = set->max,
		.drop = set->too_long,
		.counted = is_counted(set),
	};
}

/* A message without the newline that ends its line: the count before it tells where it ends. */
static bool next_message(struct stream *s)
{
	struct queue *q = &s->link.sink->queue;
	struct queue_piece piece;
	uint32_t begin, end;

	if (queue_next(q, &piece, 1) == 0)
		return false;
	begin = batch_begin(piece.batch, piece.first);
	end = batch_mark(piece.batch, piece.first)->end;
	queue_sent(q, 1);
	flight_add(&s->flight, piece.batch->text + begin, end - begin - 1, 1);
	return true;
}

static void open_stream(struct sink *s, struct stream *stream)
{
	stream->settings = &settings(s)->stream;
	stream->next = is_counted(settings(s)) ? next_message : NULL;
	stream_open(stream, s);
}

static void open_datagram(struct sink *s, struct datagram *d)
{
	const struct syslog_settings *set = settings(s);

	d->max = (uint32_t)set->max;
	d->bare = true;
	datagram_open(d, s);
}

static void syslog_open(struct sink *s)
{
	const struct syslog_settings *set = settings(s);
	struct sink_syslog *own = s->own;

	if (is_local(set))
		link_target_path(&own->target, is_stream(set) ? SOCK_STREAM : SOCK_DGRAM, &set->path);
	else
		link_target_address(&own->target, is_stream(set) ? SOCK_STREAM : SOCK_DGRAM, &set->address);
	own->stream.link.target = &own->target;
	if (is_stream(set))
		open_stream(s, &own->stream);
	else
		open_datagram(s, &own->datagram);
}

static void syslog_wake(struct sink *s)
{
	if (is_stream(settings(s)))
		stream_wake(s);
	else
		datagram_wake(s);
}

static const char *const transports[] = { "unix", "unix_stream", "udp", "tcp", NULL };
static const char *const framings[] = { "octet_counting", "newline", NULL };
static const char *const too_long[] = { "truncate", "drop", NULL };
static const char *const facilities[] = {
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "security", "console", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
	"local7", NULL,
};

static const struct option_row syslog_rows[] = {
	OPTION(ENUM, syslog_settings, transport, .name = "transport", .words = transports, .value = "unix",
	       .help = "a local socket for datagrams or one that is a stream, or the network"),
	OPTION(STRING, syslog_settings, path, .name = "path", .value = "/dev/log", .help = "the local socket"),
	OPTION(STRING, syslog_settings, address, .name = "address", .sample = "siem.example:514",
	       .help = "host and port of the peer, for udp and tcp"),
	OPTION(ENUM, syslog_settings, framing, .name = "framing", .words = framings, .value = "octet_counting",
	       .help = "how messages are told apart over tcp; a local stream has a newline behind each"),
	OPTION(ENUM, syslog_settings, facility, .name = "facility", .words = facilities, .value = "daemon",
	       .help = "facility of the messages; their severity is the event's"),
	OPTION(STRING, syslog_settings, app, .name = "app_name", .value = "saker", .help = "name of the sender"),
	OPTION(NUMBER, syslog_settings, enterprise, .name = "enterprise", .value = "32473", .min = 1,
	       .max = UINT32_MAX,
	       .help = "your number of the IANA's list, as in [saker@32473 event=..]; this one is for examples (RFC 5612)"),
	OPTION(SIZE, syslog_settings, max, .name = "max_message", .value = "8K", .min = MESSAGE_LEAST,
	       .max = MESSAGE_MOST, .help = "the longest message; set it to what the receiver takes"),
	OPTION(ENUM, syslog_settings, too_long, .name = "too_long", .words = too_long, .value = "truncate",
	       .help = "whether a longer one loses its end, with cut=\"BYTES\" in its data, or is dropped; both are "
		       "counted"),
	OPTION(SIZE, syslog_settings, stream.window, .name = "window", .value = "256K", .min = 64 << 10,
	       .max = 64 << 20, .help = "bytes that were sent and that the peer may not have yet"),
	{ 0 },
};

const struct sink_ops sink_syslog = {
	.kind = { "syslog", "messages of RFC 5424", syslog_rows, sizeof(struct syslog_settings), syslog_check },
	.size = sizeof(struct sink_syslog),
	.stream = syslog_stream,
	.open = syslog_open, .wake = syslog_wake, .close = link_close,
};
