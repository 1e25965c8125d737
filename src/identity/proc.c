// SPDX-License-Identifier: Apache-2.0
#include "identity/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity/below.h"

enum { MOUNTINFO_MAX = 256 << 10 };

/* Who answers for these may never do so. */
static const char *const remote[] = { "fuse", "nfs", "9p", "cifs", "smb3", "ceph", "afs", "gfs2", "ocfs2", "virtiofs" };

ssize_t proc_read(int proc, const char *name, char *buf, size_t size)
{
	int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	n = n < 0 ? -errno : (ssize_t)len;
	close(fd);
	buf[n < 0 ? 0 : n] = 0;
	return n;
}

/* The name in field 2 may hold anything, even ')'. */
int proc_read_stat(int proc, struct proc_stat *ret)
{
	char buf[1024], *s;
	ssize_t n = proc_read(proc, "stat", buf, sizeof(buf));

	if (n < 0)
		return n;
	s = strrchr(buf, ')');
	for (int field = 2; s && field < 22; field++) {
		s = strchr(s + 1, ' ');
		if (s && field == 3)
			ret->ppid = strtoul(s + 1, NULL, 10);
	}
	if (!s)
		return -EINVAL;
	ret->start = strtoull(s + 1, NULL, 10);
	return 0;
}

bool proc_same_start(uint64_t ticks, uint64_t start)
{
	uint64_t tick = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK), ours = start / tick;

	return ticks + 1 >= ours && ticks <= ours + 1;
}

int proc_open(uint32_t pid, uint64_t start)
{
	struct proc_stat stat;
	char path[32];
	int fd, r;

	snprintf(path, sizeof(path), "/proc/%u", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	r = start ? proc_read_stat(fd, &stat) : 0;
	if (r == 0 && (!start || proc_same_start(stat.start, start)))
		return fd;
	close(fd);
	return r < 0 ? r : -ESRCH;
}

uint64_t proc_link_inode(int proc, const char *name)
{
	struct stat st;

	return fstatat(proc, name, &st, 0) == 0 ? st.st_ino : 0;
}

int proc_root(int proc)
{
	int fd = openat(proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int proc_open_below(int root, const char *path)
{
	int fd = below_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY,
			    RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV), r;
	struct stat st;

	if (fd < 0)
		return fd;
	r = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

static bool is_remote(const char *type)
{
	for (size_t i = 0; i < sizeof(remote) / sizeof(*remote); i++)
		if (!strncmp(type, remote[i], strlen(remote[i])))
			return true;
	return false;
}

/* 36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw: the type of a mount, NULL if it is not there. */
static const char *type_of(char *mountinfo, long mount)
{
	char *save;

	for (char *line = strtok_r(mountinfo, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strtol(line, NULL, 10) == mount) {
			const char *type = strstr(line, " - ");

			return type ? type + 3 : NULL;
		}
	return NULL;
}

bool proc_root_is_local(int proc, int root)
{
	const struct { int at; const char *path; } views[] = {
		{ proc, "mountinfo" }, { AT_FDCWD, "/proc/self/mountinfo" },
	};
	char *buf = malloc(MOUNTINFO_MAX);
	const char *type = NULL;
	long mount = below_mount(root);
	bool local;

	for (size_t i = 0; buf && mount >= 0 && !type && i < sizeof(views) / sizeof(*views); i++)
		if (proc_read(views[i].at, views[i].path, buf, MOUNTINFO_MAX) > 0)
			type = type_of(buf, mount);
	local = type && !is_remote(type);
	free(buf);
	return local;
}
