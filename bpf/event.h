/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The record that crosses a lane: the same bytes for the kernel side and for user space.
 * Every member of an event is a multiple of eight bytes, so no record has a hole. */
#ifndef SAKER_BPF_EVENT_H
#define SAKER_BPF_EVENT_H

#include <linux/types.h>

enum {
	RECORD_MAX = 16384,	/* bytes; a power of two */
	CALL_ARGS = 6,
	FACTS_MAX = 3,
	EVENT_SYSCALL = 64,	/* ids from here on are rows of syscalls.def */
};

enum lane { LANE_critical, LANE_normal, LANE_bulk, LANES };

enum packet_direction { PACKET_EGRESS = 1, PACKET_INGRESS };

enum abi { ABI_NATIVE, ABI_32, ABIS };

/* A string or structure in the record's tail, offset from the record's start.
 * Strings end with a NUL that len counts.  len 0: absent (null, or its bit in faulted is set). */
struct span { __u32 off, len; };

struct wire_addr {
	__u16 family, port;	/* port in host order */
	__u32 zero;
	__u8 addr[16];
};

typedef __u64 wire_num;
typedef struct span wire_str, wire_strv, wire_bytes;
typedef struct { char s[16]; } wire_comm;

#define WIRE_TYPE_num __u64
#define WIRE_TYPE_str struct span
#define WIRE_TYPE_strv struct span
#define WIRE_TYPE_bytes struct span
#define WIRE_TYPE_comm wire_comm
#define WIRE_TYPE_addr struct wire_addr

#define TYPE(name, wire, fetch, doc) typedef WIRE_TYPE_##wire field_##name;
#include "types.def"

/* Who did it, as the kernel's objects tell at the time of the event. */
struct who {
#define COMMON(group, type, name, doc) __u32 group##_##name;
#define COMMON8(group, type, name, doc) field_##type group##_##name;
#include "events.def"
	/* In the host's pid namespace, whatever the home of proc_pid is. */
	__u32 host_pid, host_tid, host_ppid;
	__u32 asked;		/* enum who_asked: what is there of that which has to be asked for */
};

enum who_asked { WHO_SESSION = 1 };	/* proc_sid, proc_pgid, proc_vsid, proc_vpgid */

struct head {
	__u32 size;		/* of the whole record, tail included */
	__u16 id;
	__u8 lane;
	__u8 abi;		/* enum abi of the caller */
	__u64 time;		/* nanoseconds since boot */
	__u64 seq;		/* of this cpu, slot and lane; dropped records have theirs, too */
	__u32 cpu;
	__u16 slot;		/* above 0: the probe interrupted another one on this cpu */
	__u16 policy;		/* generation of the policy that selected it */
	__u32 truncated;	/* bit n: the n-th field is shorter than the original */
	__u32 faulted;		/* bit n: the memory of the n-th field could not be read */
	struct span hostname;	/* of the uts namespace; absent in the initial one */
	struct span stack;	/* return addresses in the caller's memory, the innermost first, of 8 bytes each */
	struct who who;
};

enum event_id {
#define EVENT(event, id, ...) EVENT_##event = id,
#include "events.def"
};

#define EVENT(event, ...) struct event_##event { struct head head;
#define FIELD(event, type, name, doc) field_##type name;
#define END(event) };
#include "events.def"

#define EVENT(event, ...) _Static_assert(sizeof(struct event_##event) % 8 == 0, #event);
#include "events.def"
_Static_assert(sizeof(struct who) % 8 == 0, "who");

/* A field's bit in truncated and faulted. */
#define EVENT(event, ...) enum { BIT_##event##_before = -1,
#define FIELD(event, type, name, doc) BIT_##event##_##name,
#define END(event) };
#include "events.def"

/* Any system call.  An argument is a number, or a span when its type is fetched from memory. */
struct event_syscall {
	struct head head;
	__s64 ret;
	__u64 args[CALL_ARGS];
	struct span facts[FACTS_MAX];	/* each a struct fact */
};

enum {
	FIELD_RET = 6,		/* bits of truncated and faulted after the six arguments */
	FIELD_FACTS = 7,
};

enum fact_flag { FACT_DELETED = 1, FACT_CREATED = 2 };

/* What a descriptor stands for, from the kernel's file object. */
struct fact {
	__s32 fd;
	__u8 arg;		/* index of the argument that names it; FIELD_RET for the result */
	__u8 flags;		/* enum fact_flag */
	__u16 pad;
	__u32 mode;		/* S_IFMT and permission */
	__u32 magic;		/* of the file system */
	__u64 dev, ino;
	struct span name;	/* path; absent for sockets and pipes */
	struct span sock;	/* struct fact_sock, sockets only */
};

struct fact_sock {
	__u16 family, type, proto, state;
	struct wire_addr src, dst;	/* AF_INET, AF_INET6 */
	struct span name;		/* AF_UNIX: its path, abstract names begin with NUL */
};

#endif
