// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opened files, on kernels that allow a hook where the file is opened: io_uring's opens, too.
 * Elsewhere the system calls' exit shows them (syscall.bpf.c). */
#include "file.h"

SEC("lsm/file_open")
int BPF_PROG(file_open__lsm, struct file *file)
{
	file_open_emit(ctx, file);
	return 0;
}

SEC("fentry/security_file_open")
int BPF_PROG(file_open__fentry, struct file *file)
{
	return file_open_emit(ctx, file);
}

SEC("kprobe/security_file_open")
int BPF_KPROBE(file_open__kprobe, struct file *file)
{
	return file_open_emit(ctx, file);
}
