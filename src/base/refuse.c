// SPDX-License-Identifier: Apache-2.0
#include "base/refuse.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "no number of this architecture"
#endif

enum {
	X32 = 0x40000000,	/* in the number of a call: x32's, on x86_64 */
	HEAD = 6, ROW = 2,	/* instructions */
};

static const uint32_t refused[] = {
	SYS_execve, SYS_execveat,
	SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
#ifndef __SANITIZE_ADDRESS__	/* its search for leaks traces */
	SYS_ptrace,
#endif
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_reboot,
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig,
	SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl,
	SYS_unshare, SYS_setns, SYS_sethostname, SYS_setdomainname,
	SYS_personality, SYS_userfaultfd, SYS_add_key, SYS_request_key, SYS_keyctl,
	SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
};

enum { REFUSED = sizeof(refused) / sizeof(*refused) };

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define IF(test, value, then, other) BPF_JUMP(BPF_JMP | BPF_##test | BPF_K, value, then, other)
#define FAIL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

int refuse_calls(void)
{
	const struct sock_filter head[HEAD] = {
		LOAD(arch), IF(JEQ, OWN_ARCH, 1, 0), FAIL, LOAD(nr), IF(JGE, X32, 0, 1), FAIL,
	};
	struct sock_filter filter[HEAD + ROW * REFUSED + 1];
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(*filter), .filter = filter };
	unsigned n = 0;

	while (n < HEAD) {
		filter[n] = head[n];
		n++;
	}
	for (unsigned i = 0; i < REFUSED; i++) {
		filter[n++] = (struct sock_filter)IF(JEQ, refused[i], 0, 1);
		filter[n++] = (struct sock_filter)FAIL;
	}
	filter[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 ? -errno : 0;
}
