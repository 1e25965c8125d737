// SPDX-License-Identifier: Apache-2.0
#include "output/link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output/sink.h"

enum {
	RESOLVE_MS = 3000,	/* before the last good address is used */
	CONNECT_MS = 10000,
	USER_TIMEOUT_MS = 30000,	/* data that nobody acknowledges breaks a connection */
};

void link_target_address(struct link_target *t, int socktype, const struct option_text *address)
{
	*t = (struct link_target){ .socktype = socktype };
	address_parse(&t->address, address->text);
	snprintf(t->shown, sizeof(t->shown), "%s", option_shown(address));
}

void link_target_path(struct link_target *t, int socktype, const struct option_text *path)
{
	*t = (struct link_target){ .socktype = socktype, .path = path->text };
	snprintf(t->shown, sizeof(t->shown), "%s", option_shown(path));
}

static void try_next(struct link *l);

static void stop_timer(struct link *l)
{
	l->on_timer = NULL;
	uv_timer_stop(&l->timer);
}

static void on_ended(uv_handle_t *handle)
{
	struct link *l = handle->data;

	if (handle == (uv_handle_t *)&l->timer) {
		uv_close((uv_handle_t *)&l->answer, on_ended);
		return;
	}
	l->begun = false;
	sink_closed(l->sink);
}

static void end(struct link *l)
{
	if (l->question)
		resolve_forget(l->question);
	l->question = NULL;
	if (l->begun)
		uv_close((uv_handle_t *)&l->timer, on_ended);
	else
		sink_closed(l->sink);
}

static void on_broken(uv_handle_t *poll)
{
	struct link *l = poll->data;

	close(l->fd);
	l->fd = -1;
	l->state = LINK_CLOSED;
	if (l->ends)
		end(l);
	else if (l->tried < l->nresults)
		try_next(l);
	else
		sink_retry(l->sink, l->error, "%s %s", l->what, l->target->shown);
}

static void break_now(struct link *l, int r, const char *what)
{
	l->state = LINK_BREAKING;
	l->error = r;
	l->what = what;
	stop_timer(l);
	if (l->down)
		l->down(l);
	uv_close((uv_handle_t *)&l->poll, on_broken);
}

void link_break(struct link *l, int r, const char *what)
{
	if (l->state != LINK_UP)
		return;
	l->tried = l->nresults;
	break_now(l, r, what);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct link *l = poll->data;

	if (l->state == LINK_UP)
		l->ready(l, status < 0 ? UV_READABLE | UV_WRITABLE : events);
}

void link_poll(struct link *l, int events)
{
	uv_poll_start(&l->poll, events | (events & UV_READABLE ? UV_DISCONNECT : 0), on_poll);
}

static void on_timer(uv_timer_t *timer)
{
	struct link *l = timer->data;

	if (l->on_timer)
		l->on_timer(l);
}

void link_every(struct link *l, uint64_t ms, void (*call)(struct link *link))
{
	if (!ms) {
		stop_timer(l);
		return;
	}
	if (l->on_timer == call && uv_is_active((uv_handle_t *)&l->timer) && uv_timer_get_repeat(&l->timer) == ms)
		return;
	l->on_timer = call;
	uv_timer_start(&l->timer, on_timer, ms, ms);
}

static void connected(struct link *l)
{
	stop_timer(l);
	l->state = LINK_UP;
	link_poll(l, UV_READABLE);
	if (l->up)
		l->up(l);
	if (l->state == LINK_UP)
		sink_up(l->sink);
}

static void on_connect(uv_poll_t *poll, int status, int events)
{
	struct link *l = poll->data;
	int r = 0;
	socklen_t len = sizeof(r);

	if (l->state != LINK_CONNECTING)
		return;
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &r, &len) < 0)
		r = errno;
	if (r)
		break_now(l, -r, "cannot connect to");
	else
		connected(l);
}

static void too_slow(struct link *l)
{
	break_now(l, -ETIMEDOUT, "cannot connect to");
}

/* A peer that went away without a word is noticed, also while nothing is sent. */
static void set_options(int fd, int family, int socktype)
{
	int on = 1, idle = 30, interval = 10, count = 3, timeout = USER_TIMEOUT_MS;

	if (family == AF_UNIX || socktype != SOCK_STREAM)
		return;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int begin_connect(struct link *l, const union endpoint *to, socklen_t len)
{
	int r;

	l->fd = socket(to->any.sa_family, l->target->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return -errno;
	set_options(l->fd, to->any.sa_family, l->target->socktype);
	r = connect(l->fd, &to->any, len) < 0 ? -errno : 0;
	if (r < 0 && r != -EINPROGRESS) {
		close(l->fd);
		l->fd = -1;
		return r;
	}
	uv_poll_init(l->sink->loop, &l->poll, l->fd);
	l->poll.data = l;
	return r;
}

/* Connect to the next of the addresses; with none left it is a failure of the last. */
static void try_next(struct link *l)
{
	int r = -EADDRNOTAVAIL;

	while (l->tried < l->nresults) {
		r = begin_connect(l, &l->results[l->tried], l->lengths[l->tried]);
		l->tried++;
		if (r == 0) {
			connected(l);
			return;
		}
		if (r == -EINPROGRESS) {
			l->state = LINK_CONNECTING;
			uv_poll_start(&l->poll, UV_WRITABLE, on_connect);
			l->on_timer = too_slow;
			uv_timer_start(&l->timer, on_timer, CONNECT_MS, 0);
			return;
		}
	}
	l->state = LINK_CLOSED;
	sink_retry(l->sink, r, "cannot connect to %s", l->target->shown);
}

static void use_results(struct link *l)
{
	stop_timer(l);
	l->tried = 0;
	try_next(l);
}

/* An answer that comes too late for this connection is kept for the next one. */
static void on_answer(uv_async_t *async)
{
	struct link *l = async->data;
	union endpoint results[ADDRESS_RESULTS];
	socklen_t lengths[ADDRESS_RESULTS];
	int n = l->question ? resolve_take(l->question, results, lengths) : 0;

	if (n == 0)
		return;
	l->question = NULL;
	if (n > 0 && l->state != LINK_CONNECTING) {
		memcpy(l->results, results, sizeof(results));
		memcpy(l->lengths, lengths, sizeof(lengths));
		l->nresults = (unsigned)n;
	}
	if (l->state != LINK_RESOLVING)
		return;
	if (l->nresults) {
		use_results(l);
		return;
	}
	stop_timer(l);
	l->state = LINK_CLOSED;
	sink_retry(l->sink, -ENXIO, "cannot resolve %s (%s)", l->target->shown, gai_strerror(n));
}

/* The resolver takes its time: its last answer has to do, and it may go on. */
static void resolver_hangs(struct link *l)
{
	if (l->nresults) {
		use_results(l);
		return;
	}
	l->state = LINK_CLOSED;
	stop_timer(l);
	sink_retry(l->sink, -ETIMEDOUT, "cannot resolve %s", l->target->shown);
}

static void resolve(struct link *l)
{
	int r = l->question ? 0 : resolve_ask(&l->question, &l->target->address, l->target->socktype, &l->answer);

	if (r < 0) {
		l->state = LINK_CLOSED;
		sink_retry(l->sink, r, "cannot resolve %s", l->target->shown);
		return;
	}
	l->state = LINK_RESOLVING;
	l->on_timer = resolver_hangs;
	uv_timer_start(&l->timer, on_timer, RESOLVE_MS, 0);
}

static void begin(struct link *l)
{
	uv_timer_init(l->sink->loop, &l->timer);
	uv_async_init(l->sink->loop, &l->answer, on_answer);
	l->timer.data = l->answer.data = l;
	l->fd = -1;
	l->begun = true;
}

void link_open(struct link *l)
{
	union endpoint to;
	socklen_t len;

	if (!l->begun)
		begin(l);
	if (l->target->path) {
		address_local(l->target->path, &to, &len);
	} else if (!address_numeric(&l->target->address, &to, &len)) {
		resolve(l);
		return;
	}
	l->results[0] = to;
	l->lengths[0] = len;
	l->nresults = 1;
	use_results(l);
}

void link_close(struct sink *sink)
{
	struct link *l = sink->own;

	l->sink = sink;
	l->ends = true;
	if (l->state == LINK_CONNECTING || l->state == LINK_UP)
		break_now(l, 0, "");
	else if (l->state != LINK_BREAKING)
		end(l);
}
