/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a probe makes a record: RECORD or record_begin, fill members, put_*, record_end.
 *
 * Probes nest (interrupts) and on new kernels preempt each other, so scratch memory is claimed:
 * a slot belongs to the probe that counted it from 0 to 1.  The claim needs no exchange
 * instruction, which 5.10 lacks: whoever reads 1 after adding 1 is alone, since an owner's 1 is
 * there until it releases.  Two that collide both give way and take the next slot.
 *
 * Decide before beginning a record; after it there is one way out: record_end. */
#ifndef SAKER_BPF_EMIT_H
#define SAKER_BPF_EMIT_H

#include "compat.h"

enum {
	APPEND_MAX = 8192,	/* what one append may take of the record */
	PATH_MAX_BYTES = 4096,
	NAME_MAX_BYTES = 256,
};

struct slot {
	char record[RECORD_MAX + APPEND_MAX];	/* appends begin in the first part: always in bounds */
	char path[PATH_MAX_BYTES + NAME_MAX_BYTES];
	u64 path_begin;		/* while a path is built from its end */
	u64 claims;
};

struct slots_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct slot);
};

struct numbered_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct numbered);
};

struct tallies_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EVENTS_MAX);
	__type(key, u32);
	__type(value, struct tally);
};

struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
};

struct perf_map {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
};

struct loud_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct loud);
	__type(value, u64);
};

/* Cgroups whose events are left out, and how many were. */
struct mutes_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2 * MUTES_MAX);
	__type(key, u64);
	__type(value, u64);
};

/* What is executed, by the address of its struct file, which forks share and each exec makes anew. */
struct exes_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EXES_MAX);
	__type(key, u64);
	__type(value, struct exe);
};

struct lineages_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LINEAGES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lineage);
	__type(value, u64);
};

struct lineage_roots_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * FILTER_ROOTS);
	__type(key, struct lineage_root);
	__type(value, u64);
};

struct tree_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u32);
};

/* All are defined in maps.bpf.c. */
extern struct slots_map slots SEC(".maps");
extern struct numbered_map numbered SEC(".maps");
extern struct tallies_map tallies SEC(".maps");
extern struct ring_map ring_critical SEC(".maps"), ring_normal SEC(".maps"), ring_bulk SEC(".maps");
extern struct perf_map perf_critical SEC(".maps"), perf_normal SEC(".maps"), perf_bulk SEC(".maps");
extern struct loud_map loud SEC(".maps");
extern struct tree_map tree SEC(".maps");
extern struct mutes_map mutes SEC(".maps");
extern struct exes_map exes SEC(".maps");
extern struct lineages_map lineages SEC(".maps");
extern struct lineage_roots_map lineage_roots SEC(".maps");
extern const volatile __u32 transport, page_bytes;
extern const volatile bool policies_on;
extern __u16 filter_of[2][EVENTS_MAX];
extern __u64 stacks_wanted[2][EVENTS_MAX / 64];	/* whose records have the caller's stack */
extern __u64 sessions_wanted[2][EVENTS_MAX / 64];	/* whose records have the session and the process group */
extern __u32 lineage_of[2];	/* 1 + generation that asks for ancestors; 0: none */
extern struct filter filter;
extern bool mutes_on;		/* some cgroup is muted */
extern __u32 policy_generation;
extern __u32 reader_asleep;
extern __u64 canaries[CANARIES];
extern __u64 unfollowed;	/* processes that a full tree had no room for */
extern __u64 drops;		/* of all reasons: user space looks closer when it moved */

/* filter.bpf.c: does the record in this slot pass? */
int filter_check(u32 number, u32 filter_number, u32 late);

/* fact.bpf.c: is this cgroup muted?  0: that of the current task.  Then the event is counted for it. */
int cgroup_muted(u32 id, u64 cgroup);

/* Count up a tally of this cpu.  Interrupts may count the same one: atomic. */
#define TALLY(id, member) do {						\
	u32 key_ = (id);						\
	struct tally *t_ = bpf_map_lookup_elem(&tallies, &key_);	\
	if (t_)								\
		__sync_fetch_and_add(&t_->member, 1);			\
} while (0)

/* Is this cgroup muted?  Then the event is counted for it. */
static __always_inline bool cgroup_is_muted(u32 id, u64 cgroup)
{
	u64 *muted = bpf_map_lookup_elem(&mutes, &cgroup);

	if (!muted)
		return false;
	__sync_fetch_and_add(muted, 1);
	TALLY(id, muted);
	return true;
}

/* There was nothing to make the record of. */
static __always_inline void record_lost(u32 id)
{
	TALLY(id, dropped[DROP_SCRATCH]);
	__sync_fetch_and_add(&drops, 1);
}

static __always_inline struct slot *slot_take(u32 *number)
{
	for (u32 i = 0; i < SLOTS; i++) {
		u32 key = i;
		struct slot *s = bpf_map_lookup_elem(&slots, &key);

		if (!s)
			return 0;
		__sync_fetch_and_add(&s->claims, 1);
		if (*(volatile u64 *)&s->claims == 1) {
			*number = i;
			return s;
		}
		__sync_fetch_and_add(&s->claims, -1);
	}
	return 0;
}

static __always_inline void slot_release(struct slot *s)
{
	__sync_fetch_and_add(&s->claims, -1);
}

static __always_inline bool comm_is(struct task_struct *task, const char *want)
{
	char comm[16] = {};	/* from 5.18 to 6.2 the helper leaves what is behind the name */

	bpf_get_current_comm(comm, sizeof(comm));
	return ((u64 *)comm)[0] == ((u64 *)want)[0] && ((u64 *)comm)[1] == ((u64 *)want)[1];
}

/* Does the filter want what this process does?  Cheapest question first. */
static __always_inline bool process_wanted(u32 pid)
{
	if (pid == filter.self || filter.paused)
		return false;
	if (filter.pid && filter.pid != pid)
		return false;
	if (filter.by_uid && filter.uid != (u32)bpf_get_current_uid_gid())
		return false;
	if (filter.by_comm && !comm_is(current_task(), filter.comm))
		return false;
	if (filter.by_tree && !bpf_map_lookup_elem(&tree, &pid))
		return false;
	return true;
}

static __always_inline bool event_in(const u64 *set, u32 id)
{
	return id < EVENTS_MAX && set[id / 64] & 1ull << (id & 63);
}

/* Which filter of this policy generation an event has to pass; FILTER_UNWANTED, FILTER_NONE. */
static __always_inline u32 filter_number(u32 generation, u32 id)
{
	return id < EVENTS_MAX ? filter_of[generation & 1][id] : FILTER_NONE;
}

/* Does some policy of this generation want the event? */
static __always_inline bool policies_want(u32 id)
{
	return !policies_on || filter_number(policy_generation, id) != FILTER_UNWANTED;
}

/* The agent is left out, but what it does proves that the hook runs: count it.  Some of its threads
 * may be on another cpu. */
static __always_inline void canary_count(u32 canary, u32 pid)
{
	if (pid == filter.self && !filter.paused && canary < CANARIES)
		__sync_fetch_and_add(&canaries[canary], 1);
}

/* What tells who everybody is and where: never muted here, user space shows none of it. */
static __always_inline bool tells_identity(u32 id)
{
	return id <= EVENT_process_exit || (id >= EVENT_cgroup_mkdir && id <= EVENT_cgroup_attach_task);
}

static __always_inline bool event_muted(u32 id, u64 cgroup)
{
	return mutes_on && !tells_identity(id) && cgroup_muted(id, cgroup);
}

/* Is an event wanted of this process?  Policies that no longer want it do not count it. */
static __always_inline bool event_wanted_of(u32 id, u32 pid)
{
	if (!policies_want(id) || (pid != filter.self && event_muted(id, 0)))
		return false;
	if (process_wanted(pid))
		return true;
	canary_count(id, pid);
	TALLY(id, filtered);
	return false;
}

/* Forks, execs and exits tell who everybody is, so only a tree's filter, which knows each of its
 * processes from birth, may keep them back here; user space applies the others when it shows them. */
static __always_inline bool identity_wanted(u32 id)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (filter.by_tree)
		return event_wanted_of(id, pid);
	canary_count(id, pid);
	return pid != filter.self && !filter.paused;
}

static __always_inline bool event_wanted(u32 id)
{
	return event_wanted_of(id, bpf_get_current_pid_tgid() >> 32);
}

/* The compiler knows nothing of x any more, so that it keeps a check the verifier needs. */
#define FORGET(x) asm volatile("" : "+r"(x))

/* Room for an append of at most max bytes at *off; 0 when the record is full. */
static __always_inline u32 record_room(struct head *h, u32 *off, u32 max)
{
	u32 at = (h->size + 7) & ~7u, room;

	if (at > RECORD_MAX - 64)
		return 0;
	*off = at & (RECORD_MAX - 1);
	room = RECORD_MAX - *off;
	return room < max ? room : max;
}

static __always_inline void record_grow(struct head *h, struct span *at, u32 off, u32 len)
{
	at->off = off;
	at->len = len;
	h->size = off + len;
}

enum memory { KERNEL, USER };

/* Append a string; bit is its field's in truncated and faulted.  The bytes it took, 0 if none. */
static __always_inline long put_str(struct head *h, struct span *at, const void *src, enum memory from,
				    u32 max, u32 bit)
{
	u32 off, room = record_room(h, &off, max);
	long n;

	if (!src)
		return 0;
	FORGET(room);
	if (room < 2 || room > APPEND_MAX) {
		h->truncated |= 1u << bit;
		return 0;
	}
	n = from == USER ? bpf_probe_read_user_str((char *)h + off, room, src)
			 : bpf_probe_read_kernel_str((char *)h + off, room, src);
	if (n <= 0) {
		h->faulted |= 1u << bit;
		return 0;
	}
	if (n == room)
		h->truncated |= 1u << bit;
	record_grow(h, at, off, n);
	return n;
}

/* Append len bytes, or as many as fit.  nul: the last one is made NUL, for vectors of strings. */
static __always_inline void put_bytes(struct head *h, struct span *at, const void *src, enum memory from,
				      u64 len, u32 max, bool nul, u32 bit)
{
	u32 off, room = record_room(h, &off, max);
	u32 n = len;
	long r;

	if (!src || len == 0)
		return;
	if (room == 0 || len > room) {	/* asked twice: 5.10 takes 1 <= len <= 0 for possible */
		h->truncated |= 1u << bit;
		n = room;
	}
	FORGET(n);
	if (n < 1 || n > APPEND_MAX)
		return;
	r = from == USER ? bpf_probe_read_user((char *)h + off, n, src)
			 : bpf_probe_read_kernel((char *)h + off, n, src);
	if (r) {
		h->faulted |= 1u << bit;
		return;
	}
	if (nul) {
		u32 last = off + n - 1;

		FORGET(last);
		if (last < RECORD_MAX + APPEND_MAX)	/* for 5.10 */
			((char *)h)[last] = 0;
	}
	record_grow(h, at, off, n);
}

static __always_inline struct head *record_begin(u32 id, u32 lane, u32 size)
{
	struct head *h;
	struct slot *s;
	u32 number;

	s = slot_take(&number);
	if (!s) {
		record_lost(id);
		return 0;
	}
	h = (struct head *)s->record;
	__builtin_memset(h, 0, sizeof(*h));
	h->size = size;
	h->id = id;
	h->lane = lane;
	h->time = bpf_ktime_get_boot_ns();
	h->cpu = bpf_get_smp_processor_id();
	h->slot = number;
	h->policy = policy_generation;
	return h;
}

/* Fill in who did it: the current task, or another one by its address. */
int who_put_current(u32 number);
int who_put_task(u32 number, u64 task);

static __always_inline void record_current(struct head *h)
{
	h->abi = current_abi(current_task());
	who_put_current(h->slot);
}

/* The fields are cleared by words, which a void pointer alone would not allow. */
#define RECORD(event, lane) ({								\
	struct event_##event *e_ = (void *)record_begin(EVENT_##event, LANE_##lane, sizeof(*e_)); \
	if (e_)										\
		__builtin_memset(__builtin_assume_aligned((void *)e_ + sizeof(struct head), 8), 0, \
				 sizeof(*e_) - sizeof(struct head));			\
	e_; })

static __always_inline void count_loud(struct head *h)
{
	struct loud key = { .cgroup = h->who.proc_cgroup, .lane = h->lane };
	u64 one = 1, *n = bpf_map_lookup_elem(&loud, &key);

	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&loud, &key, &one, BPF_NOEXIST);
}

static __always_inline long lane_output(void *ctx, struct head *h, u32 size, u64 wake)
{
	if (transport == TRANSPORT_PERF) {
		if (h->lane == LANE_critical)
			return bpf_perf_event_output(ctx, &perf_critical, BPF_F_CURRENT_CPU, h, size);
		if (h->lane == LANE_normal)
			return bpf_perf_event_output(ctx, &perf_normal, BPF_F_CURRENT_CPU, h, size);
		return bpf_perf_event_output(ctx, &perf_bulk, BPF_F_CURRENT_CPU, h, size);
	}
	if (h->lane == LANE_critical)
		return bpf_ringbuf_output(&ring_critical, h, size, wake);
	if (h->lane == LANE_normal)
		return bpf_ringbuf_output(&ring_normal, h, size, wake);
	return bpf_ringbuf_output(&ring_bulk, h, size, wake);
}

/* No wake-up a record: that costs the traced program 12 us.  The reader polls while there is
 * something to read, and asks to be woken only before it sleeps. */
static __always_inline u64 wake_flag(void)
{
	if (!reader_asleep)
		return BPF_RB_NO_WAKEUP;
	reader_asleep = 0;
	return BPF_RB_FORCE_WAKEUP;
}

/* Does the record pass the filter of its policy generation?  Until late, only as far as what
 * needs no fetched memory and no facts. */
static __always_inline bool record_passes(struct head *h, u32 late)
{
	u32 number;

	if (!policies_on)
		return true;
	number = filter_number(h->policy, h->id);
	if (number == FILTER_NONE)
		return true;
	if (number < FILTERS_MAX && filter_check(h->slot, (h->policy & 1) * FILTERS_MAX + number, late))
		return true;
	TALLY(h->id, filtered);
	return false;
}

/* The record is not wanted after all. */
static __always_inline int record_drop(struct head *h)
{
	slot_release((struct slot *)h);
	return 0;
}

/* Number the record and put it in its lane, or count it as dropped; the slot is free after. */
static __always_inline int record_output(void *ctx, struct slot *s, struct head *h)
{
	u32 size = (h->size + 7) & ~7u, slot = h->slot, lane = h->lane;
	struct numbered *n;

	n = bpf_map_lookup_elem(&numbered, &slot);
	if (n && lane < LANES)
		h->seq = ++n->seq[lane];
	h->size = size;
	if (size > RECORD_MAX || lane_output(ctx, h, size, wake_flag())) {
		TALLY(h->id, dropped[DROP_FULL]);
		__sync_fetch_and_add(&drops, 1);
		count_loud(h);
	}
	slot_release(s);
	return 0;
}

/* The caller's stack, where it is asked for and the record is of who runs. */
static __always_inline void record_stack(void *ctx, struct head *h)
{
	u32 off;
	long n;

	if (!event_in(stacks_wanted[h->policy & 1], h->id) || h->stack.len ||
	    h->who.host_pid != (u32)(bpf_get_current_pid_tgid() >> 32))
		return;
	if (record_room(h, &off, STACK_FRAMES * sizeof(u64)) < STACK_FRAMES * sizeof(u64)) {
		h->truncated |= 1u << 31;
		return;
	}
	n = bpf_get_stack(ctx, (char *)h + off, STACK_FRAMES * sizeof(u64), BPF_F_USER_STACK);
	if (n > 0 && n <= (long)(STACK_FRAMES * sizeof(u64)))
		record_grow(h, &h->stack, off, n);
}

/* The one way out: filter, number, output; the slot is free after. */
static __always_inline int record_end(void *ctx, struct head *h)
{
	struct slot *s = (struct slot *)h;

	if (!record_passes(h, 1))
		return record_drop(h);
	record_stack(ctx, h);
	return record_output(ctx, s, h);
}

#endif
