// SPDX-License-Identifier: Apache-2.0
/* net_packet_dns: messages between two processes, over each protocol, and what is no message. */
#include "live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "loopback.h"

enum { SERVER, CLIENT_PORT };		/* of shared->n */
enum { DNS_PORT = 53, QUERY_BYTES = 33, ANSWER_BYTES = 49 };

#define TRACE_DNS "-e net_packet_dns"

static int family = AF_INET;

/* www.EXAMPLE.org A IN */
static const unsigned char query[] =
	"\x12\x34\x01\x00\0\1\0\0\0\0\0\0\3www\7EXAMPLE\3org\0\0\1\0\1";
/* and 10.0.0.1 for a minute */
static const unsigned char answer[] =
	"\x12\x34\x81\x80\0\1\0\1\0\0\0\0\3www\7EXAMPLE\3org\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1";
_Static_assert(sizeof(query) == QUERY_BYTES + 1 && sizeof(answer) == ANSWER_BYTES + 1, "their NUL is not sent");

static int bound(int type)
{
	union address a = loopback(family, DNS_PORT);
	int fd = socket(family, type, 0);

	if (fd < 0 || bind(fd, &a.any, address_size(family)) < 0 || (type == SOCK_STREAM && listen(fd, 5) < 0))
		subject_fail("bind");
	return fd;
}

static int connected(int type)
{
	union address a = loopback(family, DNS_PORT);
	int one = 1, fd = socket(family, type, 0);

	if (fd < 0 || connect(fd, &a.any, address_size(family)) < 0)
		subject_fail("connect");
	if (type == SOCK_STREAM && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		subject_fail("nodelay");
	shared->n[CLIENT_PORT] = port_of(fd);
	return fd;
}

static void exchange(int fd, const void *out, size_t n, size_t expected)
{
	char in[512];

	if (send(fd, out, n, 0) != (ssize_t)n)
		subject_fail("send");
	for (ssize_t got = 0; expected; expected -= got) {
		got = recv(fd, in, expected, 0);
		if (got <= 0)
			subject_fail("recv");
	}
}

/* The server is a process of its own, child of the client: it has bound its socket when this returns. */
static pid_t serve(int type, void (*body)(int fd))
{
	int ready[2], fd;
	pid_t pid;
	char c;

	if (pipe(ready) < 0)
		subject_fail("pipe");
	pid = fork();
	if (pid == 0) {
		fd = bound(type);
		close(ready[0]);
		close(ready[1]);
		body(fd);
		_exit(0);
	}
	shared->n[SERVER] = pid;
	close(ready[1]);
	if (read(ready[0], &c, 1) != 0)
		subject_fail("read");
	close(ready[0]);
	return pid;
}

static void answer_datagram(int fd)
{
	union address from;
	socklen_t len = sizeof(from);
	char in[512];

	if (recvfrom(fd, in, sizeof(in), 0, &from.any, &len) != QUERY_BYTES)
		_exit(1);
	sendto(fd, answer, ANSWER_BYTES, 0, &from.any, len);
}

static void ask_by_udp(void)
{
	pid_t pid;
	int fd;

	own_network();
	pid = serve(SOCK_DGRAM, answer_datagram);
	fd = connected(SOCK_DGRAM);
	truth_take(&shared->truth);
	exchange(fd, query, QUERY_BYTES, ANSWER_BYTES);
	waitpid(pid, NULL, 0);
}

static const char *endpoint(long port)
{
	static char texts[4][64];
	static unsigned turn;
	char *text = texts[turn++ % 4];

	snprintf(text, sizeof(texts[0]), family == AF_INET ? "127.0.0.1:%ld" : "[::1]:%ld", port);
	return text;
}

static void message_check(json_t *r, const char *proto, bool response)
{
	is(r, "args.proto", "%s", proto);
	is(r, "args.family", family == AF_INET ? "AF_INET" : "AF_INET6");
	is(r, "args.src", "%s", endpoint(response ? DNS_PORT : shared->n[CLIENT_PORT]));
	is(r, "args.dst", "%s", endpoint(response ? shared->n[CLIENT_PORT] : DNS_PORT));
	is(r, "args.owner_known", "true");
	is(r, "args.length", "%d", response ? ANSWER_BYTES : QUERY_BYTES);
	is(r, "args.cut", "false");
	is(r, "args.payload", "null");
	is(r, "args.malformed", "null");
	is(r, "args.id", "%d", 0x1234);
	is(r, "args.type", response ? "response" : "query");
	is(r, "args.opcode", "QUERY");
	is(r, "args.rcode", "NOERROR");
	is(r, "args.flags", response ? "RD|RA" : "RD");
	is(r, "args.questions", "1");
	is(r, "args.question", "www.example.org");
	is(r, "args.qtype", "A");
	is(r, "args.qclass", "IN");
	is(r, "args.answer_count", response ? "1" : "0");
	is(r, "args.answers", response ? "[\"10.0.0.1\"]" : "null");
	is(r, "args.answer_types", response ? "[\"A\"]" : "null");
	is(r, "args.answer_names", response ? "[\"www.example.org\"]" : "null");
	is(r, "args.ttl", response ? "60" : "0");
	looked_at(r, "args.direction");
	looked_at(r, "args.socket");
	if (!strcmp(proto, "IPPROTO_UDP"))
		is(r, "args.sequence", "0");
	else
		looked_at(r, "args.sequence");
	complete(r);
}

/* Query and answer, each as it leaves and as it comes, by whose it is. */
static void four_messages(pid_t client, const char *proto)
{
	static const struct { bool client, response; const char *direction; } rows[] = {
		{ true, false, "args.direction=egress" },
		{ false, false, "args.direction=ingress" },
		{ false, true, "args.direction=egress" },
		{ true, true, "args.direction=ingress" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *r = await("net_packet_dns", rows[i].client ? client : shared->n[SERVER], rows[i].direction,
				  rows[i].response ? "args.type=response" : "args.type=query", NULL);

		message_check(r, proto, rows[i].response);
		if (rows[i].client)
			who_is(r, &shared->truth);
	}
	barrier();
	check(count("net_packet_dns", client, NULL) == 2, "%u of the client", count("net_packet_dns", client, NULL));
	check(count("net_packet_dns", shared->n[SERVER], NULL) == 2, "of the server");
}

TEST(dns_udp, "query and answer over UDP and IPv4, with the owner of each side")
{
	trace(TRACE_DNS);
	family = AF_INET;
	four_messages(subject(ask_by_udp), "IPPROTO_UDP");
}

static void need_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd < 0)
		skip("no IPv6: %s", strerror(errno));
	close(fd);
	family = AF_INET6;
}

TEST(dns_udp6, "the same over IPv6")
{
	need_ipv6();
	trace(TRACE_DNS);
	four_messages(subject(ask_by_udp), "IPPROTO_UDP");
}

/* --- TCP */

static void answer_stream(int listening)
{
	unsigned char framed[2 + ANSWER_BYTES] = { 0, ANSWER_BYTES };
	int fd = accept(listening, NULL, NULL);
	char in[512];

	for (ssize_t got = 0, n; got < 2 + QUERY_BYTES; got += n) {
		n = recv(fd, in, sizeof(in), 0);
		if (n <= 0)
			_exit(1);
	}
	memcpy(framed + 2, answer, ANSWER_BYTES);
	send(fd, framed, sizeof(framed), 0);
	close(fd);
}

/* The length in a segment of its own, as some resolvers send it. */
static void ask_by_tcp(void)
{
	static const unsigned char length[] = { 0, QUERY_BYTES };
	pid_t pid;
	int fd;

	own_network();
	pid = serve(SOCK_STREAM, answer_stream);
	fd = connected(SOCK_STREAM);
	truth_take(&shared->truth);
	if (send(fd, length, sizeof(length), 0) != sizeof(length))
		subject_fail("send");
	exchange(fd, query, QUERY_BYTES, 2 + ANSWER_BYTES);
	waitpid(pid, NULL, 0);
}

TEST(dns_tcp, "query and answer over TCP, the length in a segment of its own")
{
	trace(TRACE_DNS);
	family = AF_INET;
	four_messages(subject(ask_by_tcp), "IPPROTO_TCP");
}

TEST(dns_tcp6, "the same over IPv6")
{
	need_ipv6();
	trace(TRACE_DNS);
	four_messages(subject(ask_by_tcp), "IPPROTO_TCP");
}

static void drain(int listening)
{
	int fd = accept(listening, NULL, NULL);
	char in[512];

	while (recv(fd, in, sizeof(in), 0) > 0)
		;
}

/* Three messages in one segment, and one in two. */
static void ask_much(void)
{
	unsigned char framed[3 * (2 + QUERY_BYTES)];
	pid_t pid;
	int fd;

	own_network();
	pid = serve(SOCK_STREAM, drain);
	fd = connected(SOCK_STREAM);
	for (unsigned i = 0; i < 3; i++) {
		unsigned char *p = framed + i * (2 + QUERY_BYTES);

		p[0] = 0;
		p[1] = QUERY_BYTES;
		memcpy(p + 2, query, QUERY_BYTES);
		p[3] = i;	/* of the id */
	}
	exchange(fd, framed, sizeof(framed), 0);
	exchange(fd, framed, 20, 0);
	exchange(fd, framed + 20, 2 + QUERY_BYTES - 20 + 2 + QUERY_BYTES, 0);
	close(fd);
	waitpid(pid, NULL, 0);
}

TEST(dns_tcp_many, "several messages in a segment, and a message in several")
{
	json_t *r;
	pid_t pid;

	trace(TRACE_DNS);
	family = AF_INET;
	pid = subject(ask_much);
	for (unsigned i = 0; i < 3; i++) {
		char id[32];

		snprintf(id, sizeof(id), "args.id=%u", 0x1200 + i);
		r = await("net_packet_dns", pid, "args.cut=false", id, NULL);
		is(r, "args.question", "www.example.org");
	}
	r = await("net_packet_dns", pid, "args.cut=true", NULL);
	is(r, "args.length", "%d", QUERY_BYTES);
	is(r, "args.malformed", "null");
	is(r, "args.id", "%d", 0x1200);
	barrier();
	check(count("net_packet_dns", pid, NULL) == 5, "%u messages", count("net_packet_dns", pid, NULL));
}

/* The first bytes come with the SYN (RFC 7413), without a cookie. */
static void ask_early(void)
{
	enum { EARLY = 20 };
	unsigned char framed[2][2 + QUERY_BYTES] = { { 0, QUERY_BYTES }, { 0, QUERY_BYTES } };
	union address a = loopback(AF_INET, DNS_PORT);
	struct tcp_info info;
	socklen_t len = sizeof(info);
	int one = 1, fd;
	pid_t pid;

	own_network();
	put_file("/proc/sys/net/ipv4/tcp_fastopen", "1543");	/* 0x607: all sockets, without a cookie */
	memcpy(framed[0] + 2, query, QUERY_BYTES);
	memcpy(framed[1] + 2, query, QUERY_BYTES);
	framed[1][3] = 0x01;	/* of the id */
	pid = serve(SOCK_STREAM, drain);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (sendto(fd, framed, EARLY, MSG_FASTOPEN, &a.any, address_size(AF_INET)) != EARLY)
		subject_fail("sendto");
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 || !(info.tcpi_options & TCPI_OPT_SYN_DATA))
		subject_fail("the server took no data with the SYN");
	exchange(fd, &framed[0][EARLY], sizeof(framed) - EARLY, 0);
	close(fd);
	waitpid(pid, NULL, 0);
}

TEST(dns_tcp_early, "a message that begins with the SYN ends where it ends")
{
	json_t *r;
	pid_t pid;

	trace(TRACE_DNS);
	family = AF_INET;
	pid = subject(ask_early);
	r = await("net_packet_dns", pid, "args.cut=true", NULL);
	is(r, "args.id", "%d", 0x1234);
	is(r, "args.malformed", "null");
	r = await("net_packet_dns", pid, "args.cut=false", NULL);
	is(r, "args.id", "%d", 0x1201);
	is(r, "args.question", "www.example.org");
	barrier();
	check(count("net_packet_dns", pid, NULL) == 2, "%u messages", count("net_packet_dns", pid, NULL));
}

/* --- what is none, and nobody's */

static void send_rubbish(void)
{
	int server, fd;

	own_network();
	server = bound(SOCK_DGRAM);
	fd = connected(SOCK_DGRAM);
	exchange(fd, "hello", 5, 0);
	exchange(fd, "", 0, 0);
	exchange(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, 0);
	close(server);
}

TEST(dns_malformed, "what is no message is told with its reason and its bytes")
{
	json_t *r;
	pid_t pid;

	trace(TRACE_DNS);
	family = AF_INET;
	pid = subject(send_rubbish);
	r = await("net_packet_dns", pid, "args.direction=egress", "args.length=5", NULL);
	is(r, "args.malformed", "header cut off");
	is(r, "args.payload", "68656c6c6f");
	is(r, "args.type", "null");
	is(r, "args.question", "null");
	r = await("net_packet_dns", pid, "args.direction=egress", "args.length=0", NULL);
	is(r, "args.malformed", "no message");
	r = await("net_packet_dns", pid, "args.direction=egress", "args.length=27", NULL);
	check(strcmp(value(r, "args.malformed"), "null") != 0, "HTTP is a message");
	is(r, "args.payload", "474554202f20485454502f312e310d0a486f73743a20610d0a0d0a");
}

static void serve_late(void)
{
	int server, fd;
	char c;

	own_network();
	server = bound(SOCK_DGRAM);
	shared->n[SERVER] = getpid();
	while (!*(volatile long *)&shared->n[2])
		usleep(1000);
	if (fork() == 0) {
		fd = connected(SOCK_DGRAM);
		exchange(fd, query, QUERY_BYTES, 0);
		_exit(0);
	}
	if (recv(server, &c, 1, 0) != 1)
		subject_fail("recv");
	wait(NULL);
}

TEST(dns_unowned, "of a socket that was bound before and never sent, nobody is shown as owner")
{
	json_t *r;
	pid_t pid;

	family = AF_INET;
	shared->n[SERVER] = shared->n[2] = 0;
	pid = subject_start(serve_late);
	while (!*(volatile long *)&shared->n[SERVER])
		usleep(1000);
	trace(TRACE_DNS " args.id=4660");
	shared->n[2] = 1;
	check(subject_wait(pid) == 0, "the subject failed");
	r = await("net_packet_dns", 0, "args.direction=ingress", "args.owner_known=false", NULL);
	is(r, "proc.pid", "0");
	is(r, "proc.name", "%s", "");
	is(r, "user.uid", "-1");
	is(r, "args.question", "www.example.org");
	check(!seen(0, "net_packet_dns", pid, NULL), "somebody is shown");
}
