/* SPDX-License-Identifier: Apache-2.0 */
/* Records made by hand, as a lane would give them. */
#ifndef SAKER_TESTS_UNIT_RECORD_H
#define SAKER_TESTS_UNIT_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "event/schema.h"

#define LEN_OF(array) (sizeof(array) / sizeof(*(array)))

/* Space for one record; its parts are seen through the union. */
struct record {
	union {
		_Alignas(8) char bytes[RECORD_MAX];
		struct head head;
		struct event_syscall call;
		struct event_process_fork process_fork;
		struct event_process_exec process_exec;
		struct event_process_exit process_exit;
		struct event_process_existing process_existing;
		struct event_task_rename task_rename;
		struct event_sock_state sock_state;
		struct event_file_open file_open;
		struct event_cgroup_mkdir cgroup_mkdir;
		struct event_container_create container_create;
		struct event_net_packet_dns net_packet_dns;
		struct event_lost lost;
	};
};

enum {
	RECORD_PID = 4242,
	RECORD_SECOND = 1000000000,
};

/* 2026-11-23T10:00:00Z less the time of record_begin's records, 100.123456789 s. */
#define RECORD_BOOT_TO_WALL (1795428000LL * RECORD_SECOND - 100LL * RECORD_SECOND)
#define RECORD_TIME (100ULL * RECORD_SECOND + 123456789)
#define RECORD_START (90ULL * RECORD_SECOND)

static inline void record_begin(struct record *r, unsigned id)
{
	const struct schema *s = schema_get(id);

	memset(r, 0, sizeof(*r));
	r->head = (struct head){
		.size = s->size, .id = id, .lane = schema_lane(id), .time = RECORD_TIME, .seq = 17, .cpu = 1,
		.who = {
			.proc_pid = RECORD_PID, .proc_tid = RECORD_PID, .proc_ppid = 1,
			.host_pid = RECORD_PID, .host_tid = RECORD_PID, .host_ppid = 1, .proc_vpid = 7, .proc_vtid = 7,
			.proc_start = RECORD_START, .proc_leader_start = RECORD_START,
			.proc_parent_start = RECORD_SECOND, .proc_name = { "cat" }, .proc_cgroup = 5150,
			.proc_mnt_ns = 4026531841, .proc_pid_ns = 4026531836, .proc_net_ns = 4026531840,
			.proc_uts_ns = 4026531838, .user_uid = 1000, .user_gid = 1000, .user_euid = 0,
			.user_egid = 1000, .user_loginuid = 1000, .user_session = -1,
		},
	};
}

/* Append bytes, aligned as the kernel side does; what does not fit is left out. */
static inline struct span record_bytes(struct record *r, const void *data, size_t len)
{
	uint32_t off = (r->head.size + 7) & ~7u;

	if (off + len > RECORD_MAX)
		return (struct span){ 0 };
	memcpy(r->bytes + off, data, len);
	r->head.size = off + len;
	return (struct span){ off, len };
}

static inline struct span record_str(struct record *r, const char *s)
{
	return record_bytes(r, s, strlen(s) + 1);
}

/* The n-th field as a span. */
static inline struct span *record_span(struct record *r, unsigned n)
{
	return (struct span *)(r->bytes + schema_field_off(schema_get(r->head.id), n));
}

static inline struct fact *record_fact(struct record *r, unsigned n, const struct fact *fact)
{
	r->call.facts[n] = record_bytes(r, fact, sizeof(*fact));
	return (struct fact *)(r->bytes + r->call.facts[n].off);
}

static inline struct fact *record_file(struct record *r, unsigned n, int fd, unsigned arg, const char *path)
{
	struct fact fact = {
		.fd = fd, .arg = arg, .mode = S_IFREG | 0644, .magic = 0xef53, .dev = 0x803, .ino = 1234,
		.name = record_str(r, path),
	};

	return record_fact(r, n, &fact);
}

static inline struct fact *record_sock(struct record *r, unsigned n, int fd, unsigned arg,
				       const struct fact_sock *sock)
{
	struct fact fact = {
		.fd = fd, .arg = arg, .mode = S_IFSOCK | 0777, .magic = 0x534f434b, .dev = 8, .ino = 777,
		.sock = record_bytes(r, sock, sizeof(*sock)),
	};

	return record_fact(r, n, &fact);
}

/* openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3 */
static inline void record_openat(struct record *r)
{
	record_begin(r, EVENT_call_openat);
	r->call.args[0] = (uint32_t)-100;
	*record_span(r, 1) = record_str(r, "/etc/passwd");
	r->call.args[2] = 02000000;
	r->call.ret = 3;
	record_file(r, 0, 3, FIELD_RET, "/etc/passwd");
}

static inline void record_exec(struct record *r, const char *path, const char *argv, size_t argv_len)
{
	record_begin(r, EVENT_process_exec);
	r->process_exec.path = record_str(r, path);
	r->process_exec.filename = record_str(r, path);
	r->process_exec.argv = record_bytes(r, argv, argv_len);
	r->process_exec.cwd = record_str(r, "/root");
	r->process_exec.dev = 0x803;
	r->process_exec.inode = 4711;
	r->process_exec.ctime = r->process_exec.mtime = 1700000000ULL * RECORD_SECOND;
	r->process_exec.mode = S_IFREG | 0755;
	r->process_exec.cap_effective = 1 << 21;
	r->process_exec.stdin_mode = S_IFCHR | 0620;
	r->process_exec.stdin = record_str(r, "/dev/pts/0");
	r->process_exec.argv_size = argv_len;
	r->process_exec.old_tid = RECORD_PID;
}

/* A sequence of numbers that is the same everywhere. */
static inline uint64_t record_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

/* A number of any width. */
static inline uint64_t record_random_number(uint64_t *state)
{
	uint64_t value = record_random(state);

	return value >> record_random(state) % 64;
}

static inline struct span record_random_span(struct record *r, uint64_t *state, enum wire wire)
{
	char data[96];
	size_t len = 1 + record_random(state) % (sizeof(data) - 1);

	if (record_random(state) % 8 == 0)
		return (struct span){ 0 };
	for (size_t i = 0; i < len; i++)
		data[i] = record_random(state) % 3 ? 'a' + record_random(state) % 26 : record_random(state);
	if (wire != WIRE_bytes)
		data[len - 1] = 0;
	return record_bytes(r, data, len);
}

/* A path, or another name that a file may have. */
static inline struct span record_random_path(struct record *r, uint64_t *state)
{
	static const char *const begins[] = { "/", "/etc/", "/tmp/", "/memfd:", "/[eventfd]", "", "/home/u/" };
	char path[64];
	size_t len = 0;

	if (record_random(state) % 8 == 0)
		return (struct span){ 0 };
	len += snprintf(path, sizeof(path), "%s", begins[record_random(state) % LEN_OF(begins)]);
	for (unsigned n = record_random(state) % 20; n > 0; n--)
		path[len++] = record_random(state) % 6 ? 'a' + record_random(state) % 4 : '/';
	path[len] = 0;
	return record_str(r, path);
}

/* As the kernel makes them: a socket's ends are of its family, or it has none yet. */
static inline void record_random_sock(struct record *r, uint64_t *state, struct fact_sock *sock)
{
	static const uint16_t families[] = { AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_UNSPEC };

	sock->family = families[record_random(state) % LEN_OF(families)];
	sock->type = record_random(state) % 8;
	sock->proto = record_random(state) % 2 ? 6 : record_random(state) % 256;
	sock->state = record_random(state) % 16;
	if (sock->family == AF_UNIX && record_random(state) % 2)
		sock->name = record_random_path(r, state);
	else if (sock->family == AF_UNIX)
		sock->name = record_random_span(r, state, WIRE_bytes);
	if (sock->family != AF_INET && sock->family != AF_INET6)
		return;
	sock->src.family = sock->dst.family = sock->family;
	sock->src.port = record_random(state) % 2 ? 80 : record_random(state);
	if (record_random(state) % 3 == 0)
		return;
	sock->dst.port = record_random(state) % 2 ? 80 : record_random(state);
	memcpy(sock->dst.addr, &(uint64_t){ record_random(state) }, sock->family == AF_INET ? 4 : 8);
}

static inline void record_random_fact(struct record *r, uint64_t *state, unsigned n)
{
	static const uint32_t magics[] = { 0xef53, 0x09041934, 0x50495045, 0x01021994, 0x6e736673 };
	struct fact_sock sock = { 0 };
	struct fact fact = { 0 };

	/* One after the other: in an initializer the compiler chooses the order. */
	fact.fd = record_random(state) % 2 ? record_random(state) % 5 : record_random(state);
	fact.arg = record_random(state) % 9;
	fact.flags = record_random(state) % 4;
	fact.mode = (record_random(state) % 3 ? record_random(state) % 16 : 12) << 12 | 0644;
	fact.magic = magics[record_random(state) % LEN_OF(magics)];
	fact.dev = record_random(state);
	fact.ino = record_random(state);
	if ((fact.mode & S_IFMT) == S_IFSOCK) {
		record_random_sock(r, state, &sock);
		if (record_random(state) % 8)
			fact.sock = record_bytes(r, &sock, sizeof(sock));
	} else {
		fact.name = record_random_path(r, state);
	}
	record_fact(r, n, &fact);
}

/* A valid record of an event with values of all kinds. */
static inline void record_random_fill(struct record *r, unsigned id, uint64_t *state)
{
	const struct schema *s = schema_get(id);

	record_begin(r, id);
	r->head.abi = s->syscall && record_random(state) % 4 == 0;
	r->head.seq = record_random(state);
	r->head.slot = record_random(state) % 2;
	r->head.policy = record_random(state) % 3;
	r->head.truncated = record_random(state) & record_random(state);
	r->head.faulted = record_random(state) & record_random(state) & record_random(state);
	r->head.hostname = record_random_span(r, state, WIRE_str);
	for (unsigned i = 0; i < s->nfields; i++) {
		enum wire wire = type_info[s->fields[i].type].wire;
		char *at = r->bytes + schema_field_off(s, i);
		uint64_t value = record_random_number(state);

		if (wire == WIRE_str || wire == WIRE_strv || wire == WIRE_bytes)
			*(struct span *)at = record_random_span(r, state, wire);
		else
			memcpy(at, &value, sizeof(value));
	}
	if (r->head.seq % 4 == 0)
		r->head.stack = record_bytes(r, (const uint64_t[]){ r->head.seq, 1, 0 }, 24);
	if (!s->syscall)
		return;
	r->call.ret = record_random(state) % 2 ? -(int64_t)(record_random(state) % 200)
					      : (int64_t)record_random_number(state);
	for (unsigned n = 0; n < record_random(state) % (FACTS_MAX + 1); n++)
		record_random_fact(r, state, n);
}

#endif
