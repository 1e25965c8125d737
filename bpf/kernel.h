/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel fields we read, and no others: CO-RE moves each to its place at load. */
#ifndef SAKER_BPF_KERNEL_H
#define SAKER_BPF_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di, orig_ax, ip;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	s32 syscallno;
};
struct user_pt_regs { u64 regs[31]; };	/* how libbpf sees the registers of a kprobe */
#endif

struct thread_info {
	unsigned long flags;	/* arm64: bit 22 is TIF_32BIT */
	u32 status;		/* x86: bit 1 is TS_COMPAT */
};

typedef struct { u32 val; } kuid_t;
typedef struct { u32 val; } kgid_t;
typedef struct { u64 val; } kernel_cap_t;

/* Until 6.2 a capability set was two words (commit f122a08b197d). */
struct kernel_cap_words { u32 cap[2]; };

struct user_namespace { u32 level; };

struct cred {
	kuid_t uid, suid, euid;
	kgid_t gid, egid;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective;
	struct user_namespace *user_ns;
};

struct ns_common { u32 inum; };
struct pid_namespace { u32 level; struct ns_common ns; };
struct mnt_namespace { struct ns_common ns; };
struct net { struct ns_common ns; };
struct new_utsname { char nodename[65]; };
struct uts_namespace { struct new_utsname name; struct ns_common ns; };

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
};

struct upid { int nr; struct pid_namespace *ns; };
struct pid { u32 level; struct upid numbers[1]; };

struct kernfs_node {
	u64 id;
	struct kernfs_node *parent;
	const char *name;
};
struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};
struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	int level;
};
struct css_set {
	struct cgroup *dfl_cgrp;
	struct cgroup_subsys_state *subsys[1];	/* by controller */
};

struct qstr {
	u32 hash, len;
	const unsigned char *name;
};
struct hlist_bl_node { struct hlist_bl_node *next, **pprev; };

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
	struct user_namespace *s_user_ns;
};

struct timespec64 { s64 tv_sec; long tv_nsec; };

struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	u32 i_nlink;
	u32 i_rdev;
	unsigned long i_ino;
	struct super_block *i_sb;
};

/* Timestamps were renamed in 6.6 (ctime, commit 13bc24457850) and 6.7 (mtime, commit 12cd44023651)
 * and split in 6.11 (commit 3aa63a569c64). */
struct inode___timespec { struct timespec64 i_mtime, i_ctime; };
struct inode___newctime { struct timespec64 i_mtime, __i_ctime; };
struct inode___dunder { struct timespec64 __i_mtime, __i_ctime; };
struct inode___split { s64 i_mtime_sec, i_ctime_sec; u32 i_mtime_nsec, i_ctime_nsec; };

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount { struct dentry *mnt_root; };

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	u32 f_flags;
	u32 f_mode;
	void *private_data;
};

struct fdtable { u32 max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct fs_struct { struct path root, pwd; };

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	unsigned long total_vm;
	unsigned long saved_auxv[40];
	struct file *exe_file;
};

struct tty_struct { char name[64]; };

struct signal_struct {
	struct pid *pids[4];	/* of the process, its group, its session, see enum pid_type */
	struct tty_struct *tty;
	unsigned int flags;
	int group_exit_code;
	u64 utime, stime;
	unsigned long maxrss;
	short oom_score_adj;
	struct { int counter; } live;
};

struct task_struct {
	struct thread_info thread_info;
	int pid, tgid;
	int exit_code;
	u32 flags;
	u64 utime, stime;
	u64 start_boottime;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct cred *cred;
	kuid_t loginuid;
	u32 sessionid;
	char comm[16];
};

struct linux_binprm {
	struct file *file, *interpreter, *executable;
	const char *filename, *interp;
	int argc, envc;
	struct cred *cred;
	unsigned int per_clear;
};

/* What a tracepoint hands to perf. */
struct trace_event_raw_sys_enter { long id; };
struct trace_event_raw_sys_exit { long ret; };
struct trace_event_raw_task_newtask { int pid; unsigned long clone_flags; };
struct trace_event_raw_io_uring_submit_req { void *req; };
struct trace_event_raw_sched_process_exec { u32 __data_loc_filename; int old_pid; };

/* sockets */
struct in6_addr { union { u8 u6_addr8[16]; u32 u6_addr32[4]; } in6_u; };
typedef struct { struct net *net; } possible_net_t;

struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num;		/* the first in network order */
	u16 skc_family;
	volatile u8 skc_state;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
	possible_net_t skc_net;
};

struct socket;
struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol;
	u16 sk_type;
	struct { int owned; } sk_lock;	/* by a task */
	struct socket *sk_socket;
};

struct inet_sock { u16 inet_sport; };

struct socket {
	short type;
	struct sock *sk;
	struct file *file;
};

struct sockaddr_un_kernel { u16 sun_family; char sun_path[108]; };
struct unix_address { int len; struct sockaddr_un_kernel name[1]; };
struct unix_sock { struct sock sk; struct unix_address *addr; struct sock *peer; };

#pragma clang attribute pop

#endif
