/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into saker: makes one call fail.
 *	FAIL_ALLOC=N	the N-th allocation finds no memory
 *	FAIL_WRITE=N	the N-th write to descriptor 1 finds no space, and all after it
 *	FAIL_COUNT=FD	at exit, write the number of allocations to this descriptor
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long allocations, writes;
static long fail_alloc, fail_write;

/* dlsym allocates before it has found the real functions. */
static char early[65536];
static size_t early_used;

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);
static ssize_t (*real_write)(int, const void *, size_t);

__attribute__((constructor)) static void start(void)
{
	const char *alloc = getenv("FAIL_ALLOC"), *out = getenv("FAIL_WRITE");

	real_calloc = dlsym(RTLD_NEXT, "calloc");
	real_realloc = dlsym(RTLD_NEXT, "realloc");
	real_free = dlsym(RTLD_NEXT, "free");
	real_write = dlsym(RTLD_NEXT, "write");
	real_malloc = dlsym(RTLD_NEXT, "malloc");
	fail_write = out ? atol(out) : 0;
	fail_alloc = alloc ? atol(alloc) : 0;
	atomic_store(&allocations, 0);
}

__attribute__((destructor)) static void stop(void)
{
	const char *fd = getenv("FAIL_COUNT");

	if (fd)
		dprintf(atoi(fd), "%ld\n", atomic_load(&allocations));
}

static void *early_alloc(size_t size)
{
	void *p = early + early_used;

	early_used += (size + 15) & ~(size_t)15;
	return early_used <= sizeof(early) ? p : NULL;
}

static int fails(void)
{
	if (atomic_fetch_add(&allocations, 1) + 1 != fail_alloc)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	if (!real_malloc)
		return early_alloc(size);
	return fails() ? NULL : real_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	if (!real_malloc)
		return early_alloc(n * size);
	return fails() ? NULL : real_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	if ((char *)p >= early && (char *)p < early + sizeof(early)) {
		void *q = malloc(size);

		return q ? memcpy(q, p, size) : NULL;
	}
	return fails() ? NULL : real_realloc(p, size);
}

void free(void *p)
{
	if (p && !((char *)p >= early && (char *)p < early + sizeof(early)))
		real_free(p);
}

ssize_t write(int fd, const void *data, size_t len)
{
	if (fd == 1 && fail_write && atomic_fetch_add(&writes, 1) + 1 >= fail_write) {
		errno = ENOSPC;
		return -1;
	}
	return real_write ? real_write(fd, data, len) : -1;
}
