// SPDX-License-Identifier: Apache-2.0
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

static void run_for(unsigned ms)
{
	for (set_alarm(ms); !over; )
		uv_run(&loop, UV_RUN_ONCE);
}

/* All that inotify has to say was heard. */
static void hear(void)
{
	uint64_t before;

	do {
		before = watch.events;
		uv_run(&loop, UV_RUN_NOWAIT);
	} while (watch.events != before);
}

static void start_at(const char *path)
{
	watched = path;
	cr_assert_eq(watch_start(&watch, &loop, &path, 1, on_changed, &watch), 0);
	read_all(told);
}

static void setup(void)
{
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
	ok(chdir("/"));
	cr_expect_eq(nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	cr_expect_eq(uv_loop_close(&loop), 0);
}

TestSuite(watch, .init = setup, .fini = teardown, .timeout = 60);

/* --- what people and programs do to files */

static void in_place(void)
{
	put_flags("conf/a.yaml", 0, "in place");
}

static void truncate_and_write(void)
{
	put("conf/a.yaml", "truncated");
}

static void append(void)
{
	put_flags("conf/a.yaml", O_APPEND, " more");
}

static void truncate_by_path(void)
{
	ok(truncate("conf/a.yaml", 2));
	put_flags("conf/a.yaml", O_APPEND, "");
}

static void vim(void)
{
	put("conf/.a.yaml.swp", "swap");
	put("conf/4913", "");
	ok(unlink("conf/4913"));
	ok(rename("conf/a.yaml", "conf/a.yaml~"));
	put("conf/a.yaml", "vim");
	ok(unlink("conf/a.yaml~"));
	ok(unlink("conf/.a.yaml.swp"));
}

static void emacs(void)
{
	ok(symlink("user@host.1:2", "conf/.#a.yaml"));
	put("conf/#a.yaml#", "emacs");
	ok(rename("conf/a.yaml", "conf/a.yaml~"));
	put("conf/a.yaml", "emacs");
	ok(unlink("conf/#a.yaml#"));
	ok(unlink("conf/.#a.yaml"));
}

static void atomic_rename(void)
{
	put("conf/.a.yaml.tmp", "renamed");
	ok(rename("conf/.a.yaml.tmp", "conf/a.yaml"));
}

static void rename_from_elsewhere(void)
{
	put("elsewhere", "from elsewhere");
	ok(rename("elsewhere", "conf/a.yaml"));
}

static void exchange(void)
{
	ok(renameat2(AT_FDCWD, "conf/a.yaml", AT_FDCWD, "conf/b.yaml", RENAME_EXCHANGE));
}

static void new_file(void)
{
	put("conf/c.yml", "new");
}

static void remove_file(void)
{
	ok(unlink("conf/a.yaml"));
}

static void disable(void)
{
	ok(rename("conf/a.yaml", "conf/a.yaml.off"));
}

static void move_out(void)
{
	ok(rename("conf/a.yaml", "away"));
}

static void hard_link(void)
{
	put("outside", "hard link");
	ok(link("outside", "conf/c.yaml"));
	ok(unlink("outside"));
}

static void nameless(void)
{
	int fd = open("conf", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);
	char name[64];

	ok(fd);
	ok(write(fd, "nameless", 8));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	ok(linkat(AT_FDCWD, name, AT_FDCWD, "conf/c.yaml", AT_SYMLINK_FOLLOW));
	close(fd);
}

static void new_link(void)
{
	put("outside", "link");
	ok(symlink("../outside", "conf/c.yaml"));
}

static void links(void)
{
	ok(mkdir("one", 0755));
	ok(mkdir("two", 0755));
	put("one/x", "one");
	put("two/x", "two");
	ok(symlink("../one", "conf/way"));
	ok(symlink("way/x", "conf/l.yaml"));
}

static void retarget(void)
{
	ok(symlink("../two/x", "conf/.new"));
	ok(rename("conf/.new", "conf/l.yaml"));
}

static void retarget_by_hand(void)
{
	ok(unlink("conf/l.yaml"));
	ok(symlink("../two/x", "conf/l.yaml"));
}

static void retarget_half_way(void)
{
	ok(symlink("../two", "conf/.new"));
	ok(rename("conf/.new", "conf/way"));
}

static void write_target(void)
{
	put("one/x", "target");
}

static void rename_target(void)
{
	put("one/y", "target renamed");
	ok(rename("one/y", "one/x"));
}

static void remove_target(void)
{
	ok(unlink("one/x"));
}

static void config_map(void)
{
	ok(mkdir("conf/..2026_1", 0755));
	put("conf/..2026_1/m.yaml", "map 1");
	ok(symlink("..2026_1", "conf/..data"));
	ok(symlink("..data/m.yaml", "conf/m.yaml"));
}

static void swap_config_map(void)
{
	ok(mkdir("conf/..2026_2", 0755));
	put("conf/..2026_2/m.yaml", "map 2");
	ok(symlink("..2026_2", "conf/..data_tmp"));
	ok(rename("conf/..data_tmp", "conf/..data"));
	ok(unlink("conf/..2026_1/m.yaml"));
	ok(rmdir("conf/..2026_1"));
}

static void empty_folder(void)
{
	ok(unlink("conf/a.yaml"));
	ok(unlink("conf/b.yaml"));
}

static void recreate(void)
{
	empty_folder();
	ok(rmdir("conf"));
	ok(mkdir("conf", 0755));
	put("conf/a.yaml", "recreated");
}

static void remove_folder(void)
{
	empty_folder();
	ok(rmdir("conf"));
}

static void make_folder(void)
{
	ok(mkdir("conf", 0755));
	put("conf/a.yaml", "made");
}

static void replace_folder(void)
{
	ok(mkdir("fresh", 0755));
	put("fresh/a.yaml", "replaced");
	ok(rename("conf", "old"));
	ok(rename("fresh", "conf"));
}

static void folder_becomes_file(void)
{
	remove_folder();
	put("conf", "a file");
}

static void linked_folder(void)
{
	ok(rename("conf", "release-1"));
	ok(mkdir("release-2", 0755));
	put("release-2/a.yaml", "release 2");
	ok(symlink("release-1", "conf"));
}

static void next_release(void)
{
	ok(symlink("release-2", "next"));
	ok(rename("next", "conf"));
}

static void write_in_release(void)
{
	put("release-1/a.yaml", "release 1");
}

static void chmod_only(void)
{
	ok(chmod("conf/a.yaml", 0600));
}

static void chmod_folder(void)
{
	ok(chmod("conf", 0700));
}

static void touch(void)
{
	ok(utimensat(AT_FDCWD, "conf/a.yaml", NULL, 0));
}

static const struct pattern {
	const char *name;
	void (*before)(void), (*act)(void);
} patterns[] = {
	{ "written in place", NULL, in_place },
	{ "truncated and written", NULL, truncate_and_write },
	{ "appended", NULL, append },
	{ "truncated by path", NULL, truncate_by_path },
	{ "vim", NULL, vim },
	{ "emacs", NULL, emacs },
	{ "renamed over", NULL, atomic_rename },
	{ "renamed from elsewhere", NULL, rename_from_elsewhere },
	{ "exchanged", NULL, exchange },
	{ "new file", NULL, new_file },
	{ "removed", NULL, remove_file },
	{ "disabled", NULL, disable },
	{ "moved out", NULL, move_out },
	{ "hard link made", NULL, hard_link },
	{ "file without a name linked", NULL, nameless },
	{ "link made", NULL, new_link },
	{ "link replaced", links, retarget },
	{ "link removed and made", links, retarget_by_hand },
	{ "link on the way replaced", links, retarget_half_way },
	{ "target written", links, write_target },
	{ "target renamed over", links, rename_target },
	{ "target removed", links, remove_target },
	{ "ConfigMap appears", NULL, config_map },
	{ "ConfigMap swapped", config_map, swap_config_map },
	{ "folder removed and made", NULL, recreate },
	{ "folder removed", NULL, remove_folder },
	{ "folder made", remove_folder, make_folder },
	{ "folder replaced", NULL, replace_folder },
	{ "folder becomes a file", NULL, folder_becomes_file },
	{ "linked folder retargeted", linked_folder, next_release },
	{ "linked folder written in", linked_folder, write_in_release },
	{ "mode of a file", NULL, chmod_only },
	{ "mode of the folder", NULL, chmod_folder },
	{ "touched", NULL, touch },
};

/* Begin a pattern in a folder of its own. */
static void begin(const struct pattern *p)
{
	static unsigned n;
	char dir[32];

	snprintf(dir, sizeof(dir), "%s%u", n ? "../" : "", n);
	n++;
	ok(mkdir(dir, 0755));
	ok(chdir(dir));
	ok(mkdir("conf", 0755));
	put("conf/a.yaml", "first");
	put("conf/b.yaml", "other");
	if (p->before)
		p->before();
	start_at("conf");
}

static void end(void)
{
	watch_stop(&watch);
	uv_run(&loop, UV_RUN_NOWAIT);
}

/* And then an ordinary change, which must still be seen. */
static void follow(const struct pattern *p)
{
	unsigned before = calls;

	begin(p);
	p->act();
	cr_expect(settles(before), "%s: told %s, there is %s", p->name, told, real);
	cr_expect_eq(calls, before + 1, "%s: %u calls", p->name, calls - before);
	cr_expect_str_empty(watch.degraded, "%s", watch.degraded);
	before = calls;
	if (access("conf/b.yaml", F_OK) == 0)
		put("conf/b.yaml", "again");
	if (access("conf/b.yaml", F_OK) == 0)
		cr_expect(settles(before), "%s, then: told %s", p->name, told);
	end();
}

/* SAKER_ROUNDS=100 for a thorough look.  All of a pattern is done before the loop hears of it, so that
 * the quiet time may be short. */
Test(watch, patterns, .timeout = 1200)
{
	const char *text = getenv("SAKER_ROUNDS");
	unsigned rounds = text ? strtoul(text, NULL, 10) : 2;

	if (rounds > 2)
		watch.times = (struct watch_times){ .quiet_ms = 2, .apart_ms = 4, .poll_ms = NEVER_MS };
	for (unsigned i = 0; i < rounds; i++)
		for (const struct pattern *p = patterns; p < patterns + LEN(patterns); p++)
			follow(p);
}

/* Looks alone find all of it. */
Test(watch, no_instances)
{
	no_instance = EMFILE;
	watch.times.poll_ms = 30;
	for (const struct pattern *p = patterns; p < patterns + LEN(patterns); p++) {
		unsigned before = calls;

		begin(p);
		p->act();
		cr_expect(settles(before), "%s: told %s, there is %s", p->name, told, real);
		cr_expect_eq(watch.fd, -1);
		cr_expect(strstr(watch.degraded, "max_user_instances"), "%s", watch.degraded);
		end();
	}
}

/* Looks find what watches do not, and take them up when they may. */
Test(watch, no_watches)
{
	unsigned before = calls;

	no_watch = ENOSPC;
	watch.times.poll_ms = 30;
	start_at("conf");
	cr_expect(strstr(watch.degraded, "max_user_watches"), "%s", watch.degraded);
	put("conf/a.yaml", "looked for");
	cr_expect(settles(before));
	cr_expect(*watch.degraded);
	no_watch = 0;
	while (*watch.degraded)
		uv_run(&loop, UV_RUN_ONCE);
	watch.times.poll_ms = NEVER_MS;
	uv_timer_stop(&watch.look);
	before = calls;
	put("conf/a.yaml", "watched");
	cr_expect(settles(before));
	cr_expect_str_empty(watch.degraded, "%s", watch.degraded);
}

/* What nobody has to be told. */
Test(watch, not_ours)
{
	put("outside", "x");
	start_at("conf");
	put("conf/.a.yaml.swp", "x");
	put("conf/a.yaml~", "x");
	put("conf/#a.yaml#", "x");
	put("conf/a.txt", "x");
	put("conf/yaml", "x");
	put("conf.yaml", "x");
	ok(mkdir("conf/folder", 0755));
	ok(symlink("a.yaml", "conf/link"));
	ok(chmod("conf/a.txt", 0600));
	ok(chmod(".", 0700));
	ok(unlink("conf/a.txt"));
	close(open("conf/a.yaml", O_RDONLY));
	hear();
	cr_expect_geq(watch.events, 10);
	cr_expect_not(watch.pending);
	cr_expect_eq(calls, 0);
}

/* Byte by byte, the file held open, with looks between. */
Test(watch, half_written)
{
	int fd;

	watch.times.poll_ms = 15;
	start_at("conf");
	fd = open("conf/c.yaml", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ok(fd);
	for (unsigned i = 0; i < 60; i++) {
		ok(write(fd, "y", 1));
		run_for(5);
	}
	cr_expect_gt(watch.looks, 5);
	cr_expect_eq(calls, 0);
	cr_expect_eq(fingerprint_writing("conf/c.yaml"), 1);
	close(fd);
	cr_expect(settles(0));
	cr_expect_eq(fingerprint_writing("conf/c.yaml"), 0);
	cr_expect_eq(fingerprint_writing("conf/none"), -ENOENT);
}

/* Through a link that lies outside, first held open, then closed: inotify shows neither. */
Test(watch, written_through_a_link_outside)
{
	int fd;

	ok(link("conf/a.yaml", "outside"));
	watch.times.poll_ms = 50;
	start_at("conf");
	fd = open("outside", O_WRONLY | O_CLOEXEC);
	ok(fd);
	ok(write(fd, "outside", 7));
	run_for(200);
	cr_expect_eq(calls, 0);
	close(fd);
	cr_expect(settles(0));
	cr_expect_eq(calls, 1);
}

/* One file is told while another is written: the end of that is not missed. */
Test(watch, written_while_told)
{
	int fd;

	ok(link("conf/a.yaml", "outside"));
	watch.times.poll_ms = 50;
	start_at("conf");
	fd = open("outside", O_WRONLY | O_CLOEXEC);
	ok(fd);
	ok(write(fd, "outside", 7));
	put("conf/b.yaml", "told");
	cr_expect(settles(0));
	run_for(200);
	cr_expect_eq(calls, 1);
	close(fd);
	cr_expect(settles(1));
}

Test(watch, mounted_over)
{
	unsigned before = calls;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		teardown();
		cr_skip("no mounts here");
	}
	ok(mkdir("other", 0755));
	put("other/a.yaml", "mounted");
	watch.times.poll_ms = 50;
	start_at("conf");
	ok(mount("other", "conf", NULL, MS_BIND, NULL));
	cr_expect(settles(before));
	before = calls;
	put("conf/a.yaml", "written below");
	cr_expect(settles(before));
	before = calls;
	ok(umount("conf"));
	cr_expect(settles(before));
	before = calls;
	ok(mount("none", "conf", "tmpfs", 0, NULL));
	cr_expect(settles(before));
	run_for(100);
	before = calls;
	ok(umount("conf"));
	cr_expect(settles(before));
}

/* One file by its name; its neighbours do not matter. */
Test(watch, a_file)
{
	put("saker.conf", "one");
	start_at("saker.conf");
	put("other.conf", "x");
	put("conf/a.yaml", "x");
	hear();
	cr_expect_not(watch.pending);
	put("saker.conf", "two");
	cr_expect(settles(0));
	ok(unlink("saker.conf"));
	cr_expect(settles(1));
	put("saker.conf", "three");
	cr_expect(settles(2));
}

Test(watch, what_does_not_exist_yet)
{
	start_at("deep/down/conf");
	for (unsigned i = 0; i < 3; i++) {
		unsigned before = calls;

		ok(mkdir("deep", 0755));
		hear();
		ok(mkdir("deep/down", 0755));
		ok(mkdir("deep/down/conf", 0755));
		put("deep/down/conf/a.yaml", "deep");
		cr_expect(settles(before), "told %s, there is %s", told, real);
		before = calls;
		put("deep/down/conf/a.yaml", "deeper");
		cr_expect(settles(before), "told %s, there is %s", told, real);
		before = calls;
		ok(unlink("deep/down/conf/a.yaml"));
		ok(rmdir("deep/down/conf"));
		ok(rmdir("deep/down"));
		ok(rmdir("deep"));
		cr_expect(settles(before), "told %s, there is %s", told, real);
	}
}

Test(watch, links_that_lead_nowhere)
{
	ok(symlink("loop2.yaml", "conf/loop1.yaml"));
	ok(symlink("loop1.yaml", "conf/loop2.yaml"));
	ok(symlink("../none/../../x", "conf/none.yaml"));
	ok(symlink("/", "conf/root.yaml"));
	ok(mkfifo("conf/fifo.yaml", 0644));
	start_at("conf/.././conf//");
	cr_expect_str_empty(watch.degraded, "%s", watch.degraded);
	put("conf/a.yaml", "seen");
	cr_expect(settles(0));
}

Test(watch, rewritten_10000_times)
{
	uint64_t start = uv_hrtime(), ms;
	char text[32];

	watch.times = (struct watch_times){ .poll_ms = NEVER_MS };
	start_at("conf");
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "content %u", i);
		if (i % 2)
			put("conf/.tmp", text), ok(rename("conf/.tmp", "conf/a.yaml"));
		else
			put("conf/a.yaml", text);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	cr_expect(settles(0));
	ms = (uv_hrtime() - start) / 1000000;
	cr_expect_leq(calls, ms / WATCH_APART_MS + 1, "%u calls in %u ms", calls, (unsigned)ms);
}

/* A storm without end is told now and then. */
Test(watch, storm)
{
	uint64_t start = uv_hrtime(), ms;

	watch.times = (struct watch_times){ .quiet_ms = 50, .storm_ms = 100, .apart_ms = 200 };
	start_at("conf");
	for (set_alarm(PATIENCE_MS); calls < 5 && !over; ) {
		put("conf/a.yaml", "storm");
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	ms = (uv_hrtime() - start) / 1000000;
	cr_expect_eq(calls, 5);
	cr_expect_leq(calls, ms / 200 + 1);
	put("conf/a.yaml", "calm");
	cr_expect(settles(calls));
}

Test(watch, queue_overflows)
{
	start_at("conf");
	for (unsigned i = 0; i < 12000; i++) {
		put("conf/x", "");
		put("conf/y", "");
	}
	put("conf/a.yaml", "lost");
	cr_expect(settles(0));
	cr_expect_eq(watch.overflows, 1);
}

Test(watch, too_much_to_watch)
{
	const char *folder = "conf";
	char name[64], target[64];
	int r;

	ok(mkdir("far", 0755));
	for (unsigned i = 0; i < WATCH_MARKS; i++) {
		snprintf(target, sizeof(target), "../far/%u", i);
		snprintf(name, sizeof(name), "conf/%u.yaml", i);
		put(target + 3, "x");
		ok(symlink(target, name));
	}
	watch.times.poll_ms = 100;
	watched = "conf/1000.yaml";
	r = watch_start(&watch, &loop, &folder, 1, on_changed, &watch);
	cr_assert_eq(r, 0);
	cr_expect(strstr(watch.degraded, "more than"), "%s", watch.degraded);
	cr_expect_eq(watch.nmarks, WATCH_MARKS);
	for (unsigned i = 0; i < WATCH_MARKS; i++) {
		snprintf(target, sizeof(target), "far/%u", i);
		put(target, "changed");
	}
	cr_expect(settles(0));
}

Test(watch, other_paths)
{
	const char *two[] = { "conf", "other" }, *long_one[1];
	char *path = calloc(1, 5000);

	ok(mkdir("other", 0755));
	start_at("conf");
	cr_expect_eq(watch_paths(&watch, two, 1), 0);
	cr_expect_not(watch.pending, "the same");
	memset(path, 'x', 4999);
	long_one[0] = path;
	cr_expect_eq(watch_paths(&watch, long_one, 1), -ENAMETOOLONG);
	free(path);
	cr_expect_eq(watch_paths(&watch, two, 2), 0);
	cr_expect(settles(0));
	put("other/c.yaml", "x");
	cr_expect(settles(1));
	cr_expect_eq(watch_paths(&watch, two + 1, 1), 0);
	cr_expect(settles(2));
	put("conf/a.yaml", "not watched any more");
	hear();
	cr_expect_not(watch.pending);
	cr_expect_eq(watch_paths(&watch, NULL, 0), 0);
	watch_stop(&watch);
	cr_expect_eq(watch_paths(&watch, two, 2), 0);
	cr_expect_eq(watch.fd, -1, "it watches again");
}

/* The working directory is that of the start. */
Test(watch, relative)
{
	start_at("conf");
	ok(chdir("/"));
	hear();
	ok(chdir(top));
	put("conf/a.yaml", "seen");
	ok(chdir("/"));
	while (!calls)
		uv_run(&loop, UV_RUN_ONCE);
	ok(chdir(top));
}

static void stop_it(void *ctx)
{
	calls++;
	watch_stop(&watch);
}

Test(watch, stops_when_told)
{
	cr_assert_eq(watch_start(&watch, &loop, &watched, 1, stop_it, NULL), 0);
	put("conf/a.yaml", "x");
	set_alarm(PATIENCE_MS);
	while (!calls && !over)
		uv_run(&loop, UV_RUN_ONCE);
	cr_expect_eq(calls, 1);
	uv_timer_stop(&alarm_timer);
	cr_expect_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
}
