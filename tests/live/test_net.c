// SPDX-License-Identifier: Apache-2.0
/* sock_state: every state of connections on the loopback, with both addresses and their owner. */
#include "live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"
#include "loopback.h"

static int family;

enum { LISTEN, CONNECT, CLIENT_PORT, SERVER_PORT, REFUSED_PORT };	/* of shared->n */

static void talks(void)
{
	union address a = loopback(family, 0);
	int server, client, conn;

	own_network();
	server = socket(family, SOCK_STREAM, 0);
	if (server < 0 || bind(server, &a.any, address_size(family)) < 0 || listen(server, 5) < 0)
		subject_fail("listen");
	shared->n[SERVER_PORT] = port_of(server);
	client = socket(family, SOCK_STREAM, 0);
	a = loopback(family, shared->n[SERVER_PORT]);
	truth_take(&shared->truth);
	if (connect(client, &a.any, address_size(family)) < 0)
		subject_fail("connect");
	shared->n[CLIENT_PORT] = port_of(client);
	conn = accept(server, NULL, NULL);
	if (conn < 0)
		subject_fail("accept");
	close(client);
	close(conn);
	close(server);
	client = socket(family, SOCK_STREAM, 0);
	if (connect(client, &a.any, address_size(family)) == 0 || errno != ECONNREFUSED)
		subject_fail("connect to nobody");
	close(client);
}

/* who acts: s the server's port is local, c the client's, r the one that is refused */
static const struct step { char side; const char *old, *new; } steps[] = {
	{ 'l', "TCP_CLOSE", "TCP_LISTEN" },
	{ '0', "TCP_CLOSE", "TCP_SYN_SENT" },
	{ 'c', "TCP_SYN_SENT", "TCP_ESTABLISHED" },
	{ 's', "TCP_LISTEN", "TCP_SYN_RECV" },
	{ 's', "TCP_SYN_RECV", "TCP_ESTABLISHED" },
	{ 'c', "TCP_ESTABLISHED", "TCP_FIN_WAIT1" },
	{ 's', "TCP_ESTABLISHED", "TCP_CLOSE_WAIT" },
	{ 'c', "TCP_FIN_WAIT1", "TCP_FIN_WAIT2" },
	{ 's', "TCP_CLOSE_WAIT", "TCP_LAST_ACK" },
	{ 's', "TCP_LAST_ACK", "TCP_CLOSE" },
	{ 'l', "TCP_LISTEN", "TCP_CLOSE" },
	{ 'r', "TCP_SYN_SENT", "TCP_CLOSE" },
};

static const char *endpoint(long port)
{
	static char texts[4][64];
	static unsigned turn;
	char *text = texts[turn++ % 4];

	snprintf(text, sizeof(texts[0]), family == AF_INET ? "127.0.0.1:%ld" : "[::1]:%ld", port);
	return text;
}

static void step_check(const struct step *s, pid_t pid)
{
	char old[64], new[64];
	json_t *r;

	snprintf(old, sizeof(old), "args.old=%s", s->old);
	snprintf(new, sizeof(new), "args.new=%s", s->new);
	r = await("sock_state", pid, old, new, NULL);
	who_is(r, &shared->truth);
	is(r, "args.old", "%s", s->old);
	is(r, "args.new", "%s", s->new);
	is(r, "args.family", family == AF_INET ? "AF_INET" : "AF_INET6");
	is(r, "args.proto", "IPPROTO_TCP");
	is(r, "args.owner_known", "true");
	if (s->side == 'l' || s->side == 's')
		is(r, "args.src", "%s", endpoint(shared->n[SERVER_PORT]));
	if (s->side == 'c')
		is(r, "args.src", "%s", endpoint(shared->n[CLIENT_PORT]));
	if (s->side == 'l')
		is(r, "args.dst", "null");
	else if (!strcmp(s->new, "TCP_SYN_RECV") && !strcmp(value(r, "args.dst"), "null"))
		looked_at(r, "args.dst");	/* older kernels fill it in right after this change */
	else
		is(r, "args.dst", "%s", endpoint(s->side == 's' ? shared->n[CLIENT_PORT] : shared->n[SERVER_PORT]));
	looked_at(r, "args.src");	/* not chosen yet, or of the refused one */
	complete(r);
}

static void all_steps(void)
{
	pid_t pid;

	trace(TRACE_EVENTS);
	pid = subject(talks);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		step_check(&steps[i], pid);
}

TEST(sock_ipv4, "listen, connect, accept, close, refused over IPv4")
{
	family = AF_INET;
	all_steps();
}

TEST(sock_ipv6, "listen, connect, accept, close, refused over IPv6")
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd < 0)
		skip("no IPv6: %s", strerror(errno));
	close(fd);
	family = AF_INET6;
	all_steps();
}

static void two_talk(void)
{
	union address a = loopback(family, 0);
	int server, fd, ready[2];
	char c;

	own_network();
	server = socket(family, SOCK_STREAM, 0);
	if (pipe(ready) < 0 || bind(server, &a.any, address_size(family)) < 0 || listen(server, 5) < 0)
		subject_fail("listen");
	shared->n[SERVER_PORT] = port_of(server);
	a = loopback(family, shared->n[SERVER_PORT]);
	shared->n[CONNECT] = fork();
	if (shared->n[CONNECT] == 0) {
		close(server);
		close(ready[1]);
		fd = socket(family, SOCK_STREAM, 0);
		if (connect(fd, &a.any, address_size(family)) < 0)
			_exit(1);
		c = read(ready[0], &c, 1);
		_exit(0);
	}
	fd = accept(server, NULL, NULL);
	close(fd);
	close(ready[1]);
	waitpid(shared->n[CONNECT], NULL, 0);
}

TEST(sock_owner, "each side of a connection is shown with its own process")
{
	char src[64];
	pid_t pid;

	trace(TRACE_EVENTS);
	family = AF_INET;
	pid = subject(two_talk);
	snprintf(src, sizeof(src), "args.src=%s", endpoint(shared->n[SERVER_PORT]));
	await("sock_state", pid, "args.new=TCP_ESTABLISHED", src, NULL);
	await("sock_state", shared->n[CONNECT], "args.new=TCP_SYN_SENT", NULL);
	await("sock_state", shared->n[CONNECT], "args.new=TCP_ESTABLISHED", NULL);
	check(!seen(0, "sock_state", pid, "args.new=TCP_SYN_SENT", NULL), "the server is shown to connect");
}

static void fenced_talk(void)
{
	if (unshare(CLONE_NEWUTS) < 0 || sethostname("fenced", 6) < 0)
		subject_fail("sethostname");
	two_talk();
}

TEST(sock_hostname, "the connections of a container have its host name, not the host's, in each of their states")
{
	char src[64];
	pid_t pid;

	trace(TRACE_EVENTS);
	family = AF_INET;
	pid = subject(fenced_talk);
	snprintf(src, sizeof(src), "args.src=%s", endpoint(shared->n[SERVER_PORT]));
	is(await("sock_state", pid, "args.new=TCP_LISTEN", NULL), "hostname", "fenced");
	is(await("sock_state", pid, "args.new=TCP_ESTABLISHED", src, NULL), "hostname", "fenced");
	is(await("sock_state", shared->n[CONNECT], "args.new=TCP_SYN_SENT", NULL), "hostname", "fenced");
	is(await("sock_state", shared->n[CONNECT], "args.new=TCP_ESTABLISHED", NULL), "hostname", "fenced");
}

static void fast_open(void)
{
	union address a = loopback(family, 9);
	int fd;

	own_network();
	fd = socket(family, SOCK_STREAM, 0);
	shared->n[0] = sendto(fd, "x", 1, MSG_FASTOPEN, &a.any, address_size(family));
}

TEST(sock_fastopen, "a connection made by sendto alone")
{
	json_t *r;
	pid_t pid;

	trace(TRACE_EVENTS);
	family = AF_INET;
	pid = subject(fast_open);
	r = await("sock_state", pid, "args.new=TCP_SYN_SENT", NULL);
	is(r, "args.dst", "127.0.0.1:9");
	is(r, "args.owner_known", "true");
}
