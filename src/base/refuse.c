// SPDX-License-Identifier: Apache-2.0
#include "base/refuse.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "no number of this architecture"
#endif

enum {
	X32 = 0x40000000,	/* in the number of a call: x32's, on x86_64 */
	CODE = 256,
};

static const uint32_t refused[] = {
	SYS_execve, SYS_execveat,
	SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, SYS_kcmp, SYS_pidfd_getfd,
	SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_send_signal,
	SYS_mknodat, SYS_fanotify_init,
#ifndef __SANITIZE_ADDRESS__	/* its search for leaks traces */
	SYS_ptrace,
#endif
#ifdef SYS_fork
	SYS_fork, SYS_vfork, SYS_mknod,
#endif
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_reboot,
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig,
	SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl,
	SYS_unshare, SYS_setns, SYS_sethostname, SYS_setdomainname,
	SYS_personality, SYS_userfaultfd, SYS_add_key, SYS_request_key, SYS_keyctl,
	SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
};

/* What libbpf and we ask of bpf: make maps, types, programs and links, read and write maps, iterate.  Neither pins,
 * nor what others made, nor runs for a test. */
static const uint32_t commands[] = {
	BPF_MAP_CREATE, BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY,
	BPF_MAP_LOOKUP_AND_DELETE_ELEM, BPF_MAP_FREEZE, BPF_MAP_LOOKUP_BATCH, BPF_MAP_LOOKUP_AND_DELETE_BATCH,
	BPF_MAP_UPDATE_BATCH, BPF_MAP_DELETE_BATCH, BPF_PROG_LOAD, BPF_PROG_BIND_MAP, BPF_BTF_LOAD, BPF_BTF_GET_NEXT_ID,
	BPF_BTF_GET_FD_BY_ID, BPF_OBJ_GET_INFO_BY_FD, BPF_RAW_TRACEPOINT_OPEN, BPF_LINK_CREATE, BPF_ENABLE_STATS,
	BPF_ITER_CREATE,
};

enum { REFUSED = sizeof(refused) / sizeof(*refused), COMMANDS = sizeof(commands) / sizeof(*commands) };

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define IF(test, value, then, other) BPF_JUMP(BPF_JMP | BPF_##test | BPF_K, value, then, other)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define FAIL RETURN(SECCOMP_RET_ERRNO | EPERM)
#define ALLOW RETURN(SECCOMP_RET_ALLOW)

struct code {
	struct sock_filter at[CODE];
	unsigned short n;
};

static void add(struct code *c, const struct sock_filter *add, unsigned n)
{
	memcpy(&c->at[c->n], add, n * sizeof(*add));
	c->n += n;
}

#define ADD(...) add(&code, (const struct sock_filter[]){ __VA_ARGS__ },			\
		     sizeof((const struct sock_filter[]){ __VA_ARGS__ }) / sizeof(struct sock_filter))

/* What was loaded is one of these: this is the answer. */
static void add_any(struct code *c, const uint32_t *values, unsigned n, struct sock_filter answer)
{
	for (unsigned i = 0; i < n; i++)
		add(c, (const struct sock_filter[]){ IF(JEQ, values[i], 0, 1), answer }, 2);
}

/* An argument's low half comes first, and is all that the kernel looks at where it is an int. */
int refuse_calls(void)
{
	struct code code = { .n = 0 };
	struct sock_fprog program = { .filter = code.at };

	ADD(LOAD(arch), IF(JEQ, OWN_ARCH, 1, 0), FAIL);
	ADD(LOAD(nr), IF(JGE, X32, 0, 1), FAIL);
	add_any(&code, refused, REFUSED, (struct sock_filter)FAIL);
#ifndef __SANITIZE_ADDRESS__	/* its search for leaks is a process */
	/* Threads only; of clone3 the C library thinks that the kernel has none, for its arguments cannot be looked at. */
	ADD(IF(JEQ, SYS_clone3, 0, 1), RETURN(SECCOMP_RET_ERRNO | ENOSYS));
	ADD(IF(JEQ, SYS_clone, 0, 4), LOAD(args), IF(JSET, CLONE_THREAD, 0, 1), ALLOW, FAIL);
#endif
	ADD(IF(JEQ, SYS_kill, 0, 4), LOAD(args), IF(JEQ, getpid(), 0, 1), ALLOW, FAIL);
	ADD(IF(JEQ, SYS_bpf, 0, 2 + 2 * COMMANDS), LOAD(args));
	add_any(&code, commands, COMMANDS, (struct sock_filter)ALLOW);
	ADD(FAIL, ALLOW);
	program.len = code.n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 ? -errno : 0;
}
