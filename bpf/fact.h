/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel's own objects say of a file or descriptor.  The functions are global, so that
 * the verifier walks each once, and take a slot's number since they may not take its address. */
#ifndef SAKER_BPF_FACT_H
#define SAKER_BPF_FACT_H

#include "emit.h"

enum { PACKED_TRUNCATED = 1u << 31 };

/* Append the path that a struct path stands for, from the root of its mount namespace, to the
 * record of this slot.  path is the address as a number, not a pointer the verifier has typed.
 * offset << 32 | length, with PACKED_TRUNCATED when leading directories did not fit; 0 if none. */
u64 path_put(u32 number, u64 path);

/* Append a struct fact of the descriptor of the current process to the record of this slot;
 * its offset in the record, 0 if there is no such descriptor. */
int fact_put(u32 number, int fd, u32 arg);

/* Fill the event_file_open in the record of this slot from a struct file. */
int file_put(u32 number, u64 file);

/* Fill addresses, family and protocol of the event_sock_state in the record of this slot. */
int sock_put(u32 number, u64 sk);

/* Remember of an executable, by its struct file, the path whose span lies in the record of this slot. */
int exe_note(u32 number, u64 file, u32 off, u32 len, u64 flags);

static __always_inline void span_set(struct head *h, struct span *at, u64 packed, u32 bit)
{
	at->off = packed >> 32;
	at->len = (u32)packed & ~PACKED_TRUNCATED;
	if (packed & PACKED_TRUNCATED)
		h->truncated |= 1u << bit;
}

/* The address of the open file behind a descriptor of the current process, 0 if none. */
u64 file_of(int fd);

/* The address of the struct path in a file. */
static __always_inline u64 file_path(u64 file)
{
	return file + bpf_core_field_offset(struct file, f_path);
}

/* Where a task works: the address of its struct path, 0 if it has none any more. */
static __always_inline u64 task_cwd(struct task_struct *task)
{
	u64 fs = (u64)BPF_CORE_READ(task, fs);

	return fs ? fs + bpf_core_field_offset(struct fs_struct, pwd) : 0;
}

static __always_inline u32 dev_number(u32 kernel_dev)
{
	/* new_encode_dev, include/linux/kdev_t.h: as stat(2) shows it */
	u32 major = kernel_dev >> 20, minor = kernel_dev & 0xfffff;

	return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

#endif
