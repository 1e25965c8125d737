/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into saker: makes one call fail.
 *	FAIL_ALLOC=N	the N-th allocation finds no memory
 *	FAIL_WRITE=N	the N-th write to descriptor 1 finds no space, and all after it
 *	FAIL_COUNT=FD	at exit, write the number of allocations to this descriptor
 *	FAIL_FILE=FILE	a struct fail_order says what fails, and it may change while saker runs
 */
/* open and open64 are wanted, each under its own name. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"

static atomic_long allocations, writes;
static long fail_alloc, fail_write;
static struct fail_order nobody, *order = &nobody;

/* dlsym allocates before it has found the real functions. */
static char early[65536];
static size_t early_used;

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);
static ssize_t (*real_write)(int, const void *, size_t);
static long (*real_syscall)(long, ...);
static int (*real_thread)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
static int (*real_loop)(void *);
static __thread int spared;	/* libuv could not bear a failure here */
static int (*real_openat)(int, const char *, int, ...);
static int (*real_add_watch)(int, const char *, uint32_t);

static void take_orders(const char *path)
{
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	struct fail_order *shared;

	if (fd < 0)
		return;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (shared != MAP_FAILED)
		order = shared;
}

__attribute__((constructor)) static void start(void)
{
	const char *alloc = getenv("FAIL_ALLOC"), *out = getenv("FAIL_WRITE");

	real_calloc = dlsym(RTLD_NEXT, "calloc");
	real_realloc = dlsym(RTLD_NEXT, "realloc");
	real_free = dlsym(RTLD_NEXT, "free");
	real_write = dlsym(RTLD_NEXT, "write");
	real_malloc = dlsym(RTLD_NEXT, "malloc");
	real_syscall = dlsym(RTLD_NEXT, "syscall");
	real_thread = dlsym(RTLD_NEXT, "pthread_create");
	real_loop = dlsym(RTLD_NEXT, "uv_loop_init");
	real_openat = dlsym(RTLD_NEXT, "openat");
	real_add_watch = dlsym(RTLD_NEXT, "inotify_add_watch");
	take_orders(getenv("FAIL_FILE"));
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

/* Whether this call is one that shall fail; errno says so then. */
static int ordered(enum fail_what what)
{
	long n;

	if (!atomic_load(&order->armed) || order->what != what)
		return 0;
	n = atomic_fetch_add(&order->calls, 1) + 1;
	if (n < order->nth || n >= order->nth + (order->times ? order->times : 1))
		return 0;
	errno = order->error;
	return 1;
}

static int fails(void)
{
	if (spared)
		return 0;
	if (ordered(FAIL_MEMORY))
		return 1;
	if (atomic_fetch_add(&allocations, 1) + 1 != fail_alloc)
		return 0;
	errno = ENOMEM;
	return 1;
}

static void *held(void *p)
{
	if (p) {
		atomic_fetch_add(&order->held, 1);
		atomic_fetch_add(&order->bytes, (long)malloc_usable_size(p));
	}
	return p;
}

static void let_go(void *p)
{
	atomic_fetch_sub(&order->held, 1);
	atomic_fetch_sub(&order->bytes, (long)malloc_usable_size(p));
}

/* libuv aborts when it cannot make its threads or hear of signals, whatever its caller could do about it. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	int r;

	spared = 1;
	r = real_thread(thread, attr, run, arg);
	spared = 0;
	return r;
}

int uv_loop_init(void *loop);
int uv_loop_init(void *loop)
{
	int r;

	spared = 1;
	r = real_loop(loop);
	spared = 0;
	return r;
}

void *malloc(size_t size)
{
	if (!real_malloc)
		return early_alloc(size);
	return fails() ? NULL : held(real_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	if (!real_malloc)
		return early_alloc(n * size);
	return fails() ? NULL : held(real_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
	if ((char *)p >= early && (char *)p < early + sizeof(early)) {
		void *q = malloc(size);

		return q ? memcpy(q, p, size) : NULL;
	}
	if (fails())
		return NULL;
	if (p)
		let_go(p);
	return held(real_realloc(p, size));
}

void free(void *p)
{
	if (!p || ((char *)p >= early && (char *)p < early + sizeof(early)))
		return;
	let_go(p);
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

long syscall(long number, ...)
{
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_bpf && (unsigned)a[0] == order->command && ordered(FAIL_BPF))
		return -1;
	return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
	const char *slash = strrchr(path, '/');

	if (!strcmp(slash ? slash + 1 : path, order->name) && ordered(FAIL_OPEN))
		return -1;
	if (!real_openat)		/* another library's constructor */
		real_openat = dlsym(RTLD_NEXT, "openat");
	return real_openat(folder, path, flags, mode);
}

/* The mode, if there is one. */
#define OPEN(folder, path, flags) do {					\
	va_list args;							\
	mode_t mode = 0;						\
									\
	va_start(args, flags);						\
	if ((flags) & (O_CREAT | __O_TMPFILE))				\
		mode = va_arg(args, mode_t);				\
	va_end(args);							\
	return open_at(folder, path, flags, mode);			\
} while (0)

int open(const char *path, int flags, ...)
{
	OPEN(AT_FDCWD, path, flags);
}

int open64(const char *path, int flags, ...)
{
	OPEN(AT_FDCWD, path, flags | O_LARGEFILE);
}

int openat(int folder, const char *path, int flags, ...)
{
	OPEN(folder, path, flags);
}

int openat64(int folder, const char *path, int flags, ...)
{
	OPEN(folder, path, flags | O_LARGEFILE);
}

/* What a hardened build calls in their place where there is no mode. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags | O_LARGEFILE, 0);
}

int __openat_2(int folder, const char *path, int flags);
int __openat_2(int folder, const char *path, int flags)
{
	return open_at(folder, path, flags, 0);
}

int __openat64_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags)
{
	return open_at(folder, path, flags | O_LARGEFILE, 0);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	return ordered(FAIL_WATCH) ? -1 : real_add_watch(fd, path, mask);
}
