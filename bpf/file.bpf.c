// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opened files, on kernels that allow a hook where the file is opened: io_uring's opens, too.
 * Elsewhere the system calls' exit shows them (syscall.bpf.c). */
#include "file.h"

/* The hook's first argument as a number. */
static __always_inline u64 first_argument(void *ctx)
{
	u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), ctx);
	return value;
}

SEC("lsm/file_open")
int file_open__lsm(u64 *ctx)
{
	file_open_emit(ctx, first_argument(ctx));
	return 0;
}

SEC("fentry/security_file_open")
int file_open__fentry(u64 *ctx)
{
	return file_open_emit(ctx, first_argument(ctx));
}

SEC("kprobe/security_file_open")
int BPF_KPROBE(file_open__kprobe, u64 file)
{
	return file_open_emit(ctx, file);
}
