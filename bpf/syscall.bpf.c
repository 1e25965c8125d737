// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every system call, by one program and a table of rows.
 *
 * The exit alone gives arguments and result: the argument registers are still there, and what
 * the call yielded exists as a kernel object.  Calls whose arguments are gone by then (execve,
 * close) are kept from entry in a stash, keyed by task since exec may change the thread's id. */
#include "fact.h"
#include "file.h"

struct stash_small_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, char[STASH_SMALL]);
} stash_small SEC(".maps");

struct stash_large_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 128);
	__type(key, u64);
	__type(value, char[STASH_LARGE]);
} stash_large SEC(".maps");

/* WANT_* by number of the call.  Looked at first, so that an unwanted call pays little. */
__u8 calls_wanted[CALLS_MAX] = {};
struct call calls[ABIS][CALLS_MAX] = {};
bool stash_restores = false;	/* a call that restores all registers, and so its number, is wanted */
bool envp_wanted = false;

/* Calls are wanted as events of their own, not only to show opened files.  When they never are,
 * the verifier need not walk how arguments are fetched: a sixth of the time to start. */
const volatile bool calls_recorded = true;

enum { STR_MAX = 4096, STRV_MAX_STRINGS = 128, STRV_MAX_BYTES = 6144 };

/* A NULL-terminated vector of strings, copied one after the other. */
static __always_inline void fetch_strv(struct head *h, struct span *at, u64 vector, enum abi abi, u32 bit)
{
	u32 begin = (h->size + 7) & ~7u, off = begin, width = abi == ABI_32 ? 4 : 8;

	for (int i = 0; i < STRV_MAX_STRINGS; i++) {
		u64 string = 0;
		long n;

		if (bpf_probe_read_user(&string, width, (void *)(vector + i * width))) {
			h->faulted |= 1u << bit;
			goto end;
		}
		if (!string)
			goto end;
		if (off > RECORD_MAX - 64 || off - begin > STRV_MAX_BYTES)
			break;
		n = bpf_probe_read_user_str((char *)h + (off & (RECORD_MAX - 1)), 2048, (void *)string);
		if (n <= 0) {
			h->faulted |= 1u << bit;
			goto end;
		}
		off += n;
	}
	h->truncated |= 1u << bit;
end:
	if (off > RECORD_MAX)
		off = RECORD_MAX;
	if (off > begin)
		record_grow(h, at, begin, off - begin);
}

static __always_inline void fetch_sockaddr(struct head *h, struct span *at, u64 addr, u64 len_arg, bool out, u32 bit)
{
	int len = len_arg;

	if (out && bpf_probe_read_user(&len, sizeof(len), (void *)len_arg))
		return;
	if (len > 0)
		put_bytes(h, at, (void *)addr, USER, len > 128 ? 128 : len, 128, false, bit);
}

static __always_inline u32 struct_bytes(u32 fetch)
{
	switch (fetch) {
	case FETCH_B8: return 8;
	case FETCH_B16: return 16;
	case FETCH_B24: return 24;
	case FETCH_B32: return 32;
	case FETCH_B64: return 64;
	default: return 88;
	}
}

/* Replace the argument of the record in this slot, an address, by what lies there.  A global
 * function, so that the verifier walks it once and not for each argument. */
__noinline int fetch_arg(u32 number, u32 i, u32 fetch)
{
	struct slot *s = bpf_map_lookup_elem(&slots, &number);
	struct event_syscall *e;
	struct span at = {};
	struct head *h;
	u64 value;

	if (!s || i >= CALL_ARGS)
		return 0;
	e = (struct event_syscall *)s->record;
	h = &e->head;
	value = e->args[i];
	switch (fetch) {
	case FETCH_STR:
		put_str(h, &at, (void *)value, USER, STR_MAX, i);
		break;
	case FETCH_STRV:
		if (value)
			fetch_strv(h, &at, value, h->abi, i);
		break;
	case FETCH_ENVP:
		if (value && envp_wanted)
			fetch_strv(h, &at, value, h->abi, i);
		else if (value)
			h->truncated |= 1u << i;	/* there is one, but nobody asked for it */
		break;
	case FETCH_SOCKADDR:
	case FETCH_SOCKADDR_OUT:
		if (value && i + 1 < CALL_ARGS)
			fetch_sockaddr(h, &at, value, e->args[i + 1], fetch == FETCH_SOCKADDR_OUT, i);
		break;
	default:
		put_bytes(h, &at, (void *)value, USER, struct_bytes(fetch), 88, false, i);
	}
	*(struct span *)&e->args[i] = at;
	return 0;
}

/* Append what the descriptor stands for.  n counts the facts of the record. */
static __always_inline void add_fact(struct event_syscall *e, u32 *n, int fd, u32 arg)
{
	int off;

	if (*n >= FACTS_MAX)
		return;
	off = fact_put(e->head.slot, fd, arg);
	if (off) {
		e->facts[*n & 3].off = off;
		e->facts[*n & 3].len = sizeof(struct fact);
		++*n;
	}
}

/* A pair of descriptors that the call wrote to memory (pipe, socketpair). */
static __always_inline void add_pair(struct event_syscall *e, u32 *n, u32 i)
{
	struct span *at = (struct span *)&e->args[i];
	int *pair = (void *)e + (at->off & (RECORD_MAX - 1));

	if (at->len != 8)
		return;
	add_fact(e, n, pair[0], i);
	add_fact(e, n, pair[1], i);
}

static __always_inline void fetch_args(struct event_syscall *e, const struct call *c, long ret)
{
	u32 facts = 0;

	for (u32 i = 0; i < CALL_ARGS; i++) {
		u32 fetch = c->fetch[i];

		if (fetch == FETCH_FD)
			add_fact(e, &facts, e->args[i], i);
		else if (fetch == FETCH_SOCKADDR_OUT && ret < 0)
			e->args[i] = 0;		/* nothing was written there */
		else if (fetch != FETCH_NUM)
			fetch_arg(e->head.slot, i, fetch);
		if (fetch == FETCH_B8 && c->ret_fd == RETURNS_PAIR && ret == 0)
			add_pair(e, &facts, i);
	}
	if (c->ret_fd == RETURNS_FD && ret >= 0)
		add_fact(e, &facts, ret, FIELD_RET);
}

/* A 32-bit caller passes each argument of 64 bits in two registers, on ARM from an even one on.
 * The slot's path serves as memory that an index may go to. */
__noinline int join_args(u32 number, u32 wide)
{
	struct slot *s = bpf_map_lookup_elem(&slots, &number);
	struct event_syscall *e;
	u32 at = 0;
	u64 *raw;

	if (!s)
		return 0;
	e = (struct event_syscall *)s->record;
	raw = (u64 *)s->path;
	for (u32 i = 0; i < CALL_ARGS; i++)
		raw[i] = (u32)e->args[i];
	raw[6] = raw[7] = 0;
	for (u32 i = 0; i < CALL_ARGS; i++) {
		if (wide & 1u << i) {
#if defined(__TARGET_ARCH_arm64)
			at += at & 1;
#endif
			e->args[i] = raw[at & 7] | raw[(at + 1) & 7] << 32;
			at += 2;
		} else {
			e->args[i] = raw[at & 7];
			at++;
		}
	}
	return 0;
}

static __always_inline void take_args(struct event_syscall *e, const struct pt_regs *regs, const struct call *c)
{
	call_args(regs, e->head.abi, e->args);
	if (e->head.abi == ABI_32 && c->wide)
		join_args(e->head.slot, c->wide);
}

static __always_inline struct event_syscall *call_begin(const struct call *c)
{
	struct event_syscall *e = (void *)record_begin(c->id, c->lane, sizeof(*e));

	if (e)
		__builtin_memset(e->facts, 0, sizeof(e->facts));
	return e;
}

/* Keep the record until the call returns. */
static __always_inline void stash_put(struct event_syscall *e)
{
	u64 key = bpf_get_current_task();

	if (e->head.size <= STASH_SMALL)
		bpf_map_update_elem(&stash_small, &key, e, BPF_ANY);
	else
		bpf_map_update_elem(&stash_large, &key, e, BPF_ANY);
	slot_release((struct slot *)e);
}

/* The arguments that were kept at entry, into the record of this slot; their call's id, 0 if none.
 * Number, slot and time stay those of the record. */
static __always_inline u32 stash_take(struct event_syscall *e)
{
	u64 key = bpf_get_current_task(), time = e->head.time;
	u32 slot = e->head.slot, cpu = e->head.cpu, policy = e->head.policy, size;
	struct event_syscall *kept = bpf_map_lookup_elem(&stash_small, &key);
	bool small = kept;

	if (!kept)
		kept = bpf_map_lookup_elem(&stash_large, &key);
	if (!kept)
		return 0;
	size = kept->head.size;
	if (small) {
		if (size <= STASH_SMALL)
			bpf_probe_read_kernel(e, size, kept);
		bpf_map_delete_elem(&stash_small, &key);
	} else {
		if (size <= STASH_LARGE)
			bpf_probe_read_kernel(e, size, kept);
		bpf_map_delete_elem(&stash_large, &key);
	}
	e->head.slot = slot;
	e->head.cpu = cpu;
	e->head.time = time;
	e->head.policy = policy;
	return e->head.id;
}

/* A process that executes a program of another kind, or by execveat, returns on x86 as if from a native
 * execve (arch/x86/kernel/process_64.c, set_personality_64bit).  The stash knows the call that was
 * made: its number is in ret, which has no other use until the call returns. */
static __always_inline struct call *call_kept(struct call *c, bool *is_kept)
{
	u64 key = bpf_get_current_task();
	struct event_syscall *kept = bpf_map_lookup_elem(&stash_small, &key);
	u32 number;

	if (!kept)
		kept = bpf_map_lookup_elem(&stash_large, &key);
	if (!kept)
		return c;
	*is_kept = true;
	number = kept->ret;
	return number < CALLS_MAX ? &calls[kept->head.abi & 1][number] : c;
}

#if defined(__TARGET_ARCH_arm64)
/* There an exec returns under the number that was called, which for the new program may be that of
 * any call: the ABI is that of the program before. */
static __always_inline enum abi exec_abi(u32 number, enum abi now)
{
	u64 key = bpf_get_current_task();
	struct event_syscall *kept = bpf_map_lookup_elem(&stash_small, &key);

	if (!kept)
		kept = bpf_map_lookup_elem(&stash_large, &key);
	return kept && kept->ret == number ? kept->head.abi & 1 : now;
}
#endif

/* What was kept can be told, or is all there is.  At entry a string may lie in a page that was not
 * read in yet; a call that failed has read it since, and left the registers as they were. */
static __always_inline bool stash_serves(struct event_syscall *e, const struct call *c, long ret)
{
	if (!stash_take(e))
		return false;
	if (ret >= 0 || !e->head.faulted || !c->fetches)
		return true;
	e->head.size = sizeof(*e);
	e->head.truncated = e->head.faulted = 0;
	e->head.stack.len = 0;
	__builtin_memset(e->facts, 0, sizeof(e->facts));
	return false;
}

static __always_inline void repair_vector(struct event_syscall *e, u32 i, u64 from, u64 to)
{
	struct span at = {};

	if (!(e->head.faulted & 1u << i) || i >= CALL_ARGS)
		return;
	e->head.faulted &= ~(1u << i);
	put_bytes(&e->head, &at, (void *)from, USER, to - from, STRV_MAX_BYTES, true, i);
	*(struct span *)&e->args[i] = at;
}

/* Pages that nobody had touched could not be read when the exec began.  It succeeded, so the kernel
 * has copied what they held to the new stack: both vectors, and the path behind the environment
 * (fs/exec.c, bprm_execve).  path is the index of the path's argument, the vectors follow it. */
__noinline int exec_repair(u32 number, u32 path)
{
	struct slot *s = bpf_map_lookup_elem(&slots, &number);
	struct mm_struct *mm = BPF_CORE_READ(current_task(), mm);
	u64 end = BPF_CORE_READ(mm, env_end);
	struct event_syscall *e;
	struct span at = {};

	if (!s || path > 1)
		return 0;
	e = (struct event_syscall *)s->record;
	if (e->head.faulted & 1u << path) {
		e->head.faulted &= ~(1u << path);
		put_str(&e->head, &at, (void *)end, USER, STR_MAX, path);
		*(struct span *)&e->args[path] = at;
	}
	repair_vector(e, path + 1, BPF_CORE_READ(mm, arg_start), BPF_CORE_READ(mm, arg_end));
	repair_vector(e, path + 2, BPF_CORE_READ(mm, env_start), end);
	return 0;
}

/* The call's record: its arguments from the stash, or from the registers.  When the stash was too
 * small for all calls under way, what the registers of one that went well no longer tell is marked
 * as unreadable. */
static __always_inline void call_emit(void *ctx, struct pt_regs *regs, const struct call *c, long ret)
{
	struct event_syscall *e = call_begin(c);

	if (!e)
		return;
	if (c->view == VIEW_both && stash_serves(e, c, ret)) {
		u8 abi = e->head.abi;

		record_current(&e->head);
		e->head.abi = abi;	/* of the program that made the call */
		if (e->head.faulted && ret == 0 && c->fetch[0] == FETCH_STR)
			exec_repair(e->head.slot, 0);
		else if (e->head.faulted && ret == 0 && c->fetch[1] == FETCH_STR)
			exec_repair(e->head.slot, 1);
	} else {
		record_current(&e->head);
		take_args(e, regs, c);
		e->ret = ret;
		if (policies_on && !record_passes(&e->head, 0)) {
			record_drop(&e->head);
			return;
		}
		if (c->view == VIEW_both && ret >= 0)
			e->head.faulted = c->fetches;
		if (c->fetches)
			fetch_args(e, c, ret);
	}
	e->ret = ret;
	record_end(ctx, &e->head);
}

/* sigreturn restores all registers and with them another call's number: only the stash knows it. */
static __always_inline int call_restored(void *ctx, long ret)
{
	u64 key = bpf_get_current_task();
	struct event_syscall *kept, *e;

	if (!stash_restores)
		return 0;
	kept = bpf_map_lookup_elem(&stash_small, &key);
	if (!kept || !event_wanted(kept->head.id))
		return 0;
	e = (void *)record_begin(kept->head.id, kept->head.lane, sizeof(*e));
	if (!e)
		return 0;
	stash_take(e);
	record_current(&e->head);
	e->ret = ret;
	return record_end(ctx, &e->head);
}

static __always_inline int call_exit(void *ctx, struct pt_regs *regs, long ret)
{
	u32 number = call_number(regs), want;
	bool kept = false;
	struct call *c;
	enum abi abi;

	if (number >= CALLS_MAX)
		return call_restored(ctx, ret);
	want = calls_wanted[number] & (WANT_EXIT | WANT_EXIT_32 | WANT_CANARY | WANT_EXEC);
	if (!want)
		return 0;
	if (want & WANT_CANARY)
		canary_count(CANARY_EXIT, bpf_get_current_pid_tgid() >> 32);
	abi = current_abi(current_task());
#if defined(__TARGET_ARCH_arm64)
	if (want & WANT_EXEC && ret == 0)
		abi = exec_abi(number, abi);
#endif
	if (!(want & WANT_EXIT << abi))
		return 0;
	c = &calls[abi & 1][number];
	if (calls_recorded && c->view == VIEW_both && ret == 0)
		c = call_kept(c, &kept);
	if (c->view == VIEW_child && ret == 0)
		return 0;
	/* Who may be watched was asked at entry: an exec gives its process another name. */
	if (calls_recorded && c->selected &&
	    (kept ? policies_want(c->id) && !event_muted(c->id, 0) : event_wanted(c->id)))
		call_emit(ctx, regs, c, ret);
	if (c->opens && ret >= 0)
		file_open_emit(ctx, file_of(ret));
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall__exit, struct pt_regs *regs, long ret)
{
	return call_exit(ctx, regs, ret);
}

SEC("tp/raw_syscalls/sys_exit")
int syscall__exit_perf_tp(struct trace_event_raw_sys_exit *ctx)
{
	return call_exit(ctx, current_regs(), ctx->ret);
}

static __always_inline int call_enter(void *ctx, struct pt_regs *regs, long id)
{
	u32 number = id, want;
	struct event_syscall *e;
	struct call *c;
	enum abi abi;

	if (number >= CALLS_MAX)
		return 0;
	want = calls_wanted[number] & (WANT_ENTRY | WANT_ENTRY_32 | WANT_CANARY);
	if (!want)
		return 0;
	if (want & WANT_CANARY)
		canary_count(CANARY_ENTRY, bpf_get_current_pid_tgid() >> 32);
	abi = current_abi(current_task());
	if (!(want & WANT_ENTRY << abi))
		return 0;
	c = &calls[abi & 1][number];
	if (c->view == VIEW_entry ? !event_wanted(c->id) : !process_wanted(bpf_get_current_pid_tgid() >> 32))
		return 0;
	e = call_begin(c);
	if (!e)
		return 0;
	e->head.abi = abi;
	if (c->view == VIEW_entry)
		record_current(&e->head);
	take_args(e, regs, c);
	if (c->fetches)
		fetch_args(e, c, -1);
	e->ret = 0;
	if (c->view == VIEW_entry)
		return record_end(ctx, &e->head);
	e->ret = number;
	e->head.who.host_pid = bpf_get_current_pid_tgid() >> 32;
	record_stack(ctx, &e->head);	/* an exec takes it away */
	stash_put(e);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(syscall__enter, struct pt_regs *regs, long id)
{
	return call_enter(ctx, regs, id);
}

SEC("tp/raw_syscalls/sys_enter")
int syscall__enter_perf_tp(struct trace_event_raw_sys_enter *ctx)
{
	return call_enter(ctx, current_regs(), ctx->id);
}
