// SPDX-License-Identifier: Apache-2.0
#include "identity/below.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "identity/proc.h"

long below_mount(int fd)
{
	char path[48], buf[512], *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (proc_read(AT_FDCWD, path, buf, sizeof(buf)) < 0)
		return -1;
	at = strstr(buf, "mnt_id:");
	return at ? strtol(at + 7, NULL, 10) : -1;
}

/* The next name of a path; "." when there is none. */
static int next_name(const char **path, char name[static NAME_MAX + 1])
{
	const char *from = *path + strspn(*path, "/");
	size_t n = strcspn(from, "/");

	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	snprintf(name, NAME_MAX + 1, "%.*s", n ? (int)n : 1, n ? from : ".");
	*path = from + n + strspn(from + n, "/");
	return strcmp(name, "..") == 0 ? -EXDEV : 0;
}

/* As O_PATH: nobody who serves a file system is asked before it is known whose it is. */
static int step(int at, const char *name, bool last, long mount)
{
	int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | (last ? 0 : O_DIRECTORY));

	if (fd < 0)
		return -errno;
	if (mount < 0 || below_mount(fd) == mount)
		return fd;
	close(fd);
	return -EXDEV;
}

/* Open for good what is known by an O_PATH; a link is not followed, for it is one itself. */
static int reopen(int fd, int flags)
{
	char path[48];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = open(path, (flags & ~O_NOFOLLOW) | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

static int walk(int root, const char *path, int flags, bool same_mount)
{
	long mount = same_mount ? below_mount(root) : -1;
	char name[NAME_MAX + 1];
	int at = root, r;

	if (same_mount && mount < 0)
		return -EXDEV;
	do {
		int next = next_name(&path, name);

		next = next < 0 ? next : step(at, name, !*path, mount);
		if (at != root)
			close(at);
		if (next < 0)
			return next;
		at = next;
	} while (*path);
	r = reopen(at, flags);
	close(at);
	return r;
}

int below_open(int root, const char *path, int flags, uint64_t resolve)
{
	const struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC, .resolve = resolve };
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	if (fd >= 0)
		return fd;
	return errno == ENOSYS ? walk(root, path, flags, resolve & RESOLVE_NO_XDEV) : -errno;
}
