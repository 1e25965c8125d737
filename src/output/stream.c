// SPDX-License-Identifier: Apache-2.0
#include "output/stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "output/sink.h"

enum {
	LOOK_MS = 50,		/* between looks at what the peer has */
	LOOK_FULL_MS = 1,	/* while more could be sent */
	TURN_BYTES = 1 << 20,	/* written before others get their turn */
	VECTORS = 16,
	LAST_READS = 4,		/* of what a peer that has gone said before */
	HOLD_MS = 500,		/* that a peer far away may take to read what its system has */
};

static void send_some(struct stream *s);

static struct stream *stream_of(struct link *link)
{
	return (struct stream *)link;
}

static bool next_piece(struct stream *s)
{
	struct queue *q = &s->link.sink->queue;
	struct queue_piece piece;

	if (queue_next(q, &piece, 1) == 0)
		return false;
	queue_sent(q, piece.n);
	flight_add(&s->flight, piece.text, piece.bytes, piece.n);
	return true;
}

/* Whether what has arrived may be lost yet: it waits with the peer's system, and nobody tells when it is
 * read.  A local socket empties as it is read. */
static bool holds(const struct stream *s)
{
	return !s->settings->ack && !s->link.target->path && !s->link.sink->draining;
}

static void fill(struct stream *s)
{
	uint64_t most = s->settings->window * (holds(s) ? 2 : 1);

	while (!flight_full(&s->flight) && flight_bytes(&s->flight) < most)
		if (!(s->next ? s->next(s) : next_piece(s)))
			return;
}

/* sink_done may close us. */
static void settle(struct stream *s, uint32_t lines)
{
	if (!lines)
		return;
	flight_settle(&s->flight, lines, s->written);
	s->progress = clock_boot();
	sink_done(s->link.sink, lines);
}

static bool gone(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP));
}

/* Bytes that left our side.  Of a peer that has gone meanwhile nothing is known: its end empties the
 * buffer of a local socket, too. */
static uint64_t arrived(const struct stream *s)
{
	int left = 0;

	if (ioctl(s->link.fd, SIOCOUTQ, &left) < 0 || gone(s->link.fd))
		return 0;
	return (uint64_t)left < s->written ? s->written - (uint64_t)left : 0;
}

/* Bytes that need not be sent again: what arrived a while ago, and all but the last window of what did
 * since, or all but half of the pieces when there is room for no more. */
static uint64_t safe(struct stream *s)
{
	uint64_t bytes = arrived(s), now = clock_boot(), held = s->settings->window;

	if (!bytes || !holds(s))
		return bytes;
	if (now - s->looked > HOLD_MS * UINT64_C(1000000)) {
		s->safe = s->arrived;
		s->arrived = bytes;
		s->looked = now;
	}
	if (flight_full(&s->flight) && bytes > s->flight.begin && held > (bytes - s->flight.begin) / 2)
		held = (bytes - s->flight.begin) / 2;
	return bytes > held && bytes - held > s->safe ? bytes - held : s->safe;
}

/* So many lines of this connection are safe.  A number that cannot be ends the connection. */
static bool take_answer(struct stream *s)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < s->answered; i++) {
		if (s->answer[i] < '0' || s->answer[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(s->answer[i] - '0');
	}
	if (!s->answered || number < s->acknowledged ||
	    number - s->acknowledged > flight_whole(&s->flight, s->written))
		return false;
	number -= s->acknowledged;
	s->acknowledged += number;
	settle(s, (uint32_t)number);
	return true;
}

static bool take_bytes(struct stream *s, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n && s->link.state == LINK_UP; i++) {
		if (bytes[i] == '\n') {
			if (!take_answer(s))
				return false;
			s->answered = 0;
		} else if (bytes[i] != '\r') {
			if (s->answered == sizeof(s->answer) - 4)
				return false;
			s->answer[s->answered++] = bytes[i];
		}
	}
	return true;
}

/* What the peer says; 1 while it may say more, 0 at its end. */
static int receive(struct stream *s)
{
	char bytes[4096];
	ssize_t n = recv(s->link.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	if (n == 0)
		return 0;
	if (s->settings->ack && !take_bytes(s, bytes, (size_t)n))
		return -EPROTO;
	return 1;
}

/* What the peer acknowledged before it went counts, also when its end was noticed first. */
static void leave(struct stream *s, int r, const char *what)
{
	for (unsigned i = 0; i < LAST_READS && s->settings->ack && !s->ended && s->link.state == LINK_UP; i++)
		s->ended = receive(s) <= 0;
	link_break(&s->link, r, what);
}

static void look(struct link *link)
{
	struct stream *s = stream_of(link);
	bool patient = clock_boot() - s->progress < s->settings->ack_timeout * 1000000;

	if (!s->settings->ack)
		settle(s, flight_whole(&s->flight, safe(s)));
	if (link->state != LINK_UP)
		return;
	if (gone(link->fd))
		leave(s, -EPIPE, "the connection was closed by");
	else if (s->settings->ack && !patient)
		link_break(link, -ETIMEDOUT, "no acknowledgement from");
	else
		send_some(s);
}

/* Whether more waits than may be in flight: nobody but a look tells when the peer has some of it. */
static bool full(const struct stream *s)
{
	const struct queue *q = &s->link.sink->queue;

	return !s->settings->ack && q->lines > q->in_flight;
}

/* While something is in flight somebody must look after it. */
static void look_again(struct stream *s)
{
	if (!flight_bytes(&s->flight))
		s->progress = clock_boot();
	link_every(&s->link, !flight_bytes(&s->flight) ? 0 : full(s) ? LOOK_FULL_MS : LOOK_MS, look);
}

static ssize_t write_vectors(struct stream *s, const struct iovec *vectors, unsigned n)
{
	struct msghdr m = { .msg_iov = (struct iovec *)vectors, .msg_iovlen = n };
	ssize_t done;

	do
		done = sendmsg(s->link.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : done;
}

/* Write until the socket takes no more or there is nothing; 0, -EAGAIN or why it is broken. */
static int write_all(struct stream *s)
{
	uint64_t most = s->written + TURN_BYTES;
	struct iovec vectors[VECTORS];
	ssize_t done;
	unsigned n;

	while (s->written < most) {
		fill(s);
		n = flight_vectors(&s->flight, s->written, vectors, VECTORS);
		if (!n)
			return 0;
		done = write_vectors(s, vectors, n);
		if (done < 0)
			return (int)done;
		s->written += (uint64_t)done;
		if (!s->settings->ack)
			settle(s, flight_whole(&s->flight, safe(s)));
		if (s->link.state != LINK_UP)
			return 0;
	}
	return -EAGAIN;
}

static void send_some(struct stream *s)
{
	int r = write_all(s);

	if (s->link.state != LINK_UP)
		return;
	if (r < 0 && r != -EAGAIN) {
		leave(s, r, "cannot send to");
		return;
	}
	link_poll(&s->link, (s->ended ? 0 : UV_READABLE) | (r == -EAGAIN ? UV_WRITABLE : 0));
	look_again(s);
}

/* A peer that writes nothing more may still read, but cannot acknowledge. */
static void ready(struct link *link, int events)
{
	struct stream *s = stream_of(link);
	int r = s->ended ? 1 : receive(s);

	if (link->state != LINK_UP)
		return;
	s->ended = s->ended || r == 0;
	if (r == -EPROTO)
		link_break(link, r, "no acknowledgement but something else from");
	else if (r < 0)
		link_break(link, r, "cannot read from");
	else if (s->ended && (s->settings->ack || gone(link->fd)))
		link_break(link, -EPIPE, "the connection was closed by");
	else
		send_some(s);
}

static void up(struct link *link)
{
	struct stream *s = stream_of(link);

	flight_clear(&s->flight);
	s->written = s->acknowledged = s->arrived = s->safe = 0;
	s->looked = clock_boot();
	s->answered = 0;
	s->ended = false;
	s->progress = clock_boot();
}

void stream_open(struct stream *s, struct sink *sink)
{
	s->link.sink = sink;
	s->link.ready = ready;
	s->link.up = up;
	link_open(&s->link);
}

void stream_wake(struct sink *sink)
{
	struct stream *s = sink->own;

	if (s->link.state == LINK_UP)
		send_some(s);
}
