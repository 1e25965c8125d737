// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The life of processes. */
#include "fact.h"
#include "who.h"

enum { EXEC_VECTOR_MAX = 6144 };

extern bool envp_wanted;

/* A tree that is followed grows with each child, before the child runs. */
static __always_inline void tree_follow(u32 parent, u32 child)
{
	u32 one = 1;

	if (filter.by_tree && parent != child && bpf_map_lookup_elem(&tree, &parent))
		bpf_map_update_elem(&tree, &child, &one, BPF_ANY);
}

static __always_inline void tree_leave(u32 pid, bool last)
{
	if (filter.by_tree && last)
		bpf_map_delete_elem(&tree, &pid);
}

SEC("tp_btf/task_newtask")
int BPF_PROG(process_fork__tp, struct task_struct *child, u64 clone_flags)
{
	struct event_process_fork *e;
	struct pid *pid;
	u32 level;

	tree_follow(bpf_get_current_pid_tgid() >> 32, child->tgid);
	if (!event_wanted(EVENT_process_fork))
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

static __always_inline u64 cap_bits(const kernel_cap_t *cap)
{
	u64 bits;

	bpf_probe_read_kernel(&bits, sizeof(bits), cap);
	return bits;
}

static __always_inline void inode_times(struct inode *inode, u64 *ctime, u64 *mtime)
{
	const u64 second = 1000000000;
	const u32 queried = 1u << 31;	/* I_CTIME_QUERIED, since 6.13, include/linux/fs.h */

	if (bpf_core_field_exists(struct inode___split, i_ctime_sec)) {
		struct inode___split *i = (void *)inode;

		*ctime = BPF_CORE_READ(i, i_ctime_sec) * second + (BPF_CORE_READ(i, i_ctime_nsec) & ~queried);
		*mtime = BPF_CORE_READ(i, i_mtime_sec) * second + BPF_CORE_READ(i, i_mtime_nsec);
	} else if (bpf_core_field_exists(struct inode___dunder, __i_mtime)) {
		struct inode___dunder *i = (void *)inode;

		*ctime = BPF_CORE_READ(i, __i_ctime.tv_sec) * second + BPF_CORE_READ(i, __i_ctime.tv_nsec);
		*mtime = BPF_CORE_READ(i, __i_mtime.tv_sec) * second + BPF_CORE_READ(i, __i_mtime.tv_nsec);
	} else if (bpf_core_field_exists(struct inode___newctime, __i_ctime)) {
		struct inode___newctime *i = (void *)inode;

		*ctime = BPF_CORE_READ(i, __i_ctime.tv_sec) * second + BPF_CORE_READ(i, __i_ctime.tv_nsec);
		*mtime = BPF_CORE_READ(i, i_mtime.tv_sec) * second + BPF_CORE_READ(i, i_mtime.tv_nsec);
	} else {
		struct inode___timespec *i = (void *)inode;

		*ctime = BPF_CORE_READ(i, i_ctime.tv_sec) * second + BPF_CORE_READ(i, i_ctime.tv_nsec);
		*mtime = BPF_CORE_READ(i, i_mtime.tv_sec) * second + BPF_CORE_READ(i, i_mtime.tv_nsec);
	}
}

/* memfd_create names its files "memfd:..", mm/memfd.c */
static __always_inline bool exec_is_memfd(struct dentry *dentry)
{
	char name[8] = {};

	bpf_probe_read_kernel(name, 6, BPF_CORE_READ(dentry, d_name.name));
	return *(u64 *)name == 0x3a64666d656d;	/* "memfd:" */
}

/* struct ovl_inode (fs/overlayfs/ovl_entry.h) has the upper dentry right behind its vfs_inode; the
 * module's own types may not be there to ask. */
static __always_inline bool overlay_upper(struct inode *inode)
{
	void *upper = 0;

	bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + bpf_core_type_size(struct inode));
	return upper;
}

static __always_inline void exec_file(struct event_process_exec *e, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);

	span_set(&e->head, &e->path, path_put(e->head.slot, file_path((u64)file)), BIT_process_exec_path);
	e->dev = dev_number(BPF_CORE_READ(inode, i_sb, s_dev));
	e->inode = BPF_CORE_READ(inode, i_ino);
	e->mode = BPF_CORE_READ(inode, i_mode);
	e->owner = BPF_CORE_READ(inode, i_uid.val);
	e->deleted = BPF_CORE_READ(inode, i_nlink) == 0;
	e->memfd = e->deleted && magic == 0x01021994 && exec_is_memfd(dentry);	/* TMPFS_MAGIC */
	e->upper = magic == 0x794c7630 && overlay_upper(inode);		/* OVERLAYFS_SUPER_MAGIC */
	inode_times(inode, &e->ctime, &e->mtime);
}

/* A script's interpreter is what runs now; the file that was named is the script.
 * An ELF file's interpreter is found in the mapping of its loader: bprm->interpreter is long
 * closed, so only the script's is told here; interp differs from filename for scripts alone. */
static __always_inline void exec_script(struct event_process_exec *e, struct linux_binprm *bprm)
{
	const char *interp = BPF_CORE_READ(bprm, interp), *filename = BPF_CORE_READ(bprm, filename);

	if (interp == filename)
		return;
	put_str(&e->head, &e->interpreter, interp, KERNEL, PATH_MAX_BYTES, BIT_process_exec_interpreter);
	put_str(&e->head, &e->script, filename, KERNEL, PATH_MAX_BYTES, BIT_process_exec_script);
	e->interpreter_dev = e->dev;
	e->interpreter_inode = e->inode;
	e->interpreter_ctime = e->ctime;
}

static __always_inline void exec_vectors(struct event_process_exec *e, struct mm_struct *mm)
{
	u64 arg = BPF_CORE_READ(mm, arg_start), arg_end = BPF_CORE_READ(mm, arg_end);
	u64 env = BPF_CORE_READ(mm, env_start), env_end = BPF_CORE_READ(mm, env_end);

	e->argv_size = arg_end - arg;
	e->envp_size = env_end - env;
	put_bytes(&e->head, &e->argv, (void *)arg, USER, arg_end - arg, EXEC_VECTOR_MAX, true, BIT_process_exec_argv);
	if (envp_wanted)
		put_bytes(&e->head, &e->envp, (void *)env, USER, env_end - env, EXEC_VECTOR_MAX, true, BIT_process_exec_envp);
}

static __always_inline void exec_creds(struct event_process_exec *e, struct task_struct *task)
{
	struct cred *cred = BPF_CORE_READ(task, cred);

	e->cap_effective = cap_bits(&cred->cap_effective);
	e->cap_permitted = cap_bits(&cred->cap_permitted);
	e->cap_inheritable = cap_bits(&cred->cap_inheritable);
}

static __always_inline void exec_stdin(struct event_process_exec *e)
{
	u64 file = file_of(0);

	if (!file)
		return;
	e->stdin_mode = BPF_CORE_READ((struct file *)file, f_inode, i_mode);
	span_set(&e->head, &e->stdin, path_put(e->head.slot, file_path(file)), BIT_process_exec_stdin);
}

static __always_inline void exec_place(struct event_process_exec *e, struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);

	span_set(&e->head, &e->cwd, path_put(e->head.slot, task_cwd(task)), BIT_process_exec_cwd);
	if (tty)
		put_str(&e->head, &e->tty, &tty->name, KERNEL, 64, BIT_process_exec_tty);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec__tp, struct task_struct *task, int old_tid, struct linux_binprm *bprm)
{
	struct event_process_exec *e;

	if (!event_wanted(EVENT_process_exec))
		return 0;
	e = RECORD(process_exec, critical);
	if (!e)
		return 0;
	record_current(&e->head);
	exec_file(e, BPF_CORE_READ(bprm, file));
	put_str(&e->head, &e->filename, BPF_CORE_READ(bprm, filename), KERNEL, PATH_MAX_BYTES, BIT_process_exec_filename);
	exec_script(e, bprm);
	exec_vectors(e, BPF_CORE_READ(task, mm));
	exec_creds(e, task);
	exec_stdin(e);
	exec_place(e, task);
	e->setuid = bprm->per_clear != 0;
	e->old_tid = old_tid;
	return record_end(ctx, &e->head);
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

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit__tp, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	bool last = BPF_CORE_READ(signal, live.counter) == 0;

	if (event_wanted(EVENT_process_exit))
		exit_emit(ctx, task, signal, last);
	tree_leave(task->tgid, last);
	return 0;
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
	e->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
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
