// SPDX-License-Identifier: Apache-2.0
/* Descriptors and connections: from the facts of a system call, or from fields of the event. */
#include "expr/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

const struct fd_letter fd_letters[] = {
	{ "file", "f" }, { "memfd", "f" }, { "directory", "d" }, { "ipv4", "4" }, { "ipv6", "6" }, { "unix", "u" },
	{ "pipe", "p" }, { "event", "e" }, { "signalfd", "s" }, { "eventpoll", "l" }, { "inotify", "i" },
	{ "timerfd", "t" }, { "netlink", "n" }, { "bpf", "b" }, { "userfaultfd", "u" }, { "io_uring", "r" },
	{ "pidfd", "P" }, { "char", "c" }, { "block", "b" },
};

const size_t fd_nletters = sizeof(fd_letters) / sizeof(*fd_letters);

static bool is_call(const void *record)
{
	return ((const struct head *)record)->id >= EVENT_SYSCALL;
}

static uint64_t number_at(const void *record, unsigned off)
{
	uint64_t value;

	memcpy(&value, (const char *)record + off, sizeof(value));
	return value;
}

static void fetch_constant(struct fetched *f, const char *text)
{
	if (text)
		fetched_text(f, text, strlen(text));
}

static const char *letter_of(const char *type)
{
	for (size_t i = 0; i < fd_nletters; i++)
		if (!strcmp(fd_letters[i].type, type))
			return fd_letters[i].letter;
	return "o";
}

static const char *proto_name(unsigned proto)
{
	switch (proto) {
	case IPPROTO_TCP: return "tcp";
	case IPPROTO_UDP: return "udp";
	case IPPROTO_ICMP: case IPPROTO_ICMPV6: return "icmp";
	case IPPROTO_RAW: return "raw";
	default: return NULL;
	}
}

static bool internet(unsigned family)
{
	return family == AF_INET || family == AF_INET6;
}

static const char *family_name(unsigned family)
{
	return internet(family) ? "ip" : family == AF_UNIX ? "unix" : NULL;
}

static void fetch_component(struct fetched *f, const char *path, size_t len, bool folder)
{
	const char *slash = memrchr(path, '/', len);

	if (!slash)
		return;
	if (folder)
		fetched_text(f, path, slash == path ? 1 : slash - path);
	else
		fetched_text(f, slash + 1, path + len - slash - 1);
}

/* --- events with fields of their own */

static const char *event_type(const struct access *a, const void *record)
{
	uint64_t value = number_at(record, a->off);
	struct fact fact = { .mode = value };

	if (a->remote)
		return value == AF_INET ? "ipv4" : value == AF_INET6 ? "ipv6" : NULL;
	return value & S_IFMT ? fd_type(record, &fact) : NULL;
}

static void event_fd(struct fetched *f, const struct access *a, const void *record)
{
	const struct span *at = (const void *)((const char *)record + a->off);
	const char *type;

	switch ((enum fd_part)a->arg) {
	case FD_FILENAME: case FD_DIRECTORY:
		if (at->len)
			fetch_component(f, event_span(record, at), at->len - 1,
					a->arg == FD_DIRECTORY);
		break;
	case FD_TYPE: case FD_TYPECHAR:
		type = event_type(a, record);
		fetch_constant(f, type && a->arg == FD_TYPECHAR ? letter_of(type) : type);
		break;
	case FD_L4PROTO:
		fetch_constant(f, proto_name(number_at(record, a->off)));
		break;
	case FD_FAMILY:
		fetch_constant(f, family_name(number_at(record, a->off)));
		break;
	case FD_NUM: case FD_NAME: case FD_DEV: case FD_INO: case FD_SOCKET_FAMILY: case FD_SOCKET_TYPE: case FD_PROTO:
	case FD_STATE: case FD_DELETED: case FD_CREATED:
		break;
	}
}

/* --- facts */

static void fact_name(struct fetched *f, const struct access *a, const void *record,
		      const struct fact *fact)
{
	fd_name(&f->name, record, fact);
	if (!f->name.len)
		return;
	if (a->arg == FD_NAME)
		fetched_text(f, f->name.text, f->name.len);
	else if ((fact->mode & S_IFMT) != S_IFSOCK)
		fetch_component(f, f->name.text, f->name.len, a->arg == FD_DIRECTORY);
}

static void fact_sock(struct fetched *f, const struct access *a, const struct fact_sock *sock)
{
	if (!sock)
		return;
	if (a->arg == FD_FAMILY)
		fetch_constant(f, family_name(sock->family));
	else if (a->arg == FD_SOCKET_FAMILY)
		fetched_number(f, sock->family);
	else if (a->arg == FD_SOCKET_TYPE)
		fetched_number(f, sock->type);
	else if (a->arg != FD_L4PROTO && (sock->src.family || sock->dst.family))
		fetched_number(f, a->arg == FD_PROTO ? sock->proto : sock->state);
	else if (a->arg == FD_L4PROTO && internet(sock->family))
		fetch_constant(f, proto_name(sock->proto));
}

void fetch_fd(struct fetched *f, const struct access *a, const void *record)
{
	const struct fact *fact;
	const char *type;

	if (!is_call(record)) {
		event_fd(f, a, record);
		return;
	}
	fact = fd_main(record);
	if (!fact)
		return;
	switch ((enum fd_part)a->arg) {
	case FD_NUM: fetched_number(f, (uint64_t)(int64_t)fact->fd); break;
	case FD_DEV: fetched_number(f, (uint32_t)fact->dev); break;
	case FD_INO: fetched_number(f, fact->ino); break;
	case FD_NAME: case FD_FILENAME: case FD_DIRECTORY: fact_name(f, a, record, fact); break;
	case FD_DELETED: fetched_number(f, !!(fact->flags & FACT_DELETED)); break;
	case FD_CREATED: fetched_number(f, !!(fact->flags & FACT_CREATED)); break;
	case FD_L4PROTO: case FD_FAMILY: case FD_SOCKET_FAMILY: case FD_SOCKET_TYPE: case FD_PROTO: case FD_STATE:
		fact_sock(f, a, fd_sock(record, fact));
		break;
	case FD_TYPE: case FD_TYPECHAR:
		type = fd_type(record, fact);
		fetch_constant(f, a->arg == FD_TYPE ? type : letter_of(type));
		break;
	}
}

/* --- ends of a connection */

struct end {
	struct constant_net net;	/* family 0: unknown */
	uint16_t port;
};

static void end_wire(struct end *end, const struct wire_addr *addr)
{
	if (!internet(addr->family))
		return;
	net_normal(&end->net, addr->addr, addr->family == AF_INET ? 4 : 6,
		   addr->family == AF_INET ? 32 : 128);
	end->port = addr->port;
}

static bool end_unset(const struct end *end)
{
	static const uint8_t zero[16];

	return !end->net.family || (!end->port && !memcmp(end->net.addr, zero, sizeof(zero)));
}

/* The other end as an argument tells it: the span of its sockaddr is at off. */
static void end_argument(struct end *end, const void *record, unsigned off)
{
	const struct span *at = (const void *)((const char *)record + off);
	const char *p = event_span(record, at);
	uint16_t head[2];

	if (at->len < 8)
		return;
	memcpy(head, p, sizeof(head));
	if (head[0] == AF_INET)
		net_normal(&end->net, p + 4, 4, 32);
	else if (head[0] == AF_INET6 && at->len >= 24)
		net_normal(&end->net, p + 8, 6, 128);
	else
		return;
	end->port = ntohs(head[1]);
}

/* Does the record tell of a packet that came from the other end? */
static bool received(const void *record)
{
	const struct event_net_packet_dns *e = record;

	return e->head.id == EVENT_net_packet_dns && e->direction == PACKET_INGRESS;
}

static void ends_of(struct end ends[2], const struct access *a, const void *record)
{
	const struct event_syscall *e = record;
	const struct fact_sock *sock;
	const struct fact *fact;

	if (!is_call(record)) {
		if (a->off)
			end_wire(&ends[0], (const void *)((const char *)record + a->off));
		if (a->remote)
			end_wire(&ends[1], (const void *)((const char *)record + a->remote));
		if (received(record)) {
			struct end from = ends[0];

			ends[0] = ends[1];
			ends[1] = from;
		}
		return;
	}
	fact = fd_main(e);
	sock = fact ? fd_sock(record, fact) : NULL;
	if (!sock || !internet(sock->family))
		return;
	end_wire(&ends[0], &sock->src);
	end_wire(&ends[1], &sock->dst);
	/* A connection that was refused has lost its port. */
	if (a->remote && (end_unset(&ends[1]) || !ends[1].port))
		end_argument(&ends[1], e, a->remote);
	if (end_unset(&ends[1]))
		ends[1] = (struct end){ 0 };
}

/* Who accepts is the server, who connects is not; else the lower port tells. */
static unsigned server_of(const struct end ends[2], unsigned id)
{
	if (end_of_server(id) != END_ANY)
		return end_of_server(id) == END_REMOTE;
	if (!ends[0].net.family || !ends[1].net.family)
		return ends[0].net.family ? 0 : 1;
	return ends[0].port < ends[1].port ? 0 : 1;
}

static void add_end(struct fetched *f, const struct access *a, const struct end *end)
{
	if (!end->net.family)
		return;
	if (a->arg & END_PORT) {
		f->numbers[f->n++] = end->port;
		return;
	}
	f->nets[f->n] = end->net;
	f->nets[f->n++].port = end->port;
}

void fetch_end(struct fetched *f, const struct access *a, const void *record)
{
	unsigned id = ((const struct head *)record)->id;
	struct end ends[2] = { 0 };

	ends_of(ends, a, record);
	switch ((enum end_part)(a->arg & (END_PORT - 1))) {
	case END_LOCAL: add_end(f, a, &ends[0]); break;
	case END_REMOTE: add_end(f, a, &ends[1]); break;
	case END_SERVER: add_end(f, a, &ends[server_of(ends, id)]); break;
	case END_CLIENT: add_end(f, a, &ends[!server_of(ends, id)]); break;
	case END_ANY:
		add_end(f, a, &ends[0]);
		add_end(f, a, &ends[1]);
		break;
	case END_PORT:
		break;
	}
}
