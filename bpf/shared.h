/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keys and values of the maps that both sides see. */
#ifndef SAKER_BPF_SHARED_H
#define SAKER_BPF_SHARED_H

#include "event.h"
#include "filter.h"

enum {
	CALLS_MAX = 512,	/* numbers of system calls; a power of two */
	EVENTS_MAX = 768,	/* ids of events */
	MUTES_MAX = 4096,	/* cgroups that are muted */
	EXES_MAX = 4096,	/* executables that run, or did a while ago */
	LINEAGES_MAX = 32768,	/* processes whose ancestors are known; during a reload each counts twice */
	SLOTS = 4,		/* probes that may be under way at once on one cpu */
	STASH_SMALL = 768,	/* bytes of a record that waits for its call to return */
	STASH_LARGE = RECORD_MAX,
	STACK_FRAMES = 64,	/* of the caller's stack, the innermost */
	PID_LEVELS = 32,	/* pid namespaces in one another (MAX_PID_NS_LEVEL) */
};

enum transport { TRANSPORT_RING, TRANSPORT_PERF };

/* What a call's argument register means to the kernel side. */
enum fetch {
	FETCH_NUM, FETCH_FD, FETCH_STR, FETCH_STRV, FETCH_ENVP, FETCH_SOCKADDR, FETCH_SOCKADDR_OUT,
	FETCH_B8, FETCH_B16, FETCH_B24, FETCH_B32, FETCH_B64, FETCH_B88,
};

/* When a call is looked at. */
enum view {
	VIEW_exit,	/* at its return: arguments are still in the registers */
	VIEW_entry,	/* it never returns */
	VIEW_both,	/* arguments are kept from entry, for its return no longer has them */
	VIEW_child,	/* returns twice; the child's return is not a call */
};

/* Why a hook looks at a call; the 32-bit flag is the other one shifted by ABI_32.  WANT_CANARY: the
 * agent makes the call to see whether the hooks run; WANT_EXEC: an exec may return under its number. */
enum want { WANT_EXIT = 1, WANT_EXIT_32 = 2, WANT_ENTRY = 4, WANT_ENTRY_32 = 8, WANT_CANARY = 16, WANT_EXEC = 32 };

/* What the agent's own acts are counted under: ids of events, and the hooks of system calls. */
enum canary { CANARY_EXIT = EVENTS_MAX, CANARY_ENTRY, CANARIES };

enum returns { RETURNS_NUMBER, RETURNS_FD, RETURNS_PAIR };

/* One system call as the kernel side needs it, by ABI and number. */
struct call {
	__u16 id;
	__u8 lane;
	__u8 view;
	__u8 selected;		/* wanted as an event of its own */
	__u8 opens;		/* its result is a newly opened file: also a file_open */
	__u8 fetches;		/* bit n: argument n is more than a number */
	__u8 ret_fd;		/* enum returns */
	__u8 fetch[CALL_ARGS];	/* enum fetch */
	__u16 wide;		/* bit n: argument n takes two registers of a 32-bit caller */
};

/* What the filter in the kernel asks for; 0 and empty ask for nothing. */
struct filter {
	__u32 self;		/* the agent's own process, always left out */
	__u32 pid;
	__u32 uid;
	__u8 by_uid, by_comm, by_tree;
	__u8 paused;		/* nothing is seen until it is 0 */
	char comm[16];
};

enum drop { DROP_FULL, DROP_SCRATCH, DROPS };

/* Per cpu and event: what did not become a record. */
struct tally {
	__u64 filtered;
	__u64 limited;
	__u64 muted;
	__u64 dropped[DROPS];
};

/* Per cpu and slot: how many records were numbered, delivered or not. */
struct numbered { __u64 seq[LANES]; };

struct loud { __u64 cgroup; __u32 lane; __u32 pad; };	/* key of the map of drops by cgroup */

/* Key and value of the map of system calls by cgroup. */
struct call_key {
	__u64 cgroup;
	__u16 number;
	__u16 abi;		/* enum abi */
	__u32 pad;
};

struct call_count { __u64 count, errors; };

/* Key of the map of processes whose ancestors are known, with bits of subtrees; see lineage.h. */
struct lineage {
	__u32 pid, generation;
	__u64 start;		/* of the leader, nanoseconds since boot */
};

/* Key of the map of processes that are asked for, with bits of the subtrees that begin with them. */
struct lineage_root { __u32 pid, generation; };

/* Structs that addresses are cast to: their ids among the kernel's types, which user space finds. */
#define CAST_TYPES(X) X(dentry) X(file) X(inode) X(mount) X(path) X(sock) X(socket) X(super_block) X(task_struct) X(unix_sock)

struct cast_types {
#define X(type) __u32 type;
	CAST_TYPES(X)
#undef X
};

/* Small facts about the kernel that user space finds in BTF before loading. */
struct kernel_has {
	__u8 task_btf;		/* bpf_get_current_task_btf, 5.11 */
	__u8 cast;		/* bpf_rdonly_cast, 6.2 */
	__u8 cgroup_v1;		/* cgroup ids are those of a version 1 hierarchy, */
	__u8 controller;	/* that of this enum cgroup_subsys_id */
	__u8 cgroup_part;	/* user space sees a part of the hierarchy: its paths begin below the root */
};

#endif
