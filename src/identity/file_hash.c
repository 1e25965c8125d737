// SPDX-License-Identifier: Apache-2.0
/*
 * The file is opened through /proc/PID/exe, which leads to the very file that is executed whatever its
 * name is by now; of a process that has ended, by its path below the root of another one in the same
 * mount namespace.  Device, inode and time of change must be those of the record.
 */
#include "identity/file_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "identity/proc.h"

enum { CHUNK = 128 << 10 };

_Static_assert((int)FILE_HASH_BYTES == SHA256_DIGEST_SIZE, "bytes of a digest");

bool file_hash_available(void)
{
	return true;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

static uint64_t nanoseconds(const struct timespec *t)
{
	return t->tv_sec * UINT64_C(1000000000) + t->tv_nsec;
}

/* stat shows a file of overlayfs on another device than the kernel's own inode is on. */
static bool same_device(int fd, const struct stat *st, uint32_t dev)
{
	struct statfs fs;
	uint32_t major = major(st->st_dev), minor = minor(st->st_dev);

	return ((minor & 0xff) | major << 8 | (minor & ~0xffu) << 12) == dev ||
	       (fstatfs(fd, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC);
}

static int is_file(int fd, const struct process_file *file, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return -errno;
	if (!S_ISREG(st->st_mode) || st->st_ino != file->inode || !same_device(fd, st, file->dev) ||
	    (file->ctime && nanoseconds(&st->st_ctim) != file->ctime))
		return -ESTALE;
	return 0;
}

static int read_all(int fd, const struct file_hash_request *q, const struct stat *before, struct sha256_ctx *sha)
{
	uint64_t end = now() + q->limits.time, total = 0;
	uint8_t *buf = malloc(CHUNK);
	struct stat after;
	ssize_t n = 0;
	int r = buf ? 0 : -ENOMEM;

	while (r == 0 && (n = read(fd, buf, CHUNK)) > 0) {
		sha256_update(sha, n, buf);
		total += n;
		r = total > q->limits.size ? -EFBIG : now() > end ? -ETIME : 0;
	}
	if (r == 0 && n < 0)
		r = -errno;
	if (r == 0 && (fstat(fd, &after) < 0 || nanoseconds(&after.st_ctim) != nanoseconds(&before->st_ctim) ||
		       total != (uint64_t)after.st_size))
		r = -ESTALE;
	free(buf);
	return r;
}

static int hash_open(int fd, const struct file_hash_request *q, uint8_t *ret)
{
	struct sha256_ctx sha;
	struct stat st;
	int r = is_file(fd, &q->file, &st);

	if (r == 0 && (uint64_t)st.st_size > q->limits.size)
		r = -EFBIG;
	sha256_init(&sha);
	if (r == 0)
		r = read_all(fd, q, &st, &sha);
	if (r == 0)
		sha256_digest(&sha, FILE_HASH_BYTES, ret);
	close(fd);
	return r;
}

/* What lies in memory only is on no mount that anybody could see. */
static int open_exe(int proc, const struct file_hash_request *q)
{
	int path = openat(proc, "exe", O_PATH | O_CLOEXEC), fd;

	if (path < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	if (!q->file.memfd && !proc_root_is_local(proc, path)) {
		close(path);
		return -EREMOTE;
	}
	close(path);
	fd = openat(proc, "exe", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int by_process(const struct file_hash_request *q, uint8_t *ret)
{
	int proc = proc_open(q->pid, q->start), fd;

	if (proc < 0)
		return proc;
	fd = open_exe(proc, q);
	close(proc);
	return fd < 0 ? fd : hash_open(fd, q, ret);
}

static int by_path(const struct file_hash_request *q, const struct mount_pid *one, uint8_t *ret)
{
	int proc = proc_open(one->pid, one->start), root, fd = -EREMOTE;

	if (proc < 0)
		return proc;
	root = proc_root(proc);
	if (root >= 0 && proc_root_is_local(proc, root))
		fd = proc_open_below(root, q->path + 1);
	if (root >= 0)
		close(root);
	close(proc);
	return fd < 0 ? fd : hash_open(fd, q, ret);
}

int file_hash(const struct file_hash_request *q, uint8_t ret[static FILE_HASH_BYTES])
{
	int r = by_process(q, ret);

	if (*q->path != '/')
		return r;
	for (unsigned i = 0; (r == -ESRCH || r == -ESTALE) && i < MOUNTS_PIDS && q->others[i].start; i++)
		r = by_path(q, &q->others[i], ret);
	return r;
}
