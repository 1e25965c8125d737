// SPDX-License-Identifier: Apache-2.0
/* Entries of systemd's journal by its native protocol: fields in a datagram, or in a sealed file of
 * memory whose descriptor is sent when they are too many. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "output/datagram.h"
#include "output/encoder.h"
#include "output/sink.h"

enum { ENTRY_MAX = ENCODER_LINE_MAX };

struct journald_settings {
	struct option_text path, identifier;
};

struct sink_journald {
	struct datagram datagram;
	struct link_target target;
};

static int journald_check(const struct config_sink *sink, const struct config *config, struct diag *diag)
{
	const struct journald_settings *set = sink->settings;

	if (!*set->identifier.text || strchr(set->identifier.text, '\n'))
		return diag_set(diag, set->identifier.line, set->identifier.col, "sinks.%s.identifier \"%.64s\": want a word",
				sink->name, option_shown(&set->identifier));
	return address_check_path(sink, &set->path, false, diag);
}

static void journald_stream(const void *from, struct config_stream *stream)
{
	const struct journald_settings *set = from;

	stream->envelope = (struct config_envelope){
		.kind = ENVELOPE_JOURNAL, .facility = 3, .app = set->identifier.text,
	};
}

/* A file of memory with the text that nobody can change any more. */
static int sealed(const char *text, uint32_t bytes)
{
	int fd = memfd_create("saker-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (write(fd, text, bytes) != (ssize_t)bytes ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
		close(fd);
		return -ENOSPC;
	}
	return fd;
}

static int send_descriptor(int socket, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_control = &control, .msg_controllen = sizeof(control) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(socket, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int send_large(struct datagram *d, const char *text, uint32_t bytes)
{
	int fd = sealed(text, bytes), r;

	if (fd < 0)
		return fd;
	r = send_descriptor(d->link.fd, fd);
	close(fd);
	return r;
}

static void journald_open(struct sink *s)
{
	const struct journald_settings *set = s->settings;
	struct sink_journald *own = s->own;

	link_target_path(&own->target, SOCK_DGRAM, &set->path);
	own->datagram.link.target = &own->target;
	own->datagram.max = ENTRY_MAX;
	own->datagram.large = send_large;
	datagram_open(&own->datagram, s);
}

static const struct option_row journald_rows[] = {
	OPTION(STRING, journald_settings, path, .name = "path", .value = "/run/systemd/journal/socket",
	       .help = "the journal's socket"),
	OPTION(STRING, journald_settings, identifier, .name = "identifier", .value = "saker",
	       .help = "SYSLOG_IDENTIFIER of the entries, for journalctl -t"),
	{ 0 },
};

const struct sink_ops sink_journald = {
	.kind = { "journald", "entries of systemd's journal, with fields SAKER_EVENT, SAKER_PID, ..", journald_rows,
		  sizeof(struct journald_settings), journald_check },
	.size = sizeof(struct sink_journald),
	.stream = journald_stream,
	.open = journald_open, .wake = datagram_wake, .close = link_close,
};
