/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One helper per difference between kernels.  Which way is taken is known when a program is
 * loaded (read-only data and CO-RE), so the verifier never walks the other. */
#ifndef SAKER_BPF_COMPAT_H
#define SAKER_BPF_COMPAT_H

#include "kernel.h"

/* bpf_tracing.h then names the registers as the kernel does */
#define __VMLINUX_H__
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "shared.h"

extern const volatile struct kernel_has kernel_has;

/* Read p->a->b..: plain loads when p is a pointer whose type the verifier knows, checked copies
 * else.  A load costs 1 ns, a copy 15. */
#define GET(typed, p, ...) ({						\
	typeof(___arrow(p, __VA_ARGS__)) value_;			\
	if (typed)							\
		value_ = ___arrow(p, __VA_ARGS__);			\
	else								\
		BPF_CORE_READ_INTO(&value_, p, __VA_ARGS__);		\
	value_; })

#define GET_TASK(p, ...) GET(kernel_has.task_btf, p, __VA_ARGS__)

static __always_inline struct task_struct *current_task(void)
{
	if (kernel_has.task_btf)
		return (struct task_struct *)bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}

/* For hooks by perf, which are not handed the registers.  Since 5.15. */
static __always_inline struct pt_regs *current_regs(void)
{
	return (struct pt_regs *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
}

/* TS_COMPAT, arch/x86/include/asm/thread_info.h; TIF_32BIT, arch/arm64/include/asm/thread_info.h */
static __always_inline enum abi current_abi(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return GET_TASK(task, thread_info.status) & 2 ? ABI_32 : ABI_NATIVE;
#else
	return GET_TASK(task, thread_info.flags) & (1 << 22) ? ABI_32 : ABI_NATIVE;
#endif
}

static __always_inline int call_number(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->orig_ax;
#else
	return regs->syscallno;
#endif
}

/* The arguments as the caller passed them; a 32-bit caller's other registers hold them. */
static __always_inline void call_args(const struct pt_regs *regs, enum abi abi, u64 *args)
{
#if defined(__TARGET_ARCH_x86)
	if (abi == ABI_32) {
		args[0] = (u32)regs->bx, args[1] = (u32)regs->cx, args[2] = (u32)regs->dx;
		args[3] = (u32)regs->si, args[4] = (u32)regs->di, args[5] = (u32)regs->bp;
	} else {
		args[0] = regs->di, args[1] = regs->si, args[2] = regs->dx;
		args[3] = regs->r10, args[4] = regs->r8, args[5] = regs->r9;
	}
#else
	args[0] = regs->orig_x0, args[1] = regs->regs[1], args[2] = regs->regs[2];
	args[3] = regs->regs[3], args[4] = regs->regs[4], args[5] = regs->regs[5];
#endif
}

#endif
