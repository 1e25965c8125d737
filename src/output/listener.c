// SPDX-License-Identifier: Apache-2.0
#include "output/listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "output/address.h"
#include "output/sink.h"

enum { BACKLOG = 16, LOOK_MS = 100, TURN_BYTES = 1 << 20, VECTORS = 16 };

static void send_all(struct listener *l);

/* --- readers */

static void on_left(uv_handle_t *poll)
{
	struct reader *r = poll->data;
	struct listener *l = r->listener;

	close(r->fd);
	r->used = r->leaving = false;
	l->nreaders--;
	if (l->sink->state == SINK_CLOSING) {
		if (--l->handles == 0)
			sink_closed(l->sink);
	} else {
		send_all(l);
	}
}

static void leave(struct reader *r, int why)
{
	if (r->leaving)
		return;
	r->leaving = true;
	r->why = why;
	uv_close((uv_handle_t *)&r->poll, on_left);
}

/* Where the line ends that the vector begins with. */
static void cut_to_line(struct iovec *v)
{
	const char *end = memchr(v->iov_base, '\n', v->iov_len);

	if (end)
		v->iov_len = (size_t)(end - (const char *)v->iov_base) + 1;
}

static int send_once(struct reader *r)
{
	struct iovec vectors[VECTORS];
	struct msghdr m = { .msg_iov = vectors };
	ssize_t n;

	m.msg_iovlen = flight_vectors(&r->listener->flight, r->at, vectors, VECTORS);
	if (!m.msg_iovlen)
		return 0;
	if (r->listener->socktype == SOCK_SEQPACKET) {
		m.msg_iovlen = 1;
		cut_to_line(vectors);
	}
	n = sendmsg(r->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	r->at += (uint64_t)n;
	return 1;
}

static void on_reader(uv_poll_t *poll, int status, int events);

/* As much as it takes, but others get their turn. */
static void send_to(struct reader *r)
{
	uint64_t most = r->at + TURN_BYTES;
	int e = 1;

	while (e > 0 && r->at < most)
		e = send_once(r);
	if (e < 0 && e != -EAGAIN)
		leave(r, e);
	else
		uv_poll_start(&r->poll, UV_READABLE | UV_DISCONNECT | (e ? UV_WRITABLE : 0), on_reader);
}

/* What it says is of no interest, but that it goes is. */
static void on_reader(uv_poll_t *poll, int status, int events)
{
	struct reader *r = poll->data;
	char bytes[512];
	ssize_t n = recv(r->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		leave(r, -EPIPE);
	else
		send_all(r->listener);
}

/* --- all of them */

static void fill(struct listener *l)
{
	struct queue_piece piece;

	while (!flight_full(&l->flight) && flight_bytes(&l->flight) < l->settings.window &&
	       queue_next(&l->sink->queue, &piece, 1)) {
		queue_sent(&l->sink->queue, piece.n);
		flight_add(&l->flight, piece.text, piece.bytes, piece.n);
	}
}

/* Numbers of the bytes that all readers have, and that the fastest has. */
static bool progress(const struct listener *l, uint64_t *all, uint64_t *most)
{
	bool any = false;

	*all = UINT64_MAX;
	*most = 0;
	for (unsigned i = 0; i < LISTENER_READERS; i++) {
		const struct reader *r = &l->readers[i];

		if (!r->used || r->leaving)
			continue;
		any = true;
		*all = r->at < *all ? r->at : *all;
		*most = r->at > *most ? r->at : *most;
	}
	return any;
}

/* Nobody has what the last reader left unread: it waits for the next one. */
static void forget_flight(struct listener *l)
{
	flight_clear(&l->flight);
	queue_rewind(&l->sink->queue);
}

static void drop_slow(struct listener *l, uint64_t slowest)
{
	for (unsigned i = 0; i < LISTENER_READERS; i++) {
		struct reader *r = &l->readers[i];

		if (!r->used || r->leaving || r->at > slowest)
			continue;
		sink_trouble(l->sink, -ETIMEDOUT, "a reader of %s was too slow for the others and is disconnected",
			     l->settings.path);
		leave(r, -ETIMEDOUT);
	}
	l->held_since = 0;
}

/* One that is at the same place while the window is full, and another has all of it. */
static void look_for_slow(struct listener *l, uint64_t slowest, uint64_t fastest)
{
	uint64_t now = clock_boot();
	bool full = flight_full(&l->flight) || flight_bytes(&l->flight) >= l->settings.window;

	if (!full || fastest < l->flight.end || slowest == fastest)
		l->held_since = 0;
	else if (!l->held_since)
		l->held_since = now;
	else if (now - l->held_since > l->settings.patience * 1000000)
		drop_slow(l, slowest);
}

static void settle(struct listener *l)
{
	uint64_t all, most;
	uint32_t lines;

	if (!progress(l, &all, &most)) {
		forget_flight(l);
		return;
	}
	lines = flight_whole(&l->flight, all);
	flight_settle(&l->flight, lines, all);
	if (lines)
		sink_done(l->sink, lines);
	look_for_slow(l, all, most);
}

static void on_timer(uv_timer_t *timer)
{
	send_all(timer->data);
}

static void send_all(struct listener *l)
{
	if (!l->nreaders || l->sink->state != SINK_UP)
		return;
	fill(l);
	for (unsigned i = 0; i < LISTENER_READERS; i++)
		if (l->readers[i].used && !l->readers[i].leaving)
			send_to(&l->readers[i]);
	settle(l);
	if (!l->held_since)
		uv_timer_stop(&l->timer);
	else if (!uv_is_active((uv_handle_t *)&l->timer))
		uv_timer_start(&l->timer, on_timer, LOOK_MS, LOOK_MS);
}

static struct reader *free_reader(struct listener *l)
{
	for (unsigned i = 0; i < LISTENER_READERS; i++)
		if (!l->readers[i].used)
			return &l->readers[i];
	return NULL;
}

/* What others were sent before is not for it. */
static void welcome(struct listener *l, int fd)
{
	struct reader *r = free_reader(l);

	if (!r) {
		sink_trouble(l->sink, -EUSERS, "%s has %d readers already", l->settings.path, LISTENER_READERS);
		close(fd);
		return;
	}
	*r = (struct reader){ .listener = l, .fd = fd, .at = l->flight.end };
	uv_poll_init(l->sink->loop, &r->poll, fd);
	r->poll.data = r;
	r->used = true;
	l->nreaders++;
	uv_poll_start(&r->poll, UV_READABLE | UV_DISCONNECT, on_reader);
}

static void on_accept(uv_poll_t *poll, int status, int events)
{
	struct listener *l = poll->data;
	int fd;

	for (unsigned i = 0; i < BACKLOG; i++) {
		fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			break;
		welcome(l, fd);
	}
	send_all(l);
}

/* --- the socket */

/* A socket that an agent left behind when it was killed: nobody answers. */
static void remove_stale(const struct listener *l, const union endpoint *at, socklen_t len)
{
	int fd = socket(AF_UNIX, l->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return;
	if (lstat(l->settings.path, &st) == 0 && S_ISSOCK(st.st_mode) && connect(fd, &at->any, len) < 0 &&
	    errno == ECONNREFUSED)
		unlink(l->settings.path);
	close(fd);
}

static int bind_at(struct listener *l)
{
	union endpoint at;
	socklen_t len;
	mode_t mask;
	int r = address_local(l->settings.path, &at, &len);

	if (r < 0)
		return r;
	remove_stale(l, &at, len);
	mask = umask(0777 & ~(mode_t)l->settings.mode);
	r = bind(l->fd, &at.any, len) < 0 ? -errno : 0;
	umask(mask);
	if (r == 0 && lstat(l->settings.path, &l->inode) < 0)
		r = -errno;
	if (r == 0 && listen(l->fd, BACKLOG) < 0)
		r = -errno;
	return r;
}

void listener_open(struct listener *l, struct sink *sink)
{
	int r = 0;

	l->sink = sink;
	l->fd = socket(AF_UNIX, l->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		r = -errno;
	else
		r = bind_at(l);
	if (r < 0) {
		if (l->fd >= 0)
			close(l->fd);
		l->fd = -1;
		sink_retry(sink, r, "cannot listen at %s", l->settings.path);
		return;
	}
	flight_clear(&l->flight);
	uv_poll_init(sink->loop, &l->poll, l->fd);
	uv_timer_init(sink->loop, &l->timer);
	l->poll.data = l->timer.data = l;
	uv_poll_start(&l->poll, UV_READABLE, on_accept);
	sink_up(sink);
}

void listener_wake(struct sink *sink)
{
	send_all(sink->own);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	if (handle == (uv_handle_t *)&l->poll)
		close(l->fd);
	if (--l->handles == 0)
		sink_closed(l->sink);
}

static void remove_own(const struct listener *l)
{
	struct stat st;

	if (lstat(l->settings.path, &st) == 0 && st.st_ino == l->inode.st_ino && st.st_dev == l->inode.st_dev)
		unlink(l->settings.path);
}

void listener_close(struct sink *sink)
{
	struct listener *l = sink->own;

	if (!l->sink || l->fd < 0) {
		sink_closed(sink);
		return;
	}
	remove_own(l);
	l->handles = 2 + l->nreaders;
	for (unsigned i = 0; i < LISTENER_READERS; i++)
		if (l->readers[i].used)
			leave(&l->readers[i], 0);
	uv_close((uv_handle_t *)&l->poll, on_handle_closed);
	uv_close((uv_handle_t *)&l->timer, on_handle_closed);
}
