// SPDX-License-Identifier: Apache-2.0
#include "output/datagram.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "output/sink.h"

enum {
	MESSAGES = 16,		/* given to the system at once */
	TURN_LINES = 2048,	/* sent before others get their turn */
	AGAIN_MS = 20,		/* before the network is asked again for room that poll does not tell of */
};

struct messages {
	struct mmsghdr headers[MESSAGES];
	struct iovec vectors[MESSAGES][2];
	char heads[MESSAGES][DATAGRAM_HEAD];
	unsigned n;
};

static void send_some(struct datagram *d);

static void look_again(struct link *link)
{
	link_every(link, 0, NULL);
	send_some((struct datagram *)link);
}

/* The next line as a message; its length. */
static size_t add_message(struct datagram *d, struct messages *m, const struct queue_piece *piece, uint32_t i)
{
	const struct mark *mark = batch_mark(piece->batch, piece->first + i);
	uint32_t begin = batch_begin(piece->batch, piece->first + i);
	struct iovec *v = m->vectors[m->n];

	v[0] = (struct iovec){ m->heads[m->n], d->head ? d->head(d->link.sink, mark, m->heads[m->n]) : 0 };
	v[1] = (struct iovec){ (char *)piece->batch->text + begin, mark->end - begin - d->bare };
	m->headers[m->n] = (struct mmsghdr){ .msg_hdr = { .msg_iov = v, .msg_iovlen = 2 } };
	return v[0].iov_len + v[1].iov_len;
}

/* What the queue has next, as messages, up to the first line that is too long; true if that is the
 * very next. */
static bool gather(struct datagram *d, struct messages *m)
{
	struct queue_piece piece;

	m->n = 0;
	if (queue_next(&d->link.sink->queue, &piece, 1) == 0)
		return false;
	for (uint32_t i = 0; i < piece.n && m->n < MESSAGES; i++) {
		if (add_message(d, m, &piece, i) > d->max)
			return i == 0;
		m->n++;
	}
	return false;
}

static int give(struct datagram *d, struct messages *m)
{
	struct sink *s = d->link.sink;
	int n;

	do
		n = sendmmsg(d->link.fd, m->headers, m->n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	queue_sent(&s->queue, (uint32_t)n);
	sink_done(s, (uint32_t)n);
	return n;
}

/* The very next line by another way. */
static int give_large(struct datagram *d)
{
	struct sink *s = d->link.sink;
	struct queue_piece piece;
	const struct mark *mark;
	uint32_t begin;
	int r;

	queue_next(&s->queue, &piece, 1);
	mark = batch_mark(piece.batch, piece.first);
	begin = batch_begin(piece.batch, piece.first);
	r = d->large(d, piece.batch->text + begin, mark->end - begin);
	if (r < 0)
		return r;
	queue_sent(&s->queue, 1);
	sink_done(s, 1);
	return 1;
}

/* Until the system takes no more or there is nothing: 0, -EAGAIN, or why it failed. */
static int send_lines(struct datagram *d)
{
	struct messages m;

	for (unsigned lines = 0; lines < TURN_LINES; ) {
		bool too_long = gather(d, &m);
		int n = m.n ? give(d, &m) : 0;

		if (n == -EMSGSIZE && d->large)
			n = give_large(d);
		if (too_long || n == -EMSGSIZE)
			sink_skip(d->link.sink);
		else if (n < 0)
			return n;
		else if (!m.n || d->link.state != LINK_UP)
			return 0;
		lines += n > 0 ? (unsigned)n : 1;
	}
	return -EAGAIN;
}

static void send_some(struct datagram *d)
{
	int r = send_lines(d);

	if (d->link.state != LINK_UP)
		return;
	if (r == -ENOBUFS)
		link_every(&d->link, AGAIN_MS, look_again);
	else if (r < 0 && r != -EAGAIN)
		link_break(&d->link, r, "cannot send to");
	else
		link_poll(&d->link, UV_READABLE | (r < 0 ? UV_WRITABLE : 0));
}

/* Nothing that a peer says is of interest, but that it has gone is. */
static void ready(struct link *link, int events)
{
	struct datagram *d = (struct datagram *)link;
	char byte;
	ssize_t n = recv(link->fd, &byte, 1, MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		link_break(link, -errno, "cannot send to");
	else if (n == 0 && link->target->socktype == SOCK_SEQPACKET)
		link_break(link, -EPIPE, "the connection was closed by");
	else
		send_some(d);
}

void datagram_open(struct datagram *d, struct sink *sink)
{
	d->link.sink = sink;
	d->link.ready = ready;
	link_open(&d->link);
}

void datagram_wake(struct sink *sink)
{
	struct datagram *d = sink->own;

	if (d->link.state == LINK_UP)
		send_some(d);
}
