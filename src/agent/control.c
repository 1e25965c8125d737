// SPDX-License-Identifier: Apache-2.0
#include "agent/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/instance.h"
#include "agent/reload.h"
#include "base/log.h"

enum {
	BACKLOG = 128,
	ACCEPTS = 64,		/* in one turn of the loop */
	GROUPS = 256,		/* of a peer that are looked at */
};

#define SOCKET_NAME "control.sock"

/* --- who it is */

static bool in_group(int fd, const struct control_peer *peer, gid_t group)
{
	gid_t groups[GROUPS];
	socklen_t size = sizeof(groups);

	if (peer->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (unsigned i = 0; i < size / sizeof(*groups); i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* As of its connect, which the kernel remembers. */
static struct control_peer peer_of(int fd, gid_t group)
{
	struct ucred cred = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t size = sizeof(cred);
	struct control_peer peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return (struct control_peer){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	peer = (struct control_peer){ .pid = cred.pid, .uid = cred.uid, .gid = cred.gid };
	peer.may_change = cred.uid == 0 || cred.uid == geteuid();
	peer.may_ask = peer.may_change || in_group(fd, &peer, group);
	return peer;
}

/* --- one client */

static void on_closed(uv_handle_t *handle)
{
	struct control_client *client = handle->data;

	client->closing--;
}

static void let_go(struct control_client *c)
{
	if (c->fd < 0)
		return;
	c->closing = 2;
	uv_close((uv_handle_t *)&c->poll, on_closed);
	uv_close((uv_handle_t *)&c->deadline, on_closed);
	close(c->fd);
	free(c->reply);
	c->reply = NULL;
	c->fd = -1;
}

static void on_deadline(uv_timer_t *timer)
{
	struct control_client *c = timer->data;

	c->control->late++;
	let_go(c);
}

static void on_client(uv_poll_t *poll, int status, int events);

static void give(struct control_client *c, char *reply, bool last)
{
	free(c->reply);
	c->reply = reply;
	c->reply_len = reply ? strlen(reply) : 0;
	c->written = 0;
	c->last = last || !reply;
	uv_timer_start(&c->deadline, on_deadline, CONTROL_DEADLINE_MS, 0);
	uv_poll_start(&c->poll, UV_WRITABLE, on_client);
}

/* Which may have come already. */
static void wait_for_receipt(struct control_client *c)
{
	if (!c->awaits)
		return;
	uv_poll_stop(&c->poll);
	uv_timer_start(&c->deadline, on_deadline, CONTROL_RELOAD_MS, 0);
}

static void on_reloaded(void *ctx, const struct reload_receipt *receipt)
{
	struct control *x = ctx;

	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *c = &x->clients[i];

		if (c->fd < 0 || !c->awaits || receipt->run < c->awaits)
			continue;
		c->awaits = 0;
		x->wrong += receipt->result < 0 && receipt->result != -EALREADY;
		give(c, control_receipt(receipt), c->last);
	}
}

static void answer(struct control_client *c, const char *line, size_t len, bool last)
{
	struct control *x = c->control;
	char *reply;
	int r;

	x->requests++;
	x->asking = c;
	reply = request_answer(control_commands, x, line, len, c->peer.may_change, &r);
	c->last = last;
	if (r == -EINPROGRESS) {
		wait_for_receipt(c);
		return;
	}
	x->wrong += r < 0;
	if (r == -EPERM) {
		x->denied++;
		log_say(x->log, LOG_warning, "control: process %d of uid %u asked for what only root may: %.*s", c->peer.pid,
			c->peer.uid, (int)(len < 100 ? len : 100), line);
	}
	give(c, reply, last);
}

/* Answer the first whole line of what was read, or wait for more. */
static void look_for_line(struct control_client *c, bool ended)
{
	char *nl = memchr(c->line, '\n', c->len);
	size_t len = nl ? (size_t)(nl - c->line) : c->len;

	if (nl || (ended && c->len)) {
		answer(c, c->line, len, ended && !nl);
		len += nl != NULL;
		c->len -= len;
		memmove(c->line, c->line + len, c->len);
	} else if (ended) {
		let_go(c);
	} else if (c->len == sizeof(c->line)) {
		c->control->wrong++;
		give(c, request_refusal("the request is longer than 4096 bytes"), true);
	} else {
		uv_poll_start(&c->poll, UV_READABLE, on_client);
	}
}

static void read_more(struct control_client *c)
{
	/* Descriptors that come with it are closed by the kernel, for nobody asks for them. */
	ssize_t n = recv(c->fd, c->line + c->len, sizeof(c->line) - c->len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		let_go(c);
		return;
	}
	c->len += n;
	look_for_line(c, n == 0);
}

static void write_more(struct control_client *c)
{
	ssize_t n = send(c->fd, c->reply + c->written, c->reply_len - c->written, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		let_go(c);
		return;
	}
	c->written += n;
	if (c->written < c->reply_len)
		return;
	free(c->reply);
	c->reply = NULL;
	if (c->last) {
		let_go(c);
		return;
	}
	uv_timer_start(&c->deadline, on_deadline, CONTROL_DEADLINE_MS, 0);
	look_for_line(c, false);
}

static void on_client(uv_poll_t *poll, int status, int events)
{
	struct control_client *c = poll->data;

	if (status < 0)
		let_go(c);
	else if (c->reply)
		write_more(c);
	else if (c->last)
		let_go(c);
	else
		read_more(c);
}

/* --- all of them */

/* A free place that this peer may have; NULL if there is none. */
static struct control_client *place_for(struct control *x, const struct control_peer *peer)
{
	struct control_client *found = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		if (x->clients[i].fd < 0 && !x->clients[i].closing) {
			found = &x->clients[i];
			n++;
		}
	return peer->may_change || n > CONTROL_KEPT ? found : NULL;
}

static int welcome(struct control *x, struct control_client *c, int fd, const struct control_peer *peer)
{
	int r;

	c->control = x;
	c->peer = *peer;
	c->len = 0;
	c->last = false;
	c->awaits = 0;
	r = uv_poll_init(&x->agent->loop, &c->poll, fd);
	if (r < 0)
		return r;
	uv_timer_init(&x->agent->loop, &c->deadline);
	c->poll.data = c->deadline.data = c;
	c->fd = fd;
	uv_timer_start(&c->deadline, on_deadline, CONTROL_DEADLINE_MS, 0);
	uv_poll_start(&c->poll, UV_READABLE, on_client);
	x->accepted++;
	return 0;
}

/* It fits in the empty buffer of a fresh socket. */
static void refuse(int fd, const char *why)
{
	char *line = request_refusal(why);

	if (line && send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		errno = 0;
	free(line);
	close(fd);
}

static void meet(struct control *x, int fd)
{
	struct control_peer peer = peer_of(fd, x->instance->group);
	struct control_client *c;

	if (!peer.may_ask) {
		x->denied++;
		log_say(x->log, LOG_warning, "control: process %d of uid %u is not in the group and may not ask", peer.pid,
			peer.uid);
		refuse(fd, "only root, the agent's own user and the group of the socket may ask");
		return;
	}
	c = place_for(x, &peer);
	if (!c || welcome(x, c, fd, &peer) < 0) {
		x->refused++;
		refuse(fd, "too many clients, try again");
	}
}

/* With no descriptor left, the spare one lets us take the client off the queue, and close it: else
 * the loop would find it there again and again. */
static void turn_away(struct control *x)
{
	int fd;

	close(x->spare);
	fd = accept4(x->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		refuse(fd, "the agent has no file descriptor left");
	x->refused += fd >= 0;
	x->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_connect(uv_poll_t *poll, int status, int events)
{
	struct control *x = poll->data;

	for (unsigned i = 0; i < ACCEPTS; i++) {
		int fd = accept4(x->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			meet(x, fd);
		else if (errno == EMFILE || errno == ENFILE)
			turn_away(x);
		else if (errno != ECONNABORTED && errno != EINTR)
			break;
	}
}

/* --- the socket */

/* We hold the lock, so a socket that is there is nobody's. */
static int remove_stale(const struct instance *instance)
{
	struct stat st;

	if (fstatat(instance->dir, SOCKET_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	return unlinkat(instance->dir, SOCKET_NAME, 0) < 0 ? -errno : 0;
}

/* Nobody can connect before owner and mode are right. */
static int bind_to(int fd, const struct instance *instance)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" SOCKET_NAME, instance->path);

	if (n >= (int)sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	if (fstatat(instance->dir, SOCKET_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (st.st_gid != instance->group &&
	     fchownat(instance->dir, SOCKET_NAME, -1, instance->group, AT_SYMLINK_NOFOLLOW) < 0) ||
	    fchmodat(instance->dir, SOCKET_NAME, 0660, 0) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return 0;
}

static int bind_socket(struct control *x)
{
	int r = remove_stale(x->instance);

	if (r < 0)
		return r;
	x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	x->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return x->fd < 0 || x->spare < 0 ? -errno : bind_to(x->fd, x->instance);
}

int control_listen(struct control *x, const struct instance *instance, struct log *log)
{
	int r;

	x->instance = instance;
	x->log = log;
	x->fd = x->spare = -1;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		x->clients[i].fd = -1;
	r = bind_socket(x);
	if (r < 0)
		log_say(log, LOG_error, "cannot listen on %s/" SOCKET_NAME ": %s", instance->shown, strerror(-r));
	return r;
}

int control_open(struct control *x, struct agent *agent, struct reload *reload)
{
	int r = uv_poll_init(&agent->loop, &x->poll, x->fd);

	if (r < 0) {
		snprintf(agent->error, sizeof(agent->error), "cannot watch the control socket: %s", strerror(-r));
		return r;
	}
	x->agent = agent;
	x->reload = reload;
	x->poll.data = x;
	reload_listen(reload, &(struct reload_listener){ NULL, on_reloaded, x });
	return uv_poll_start(&x->poll, UV_READABLE, on_connect);
}

void control_close(struct control *x)
{
	if (!x->instance)
		return;
	if (x->reload)
		reload_unlisten(x->reload, x);
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		let_go(&x->clients[i]);
	if (x->poll.data && !uv_is_closing((uv_handle_t *)&x->poll))
		uv_close((uv_handle_t *)&x->poll, NULL);
	if (x->fd >= 0) {
		unlinkat(x->instance->dir, SOCKET_NAME, 0);
		close(x->fd);
	}
	if (x->spare >= 0)
		close(x->spare);
	x->instance = NULL;
}
