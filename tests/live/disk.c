// SPDX-License-Identifier: Apache-2.0
/*
 * Loaded into an agent with LD_PRELOAD: writing and syncing files whose path ends in /bad.json fails, or
 * takes long, as the numbers in the file DISK_FAULTS say: errno of write, errno of fdatasync, ms that a
 * write takes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LOOK_MS = 5 };

static int is_bad(int fd)
{
	static const char end[] = "/bad.json";
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n >= (ssize_t)sizeof(end) - 1 && !memcmp(path + n - sizeof(end) + 1, end, sizeof(end) - 1);
}

static void faults(int number[3])
{
	const char *path = getenv("DISK_FAULTS");
	FILE *f = path ? fopen(path, "re") : NULL;

	number[0] = number[1] = number[2] = 0;
	if (!f)
		return;
	if (fscanf(f, "%d %d %d", &number[0], &number[1], &number[2]) < 3)
		number[2] = 0;
	fclose(f);
}

/* A write takes its time, but no longer than the numbers say so. */
static void take_time(int number[3])
{
	for (int waited = 0; waited < number[2]; waited += LOOK_MS) {
		usleep(LOOK_MS * 1000);
		faults(number);
	}
}

/* Whether the call fails now, with errno set. */
static int fails(int fd, int which)
{
	int number[3];

	if (!is_bad(fd))
		return 0;
	faults(number);
	if (which == 0)
		take_time(number);
	errno = number[which];
	return number[which];
}

ssize_t write(int fd, const void *data, size_t size)
{
	ssize_t (*next)(int, const void *, size_t);

	*(void **)&next = dlsym(RTLD_NEXT, "write");
	return fails(fd, 0) ? -1 : next(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *vectors, int n)
{
	ssize_t (*next)(int, const struct iovec *, int);

	*(void **)&next = dlsym(RTLD_NEXT, "writev");
	return fails(fd, 0) ? -1 : next(fd, vectors, n);
}

int fdatasync(int fd)
{
	int (*next)(int);

	*(void **)&next = dlsym(RTLD_NEXT, "fdatasync");
	return fails(fd, 1) ? -1 : next(fd);
}
