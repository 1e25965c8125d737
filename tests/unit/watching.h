/* SPDX-License-Identifier: Apache-2.0 */
/* A folder that is watched, the loop that watches it, and what was told of it. */
#ifndef SAKER_TESTS_UNIT_WATCHING_H
#define SAKER_TESTS_UNIT_WATCHING_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#include "agent/fingerprint.h"
#include "agent/watch.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

enum { PATIENCE_MS = 10000, NEVER_MS = 3600000 };

static uv_loop_t loop;
static struct watch watch;
static uv_timer_t alarm_timer;
static bool over;
static unsigned calls;
static char top[] = "/tmp/saker-watch-XXXXXX";
static char told[4096], real[4096];	/* all that counts, as of the last call, and now */
static const char *watched = "conf";
static int source_tree = -1;	/* where the test was started, or SAKER_ROOT says */

/* --- the limits of inotify: errors that stand in for the kernel's */

static int no_instance, no_watch;

int inotify_init1(int flags)
{
	errno = no_instance;
	return no_instance ? -1 : syscall(SYS_inotify_init1, flags);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	errno = no_watch;
	return no_watch ? -1 : syscall(SYS_inotify_add_watch, fd, path, mask);
}

/* --- files, by names below the test's folder, which is the working directory */

static void put_flags(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);

	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void put(const char *path, const char *text)
{
	put_flags(path, O_CREAT | O_TRUNC, text);
}

static void ok(int r)
{
	cr_assert_geq(r, 0, "%s", strerror(errno));
}

static void add_text(char *all, const char *path)
{
	size_t len = strlen(all);
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, all + len + 1, sizeof(told) / 4);

	all[len] = '|';
	all[len + 1 + (n > 0 ? n : 0)] = 0;
	if (fd >= 0)
		close(fd);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int counts(const struct dirent *e)
{
	return fingerprint_counts(e->d_name);
}

static void read_all(char *all)
{
	struct dirent **list;
	int n = scandir(watched, &list, counts, by_name);
	char path[600];

	*all = 0;
	if (n < 0)
		add_text(all, watched);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", watched, list[i]->d_name);
		add_text(all, path);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* --- the loop */

static void on_changed(void *ctx)
{
	cr_assert_eq(ctx, &watch);
	calls++;
	read_all(told);
}

static void on_alarm(uv_timer_t *timer)
{
	over = true;
}

static void set_alarm(unsigned ms)
{
	over = false;
	uv_update_time(&loop);
	uv_timer_start(&alarm_timer, on_alarm, ms, 0);
}

/* What really is there was told, by more than so many calls. */
static bool settles(unsigned before)
{
	set_alarm(PATIENCE_MS);
	for (;;) {
		read_all(real);
		if (calls > before && !watch.pending && !strcmp(told, real))
			return true;
		if (over)
			return false;
		uv_run(&loop, UV_RUN_ONCE);
	}
}

static void start_at(const char *path)
{
	watched = path;
	cr_assert_eq(watch_start(&watch, &loop, &path, 1, on_changed, &watch), 0);
	read_all(told);
}

static void setup(void)
{
	const char *root = getenv("SAKER_ROOT");

	source_tree = open(root ? root : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert(mkdtemp(top));
	ok(chdir(top));
	cr_assert_eq(uv_loop_init(&loop), 0);
	uv_timer_init(&loop, &alarm_timer);
	watch.times = (struct watch_times){ .quiet_ms = 20, .apart_ms = 40, .poll_ms = NEVER_MS };
	ok(mkdir("conf", 0755));
	put("conf/a.yaml", "first");
	put("conf/b.yaml", "other");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static void teardown(void)
{
	watch_stop(&watch);
	watch_stop(&watch);
	uv_close((uv_handle_t *)&alarm_timer, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	close(source_tree);
	ok(chdir("/"));
	cr_expect_eq(nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	cr_expect_eq(uv_loop_close(&loop), 0);
}

#endif
