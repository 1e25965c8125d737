// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How often which cgroup makes which system call.  A program of its own: who does not ask for it pays
 * nothing. */
#include "cgroup.h"
#include "emit.h"

struct call_counts_map {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct call_key);
	__type(value, struct call_count);
} call_counts SEC(".maps");

/* Of all calls: what is not in the other map was thrown out there. */
struct calls_seen_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} calls_seen SEC(".maps");

static __always_inline bool is_error(long ret)
{
	return ret < 0 && ret >= -4095;
}

static __always_inline void count_first(const struct call_key *key, long ret)
{
	struct call_count first = { .count = 1, .errors = is_error(ret) };

	bpf_map_update_elem(&call_counts, key, &first, BPF_NOEXIST);
}

static __always_inline int count_call(const struct pt_regs *regs, long ret)
{
	struct task_struct *task = current_task();
	struct call_key key = { .number = call_number(regs) };
	struct call_count *n;
	u32 zero = 0;
	u64 *seen;

	if (bpf_get_current_pid_tgid() >> 32 == filter.self || filter.paused)
		return 0;
	key.cgroup = task_cgroup(task, kernel_has.task_btf);
	key.abi = current_abi(task);
	n = bpf_map_lookup_elem(&call_counts, &key);
	if (n) {
		__sync_fetch_and_add(&n->count, 1);
		if (is_error(ret))
			__sync_fetch_and_add(&n->errors, 1);
	} else {
		count_first(&key, ret);
	}
	seen = bpf_map_lookup_elem(&calls_seen, &zero);
	if (seen)
		__sync_fetch_and_add(seen, 1);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_stats__tp, struct pt_regs *regs, long ret)
{
	return count_call(regs, ret);
}

SEC("tp/raw_syscalls/sys_exit")
int syscall_stats__perf_tp(struct trace_event_raw_sys_exit *ctx)
{
	return count_call(current_regs(), ctx->ret);
}
