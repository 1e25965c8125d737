// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A process replaces its image: all that is known at this moment and may be gone at the next. */
#include "fact.h"

enum {
	EXEC_VECTOR_MAX = 6144,
	AUXV_ENTRIES = 20,
	AT_BASE_ = 7,		/* include/uapi/linux/auxvec.h */
	MAPPINGS_MAX = 32,	/* a process that has just begun has ten or so */
};

extern bool envp_wanted;

/* How the kernel came from what was named to what runs. */
struct exec_manner { bool known, script, setuid; };

struct exec_note { u64 start; struct exec_manner manner; };

/* Of execs under way, by their task's address: start tells those of an earlier task. */
struct exec_notes_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, struct exec_note);
} exec_notes SEC(".maps");

struct vm_area_struct { struct file *vm_file; } __attribute__((preserve_access_index));

/* Until 6.1 (commit 763ecb035029) mappings were a list. */
struct vm_area_struct___list {
	unsigned long vm_start, vm_end;
	struct vm_area_struct___list *vm_next;
	struct file *vm_file;
} __attribute__((preserve_access_index));
struct mm_struct___list { struct vm_area_struct___list *mmap; } __attribute__((preserve_access_index));

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

/* What was named is a script when what runs is not what was named. */
static __always_inline struct exec_manner exec_manner(struct linux_binprm *bprm)
{
	struct exec_manner m = { .known = true };

	m.script = BPF_CORE_READ(bprm, interp) != BPF_CORE_READ(bprm, filename);
	m.setuid = BPF_CORE_READ(bprm, per_clear) != 0;
	return m;
}

static __always_inline void exec_tell_manner(struct event_process_exec *e, const char *filename,
					     const struct exec_manner *m)
{
	if (!m->known)
		e->head.faulted |= 1u << BIT_process_exec_script | 1u << BIT_process_exec_setuid;
	else if (m->script)
		put_str(&e->head, &e->script, filename, KERNEL, PATH_MAX_BYTES, BIT_process_exec_script);
	e->setuid = m->setuid;
}

/* Where the kernel put the dynamic loader: AT_BASE of the auxiliary vector, 0 if there is none. */
static __always_inline u64 loader_base(struct event_process_exec *e, struct mm_struct *mm)
{
	struct slot *s = (struct slot *)e;
	u64 *vector = (u64 *)s->path;

	if (bpf_core_read(vector, AUXV_ENTRIES * 16, &mm->saved_auxv))
		return 0;
	for (int i = 0; i < AUXV_ENTRIES; i++)
		if (vector[2 * i] == AT_BASE_)
			return vector[2 * i + 1];
	return 0;
}

static __always_inline void exec_interpreter(struct event_process_exec *e, u64 file)
{
	struct inode *inode = BPF_CORE_READ((struct file *)file, f_inode);
	u64 mtime;

	if (!file)
		return;
	span_set(&e->head, &e->interpreter, path_put(e->head.slot, file_path(file)), BIT_process_exec_interpreter);
	e->interpreter_dev = dev_number(BPF_CORE_READ(inode, i_sb, s_dev));
	e->interpreter_inode = BPF_CORE_READ(inode, i_ino);
	inode_times(inode, &e->interpreter_ctime, &mtime);
}

static long mapped_file(struct task_struct *task, struct vm_area_struct *vma, u64 *file)
{
	*file = (u64)BPF_CORE_READ(vma, vm_file);
	return 0;
}

/* The file mapped at an address, by the list of mappings that kernels before 6.1 keep. */
static __always_inline u64 listed_file(struct mm_struct *mm, u64 address)
{
	struct vm_area_struct___list *vma = BPF_CORE_READ((struct mm_struct___list *)mm, mmap);

	for (int i = 0; i < MAPPINGS_MAX && vma; i++) {
		if (address >= BPF_CORE_READ(vma, vm_start) && address < BPF_CORE_READ(vma, vm_end))
			return (u64)BPF_CORE_READ(vma, vm_file);
		vma = BPF_CORE_READ(vma, vm_next);
	}
	return 0;
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

static __always_inline struct event_process_exec *exec_begin(void)
{
	struct event_process_exec *e;

	if (!identity_wanted(EVENT_process_exec))
		return 0;
	e = RECORD(process_exec, critical);
	if (e)
		record_current(&e->head);
	return e;
}

static __always_inline void exec_fill(struct event_process_exec *e, struct task_struct *task, int old_tid,
				      struct file *file, const char *filename, const struct exec_manner *manner)
{
	exec_file(e, file);
	if (policies_on)
		exe_note(e->head.slot, (u64)BPF_CORE_READ(task, mm, exe_file), e->path.off, e->path.len, BPF_ANY);
	put_str(&e->head, &e->filename, filename, KERNEL, PATH_MAX_BYTES, BIT_process_exec_filename);
	exec_tell_manner(e, filename, manner);
	exec_vectors(e, BPF_CORE_READ(task, mm));
	exec_creds(e, task);
	exec_stdin(e);
	exec_place(e, task);
	e->old_tid = old_tid;
}

static __always_inline void exec_fill_of(struct event_process_exec *e, struct task_struct *task, int old_tid,
					 struct linux_binprm *bprm)
{
	struct exec_manner manner = exec_manner(bprm);

	exec_fill(e, task, old_tid, BPF_CORE_READ(bprm, file), BPF_CORE_READ(bprm, filename), &manner);
}

static __always_inline int exec_end(void *ctx, struct event_process_exec *e, struct task_struct *task)
{
	u64 base = loader_base(e, BPF_CORE_READ(task, mm)), file = 0;

	if (base)
		bpf_find_vma(task, base, mapped_file, &file, 0);
	exec_interpreter(e, file);
	return record_end(ctx, &e->head);
}

/* Since 5.17 (bpf_find_vma, commit 7c7e3d31e785). */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec__tp_vma, struct task_struct *task, int old_tid, struct linux_binprm *bprm)
{
	struct event_process_exec *e = exec_begin();

	if (!e)
		return 0;
	exec_fill_of(e, task, old_tid, bprm);
	return exec_end(ctx, e, task);
}

/* Perf is not told all: this notes the rest a little before, in so short a time that hardly ever
 * another task comes between; then the record has these fields marked as unreadable. */
SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(process_exec__note, struct task_struct *task, struct linux_binprm *bprm)
{
	struct exec_note note = { .start = task->start_boottime, .manner = exec_manner(bprm) };
	u64 key = (u64)task;

	bpf_map_update_elem(&exec_notes, &key, &note, BPF_ANY);
	return 0;
}

SEC("tp/sched/sched_process_exec")
int process_exec__perf_tp(struct trace_event_raw_sched_process_exec *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct event_process_exec *e = exec_begin();
	struct exec_manner manner = {};
	struct exec_note *note;
	u64 key = (u64)task;

	if (!e)
		return 0;
	note = bpf_map_lookup_elem(&exec_notes, &key);
	if (note && note->start == task->start_boottime)
		manner = note->manner;
	bpf_map_delete_elem(&exec_notes, &key);
	exec_fill(e, task, ctx->old_pid, BPF_CORE_READ(task, mm, exe_file),
		  (char *)ctx + (ctx->__data_loc_filename & 0xffff), &manner);
	return exec_end(ctx, e, task);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec__tp_list, struct task_struct *task, int old_tid, struct linux_binprm *bprm)
{
	struct event_process_exec *e = exec_begin();
	u64 base;

	if (!e)
		return 0;
	exec_fill_of(e, task, old_tid, bprm);
	base = loader_base(e, BPF_CORE_READ(task, mm));
	if (base)
		exec_interpreter(e, listed_file(BPF_CORE_READ(task, mm), base));
	return record_end(ctx, &e->head);
}
