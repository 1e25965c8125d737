/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who did it, read from a task.  typed says whether the verifier knows the pointer's type, in
 * which case reads are plain loads. */
#ifndef SAKER_BPF_WHO_H
#define SAKER_BPF_WHO_H

#include "cgroup.h"
#include "emit.h"

extern const volatile __u32 home_pid_ns;

/* The address of a pid as a number: before 6.2 the verifier lets nobody add to a pointer it knows
 * the type of, and forgets the type of what is read back from the stack. */
static __always_inline u64 pid_address(struct pid *pid)
{
	volatile u64 typed = (u64)pid;
	u64 plain = typed;

	if (!kernel_has.cast)
		bpf_probe_read_kernel(&plain, sizeof(plain), (void *)&typed);
	return plain;
}

/* Address of the upid of a level: numbers[level], which the verifier would not let us index. */
static __always_inline u64 upid_at(struct pid *pid, u32 level)
{
	return pid_address(pid) + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);
}

/* The pid's number in the namespace of this level, 0 if it is not in it. */
static __always_inline u32 pid_at(struct pid *pid, u32 level, bool typed)
{
	u32 nr = 0;

	if (level == 0)
		return GET(typed, pid, numbers[0].nr);
	if (GET(typed, pid, level) >= level)
		bpf_probe_read_kernel(&nr, sizeof(nr), (void *)upid_at(pid, level) +
				      bpf_core_field_offset(struct upid, nr));
	return nr;
}

/* The pid namespace of this level. */
static __always_inline u32 pid_ns_at(struct pid *pid, u32 level, bool typed)
{
	struct pid_namespace *ns = 0;

	if (level == 0)
		return GET(typed, pid, numbers[0].ns, ns.inum);
	bpf_probe_read_kernel(&ns, sizeof(ns), (void *)upid_at(pid, level) + bpf_core_field_offset(struct upid, ns));
	return BPF_CORE_READ(ns, ns.inum);
}

/* The pid's number in the namespace whose ids are shown, 0 if it is not in it. */
static __always_inline u32 pid_at_home(struct pid *pid)
{
	u64 upid = (u64)pid + bpf_core_field_offset(struct pid, numbers);
	u32 last = BPF_CORE_READ(pid, level), nr = 0;

	for (u32 level = 0; level < PID_LEVELS && level <= last; level++, upid += bpf_core_type_size(struct upid)) {
		struct pid_namespace *ns = 0;

		bpf_probe_read_kernel(&ns, sizeof(ns), (void *)upid + bpf_core_field_offset(struct upid, ns));
		if (BPF_CORE_READ(ns, ns.inum) != home_pid_ns)
			continue;
		bpf_probe_read_kernel(&nr, sizeof(nr), (void *)upid + bpf_core_field_offset(struct upid, nr));
		break;
	}
	return nr;
}

static __always_inline void who_namespaces(struct who *who, struct task_struct *task, bool typed)
{
	struct nsproxy *ns = GET(typed, task, nsproxy);

	if (!ns)
		return;		/* a task that has nearly ended */
	who->proc_mnt_ns = GET(typed, ns, mnt_ns, ns.inum);
	who->proc_net_ns = GET(typed, ns, net_ns, ns.inum);
	who->proc_uts_ns = GET(typed, ns, uts_ns, ns.inum);
}

static __always_inline void who_user(struct who *who, struct task_struct *task, bool typed)
{
	struct cred *cred = GET(typed, task, cred);

	who->user_uid = GET(typed, cred, uid.val);
	who->user_gid = GET(typed, cred, gid.val);
	who->user_euid = GET(typed, cred, euid.val);
	who->user_egid = GET(typed, cred, egid.val);
	who->user_loginuid = who->user_session = -1;
	if (bpf_core_field_exists(task->loginuid)) {
		who->user_loginuid = GET(typed, task, loginuid.val);
		who->user_session = GET(typed, task, sessionid);
	}
}

/* The bytes of a word before its first NUL. */
static __always_inline u64 word_cut(u64 word)
{
	u64 nul = (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;

	return nul ? word & (((nul & -nul) >> 7) - 1) : word;
}

/* Kernels before 5.18 leave what an older, longer name had behind a shorter one. */
static __always_inline void comm_clean(u64 words[2])
{
	u64 first = word_cut(words[0]);

	words[1] = first >> 56 ? word_cut(words[1]) : 0;
	words[0] = first;
}

static __always_inline void who_fill(struct who *who, struct task_struct *task, bool typed)
{
	struct task_struct *leader = GET(typed, task, group_leader);
	struct task_struct *parent = GET(typed, task, real_parent);
	struct task_struct *parent_leader = GET(typed, parent, group_leader);
	struct pid *tid = GET(typed, task, thread_pid);
	struct pid *parent_pid = GET(typed, parent_leader, thread_pid);
	u32 level = GET(typed, tid, level);

	who->proc_pid = who->host_pid = GET(typed, task, tgid);
	who->proc_tid = who->host_tid = GET(typed, task, pid);
	who->proc_ppid = who->host_ppid = GET(typed, parent, tgid);
	who->proc_vtid = pid_at(tid, level, typed);
	who->proc_pid_ns = pid_ns_at(tid, level, typed);
	who->proc_vpid = leader == task ? who->proc_vtid : pid_at(GET(typed, leader, thread_pid), level, typed);
	who->proc_vppid = pid_at(parent_pid, level, typed);
	who->proc_start = GET(typed, task, start_boottime);
	who->proc_leader_start = GET(typed, leader, start_boottime);
	who->proc_parent_start = GET(typed, parent_leader, start_boottime);
	if (typed) {
		((u64 *)who->proc_name.s)[0] = ((const u64 *)task->comm)[0];
		((u64 *)who->proc_name.s)[1] = ((const u64 *)task->comm)[1];
	} else {
		bpf_core_read(&who->proc_name, sizeof(who->proc_name), &task->comm);
	}
	comm_clean((u64 *)who->proc_name.s);
	who->proc_cgroup = task_cgroup(task, typed);
	who_namespaces(who, task, typed);
	who_user(who, task, typed);
}

enum { PIDTYPE_PGID_ = 2, PIDTYPE_SID_ = 3 };	/* enum pid_type, include/linux/pid_types.h */

static __always_inline void who_session(struct who *who, struct task_struct *task, bool typed)
{
	struct signal_struct *signal = GET(typed, task, signal);
	struct pid *group = GET(typed, signal, pids[PIDTYPE_PGID_]);
	struct pid *session = GET(typed, signal, pids[PIDTYPE_SID_]);
	u32 level = GET(typed, task, thread_pid, level);

	who->proc_pgid = GET(typed, group, numbers[0].nr);
	who->proc_sid = GET(typed, session, numbers[0].nr);
	who->proc_vpgid = pid_at(group, level, typed);
	who->proc_vsid = pid_at(session, level, typed);
	who->asked |= WHO_SESSION;
}

/* The host name of a container; of the initial namespace (PROC_UTS_INIT_INO) user space knows it. */
static __always_inline void put_hostname(struct head *h, struct task_struct *task, bool typed)
{
	struct uts_namespace *uts;

	if (h->who.proc_uts_ns == 0xEFFFFFFEu || !h->who.proc_uts_ns)
		return;
	uts = GET(typed, task, nsproxy, uts_ns);
	put_str(h, &h->hostname, &uts->name.nodename, KERNEL, 65, 31);
}


#endif
