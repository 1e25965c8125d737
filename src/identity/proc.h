/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of /proc, each of one process for certain: whatever has its pid later is not seen through it. */
#ifndef SAKER_IDENTITY_PROC_H
#define SAKER_IDENTITY_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat { uint32_t ppid; uint64_t start; };	/* start: clock ticks since boot */

/* The folder, if the process in it started then (nanoseconds since boot); 0: then is not asked.
 * -ESRCH when another one has the pid. */
int proc_open(uint32_t pid, uint64_t start);

/* What a file of it holds, and a NUL; up to size - 1 bytes, or -errno. */
ssize_t proc_read(int proc, const char *name, char *buf, size_t size);

int proc_read_stat(int proc, struct proc_stat *ret);

/* Whether a start in clock ticks is one in nanoseconds. */
bool proc_same_start(uint64_t ticks, uint64_t start);

/* The inode that a link such as ns/mnt leads to; 0 when it cannot be read. */
uint64_t proc_link_inode(int proc, const char *name);

/* Its root, as O_PATH. */
int proc_root(int proc);

/* Open a regular file below a root, to read: never outside of it, and never on another file system
 * than that of the root, which may be one that a user serves.  -EXDEV, -ELOOP, -EINVAL when it is no
 * regular file, .. */
int proc_open_below(int root, const char *path);

/* Whether the root lies on a file system that answers by itself, not by a process or a network.  A process in
 * a folder (chroot) is not told the mount that this lies on: we are, unless we are in one ourselves; then false. */
bool proc_root_is_local(int proc, int root);

#endif
