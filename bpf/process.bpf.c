// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The life of processes. */
#include "fact.h"
#include "lineage.h"
#include "who.h"

/* Since 6.2. */
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

/* A tree that is followed grows with each child, before the child runs.  One that has no room is lost
 * with all that it forks. */
static __always_inline void tree_follow(u32 parent, u32 child)
{
	u32 one = 1;

	if (!filter.by_tree || parent == child || !bpf_map_lookup_elem(&tree, &parent))
		return;
	if (bpf_map_update_elem(&tree, &child, &one, BPF_ANY))
		__sync_fetch_and_add(&unfollowed, 1);
}

static __always_inline void tree_leave(u32 pid, bool last)
{
	if (filter.by_tree && last)
		bpf_map_delete_elem(&tree, &pid);
}

static __always_inline int fork_emit(void *ctx, struct task_struct *child, u64 clone_flags)
{
	struct event_process_fork *e;
	struct pid *pid;
	u32 level;

	tree_follow(bpf_get_current_pid_tgid() >> 32, child->tgid);
	if (policies_on)
		lineage_fork(child);
	if (!identity_wanted(EVENT_process_fork))
		return 0;
	e = RECORD(process_fork, critical);
	if (!e)
		return 0;
	record_current(&e->head);
	pid = BPF_CORE_READ(child, thread_pid);
	e->pid = child->tgid;
	e->tid = child->pid;
	level = BPF_CORE_READ(pid, level);
	e->vtid = pid_at(pid, level, false);
	e->vpid = pid_at(BPF_CORE_READ(child, group_leader, thread_pid), level, false);
	e->start = child->start_boottime;
	e->flags = clone_flags;
	e->parent = BPF_CORE_READ(child, real_parent, tgid);
	return record_end(ctx, &e->head);
}

SEC("tp_btf/task_newtask")
int BPF_PROG(process_fork__tp, struct task_struct *child, u64 clone_flags)
{
	return fork_emit(ctx, child, clone_flags);
}

/* Perf is told only the number of the child, which is there already and does not run yet. */
SEC("tp/task/task_newtask")
int process_fork__perf_tp(struct trace_event_raw_task_newtask *ctx)
{
	struct task_struct *child = bpf_task_from_pid(ctx->pid);

	if (!child) {
		record_lost(EVENT_process_fork);
		return 0;
	}
	fork_emit(ctx, child, ctx->clone_flags);
	bpf_task_release(child);
	return 0;
}

static __always_inline u64 exit_status(struct task_struct *task, struct signal_struct *signal, bool last)
{
	enum { SIGNAL_GROUP_EXIT_ = 4 };	/* include/linux/sched/signal.h */

	if (last && BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT_)
		return BPF_CORE_READ(signal, group_exit_code);
	return task->exit_code;
}

static __always_inline void exit_emit(void *ctx, struct task_struct *task, struct signal_struct *signal,
				      bool last)
{
	struct event_process_exit *e = RECORD(process_exit, critical);
	u64 status;

	if (!e)
		return;
	record_current(&e->head);
	status = exit_status(task, signal, last);
	e->code = status >> 8 & 0xff;
	e->signal = status & 0x7f;
	e->core = !!(status & 0x80);
	e->group = last;
	e->lifetime = e->head.time - task->start_boottime;
	e->utime = task->utime + (last ? BPF_CORE_READ(signal, utime) : 0);
	e->stime = task->stime + (last ? BPF_CORE_READ(signal, stime) : 0);
	e->max_rss = (u64)BPF_CORE_READ(signal, maxrss) * page_bytes;
	record_end(ctx, &e->head);
}

static __always_inline int task_end(void *ctx, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	bool last = BPF_CORE_READ(signal, live.counter) == 0;

	if (identity_wanted(EVENT_process_exit))
		exit_emit(ctx, task, signal, last);
	tree_leave(task->tgid, last);
	if (policies_on && last)
		lineage_end(task);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit__tp, struct task_struct *task)
{
	return task_end(ctx, task);
}

SEC("tp/sched/sched_process_exit")
int process_exit__perf_tp(void *ctx)
{
	return task_end(ctx, (struct task_struct *)bpf_get_current_task_btf());
}

SEC("tp_btf/task_rename")
int BPF_PROG(task_rename__tp, struct task_struct *task, const char *name)
{
	struct event_task_rename *e;

	if (!event_wanted(EVENT_task_rename))
		return 0;
	e = RECORD(task_rename, normal);
	if (!e)
		return 0;
	record_current(&e->head);
	bpf_probe_read_kernel_str(&e->old, sizeof(e->old), &task->comm);
	bpf_probe_read_kernel_str(&e->new, sizeof(e->new), name);
	e->tid = task->pid;
	return record_end(ctx, &e->head);
}

struct kernel_siginfo { int si_signo, si_errno, si_code; } __attribute__((preserve_access_index));

/* info is 0 (SEND_SIG_NOINFO) for kill() by user space and 1 (SEND_SIG_PRIV) for the kernel,
 * include/linux/sched/signal.h */
static __always_inline s64 signal_code(u64 info)
{
	enum { SI_USER_ = 0, SI_KERNEL_ = 128 };

	if (info <= 1)
		return info ? SI_KERNEL_ : SI_USER_;
	return BPF_CORE_READ((struct kernel_siginfo *)info, si_code);
}

SEC("tp_btf/signal_generate")
int signal_generate__tp(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[2];
	struct event_signal_generate *e;

	if (!event_wanted(EVENT_signal_generate))
		return 0;
	e = RECORD(signal_generate, normal);
	if (!e)
		return 0;
	record_current(&e->head);
	e->signal = (int)ctx[0];
	e->code = signal_code(ctx[1]);
	e->pid = task->tgid;
	e->tid = task->pid;
	bpf_probe_read_kernel_str(&e->name, sizeof(e->name), &task->comm);
	e->group = (int)ctx[3];
	e->result = (int)ctx[4];
	return record_end(ctx, &e->head);
}

static __always_inline int oom_begin(struct event_oom_kill **e)
{
	if (!event_wanted(EVENT_oom_kill))
		return 0;
	*e = RECORD(oom_kill, critical);
	if (!*e)
		return 0;
	record_current(&(*e)->head);
	return 1;
}

/* Since 6.8 (commit 72ba14deb40a) the tracepoint gives the task, before only its pid. */
SEC("tp_btf/mark_victim")
int BPF_PROG(oom_kill__tp_task, struct task_struct *task)
{
	struct event_oom_kill *e;

	if (!oom_begin(&e))
		return 0;
	e->pid = task->tgid;
	bpf_probe_read_kernel_str(&e->name, sizeof(e->name), &task->comm);
	e->uid = BPF_CORE_READ(task, cred, uid.val);
	e->cgroup = task_cgroup(task, false);
	e->total_vm = (u64)BPF_CORE_READ(task, mm, total_vm) * page_bytes;
	e->score_adj = BPF_CORE_READ(task, signal, oom_score_adj);
	return record_end(ctx, &e->head);
}

SEC("tp_btf/mark_victim")
int BPF_PROG(oom_kill__tp_pid, int pid)
{
	struct event_oom_kill *e;

	if (!oom_begin(&e))
		return 0;
	e->pid = pid;
	e->uid = -1;
	return record_end(ctx, &e->head);
}
