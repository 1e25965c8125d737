// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* DNS messages, as sockets of the machine's cgroups send and receive them.
 *
 * A program of the root cgroup sees each packet as its socket does, from the header of the internet layer
 * on.  While one is received anybody runs, and while one is sent mostly, but not always, who sends it: so
 * the owner is kept by socket.  What is read of the message, user space makes of the payload. */
#include "cgroup.h"
#include "owner.h"

#include <bpf/bpf_endian.h>

enum {
	PAYLOAD_MAX = 4096,	/* bytes taken of one packet; a power of two */
	EXTENSIONS_MAX = 8,	/* headers of IPv6 in front of the transport's that are walked */
	OWNERS_MAX = 4096,	/* sockets; the least used is forgotten first */
	AF_INET_ = 2, AF_INET6_ = 10,
	ETH_P_IP_ = 0x0800, ETH_P_IPV6_ = 0x86dd,	/* include/uapi/linux/if_ether.h */
	PROTO_TCP = 6, PROTO_UDP = 17,
	EXT_HOPS = 0, EXT_ROUTING = 43, EXT_FRAGMENT = 44, EXT_AUTH = 51, EXT_OPTIONS = 60,
	IP_MORE = 0x2000, IP_OFFSET = 0x1fff,		/* RFC 791 3.1 */
	IP6_MORE = 1, IP6_OFFSET = 0xfff8,		/* RFC 8200 4.5 */
	UDP_HEADER = 8, TCP_HEADER = 20, TCP_SYN = 2,
	PASS = 1,
};

/* DNS, multicast DNS, LLMNR. */
#define PORTS(X) X(53) X(5353) X(5355)

/* A socket by its cookie; or, with no cookie, whoever listens at an address: what a listener accepts is its own. */
struct owner_key {
	u64 socket;
	u8 addr[16];
	u32 net_ns;
	u32 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, OWNERS_MAX);
	__type(key, struct owner_key);
	__type(value, struct owner);
} packet_owners SEC(".maps");

/* Where the transport's payload is, and whose. */
struct packet {
	u32 family, proto;
	u32 off, len;		/* of the payload, from the header of the internet layer */
	u32 seq;		/* of TCP */
	bool fragment;		/* the first one: the rest of the payload is not seen */
	struct wire_addr src, dst;
};

static __always_inline bool port_watched(u16 port)
{
#define X(number) if (port == number) return true;
	PORTS(X)
#undef X
	return false;
}

static __always_inline bool read_ipv4(struct __sk_buff *skb, struct packet *p)
{
	struct { u8 version, tos; u16 len, id, frag; u8 ttl, proto; u16 sum; u32 src, dst; } ip;
	u16 frag;

	if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
		return false;
	frag = bpf_ntohs(ip.frag);
	if (frag & IP_OFFSET)
		return false;
	p->family = AF_INET_;
	p->proto = ip.proto;
	p->off = (ip.version & 15) * 4;
	p->fragment = frag & IP_MORE;
	*(u32 *)p->src.addr = ip.src;
	*(u32 *)p->dst.addr = ip.dst;
	return true;
}

/* Bytes of this header in front of the transport's; 0: it is none of these. */
static __always_inline u32 extension_len(u32 header, const u8 *start)
{
	switch (header) {
	case EXT_HOPS: case EXT_ROUTING: case EXT_OPTIONS: return (start[1] + 1) * 8;
	case EXT_AUTH: return (start[1] + 2) * 4;
	case EXT_FRAGMENT: return 8;
	default: return 0;
	}
}

static __always_inline bool skip_extensions(struct __sk_buff *skb, struct packet *p)
{
	u8 start[4];

	for (u32 i = 0; i < EXTENSIONS_MAX; i++) {
		u32 header = p->proto, len;

		if (header == PROTO_UDP || header == PROTO_TCP)
			return true;
		if (bpf_skb_load_bytes(skb, p->off, start, sizeof(start)))
			return false;
		len = extension_len(header, start);
		if (!len)
			return false;
		if (header == EXT_FRAGMENT) {
			u16 frag = start[2] << 8 | start[3];

			if (frag & IP6_OFFSET)
				return false;
			p->fragment = frag & IP6_MORE;
		}
		p->proto = start[0];
		p->off += len;
	}
	return false;
}

static __always_inline bool read_ipv6(struct __sk_buff *skb, struct packet *p)
{
	struct { u32 flow; u16 len; u8 next, hops; u64 src[2], dst[2]; } ip;

	if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
		return false;
	p->family = AF_INET6_;
	p->proto = ip.next;
	p->off = sizeof(ip);
	__builtin_memcpy(p->src.addr, ip.src, sizeof(ip.src));
	__builtin_memcpy(p->dst.addr, ip.dst, sizeof(ip.dst));
	return skip_extensions(skb, p);
}

static __always_inline bool read_udp(struct __sk_buff *skb, struct packet *p)
{
	u16 len;

	if (bpf_skb_load_bytes(skb, p->off + 4, &len, sizeof(len)) || bpf_ntohs(len) < UDP_HEADER)
		return false;
	p->off += UDP_HEADER;
	p->len = bpf_ntohs(len) - UDP_HEADER;
	return true;
}

/* What carries nothing tells nothing. */
static __always_inline bool read_tcp(struct __sk_buff *skb, struct packet *p)
{
	struct { u32 seq, ack; u8 len, flags; } tcp;

	if (bpf_skb_load_bytes(skb, p->off + 4, &tcp, 10))
		return false;
	p->seq = bpf_ntohl(tcp.seq) + !!(tcp.flags & TCP_SYN);	/* which has a number of its own */
	p->off += (tcp.len >> 4) * 4;
	p->len = skb->len > p->off ? skb->len - p->off : 0;
	return p->len > 0;
}

/* Is it a packet that we look at?  The cheapest question first. */
static __always_inline bool packet_read(struct __sk_buff *skb, struct packet *p)
{
	u16 ports[2];

	if (skb->protocol == bpf_htons(ETH_P_IP_) ? !read_ipv4(skb, p) :
	    skb->protocol != bpf_htons(ETH_P_IPV6_) || !read_ipv6(skb, p))
		return false;
	if (p->proto != PROTO_UDP && p->proto != PROTO_TCP)
		return false;
	if (bpf_skb_load_bytes(skb, p->off, ports, sizeof(ports)))
		return false;
	p->src.port = bpf_ntohs(ports[0]);
	p->dst.port = bpf_ntohs(ports[1]);
	p->src.family = p->dst.family = p->family;
	if (!port_watched(p->src.port) && !port_watched(p->dst.port))
		return false;
	return p->proto == PROTO_UDP ? read_udp(skb, p) : read_tcp(skb, p);
}

/* The address of the struct sock as a number; see pid_address in who.h. */
static __always_inline struct sock *sock_address(const void *sk)
{
	volatile u64 typed = (u64)sk;
	u64 plain = 0;

	bpf_probe_read_kernel(&plain, sizeof(plain), (void *)&typed);
	return (struct sock *)plain;
}

/* Is it the current task that sends?  TCP also sends when an acknowledgement or a timer allows it, but then no
 * task has locked the socket.  A thread of the kernel sends for itself by a socket that is no file. */
static __always_inline bool sender_runs(const struct bpf_sock *sk, u32 proto)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct sock *k = sock_address(sk);

	if (proto == PROTO_TCP && !BPF_CORE_READ(k, sk_lock.owned))
		return false;
	return !(BPF_CORE_READ(task, flags) & PF_KTHREAD_) || !BPF_CORE_READ(k, sk_socket, file);
}

static __always_inline u32 net_ns_of(const void *sk)
{
	return BPF_CORE_READ(sock_address(sk), __sk_common.skc_net.net, ns.inum);
}

/* Keep who is in the record of this slot, whose room for paths is free. */
static __always_inline void owner_keep(struct slot *s, const struct owner_key *key)
{
	bpf_map_update_elem(&packet_owners, key, owner_of(s), BPF_ANY);
}

static __always_inline bool owner_recall(const struct owner_key *key, struct head *h, bool *in_tree)
{
	const struct owner *o = bpf_map_lookup_elem(&packet_owners, key);

	if (!o)
		return false;
	owner_put(h, o);
	*in_tree = o->in_tree;
	return true;
}

/* Who listens at this address, or at all of this machine's. */
static __always_inline bool listener_recall(const struct bpf_sock *sk, const struct wire_addr *local, struct head *h,
					    bool *in_tree)
{
	struct owner_key key = { .net_ns = net_ns_of(sk), .port = local->port };

	__builtin_memcpy(key.addr, local->addr, sizeof(key.addr));
	if (owner_recall(&key, h, in_tree))
		return true;
	__builtin_memset(key.addr, 0, sizeof(key.addr));
	return owner_recall(&key, h, in_tree);
}

/* Nobody is known: not even as root may they appear.  The cgroup is the socket's. */
static __always_inline void owner_unknown(struct __sk_buff *skb, struct head *h)
{
	h->who.user_uid = h->who.user_gid = h->who.user_euid = h->who.user_egid = -1;
	h->who.user_loginuid = h->who.user_session = -1;
	if (!kernel_has.cgroup_v1)
		h->who.proc_cgroup = bpf_skb_cgroup_id(skb);
}

/* Fill in whose the packet is; false: nobody knows. */
static __always_inline bool owner_find(struct __sk_buff *skb, struct head *h, u32 direction, const struct packet *p,
				       bool *in_tree)
{
	struct owner_key key = { .socket = bpf_get_socket_cookie(skb) };
	struct bpf_sock *sk = skb->sk;

	sk = sk ? bpf_sk_fullsock(sk) : 0;
	if (!sk)
		return false;
	if (direction == PACKET_EGRESS && sender_runs(sk, p->proto)) {
		who_put_task(h->slot, bpf_get_current_task());
		owner_keep((struct slot *)h, &key);
		return true;
	}
	if (owner_recall(&key, h, in_tree))
		return true;
	return p->proto == PROTO_TCP &&
	       listener_recall(sk, direction == PACKET_EGRESS ? &p->src : &p->dst, h, in_tree);
}

static __always_inline void payload_put(struct __sk_buff *skb, struct event_net_packet_dns *e, const struct packet *p)
{
	struct head *h = &e->head;
	u32 n = p->len, last, off, room = record_room(h, &off, PAYLOAD_MAX);

	e->length = n;
	e->cut = p->fragment;
	if (!n || !room)
		return;
	if (n > room) {
		e->cut = true;
		n = room;
	}
	last = n - 1;
	FORGET(last);
	last &= PAYLOAD_MAX - 1;	/* for 5.10, which sees no lower bound in a comparison */
	if (bpf_skb_load_bytes(skb, p->off, (char *)h + off, last + 1)) {
		e->cut = true;
		return;
	}
	record_grow(h, &e->payload, off, last + 1);
}

static __always_inline void packet_put(struct event_net_packet_dns *e, struct __sk_buff *skb, const struct packet *p)
{
	e->proto = p->proto;
	e->family = p->family;
	e->src = p->src;
	e->dst = p->dst;
	e->socket = bpf_get_socket_cookie(skb);
	e->sequence = p->seq;
	if (p->fragment && p->off + p->len > skb->len)
		e->cut = true;
	payload_put(skb, e, p);
}

static __always_inline int packet_tell(struct __sk_buff *skb, u32 direction)
{
	struct event_net_packet_dns *e;
	struct packet p = {};
	bool in_tree = false;

	if (!packet_read(skb, &p) || !policies_want(EVENT_net_packet_dns))
		return PASS;
	e = RECORD(net_packet_dns, bulk);
	if (!e)
		return PASS;
	e->direction = direction;
	e->owner_known = owner_find(skb, &e->head, direction, &p, &in_tree);
	if (!e->owner_known)
		owner_unknown(skb, &e->head);
	packet_put(e, skb, &p);
	if (owner_wanted(&e->head, e->owner_known, in_tree) && record_passes(&e->head, 1))
		record_output(skb, (struct slot *)e, &e->head);
	else
		record_drop(&e->head);
	return PASS;
}

SEC("cgroup_skb/egress")
int net_packet_dns__cgroup(struct __sk_buff *skb)
{
	return packet_tell(skb, PACKET_EGRESS);
}

SEC("cgroup_skb/ingress")
int net_packet_dns__ingress(struct __sk_buff *skb)
{
	return packet_tell(skb, PACKET_INGRESS);
}

/* Who serves is known before the first query comes. */
static __always_inline int bound(struct bpf_sock *sk, struct owner_key *listener)
{
	struct owner_key key = { .socket = bpf_get_socket_cookie(sk) };
	struct slot *s;
	struct head *h;
	u32 number;

	if (!port_watched(sk->src_port) || (sk->protocol != PROTO_UDP && sk->protocol != PROTO_TCP))
		return PASS;
	s = slot_take(&number);
	if (!s)
		return PASS;
	h = (struct head *)s->record;
	__builtin_memset(h, 0, sizeof(*h));
	h->size = sizeof(*h);
	h->id = EVENT_net_packet_dns;
	h->slot = number;
	h->policy = policy_generation;
	who_put_task(number, bpf_get_current_task());
	owner_keep(s, &key);
	listener->port = sk->src_port;
	listener->net_ns = net_ns_of(sk);
	if (sk->protocol == PROTO_TCP)
		owner_keep(s, listener);
	slot_release(s);
	return PASS;
}

SEC("cgroup/post_bind4")
int net_packet_dns__bind4(struct bpf_sock *sk)
{
	struct owner_key listener = {};

	*(u32 *)listener.addr = sk->src_ip4;
	return bound(sk, &listener);
}

SEC("cgroup/post_bind6")
int net_packet_dns__bind6(struct bpf_sock *sk)
{
	struct owner_key listener = {};
	u32 *words = (u32 *)listener.addr;

	words[0] = sk->src_ip6[0];
	words[1] = sk->src_ip6[1];
	words[2] = sk->src_ip6[2];
	words[3] = sk->src_ip6[3];
	return bound(sk, &listener);
}
