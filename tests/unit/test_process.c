// SPDX-License-Identifier: Apache-2.0
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "identity/ancestry.h"
#include "identity/process.h"
#include "identity/subject.h"
#include "life.h"

static struct process_table table;
static struct record r;

static void setup(void)
{
	cr_assert_eq(process_table_init(&table, PROCESS_BYTES_MIN), 0);
}

static void teardown(void)
{
	process_table_fini(&table);
}

TestSuite(process, .init = setup, .fini = teardown);

static const struct process *find(uint32_t pid, uint64_t start)
{
	struct who who = { .host_pid = pid, .proc_leader_start = start };

	return process_find(&table, &who);
}

static void observe_exec(uint32_t pid, uint64_t start, const char *path)
{
	record_exec(&r, path, "a\0b c", 6);
	r.head.who.host_pid = r.head.who.host_tid = pid;
	r.head.who.proc_leader_start = r.head.who.proc_start = start;
	process_observe(&table, &r);
}

static void observe_fork(uint32_t parent, uint64_t parent_start, uint32_t pid, uint32_t tid, uint64_t start)
{
	record_begin(&r, EVENT_process_fork);
	r.head.who.host_pid = r.head.who.host_tid = parent;
	r.head.who.proc_leader_start = parent_start;
	r.process_fork.pid = pid;
	r.process_fork.tid = tid;
	r.process_fork.start = start;
	r.process_fork.parent = parent;
	process_observe(&table, &r);
}

static void observe_exit(uint32_t pid, uint64_t start, uint64_t time, bool group)
{
	record_begin(&r, EVENT_process_exit);
	r.head.time = time;
	r.head.who.host_pid = pid;
	r.head.who.proc_leader_start = start;
	r.process_exit.group = group;
	process_observe(&table, &r);
}

Test(process, limits)
{
	struct process_table other;

	cr_expect_eq(process_table_init(&other, PROCESS_BYTES_MIN - 1), -EINVAL);
	process_table_fini(&other);
}

Test(process, exec_is_remembered)
{
	const struct process *p;

	cr_expect_null(find(10, 1));
	cr_expect_eq(table.misses, 1);
	observe_exec(10, 1, "/bin/a");
	p = find(10, 1);
	cr_assert_not_null(p);
	cr_expect_str_eq(p->exe, "/bin/a");
	cr_expect_str_eq(p->cwd, "/root");
	cr_expect_eq(p->args_len, 6);
	cr_expect_eq(memcmp(p->args, "a\0b c", 6), 0);
	cr_expect_eq(p->ppid, 1);
	cr_expect(p->args_known && !p->args_truncated && !p->exited);
	cr_expect_null(find(10, 2));
}

Test(process, child_inherits_until_it_executes)
{
	uint64_t stamp;

	observe_exec(10, 1, "/bin/a");
	observe_fork(10, 1, 11, 11, 2);
	observe_fork(10, 1, 10, 12, 3);
	cr_assert_not_null(find(11, 2));
	cr_expect_null(find(10, 3), "a thread adds nothing");
	cr_expect_eq(table.entries, 2);
	cr_expect_str_eq(find(11, 2)->exe, "/bin/a");
	cr_expect_eq(find(11, 2)->ppid, 10);
	cr_expect_eq(find(11, 2)->image, find(10, 1)->image, "one image for both");
	stamp = find(11, 2)->stamp;
	observe_exec(11, 2, "/bin/b");
	cr_expect_str_eq(find(11, 2)->exe, "/bin/b");
	cr_expect_str_eq(find(10, 1)->exe, "/bin/a");
	cr_expect_neq(find(11, 2)->stamp, stamp);
}

Test(process, ended_is_kept_for_late_records)
{
	observe_exec(10, 1, "/bin/a");
	observe_exit(10, 1, RECORD_TIME, false);
	cr_expect_not(find(10, 1)->exited);
	observe_exit(10, 1, RECORD_TIME, true);
	cr_expect(find(10, 1)->exited);
	cr_expect_eq(find(10, 1)->ended, RECORD_TIME);
	observe_exit(99, 1, RECORD_TIME + 5ULL * RECORD_SECOND, true);
	cr_expect_not_null(find(10, 1));
	observe_exit(99, 1, RECORD_TIME + 5ULL * RECORD_SECOND + 1, true);
	cr_expect_null(find(10, 1));
	cr_expect_eq(table.entries, 0);
	cr_expect_eq(table.evicted, 0);
	cr_expect_eq(table.images_live, 0);
}

Test(process, pid_used_again_ends_the_first)
{
	observe_exec(10, 1, "/bin/a");
	observe_exec(10, 5, "/bin/b");
	cr_expect(find(10, 1)->exited);
	cr_expect_not(find(10, 5)->exited);
	cr_expect_str_eq(find(10, 1)->exe, "/bin/a");
	cr_expect_str_eq(find(10, 5)->exe, "/bin/b");
}

static const struct process *of(struct being who)
{
	return find(who.pid, who.start);
}

/* The pids of its ancestors as text. */
static const char *line_of(struct being who)
{
	static char text[1024];
	struct who head = { .host_pid = who.pid, .proc_leader_start = who.start };
	struct subject subject = { .process = process_find(&table, &head), .processes = &table };
	struct ancestor one;
	struct ancestry a;
	size_t n = 0;

	text[0] = 0;
	ancestry_begin(&a, &subject, &head);
	while (ancestry_next(&a, &one))
		n += snprintf(text + n, sizeof(text) - n, "%s%u%s", n ? " " : "", one.pid, one.process ? "" : "?");
	return text;
}

static const struct being none = { 0 }, init = { 1, 1 }, shell = { 10, 10 }, middle = { 20, 20 }, leaf = { 30, 30 };

/* A record by who, whose parent is by now the other one. */
static void observe_adopted(struct being who, struct being parent)
{
	life_by(&r, EVENT_file_open, who, parent, "x");
	process_observe(&table, &r);
	process_of(&table, &r.head);
}

Test(process, double_fork_keeps_its_line)
{
	life_exec(&table, init, none, "init", "/sbin/init", "init", 5);
	life_spawn(&table, init, shell, "sh", "/bin/sh", "sh", 3);
	life_fork(&table, shell, init, "sh", middle, shell.pid);
	life_fork(&table, middle, shell, "sh", leaf, middle.pid);
	life_exit(&table, middle, RECORD_TIME);
	cr_expect_str_eq(line_of(leaf), "20 10 1");
	observe_adopted(leaf, init);
	cr_expect_eq(of(leaf)->ppid, 1);
	cr_expect_eq(of(leaf)->origin, 20);
	cr_expect_str_eq(line_of(leaf), "20 10 1");
	/* Long after, the one in the middle is still known, for the sake of its child alone. */
	life_exit(&table, shell, RECORD_TIME + 1);
	life_exit(&table, (struct being){ 99, 1 }, RECORD_TIME + 60ULL * RECORD_SECOND);
	cr_expect_str_eq(line_of(leaf), "20 10 1");
	cr_expect_eq(of(middle)->class, PROCESS_KEPT);
	cr_expect_eq(table.entries, 4);
	life_exit(&table, leaf, RECORD_TIME + 60ULL * RECORD_SECOND);
	life_exit(&table, (struct being){ 99, 1 }, RECORD_TIME + 120ULL * RECORD_SECOND);
	cr_expect_eq(table.entries, 1, "with it went who was kept for it");
	cr_expect_eq(of(init)->children, 0);
	cr_expect_eq(table.evicted, 0);
}

/* A record that was made before the adoption and is read after it. */
Test(process, nobody_is_adopted_by_the_dead)
{
	life_fork(&table, init, none, "init", shell, init.pid);
	life_fork(&table, shell, init, "sh", leaf, shell.pid);
	life_exit(&table, shell, RECORD_TIME);
	observe_adopted(leaf, init);
	observe_adopted(leaf, shell);
	cr_expect_eq(of(leaf)->ppid, 1);
}

Test(process, clone_parent_makes_a_sibling)
{
	life_fork(&table, init, none, "init", shell, init.pid);
	life_fork(&table, shell, init, "sh", leaf, init.pid);
	cr_expect_str_eq(line_of(leaf), "1?");
	cr_expect_eq(of(leaf)->parent_start, init.start);
	cr_expect_eq(of(shell)->children, 0);
}

/* It takes the leader's place, pid and start; threads never had an entry. */
Test(process, exec_by_another_thread)
{
	life_exec(&table, shell, init, "sh", "/bin/sh", "sh", 3);
	observe_fork(shell.pid, shell.start, shell.pid, 11, 11);
	life_by(&r, EVENT_process_exit, shell, init, "sh");
	r.head.who.host_tid = 10;
	process_observe(&table, &r);
	record_exec(&r, "/bin/new", "new", 4);
	r.head.who.host_pid = r.head.who.host_tid = shell.pid;
	r.head.who.proc_leader_start = shell.start;
	r.process_exec.old_tid = 11;
	process_observe(&table, &r);
	cr_expect_eq(table.entries, 1);
	cr_expect_str_eq(of(shell)->exe, "/bin/new");
}

/* While a vfork's child lives its parent sleeps; both have the same image until then. */
Test(process, vfork)
{
	life_exec(&table, shell, init, "sh", "/bin/sh", "sh", 3);
	life_fork(&table, shell, init, "sh", leaf, shell.pid);
	life_exec(&table, leaf, shell, "ls", "/bin/ls", "ls", 3);
	cr_expect_str_eq(of(shell)->exe, "/bin/sh");
	cr_expect_str_eq(of(leaf)->exe, "/bin/ls");
	cr_expect_str_eq(line_of(leaf), "10 1?");
	cr_expect_eq(table.lost_ancestors, 1);
}

Test(process, terminal)
{
	struct record exec, named;

	life_exec(&table, shell, init, "sh", "/bin/sh", "sh", 3);
	cr_expect_str_eq(process_tty(of(shell)), "");
	record_exec(&exec, "/bin/sh", "sh", 3);
	exec.process_exec.tty = record_str(&exec, "pts3");
	life_by(&named, EVENT_process_exec, shell, init, "sh");
	exec.head.who = named.head.who;
	process_observe(&table, &exec);
	life_fork(&table, shell, init, "sh", leaf, shell.pid);
	cr_expect_str_eq(process_tty(of(leaf)), "pts3");
	life_exec(&table, leaf, shell, "setsid", "/bin/setsid", "setsid", 7);
	cr_expect_str_eq(process_tty(of(leaf)), "");
	cr_expect_str_eq(process_tty(of(shell)), "pts3");
	life_fork(&table, init, init, "init", middle, init.pid);
	cr_expect_null(process_tty(of(middle)));
}

static void expect_chain(struct being who, const char *chain, uint32_t want)
{
	uint32_t len;
	const char *is = process_chain(of(who), &len);

	cr_assert_eq(len, want);
	cr_expect_eq(memcmp(is, chain, len), 0);
}

Test(process, what_it_ran_before)
{
	char path[200] = "/bin/a";
	uint32_t len;

	life_exec(&table, shell, init, "sh", "/bin/sh", "sh", 3);
	life_fork(&table, shell, init, "sh", leaf, shell.pid);
	expect_chain(leaf, "", 0);
	life_exec(&table, leaf, shell, "env", "/bin/env", "env", 4);
	expect_chain(leaf, "", 0);
	life_exec(&table, leaf, shell, "nice", "/bin/nice", "nice", 5);
	life_exec(&table, leaf, shell, "ls", "/bin/ls", "ls", 3);
	expect_chain(leaf, "/bin/nice\0/bin/env", 19);
	life_fork(&table, leaf, shell, "ls", middle, leaf.pid);
	expect_chain(middle, "", 0);
	memset(path + 6, 'a', sizeof(path) - 7);
	for (unsigned i = 0; i < 20; i++)
		life_exec(&table, leaf, shell, "a", path, "a", 2);
	process_chain(of(leaf), &len);
	cr_expect_eq(len, 1000, "five of 200 bytes");
}

Test(process, names_follow_the_leader)
{
	life_exec(&table, shell, init, "sh", "/bin/sh", "sh", 3);
	cr_expect_str_eq(of(shell)->name, "sh");
	life_fork(&table, shell, init, "sh", leaf, shell.pid);
	cr_expect_str_eq(of(leaf)->name, "sh");
	life_by(&r, EVENT_file_open, shell, init, "renamed");
	r.head.time = RECORD_TIME + 2;
	process_of(&table, &r.head);
	cr_expect_str_eq(of(shell)->name, "renamed");
	life_by(&r, EVENT_file_open, shell, init, "old");
	r.head.time = RECORD_TIME + 1;
	process_of(&table, &r.head);
	cr_expect_str_eq(of(shell)->name, "renamed", "an older record is read late");
	r.head.time = RECORD_TIME + 3;
	r.head.who.host_tid = 11;
	process_of(&table, &r.head);
	cr_expect_str_eq(of(shell)->name, "renamed", "a thread's name");
}

Test(process, parent_that_had_the_pid_before_is_another)
{
	struct being again = { 10, 50 };

	life_fork(&table, init, none, "init", shell, init.pid);
	life_fork(&table, shell, init, "sh", leaf, shell.pid);
	life_exit(&table, shell, RECORD_TIME);
	life_fork(&table, init, none, "init", again, init.pid);
	life_exec(&table, again, init, "other", "/bin/other", "other", 6);
	cr_expect_eq(of(leaf)->origin_start, shell.start);
	cr_expect_str_eq(of(shell)->exe, "");
}

static void visit(void *ctx, const struct process *p, unsigned depth)
{
	char *text = ctx;
	size_t n = strlen(text);

	snprintf(text + n, 512 - n, "%u:%u ", depth, p->pid);
}

Test(process, tree)
{
	char text[512] = "";

	cr_expect_eq(process_tree_walk(&table, visit, text), 0);
	life_exec(&table, init, none, "init", "/sbin/init", "init", 5);
	life_spawn(&table, init, shell, "sh", "/bin/sh", "sh", 3);
	life_spawn(&table, shell, middle, "sh", "/bin/sh", "sh", 3);
	life_spawn(&table, middle, leaf, "ls", "/bin/ls", "ls", 3);
	life_spawn(&table, shell, (struct being){ 5, 40 }, "ls", "/bin/ls", "ls", 3);
	life_spawn(&table, (struct being){ 77, 7 }, (struct being){ 78, 8 }, "lone", "/bin/lone", "lone", 5);
	cr_expect_eq(process_tree_walk(&table, visit, text), 6);
	cr_expect_str_eq(text, "0:1 1:10 2:20 3:30 2:5 0:78 ");
	text[0] = 0;
	life_exit(&table, middle, RECORD_TIME);
	observe_adopted(leaf, init);
	cr_expect_eq(process_tree_walk(&table, visit, text), 5);
	cr_expect_str_eq(text, "0:1 1:10 2:5 1:30 0:78 ");
}

/* What did something outlives what a fork bomb leaves, and parents outlive leaves. */
Test(process, fork_bomb_evicts_itself)
{
	uint32_t room = table.nslots - 1;

	life_exec(&table, init, none, "init", "/sbin/init", "init", 5);
	life_spawn(&table, init, shell, "sh", "/bin/sh", "sh", 3);
	life_spawn(&table, init, middle, "daemon", "/sbin/daemon", "daemon", 7);
	for (uint32_t i = 0; i < 10 * room; i++)
		life_fork(&table, shell, init, "sh", (struct being){ 1000 + i, 1000 + i }, shell.pid);
	cr_expect_eq(table.entries, room);
	cr_expect_eq(table.evicted, 9 * room + 3);
	cr_expect_eq(table.evicted_running, table.evicted);
	cr_expect_eq(of(shell)->children, room - 3);
	cr_expect_str_eq(of(init)->exe, "/sbin/init");
	cr_expect_str_eq(of(middle)->exe, "/sbin/daemon");
	cr_expect_not_null(find(1000 + 10 * room - 1, 1000 + 10 * room - 1));
}

Test(process, full_table_loses_ended_then_oldest)
{
	uint32_t room = table.nslots - 1;

	for (uint32_t pid = 1; pid <= room; pid++)
		observe_fork(0, 0, pid, pid, pid);
	cr_expect_eq(table.entries, room);
	observe_exit(5, 5, RECORD_TIME, true);
	observe_fork(0, 0, 100001, 100001, 7);
	cr_expect_null(find(5, 5));
	cr_expect_not_null(find(1, 1));
	observe_fork(0, 0, 100002, 100002, 7);
	cr_expect_null(find(1, 1));
	cr_expect_not_null(find(2, 2));
	cr_expect_eq(table.evicted, 2);
	cr_expect_eq(table.entries, room);
	for (uint32_t pid = 2; pid <= room; pid++)
		cr_expect_eq(!find(pid, pid), pid == 5, "%u", pid);
}

/* Long strings fill the images many times over; what is still there must be right. */
Test(process, images_are_compacted)
{
	static char path[3000], expect[3000];
	uint64_t state = 42;
	unsigned known = 0;

	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t pid = 1 + record_random(&state) % 300;

		memset(path, 'a' + pid % 26, sizeof(path) - 1);
		path[100 + pid * 7] = 0;
		observe_exec(pid, 1, path);
		if (i % 3 == 0)
			observe_fork(pid, 1, 1000 + pid, 1000 + pid, i + 1);
		if (i % 5 == 0)
			observe_exit(1 + record_random(&state) % 300, 1, RECORD_TIME, true);
		cr_assert_leq(table.images_used, table.images_size);
		cr_assert_leq(table.images_live, table.images_used);
	}
	for (uint32_t pid = 1; pid <= 300; pid++) {
		const struct process *p = find(pid, 1);

		if (!p)
			continue;
		memset(expect, 'a' + pid % 26, sizeof(expect) - 1);
		expect[100 + pid * 7] = 0;
		cr_expect_str_eq(p->exe, expect);
		cr_expect_str_eq(p->cwd, "/root");
		cr_expect_eq(memcmp(p->args, "a\0b c", 6), 0);
		known++;
	}
	cr_expect_gt(known, 20);
	cr_expect_gt(table.evicted, 0);
}

/* Processes that come and go take what those take that are known at once, however many they become. */
Test(process, churn_stays_small)
{
	enum { LATE_MS = 20, KNOWN = 5000 / LATE_MS + 2 };
	size_t most = 0;

	process_table_fini(&table);
	cr_assert_eq(process_table_init(&table, PROCESS_BYTES_DEFAULT), 0);
	for (uint32_t i = 1; i <= 40 * KNOWN; i++) {
		observe_exec(i, i, "/usr/local/bin/some-program");
		observe_exit(i, i, RECORD_TIME + i * LATE_MS * 1000000ULL, true);
		cr_assert_leq(table.entries, KNOWN);
		cr_assert_leq(table.touched, KNOWN + 1);
		most = table.images_used > most ? table.images_used : most;
	}
	cr_expect_leq(most, (size_t)(64 << 10) + 2 * KNOWN * 200);
	cr_expect_leq(most, table.images_size / 10);
	cr_expect_eq(table.evicted, 0);
}

static void ignore(void *ctx, const struct process *p, unsigned depth)
{
}

Test(process, any_record_may_come)
{
	uint64_t state = 7;

	for (unsigned i = 0; i < 30000; i++) {
		record_random_fill(&r, 1 + record_random(&state) % EVENT_process_existing, &state);
		r.head.who.host_pid = record_random(&state) % 900;
		r.head.who.proc_leader_start = record_random(&state) % 3;
		r.head.time += i * 1000000ULL;
		process_observe(&table, &r);
		r.head.who.host_ppid = record_random(&state) % 900;
		r.head.who.proc_parent_start = record_random(&state) % 3;
		process_of(&table, &r.head);
		line_of((struct being){ r.head.who.host_pid, r.head.who.proc_leader_start });
	}
	cr_expect_leq(table.entries, table.nslots);
	process_tree_walk(&table, ignore, NULL);
	process_fill_parents(&table, 10);
}

static uint64_t start_of(pid_t pid)
{
	char path[64], buf[1024], *s;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = 0;
	s = strrchr(buf, ')');
	for (int field = 2; field < 22; field++)
		s = strchr(s + 1, ' ');
	return strtoull(s + 1, NULL, 10) * (1000000000 / sysconf(_SC_CLK_TCK));
}

Test(process, arguments_are_read_from_proc)
{
	pid_t pid = fork();
	uint64_t start;

	if (pid == 0) {
		execl("/bin/sleep", "sleep", "100", NULL);
		_exit(1);
	}
	usleep(200000);
	start = start_of(pid);
	observe_fork(1, 0, pid, pid, start);
	observe_fork(1, 0, getpid(), getpid(), 1);
	cr_expect_eq(table.lacking, 2);
	while (process_fill_args(&table, 1))
		;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_expect_eq(table.lacking, 0);
	cr_expect(find(pid, start)->args_known);
	cr_expect_eq(find(pid, start)->args_len, 10);
	cr_expect_eq(memcmp(find(pid, start)->args, "sleep\000100", 10), 0);
	cr_expect_neq(*find(pid, start)->exe, 0);
	cr_expect_not(find(getpid(), 1)->args_known, "another process has this pid in /proc");
	cr_expect_eq(process_fill_args(&table, 100), 0);
}
