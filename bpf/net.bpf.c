// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections, as the kernel's sockets tell.
 *
 * A socket changes its state when its process asks for it and when a packet or timer does, and
 * then the current task is anybody.  So the owner is noted by socket when a change is certainly
 * its own doing.  What a listener accepts is the listener's until its process closes it. */
#include "fact.h"
#include "owner.h"

enum {
	OWNERS_MAX = 16384,	/* open connections; the least used is forgotten first */
	LISTENERS_MAX = 2048,
	TCP_SYN_SENT_ = 2, TCP_SYN_RECV_ = 3, TCP_FIN_WAIT1_ = 4, TCP_CLOSE_ = 7, TCP_LAST_ACK_ = 9,
	TCP_LISTEN_ = 10,	/* include/net/tcp_states.h */
};

struct listener {
	u32 net_ns, zero;
	struct wire_addr addr;
};

struct owners_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, OWNERS_MAX);
	__type(key, u64);	/* address of the struct sock */
	__type(value, struct owner);
} owners SEC(".maps");

struct listeners_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, LISTENERS_MAX);
	__type(key, struct listener);
	__type(value, struct owner);
} listeners SEC(".maps");

/* Does the owner itself make this change?  connect and listen do; FIN_WAIT1 and LAST_ACK are
 * reached by shutdown and close alone (tcp_close_state, net/ipv4/tcp.c), though a kernel thread
 * may do the close for a process. */
static __always_inline bool owner_acts(int new)
{
	if (new == TCP_SYN_SENT_ || new == TCP_LISTEN_)
		return true;
	if (new != TCP_FIN_WAIT1_ && new != TCP_LAST_ACK_)
		return false;
	return !(GET_TASK(current_task(), flags) & PF_KTHREAD_);
}

static __always_inline void owner_show(struct event_sock_state *e, const struct owner *o)
{
	owner_put(&e->head, o);
	e->owner_known = true;
}

static __always_inline void listener_key(struct listener *key, const struct event_sock_state *e, u64 sk)
{
	key->net_ns = BPF_CORE_READ((struct sock *)sk, __sk_common.skc_net.net, ns.inum);
	key->zero = 0;
	key->addr = e->src;
}

/* Note the current process as owner; of its listener also for what will be accepted. */
static __always_inline void owner_note(struct event_sock_state *e, u64 sk)
{
	const struct owner *before = bpf_map_lookup_elem(&owners, &sk);
	struct owner *owner;

	record_current(&e->head);
	owner = owner_of((struct slot *)e);
	if (before && before->who.host_pid == owner->who.host_pid)
		owner->in_tree |= before->in_tree;
	owner_show(e, owner);
	bpf_map_update_elem(&owners, &sk, owner, BPF_ANY);
	if (e->new == TCP_LISTEN_) {
		struct listener at;

		listener_key(&at, e, sk);
		bpf_map_update_elem(&listeners, &at, owner, BPF_ANY);
	}
}

/* A new connection is found by its local address, that of its listener or one of the many that
 * the listener has.  Of several listeners on one address (SO_REUSEPORT, which only one user may
 * share) the last one counts. */
static __always_inline const struct owner *owner_inherit(struct event_sock_state *e, u64 sk)
{
	const struct owner *o;
	struct listener at;

	if (e->old != TCP_LISTEN_ || e->new != TCP_SYN_RECV_)
		return 0;
	listener_key(&at, e, sk);
	o = bpf_map_lookup_elem(&listeners, &at);
	if (!o) {
		__builtin_memset(at.addr.addr, 0, sizeof(at.addr.addr));
		o = bpf_map_lookup_elem(&listeners, &at);
	}
	if (o)
		bpf_map_update_elem(&owners, &sk, o, BPF_ANY);
	return o;
}

static __always_inline void owner_forget(struct event_sock_state *e, u64 sk)
{
	bpf_map_delete_elem(&owners, &sk);
	if (e->old == TCP_LISTEN_) {
		const struct owner *o;
		struct listener at;

		listener_key(&at, e, sk);
		o = bpf_map_lookup_elem(&listeners, &at);
		if (o && o->who.host_pid == e->head.who.host_pid)
			bpf_map_delete_elem(&listeners, &at);
	}
}

/* Fill in who did it: the filter's question about the tree is answered, too. */
static __always_inline bool owner_find(struct event_sock_state *e, u64 sk)
{
	const struct owner *o;

	if (owner_acts(e->new))
		owner_note(e, sk);
	o = bpf_map_lookup_elem(&owners, &sk);
	if (!o)
		o = owner_inherit(e, sk);
	if (!o) {
		record_current(&e->head);
		return false;
	}
	owner_show(e, o);
	return o->in_tree;
}

SEC("tp_btf/inet_sock_set_state")
int sock_state__tp(u64 *ctx)
{
	struct event_sock_state *e = RECORD(sock_state, normal);
	bool in_tree;
	u64 sk = 0;

	if (!e)
		return 0;
	bpf_probe_read_kernel(&sk, sizeof(sk), ctx);	/* as a number: pointers to functions are typed */
	e->old = (u32)ctx[1];
	e->new = (u32)ctx[2];
	sock_put(e->head.slot, sk);
	in_tree = owner_find(e, sk);
	if (e->new == TCP_CLOSE_)
		owner_forget(e, sk);
	return owner_wanted(&e->head, e->owner_known, in_tree) ? record_end(ctx, &e->head) : record_drop(&e->head);
}
