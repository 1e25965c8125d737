// SPDX-License-Identifier: Apache-2.0
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

enum { PEERS = 64, ROOM = 1 << 20, LOOK_MS = 50, QUIET = 4 /* looks without a byte are the end */ };

static pid_t peers[PEERS];
static unsigned npeers;
static volatile sig_atomic_t finishing;	/* of a peer: it was told to end */

struct peer {
	enum peer_kind kind;
	struct peer_how how;
	int socket, out;
	int resets;
	char path[4300];
	char buf[ROOM];
};

static int socktype(enum peer_kind kind)
{
	if (kind == PEER_UDP || kind == PEER_DATAGRAM)
		return SOCK_DGRAM;
	return kind == PEER_SEQPACKET || kind == PEER_SEQPACKET_READER ? SOCK_SEQPACKET : SOCK_STREAM;
}

static void put(const struct peer *p, const char *text, size_t len)
{
	if (write(p->out, text, len) != (ssize_t)len)
		_exit(3);
}

/* Bytes of the whole lines at the beginning of the buffer, and how many they are. */
static size_t whole_lines(const struct peer *p, size_t len, unsigned *n)
{
	const char *end = memrchr(p->buf, '\n', len);

	for (const char *s = p->buf; end && s <= end; s++)
		*n += *s == '\n';
	return end ? (size_t)(end + 1 - p->buf) : 0;
}

static size_t whole_frames(const struct peer *p, size_t len, unsigned *n)
{
	size_t at = 0;

	for (;;) {
		char digits[8] = "", *space;
		size_t frame;

		memcpy(digits, p->buf + at, len - at < 7 ? len - at : 7);
		space = strchr(digits, ' ');
		if (!space && len - at >= 7)
			_exit(4);
		frame = space ? strtoul(digits, NULL, 10) + (size_t)(space + 1 - digits) : 0;
		if (!frame || frame > len - at)
			return at;
		at += frame;
		++*n;
	}
}

/* What is whole at the beginning of the buffer; how many lines or frames. */
static unsigned take_lines(struct peer *p, size_t *len)
{
	unsigned n = 0;
	size_t whole = p->how.octets ? whole_frames(p, *len, &n) : whole_lines(p, *len, &n);

	if (p->how.silent)
		__atomic_add_fetch(&shared->n[PEER_LINES], n, __ATOMIC_RELAXED);
	else
		put(p, p->buf, whole);
	*len -= whole;
	memmove(p->buf, p->buf + whole, *len);
	return n;
}

static void reset(struct peer *p, int fd)
{
	const struct linger now_ = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now_, sizeof(now_));
	p->resets++;
	__atomic_add_fetch(&shared->n[PEER_RESETS], 1, __ATOMIC_RELAXED);
}

/* So often the peer looks whether it was told to end. */
static void look_up(int fd)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_usec = LOOK_MS * 1000 }, sizeof(struct timeval));
}

static void told_to_finish(int number)
{
	(void)number;
	finishing = 1;
}

/* Like recv; 0 also when nothing comes any more. */
static ssize_t receive(int fd, char *buf, size_t size)
{
	ssize_t n;

	for (int quiet = 0; quiet < QUIET; quiet += finishing)
		if ((n = recv(fd, buf, size, 0)) >= 0 || (errno != EAGAIN && errno != EINTR))
			return n;
	return 0;
}

/* Bytes of one connection, until it ends on either side. */
static void serve(struct peer *p, int fd)
{
	long left = p->how.reset && p->resets < p->how.resets ? random() % p->how.reset + 1 + p->how.least : LONG_MAX;
	unsigned long lines = 0;
	size_t len = 0;

	look_up(fd);
	while (p->how.deaf && !finishing)
		poll(NULL, 0, LOOK_MS);
	while (left > 0 && !(finishing && (p->how.deaf || p->how.rate))) {
		size_t want = sizeof(p->buf) - len;
		ssize_t n;

		want = (size_t)left < want ? (size_t)left : want;
		want = p->how.rate && want > (size_t)p->how.rate / 10 ? (size_t)p->how.rate / 10 : want;
		n = receive(fd, p->buf + len, want);
		if (n <= 0)
			return;
		len += (size_t)n;
		left -= n;
		lines += take_lines(p, &len);
		if (p->how.ack)
			dprintf(fd, "%lu\n", lines);
		if (p->how.rate)
			poll(NULL, 0, 100);
	}
	if (left <= 0)
		reset(p, fd);
}

static void serve_all(struct peer *p)
{
	for (;;) {
		int fd = accept(p->socket, NULL, NULL);

		if (fd < 0 && finishing)
			return;
		if (fd < 0)
			continue;
		serve(p, fd);
		close(fd);
		shared->n[PEER_ENDS]++;
	}
}

static void take_messages(struct peer *p)
{
	ssize_t n;

	while ((n = receive(p->socket, p->buf, sizeof(p->buf))) != 0)
		if (n > 0)
			put(p, p->buf, (size_t)n);
}

static socklen_t local(struct sockaddr_un *to, const char *path)
{
	size_t n = strlen(path);

	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n >= sizeof(to->sun_path))
		give_up("%s is too long for a socket", path);
	memcpy(to->sun_path, path, n);
	return sizeof(*to);
}

/* Connect as long as there is somebody, again and again. */
static void read_all(struct peer *p)
{
	struct sockaddr_un at;
	socklen_t len = local(&at, p->path);

	for (;;) {
		int fd = socket(AF_UNIX, socktype(p->kind) | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&at, len) == 0) {
			serve(p, fd);
			shared->n[PEER_ENDS]++;
		} else if (finishing) {
			return;
		}
		close(fd);
		poll(NULL, 0, 5);
	}
}

static int listen_at(struct peer *p)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)p->how.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr_un there;
	socklen_t len = sizeof(here);
	bool inet = p->kind == PEER_TCP || p->kind == PEER_UDP;
	int r;

	p->socket = socket(inet ? AF_INET : AF_UNIX, socktype(p->kind) | SOCK_CLOEXEC, 0);
	setsockopt(p->socket, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ p->how.room ? p->how.room : 8 << 20 }, sizeof(int));
	setsockopt(p->socket, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (!inet)
		unlink(p->path);
	r = inet ? bind(p->socket, (struct sockaddr *)&here, len)
		 : bind(p->socket, (struct sockaddr *)&there, local(&there, p->path));
	if (r < 0 || (socktype(p->kind) != SOCK_DGRAM && listen(p->socket, 8) < 0))
		give_up("cannot listen at %s: %s", p->path, strerror(errno));
	if (!inet)
		return 0;
	getsockname(p->socket, (struct sockaddr *)&here, &len);
	return ntohs(here.sin_port);
}

static void be(struct peer *p)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, SIG_DFL);
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = told_to_finish }, NULL);
	look_up(p->socket);
	srandom((unsigned)getpid());
	if (p->kind == PEER_STREAM_READER || p->kind == PEER_SEQPACKET_READER)
		read_all(p);
	else if (socktype(p->kind) == SOCK_DGRAM)
		take_messages(p);
	else
		serve_all(p);
	_exit(0);
}

int peer_start(const char *name, enum peer_kind kind, const struct peer_how *how, pid_t *pid)
{
	static const struct peer_how plain;
	static struct peer p;
	char file[64];
	int port = 0;
	pid_t child;

	p = (struct peer){ .kind = kind, .how = how ? *how : plain, .socket = -1 };
	snprintf(file, sizeof(file), "%s.json", name);
	p.out = open(agent_path(file), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	snprintf(file, sizeof(file), "%s.sock", p.how.at ? p.how.at : name);
	snprintf(p.path, sizeof(p.path), "%s", agent_path(file));
	if (kind < PEER_STREAM_READER)
		port = listen_at(&p);
	if (npeers == PEERS)
		give_up("too many peers");
	child = fork();
	if (child == 0)
		be(&p);
	peers[npeers++] = child;
	if (pid)
		*pid = child;
	close(p.out);
	if (p.socket >= 0)
		close(p.socket);
	return port;
}

void peers_stop(void)
{
	while (npeers) {
		kill(peers[--npeers], SIGKILL);
		waitpid(peers[npeers], NULL, 0);
	}
}

void peers_finish(void)
{
	for (unsigned i = 0; i < npeers; i++)
		kill(peers[i], SIGTERM);
	for (double end = deadline(); npeers && now() < end; )
		if (waitpid(peers[npeers - 1], NULL, WNOHANG) == 0)
			poll(NULL, 0, 5);
		else
			npeers--;
	peers_stop();
}
