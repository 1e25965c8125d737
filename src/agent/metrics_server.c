// SPDX-License-Identifier: Apache-2.0
/* libmicrohttpd has no loop of its own here: it waits on one epoll descriptor, which is on ours, and
 * does what there is to do when that has something.  Each connection has one request. */
#include "agent/metrics_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <uv.h>

#include "agent/agent.h"
#include "agent/figures.h"
#include "agent/metrics.h"
#include "agent/metrics_text.h"
#include "agent/microhttpd.h"
#include "agent/reload.h"
#include "base/clock.h"
#include "base/text.h"

enum {
	CONNECTION_BYTES = 16 << 10,	/* of a request and of the head of its answer */
	SWEEP_MS = 500,			/* between looks for connections that dawdle */
	HANDLES = 2,
};

/* So long a connection is let alone when there are too many. */
#define GRACE_NS UINT64_C(1000000000)

struct connection {
	struct MHD_Connection *of;	/* NULL: free */
	uint64_t since;			/* nanoseconds since boot */
	bool body;			/* an answer with all figures is on its way */
};

struct metrics_server {
	struct microhttpd http;
	struct MHD_Daemon *daemon;
	struct metrics_counts *counts;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned handles;		/* that are not closed yet */
	struct connection connections[METRICS_CONNECTIONS];
	unsigned nconnections, nbodies;
	struct figures figures;
	char page[METRICS_BYTES];
};

/* --- answers */

static enum MHD_Result answer(struct metrics_server *s, struct MHD_Connection *c, unsigned status, const char *type, const char *body, size_t len)
{
	struct MHD_Response *r = s->http.create_response_from_buffer(len, (void *)body, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result done;

	if (!r)
		return MHD_NO;
	s->http.add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	s->http.add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	s->http.add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		s->http.add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		s->http.add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	done = s->http.queue_response(c, status, r);
	s->http.destroy_response(r);
	return done;
}

static enum MHD_Result answer_text(struct metrics_server *s, struct MHD_Connection *c, unsigned status, const char *body)
{
	return answer(s, c, status, "text/plain; charset=utf-8", body, strlen(body));
}

static enum metrics_format format_wanted(struct metrics_server *s, struct MHD_Connection *c)
{
	const char *accept = s->http.lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);

	return accept && strcasestr(accept, "application/openmetrics-text") ? METRICS_OPENMETRICS : METRICS_PROMETHEUS;
}

static enum MHD_Result get_metrics(struct metrics_server *s, struct MHD_Connection *c, struct connection *slot)
{
	static const char *const types[] = {
		[METRICS_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
		[METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	};
	enum metrics_format format = format_wanted(s, c);
	uint64_t began = clock_boot();
	ssize_t n;

	if (s->nbodies >= METRICS_BODIES) {
		s->counts->busy++;
		return answer_text(s, c, MHD_HTTP_SERVICE_UNAVAILABLE, "too many readers are slow\n");
	}
	if (figures_read(&s->figures) < 0)
		return answer_text(s, c, MHD_HTTP_INTERNAL_SERVER_ERROR, "the kernel's counters cannot be read\n");
	n = metrics_text(s->page, sizeof(s->page), format, &s->figures);
	histogram_add(&s->counts->scrapes, clock_boot() - began);
	if (n < 0) {
		s->counts->too_large++;
		return answer_text(s, c, MHD_HTTP_INTERNAL_SERVER_ERROR, "there is too much to tell\n");
	}
	s->counts->bytes = n;
	slot->body = true;
	s->nbodies++;
	return answer(s, c, MHD_HTTP_OK, types[format], s->page, n);
}

/* One line for each check that is not well. */
static enum MHD_Result get_health(struct metrics_server *s, struct MHD_Connection *c, struct connection *slot)
{
	char body[HEALTH_CHECKS * (sizeof(((struct health_check *)0)->why) + 32) + 1];
	struct text t = { body, body + sizeof(body) - 1, false };
	struct health h;

	health_check(s->figures.agent, &h);
	for (unsigned i = 0; i < HEALTH_CHECKS; i++) {
		if (h.checks[i].ok)
			continue;
		text_str(&t, h.checks[i].name);
		text_str(&t, ": ");
		text_str(&t, h.checks[i].why);
		text_char(&t, '\n');
	}
	*t.p = 0;
	return answer_text(s, c, h.ok ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, h.ok ? "ok\n" : body);
}

static enum MHD_Result get_ready(struct metrics_server *s, struct MHD_Connection *c, struct connection *slot)
{
	if (s->figures.agent->stop_reason)
		return answer_text(s, c, MHD_HTTP_SERVICE_UNAVAILABLE, "stopping\n");
	return answer_text(s, c, MHD_HTTP_OK, "ready\n");
}

static const struct {
	const char *path;
	enum MHD_Result (*get)(struct metrics_server *s, struct MHD_Connection *c, struct connection *slot);
} pages[] = {
	{ "/metrics", get_metrics },
	{ "/healthz", get_health },
	{ "/readyz", get_ready },
};

static enum MHD_Result on_request(void *server, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_size, void **request)
{
	struct metrics_server *s = server;
	const union MHD_ConnectionInfo *info = s->http.get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	if (!info || !info->socket_context)
		return MHD_NO;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		s->counts->refused++;
		return answer_text(s, c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
	}
	if (!*request) {	/* only the head is here: the request may have a body, which is not read */
		*request = s;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++)
		if (!strcmp(url, pages[i].path)) {
			s->counts->requests++;
			return pages[i].get(s, c, info->socket_context);
		}
	s->counts->refused++;
	return answer_text(s, c, MHD_HTTP_NOT_FOUND, "there are /metrics, /healthz and /readyz\n");
}

/* --- connections */

/* The library sees its end at the next turn. */
static void expire(struct metrics_server *s, struct connection *slot)
{
	const union MHD_ConnectionInfo *info = s->http.get_connection_info(slot->of, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (info && shutdown(info->connect_fd, SHUT_RDWR) == 0)
		s->counts->expired++;
}

/* Those that came long ago go; when there are as many as there may be, all that dawdle. */
static void sweep(struct metrics_server *s)
{
	uint64_t most = s->nconnections < METRICS_CONNECTIONS ? METRICS_SECONDS * UINT64_C(1000000000) : GRACE_NS;
	uint64_t now = clock_boot();

	for (unsigned i = 0; i < METRICS_CONNECTIONS; i++)
		if (s->connections[i].of && now - s->connections[i].since > most)
			expire(s, &s->connections[i]);
}

static void connection_begin(struct metrics_server *s, struct MHD_Connection *c, void **context)
{
	for (unsigned i = 0; i < METRICS_CONNECTIONS; i++) {
		if (s->connections[i].of)
			continue;
		s->connections[i] = (struct connection){ .of = c, .since = clock_boot() };
		s->nconnections++;
		*context = &s->connections[i];
		return;
	}
}

static void on_connection(void *server, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct metrics_server *s = server;
	struct connection *slot;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_begin(s, c, context);
		return;
	}
	slot = *context;
	if (!slot)
		return;
	s->nbodies -= slot->body;
	s->nconnections--;
	*slot = (struct connection){ 0 };
}

/* --- on the loop */

static void on_timer(uv_timer_t *timer);

static void turn(struct metrics_server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;
	unsigned before;

	/* It listens again, after there were too many, only with the run that follows their end. */
	do {
		before = s->nconnections;
		s->http.run(s->daemon);
	} while (s->nconnections < before);
	if (s->http.get_timeout(s->daemon, &ms) != MHD_YES)
		ms = SWEEP_MS;
	if (s->nconnections || ms < SWEEP_MS)
		uv_timer_start(&s->timer, on_timer, ms < SWEEP_MS ? ms : SWEEP_MS, 0);
	else
		uv_timer_stop(&s->timer);
}

static void on_timer(uv_timer_t *timer)
{
	struct metrics_server *s = timer->data;

	sweep(s);
	turn(s);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	turn(poll->data);
}

static void on_closed(uv_handle_t *handle)
{
	struct metrics_server *s = handle->data;

	if (--s->handles == 0)
		free(s);
}

static int on_loop(struct metrics_server *s, uv_loop_t *loop)
{
	const union MHD_DaemonInfo *info = s->http.get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int r = info ? uv_poll_init(loop, &s->poll, info->epoll_fd) : -ENOTSUP;

	if (r < 0)
		return r;
	uv_timer_init(loop, &s->timer);
	s->poll.data = s->timer.data = s;
	s->handles = HANDLES;
	uv_poll_start(&s->poll, UV_READABLE, on_readable);
	return 0;
}

static int start(struct metrics_server *s, int fd, uv_loop_t *loop)
{
	int r = microhttpd_load(&s->http);

	if (r < 0)
		return r;
	s->daemon = s->http.start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, s,
					 MHD_OPTION_LISTEN_SOCKET, fd,
					 MHD_OPTION_CONNECTION_LIMIT, (unsigned)METRICS_CONNECTIONS,
					 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)METRICS_SECONDS,
					 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
					 MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
	if (!s->daemon)
		return -EIO;
	r = on_loop(s, loop);
	if (r < 0) {
		s->http.quiesce_daemon(s->daemon);	/* the socket stays the caller's */
		s->http.stop_daemon(s->daemon);
	}
	return r;
}

int metrics_server_open(struct metrics_server **ret, int fd, struct metrics_counts *counts, struct agent *agent,
			const struct reload *reload)
{
	struct metrics_server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->counts = counts;
	s->figures.agent = agent;
	s->figures.reload = reload;
	r = start(s, fd, &agent->loop);
	if (r < 0) {
		microhttpd_unload(&s->http);
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void metrics_server_close(struct metrics_server *s)
{
	uv_close((uv_handle_t *)&s->poll, on_closed);
	uv_close((uv_handle_t *)&s->timer, on_closed);
	s->http.stop_daemon(s->daemon);
	microhttpd_unload(&s->http);
}
