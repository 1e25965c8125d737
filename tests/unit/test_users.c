// SPDX-License-Identifier: Apache-2.0
#include "identity/users.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity/proc.h"
#include "life.h"

#define SECOND 1000000000ULL

/* --- files */

Test(accounts, lines)
{
	static const char text[] = "# comment\nroot:x:0:0:root:/root:/bin/sh\n\ntwin:x:0:0::/:\nlast:x:4294967294:1::/:\n"
				   "none:x:4294967295:1::/:\nbad\nbad:x\nbad:x:\nbad:x:1a:\n:x:5:\nsp ace:x:6:\nb\xff:x:7:\nshort:x:8";
	struct account_names names;
	struct accounts a = { .uids = { { { 0, 0, UINT32_MAX } }, 1 } };

	cr_assert_eq(account_names_parse(&names, text, strlen(text)), 0);
	cr_expect_eq(names.n, 4);
	cr_expect_eq(names.skipped, 8);
	a.users = names;
	cr_expect_str_eq(account_user(&a, 0), "root", "the first of two");
	cr_expect_str_eq(account_user(&a, 8), "short");
	cr_expect_str_eq(account_user(&a, 4294967294), "last");
	cr_expect_null(account_user(&a, 4294967295));
	cr_expect_null(account_user(&a, 1));
	account_names_fini(&names);
	cr_assert_eq(account_names_parse(&names, "", 0), 0);
	cr_expect_eq(names.n, 0);
	account_names_fini(&names);
}

Test(accounts, no_more_than_the_limit)
{
	static char text[ACCOUNTS_NAMES_MAX * 20];
	struct account_names names;
	size_t len = 0;

	for (unsigned i = 0; i < ACCOUNTS_NAMES_MAX + 5; i++)
		len += snprintf(text + len, sizeof(text) - len, "u%u:x:%u:\n", i, ACCOUNTS_NAMES_MAX + 5 - i);
	cr_assert_eq(account_names_parse(&names, text, len), 0);
	cr_expect_eq(names.n, ACCOUNTS_NAMES_MAX);
	cr_expect_eq(names.skipped, 5);
	account_names_fini(&names);
}

Test(accounts, ids_of_a_user_namespace)
{
	struct accounts a = { 0 };

	cr_assert_eq(account_maps_parse(&a.uids, "         0     100000      1000\n      2000     200000          1\n"), 0);
	cr_assert_eq(account_names_parse(&a.users, "root:x:0:\napp:x:999:\nfar:x:2000:\n", 33), 0);
	cr_expect_str_eq(account_user(&a, 100000), "root");
	cr_expect_str_eq(account_user(&a, 100999), "app");
	cr_expect_str_eq(account_user(&a, 200000), "far");
	cr_expect_null(account_user(&a, 0), "the host's root is nobody there");
	cr_expect_null(account_user(&a, 99999));
	cr_expect_null(account_user(&a, 101000));
	cr_expect_null(account_user(&a, 200001));
	account_names_fini(&a.users);
	cr_expect_eq(account_maps_parse(&a.uids, "0 0 1\n1 1 1\n2 2 1\n3 3 1\n4 4 1\n5 5 1\n6 6 1\n7 7 1\n8 8 1\n"
					"9 9 1\n10 10 1\n11 11 1\n12 12 1\n13 13 1\n14 14 1\n15 15 1\n16 16 1\n"), -E2BIG);
}

/* --- namespaces */

static struct mounts mounts;
static struct users users;

static void setup(void)
{
	cr_assert_eq(mounts_init(&mounts), 0);
	users = (struct users){ .mounts = &mounts };
}

static void teardown(void)
{
	mounts_fini(&mounts);
}

TestSuite(mounts, .init = setup, .fini = teardown);
TestSuite(users, .init = setup, .fini = teardown);

static void observe(unsigned id, uint32_t ns, struct being who, uint32_t vpid)
{
	struct record r;

	life_by(&r, id, who, (struct being){ 1, 1 }, "x");
	r.head.who.proc_mnt_ns = ns;
	r.head.who.proc_vpid = vpid;
	if (id == EVENT_process_exit)
		r.process_exit.group = 1;
	mounts_observe(&mounts, &r);
}

static const char *pids_of(uint32_t ns)
{
	const struct mount_space *space = mounts_find(&mounts, ns);
	static char text[128];
	size_t n = 0;

	text[0] = 0;
	for (unsigned i = 0; space && i < MOUNTS_PIDS && space->pids[i].start; i++)
		n += snprintf(text + n, sizeof(text) - n, "%u ", space->pids[i].pid);
	return space ? text : "none";
}

Test(mounts, the_oldest_first)
{
	for (uint32_t i = 6; i > 0; i--)
		observe(EVENT_process_exec, 7, (struct being){ 100 + i, i }, 50);
	cr_expect_str_eq(pids_of(7), "102 103 104 105 106 ");
	cr_expect_eq(mounts.full, 1);
	observe(EVENT_process_exec, 7, (struct being){ 103, 3 }, 50);
	cr_expect_str_eq(pids_of(7), "102 103 104 105 106 ", "again");
	observe(EVENT_process_exec, 7, (struct being){ 200, 1 }, 1);
	cr_expect_str_eq(pids_of(7), "200 102 103 104 105 ", "the first of a container");
	observe(EVENT_process_exit, 7, (struct being){ 103, 3 }, 50);
	observe(EVENT_process_exit, 7, (struct being){ 104, 99 }, 50);
	cr_expect_str_eq(pids_of(7), "200 102 104 105 ");
	observe(EVENT_process_fork, 8, (struct being){ 300, 1 }, 1);
	cr_expect_str_eq(pids_of(8), "none", "it executed nothing there");
	for (uint32_t pid = 100; pid <= 200; pid++)
		for (uint64_t start = 1; start < 7; start++)
			observe(EVENT_process_exit, 7, (struct being){ pid, start }, 50);
	cr_expect_str_eq(pids_of(7), "none");
	cr_expect_eq(mounts.entries, 0);
}

Test(mounts, bounded)
{
	for (uint32_t ns = 1; ns <= 5 * MOUNTS_MAX; ns++)
		observe(EVENT_process_exec, ns, (struct being){ ns, ns }, 1);
	cr_expect_eq(mounts.entries, MOUNTS_MAX);
	cr_expect_eq(mounts.evicted, 4 * MOUNTS_MAX);
	for (uint32_t ns = 1; ns <= 5 * MOUNTS_MAX; ns++)
		cr_expect_eq(!mounts_find(&mounts, ns), ns <= 4 * MOUNTS_MAX, "%u", ns);
}

/* --- names through a process's root */

static char folder[] = "/tmp/test-users-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/etc/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* A process in a mount namespace of its own, whose root is the folder, mounted for it as runtimes do; it
 * lives until it is killed. */
static struct mount_pid live_in(const char *root)
{
	struct proc_stat stat;
	int ready[2], proc;
	char c;
	pid_t pid;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		    mount(root, root, NULL, MS_BIND, NULL) == 0 && chroot(root) == 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		cr_skip("needs root");
	close(ready[0]);
	proc = proc_open(pid, 0);
	cr_assert_eq(proc_read_stat(proc, &stat), 0);
	close(proc);
	return (struct mount_pid){ pid, stat.start * (SECOND / sysconf(_SC_CLK_TCK)) };
}

static uint32_t space_of(uint32_t pid)
{
	int proc = proc_open(pid, 0);
	uint32_t ns = proc_link_inode(proc, "ns/mnt");

	close(proc);
	return ns;
}

static const char *name_of(uint32_t ns, uint32_t uid)
{
	struct who who = { .proc_mnt_ns = ns, .user_uid = uid, .user_gid = uid, .user_loginuid = uid };

	return users_name(&users, &who, USER_NAME);
}

/* What the agent does; the result of the look, 1 if there was nothing to do. */
static int look(uint64_t now)
{
	struct users_request request;
	struct accounts *accounts;
	int r;

	if (!users_next(&users, now, &request))
		return 1;
	r = users_read(&request, &accounts);
	users_answer(&users, &request, r, accounts, now);
	return r;
}

Test(users, of_another_root)
{
	struct mount_pid one;
	uint32_t ns;
	char path[128];

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/etc", folder);
	cr_assert_eq(mkdir(path, 0755), 0);
	put("passwd", "inner:x:1000:1000::/:\n");
	put("group", "staff:x:1000:\n");
	one = live_in(folder);
	ns = space_of(one.pid);
	cr_expect_null(name_of(ns, 1000), "no process in it is known");
	mounts_add(&mounts, ns, one, 0);
	cr_expect_null(name_of(ns, 1000), "nobody has looked");
	cr_expect_eq(users.wanted, 1);
	cr_expect_eq(look(1 * SECOND), 0);
	cr_expect_str_eq(name_of(ns, 1000), "inner");
	cr_expect_null(name_of(ns, 0), "its passwd has no such user, whatever the host's has");
	cr_expect_eq(look(2 * SECOND), 1);
	/* What changes is seen at the next look, and only then read. */
	cr_expect_eq(look(100 * SECOND), 0);
	cr_expect_eq(users.reads, 1);
	put("passwd", "other:x:1000:1000::/:\n# longer\n");
	cr_expect_eq(look(200 * SECOND), 0);
	cr_expect_eq(users.reads, 2);
	cr_expect_str_eq(name_of(ns, 1000), "other");
	/* What is no file, or leads elsewhere, tells nothing. */
	snprintf(path, sizeof(path), "%s/etc/passwd", folder);
	unlink(path);
	mkfifo(path, 0644);
	cr_expect_eq(look(300 * SECOND), -EINVAL);
	cr_expect_null(name_of(ns, 1000));
	cr_expect_eq(users.failed, 1);
	unlink(path);
	cr_assert_eq(symlink("/../../../../../../etc/hostname", path), 0);
	cr_expect_eq(look(400 * SECOND), 0, "there is none below this root");
	cr_expect_null(name_of(ns, 1000));
	kill(one.pid, SIGKILL);
	waitpid(one.pid, NULL, 0);
	cr_expect_eq(look(500 * SECOND), -ESRCH);
	snprintf(path, sizeof(path), "rm -rf %s", folder);
	cr_expect_eq(system(path), 0);
}

/* A runtime's process before it changes its root looks like this. */
Test(users, of_the_hosts_root_only_when_settled)
{
	struct mount_pid one;
	uint32_t ns;

	users_open(&users, &mounts, 0);
	one = live_in("/");
	ns = space_of(one.pid);
	mounts_add(&mounts, ns, one, 20 * SECOND);
	name_of(ns, 0);
	cr_expect_eq(look(21 * SECOND), 0);
	cr_expect_not(mounts_find(&mounts, ns)->usable);
	while (look(31 * SECOND) != 1)
		;
	cr_expect(mounts_find(&mounts, ns)->usable);
	cr_expect(mounts_find(&mounts, ns)->host_root);
	/* Another process with its pid, and another namespace. */
	cr_expect_eq(accounts_read(&(struct accounts *){ NULL }, NULL, one.pid, one.start + 5 * SECOND, ns), -ESRCH);
	cr_expect_eq(accounts_read(&(struct accounts *){ NULL }, NULL, one.pid, one.start, ns + 1), -ESRCH);
	kill(one.pid, SIGKILL);
	waitpid(one.pid, NULL, 0);
}
