// SPDX-License-Identifier: Apache-2.0
#include "watching.h"

TestSuite(watch_patterns, .init = setup, .fini = teardown, .timeout = 60);

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

/* A program's own way: what is there is removed, and written anew. */
static void move_across(void)
{
	char command[64], from[] = "/dev/shm/saker-watch-XXXXXX";
	int fd = mkstemp(from);

	ok(fd);
	ok(write(fd, "from afar", 9));
	close(fd);
	snprintf(command, sizeof(command), "mv -f %s conf/a.yaml", from);
	cr_assert_eq(system(command), 0);
}

static void link_outside(void)
{
	ok(link("conf/a.yaml", "outside"));
}

static void write_outside(void)
{
	put("outside", "through a link");
}

static void other_folder(void)
{
	ok(mkdir("other", 0755));
	put("other/a.yaml", "mounted");
	put("other/b.yaml", "mounted, too");
}

static void bind_over(void)
{
	ok(mount("other", "conf", NULL, MS_BIND, NULL));
}

static void bound_over(void)
{
	other_folder();
	bind_over();
}

static void unmount(void)
{
	ok(umount("conf"));
}

static void bind_file(void)
{
	ok(mount("other/a.yaml", "conf/a.yaml", NULL, MS_BIND, NULL));
}

static void write_below(void)
{
	put("other/a.yaml", "below");
}

static void empty_over(void)
{
	ok(mount("none", "conf", "tmpfs", 0, NULL));
}

static void take_away(void)
{
	put("conf/a.yaml", "on the way");
	empty_folder();
	ok(umount("conf"));
	ok(rmdir("conf"));
}

static void filled_over(void)
{
	empty_folder();
	empty_over();
	put("conf/a.yaml", "in memory");
	put("conf/b.yaml", "other");
}

struct pattern {
	const char *name;
	void (*before)(void), (*act)(void);
};

static const struct pattern shown[] = {
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
	{ "moved from another file system", NULL, move_across },
};

/* Nothing shows these, so a look must find them. */
static const struct pattern hidden[] = {
	{ "written through a link outside", link_outside, write_outside },
};

/* Nor these, which need rights. */
static const struct pattern mounts[] = {
	{ "another folder mounted over", other_folder, bind_over },
	{ "that written in", bound_over, write_below },
	{ "that unmounted", bound_over, unmount },
	{ "another file mounted over", other_folder, bind_file },
	{ "an empty file system mounted over", NULL, empty_over },
	{ "a file system unmounted", filled_over, unmount },
	{ "a file system unmounted with its folder", filled_over, take_away },
};

static const struct set {
	const struct pattern *patterns;
	size_t n;
	bool hidden, mounts;
} sets[] = {
	{ shown, LEN(shown), false, false }, { hidden, LEN(hidden), true, false }, { mounts, LEN(mounts), true, true },
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
	umount2("conf/a.yaml", MNT_DETACH);
	umount2("conf", MNT_DETACH);
}

/* In a mount namespace of the test's own, where that may be had. */
static bool may_mount(void)
{
	static int may = -1;

	if (may < 0)
		may = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return may;
}

/* Each of them that may be done here, one after the other. */
static void all_patterns(void (*try)(const struct pattern *p, bool hidden))
{
	for (size_t i = 0; i < LEN(sets); i++)
		for (size_t k = 0; k < sets[i].n && (!sets[i].mounts || may_mount()); k++)
			try(&sets[i].patterns[k], sets[i].hidden);
}

/* And then an ordinary change, which must still be seen. */
static void follow(const struct pattern *p, bool is_hidden)
{
	unsigned before = calls;

	watch.times.poll_ms = is_hidden ? 10 : NEVER_MS;
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
Test(watch_patterns, each, .timeout = 1200)
{
	const char *text = getenv("SAKER_ROUNDS");
	unsigned rounds = text ? strtoul(text, NULL, 10) : 2;

	if (rounds > 2)
		watch.times = (struct watch_times){ .quiet_ms = 2, .apart_ms = 4 };
	for (unsigned i = 0; i < rounds; i++)
		all_patterns(follow);
}

/* Looks alone find all of it. */

static void look_for(const struct pattern *p, bool is_hidden)
{
	unsigned before = calls;

	begin(p);
	p->act();
	cr_expect(settles(before), "%s: told %s, there is %s", p->name, told, real);
	cr_expect_eq(watch.fd, -1);
	cr_expect(strstr(watch.degraded, "max_user_instances"), "%s", watch.degraded);
	end();
}

Test(watch_patterns, no_instances)
{
	no_instance = EMFILE;
	watch.times.poll_ms = 30;
	all_patterns(look_for);
}
