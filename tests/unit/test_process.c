// SPDX-License-Identifier: Apache-2.0
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "identity/process.h"
#include "record.h"

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

Test(process, any_record_may_come)
{
	uint64_t state = 7;

	for (unsigned i = 0; i < 30000; i++) {
		record_random_fill(&r, 1 + record_random(&state) % EVENT_process_existing, &state);
		r.head.who.host_pid = record_random(&state) % 900;
		r.head.who.proc_leader_start = record_random(&state) % 3;
		r.head.time += i * 1000000ULL;
		process_observe(&table, &r);
		process_find(&table, &r.head.who);
	}
	cr_expect_leq(table.entries, table.nslots);
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
