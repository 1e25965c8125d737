// SPDX-License-Identifier: Apache-2.0
#include "watching.h"

TestSuite(watch, .init = setup, .fini = teardown, .timeout = 60);

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

/* A shipped file, byte by byte: each prefix is there for a while, with a look at it where all shall be looked at. */
static void write_slowly(int folder, const char *name, bool look)
{
	int in = openat(folder, name, O_RDONLY | O_CLOEXEC), fd = open("conf/c.yaml", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	unsigned before = calls;
	char byte;

	ok(in);
	ok(fd);
	while (read(in, &byte, 1) == 1) {
		uint64_t looks = watch.looks;

		ok(write(fd, &byte, 1));
		do
			uv_run(&loop, look ? UV_RUN_ONCE : UV_RUN_NOWAIT);
		while (look && watch.looks == looks);
	}
	cr_expect_eq(calls, before, "%s: %u prefixes are told", name, calls - before);
	close(in);
	close(fd);
	cr_expect(settles(before), "%s", name);
}

/* SAKER_ROUNDS: look at every prefix. */
Test(watch, no_prefix_of_what_is_shipped, .timeout = 600)
{
	int folder = openat(source_tree, "conf/policies", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(folder);
	unsigned n = 0;

	cr_assert(dir);
	watch.times = (struct watch_times){ .quiet_ms = 1, .storm_ms = 2, .apart_ms = 1, .poll_ms = 1 };
	start_at("conf");
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.') {
			write_slowly(folder, e->d_name, getenv("SAKER_ROUNDS"));
			n++;
		}
	closedir(dir);
	cr_expect_geq(n, 6);
	cr_expect_geq(watch.looks, 10);
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
