// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What already runs when the agent starts: the same records as live ones, read from an iterator. */
#include "fact.h"

struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

enum { PF_KTHREAD_ = 0x00200000 };	/* include/linux/sched.h */

static __always_inline void existing_exe(struct event_process_existing *e, struct task_struct *task)
{
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);

	if (exe) {
		struct inode *inode = BPF_CORE_READ(exe, f_inode);

		span_set(&e->head, &e->path, path_put(e->head.slot, file_path((u64)exe)), BIT_process_existing_path);
		e->inode = BPF_CORE_READ(inode, i_ino);
		e->dev = dev_number(BPF_CORE_READ(inode, i_sb, s_dev));
		if (policies_on)
			exe_note(e->head.slot, (u64)exe, e->path.off, e->path.len, BPF_NOEXIST);
	}
	span_set(&e->head, &e->cwd, path_put(e->head.slot, task_cwd(task)), BIT_process_existing_cwd);
}

SEC("iter/task")
int process_existing__iter(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	struct event_process_existing *e;
	u64 address = 0;
	u32 size;

	if (!task || task->pid != task->tgid || task->tgid == filter.self)
		return 0;
	e = RECORD(process_existing, critical);
	if (!e)
		return 0;
	bpf_probe_read_kernel(&address, sizeof(address), &ctx->task);
	who_put_task(e->head.slot, address);
	e->kernel = !!(task->flags & PF_KTHREAD_);
	if (!e->kernel)
		existing_exe(e, task);
	size = e->head.size = (e->head.size + 7) & ~7u;
	if (size <= RECORD_MAX)
		bpf_seq_write(seq, e, size);
	slot_release((struct slot *)e);
	return 0;
}
