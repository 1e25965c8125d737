/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose a socket is: kept by socket when its owner acts, since what happens to it later may happen
 * while anybody runs. */
#ifndef SAKER_BPF_OWNER_H
#define SAKER_BPF_OWNER_H

#include "emit.h"

enum {
	PF_KTHREAD_ = 0x00200000,	/* include/linux/sched.h */
	HOST_MAX = 72,
};

struct owner {
	struct who who;
	u8 abi;
	u8 in_tree;		/* of the filter, which a process leaves before its sockets close */
	u8 pad[6];
	u64 host_len;
	char host[HOST_MAX];	/* of a container */
};

/* The owner as the record of this slot shows it, made in its room for paths, which must be free. */
static __always_inline struct owner *owner_of(struct slot *s)
{
	struct owner *o = __builtin_assume_aligned(s->path, 8);
	const struct head *h = (struct head *)s->record;
	u32 pid = h->who.host_pid, len = h->hostname.len;

	__builtin_memset(o, 0, sizeof(*o));
	o->who = h->who;
	o->abi = h->abi;
	o->in_tree = filter.by_tree && bpf_map_lookup_elem(&tree, &pid);
	/* All of the room, whose end the verifier of 5.10 knows; a name's NUL is in it. */
	if (len && len <= HOST_MAX &&
	    !bpf_probe_read_kernel(o->host, HOST_MAX, s->record + (h->hostname.off & (RECORD_MAX - 1))))
		o->host_len = len;
	return o;
}

/* Let the record show this owner. */
static __always_inline void owner_put(struct head *h, const struct owner *o)
{
	h->who = o->who;
	h->abi = o->abi;
	if (o->host_len && !h->hostname.len)
		put_str(h, &h->hostname, o->host, KERNEL, HOST_MAX, 31);
}

/* process_wanted, asked of the owner that the record shows.  Who asks for certain processes gets nothing of
 * unknown ones. */
static __always_inline bool owner_passes(const struct head *h, bool known, bool in_tree)
{
	const struct who *who = &h->who;
	u32 pid = who->host_pid;

	if (filter.paused)
		return false;
	if (!known)
		return !filter.pid && !filter.by_uid && !filter.by_comm && !filter.by_tree;
	canary_count(h->id, pid);
	if (pid == filter.self || (filter.pid && filter.pid != pid))
		return false;
	if (filter.by_uid && filter.uid != who->user_uid)
		return false;
	if (filter.by_comm && (((u64 *)who->proc_name.s)[0] != ((u64 *)filter.comm)[0] ||
			       ((u64 *)who->proc_name.s)[1] != ((u64 *)filter.comm)[1]))
		return false;
	return !filter.by_tree || in_tree || bpf_map_lookup_elem(&tree, &pid);
}

/* event_wanted, asked of the owner. */
static __always_inline bool owner_wanted(const struct head *h, bool known, bool in_tree)
{
	if (policies_on && filter_number(h->policy, h->id) == FILTER_UNWANTED)
		return false;
	if (known && h->who.host_pid != filter.self && mutes_on && cgroup_is_muted(h->id, h->who.proc_cgroup))
		return false;
	if (owner_passes(h, known, in_tree))
		return true;
	TALLY(h->id, filtered);
	return false;
}

#endif
