// SPDX-License-Identifier: Apache-2.0
/* More than can be read, larger than fits, and what cannot be read: counted exactly and told. */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"

enum { CALLS = 200000, CALLS_BRIEF = 8000, CLOSING = 3, EXECS = 200 };

static int gates[2][2];
static long calls;

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void floods(void)
{
	char c;

	on_cpu(0);
	if (read(gates[0][0], &c, 1) != 1)
		subject_fail("gate");
	for (long i = 0; i < calls; i++)
		syscall(SYS_getppid);
	shared->n[0] = 1;
	if (read(gates[1][0], &c, 1) != 1)
		subject_fail("gate");
	/* Numbers go on, so that the last gap can be seen. */
	for (int i = 0; i < CLOSING; i++)
		syscall(SYS_getppid);
}

static json_t *last_stats(const char *lane)
{
	char want[64];

	snprintf(want, sizeof(want), "args.lane=%s", lane);
	return seen(count("stats", 0, want, NULL) - 1, "stats", 0, want, NULL);
}

static void balance_check(const char *lane, long long made)
{
	json_t *r = last_stats(lane);
	long long seen_, filtered, limited, muted, submitted, dropped;

	if (!check(r, "no stats of lane %s", lane))
		return;
	seen_ = number(r, "args.seen");
	filtered = number(r, "args.filtered");
	limited = number(r, "args.limited");
	muted = number(r, "args.muted");
	submitted = number(r, "args.submitted");
	dropped = number(r, "args.dropped");
	check(seen_ == filtered + limited + muted + submitted + dropped, "%s does not balance: %s", lane, value(r, "args"));
	check(submitted == number(r, "args.read"), "%s: %lld submitted, %s read", lane, submitted, value(r, "args.read"));
	check(number(r, "args.invalid") == 0, "%s records are invalid", value(r, "args.invalid"));
	if (made >= 0)
		check(seen_ - filtered == made, "%s saw %lld of %lld", lane, seen_ - filtered, made);
}

/* Records of one cpu and nesting level have numbers without gaps, but for those dropped. */
static long long gaps(const char *event, pid_t pid)
{
	long long last = 0, have = 0;
	json_t *r;
	size_t i;

	json_array_foreach(records(), i, r) {
		if (strcmp(value(r, "event"), event) || number(r, "proc.pid") != pid || json_object_get(r, "nest"))
			continue;
		if (number(r, "seq") <= last)
			fail("seq %s comes after %lld", value(r, "seq"), last);
		last = number(r, "seq");
		have++;
	}
	return last - have;
}

static long long lost_sum(const char *lane)
{
	long long sum = 0;
	char want[64];
	json_t *r;

	snprintf(want, sizeof(want), "args.lane=%s", lane);
	for (unsigned i = 0; (r = seen(i, "lost", 0, want, NULL)); i++)
		sum += number(r, "args.count");
	return sum;
}

static void open_gates(void)
{
	if (pipe2(gates[0], O_CLOEXEC) < 0 || pipe2(gates[1], O_CLOEXEC) < 0)
		give_up("pipe2: %s", strerror(errno));
}

static void close_gates(void)
{
	for (unsigned i = 0; i < 4; i++)
		close(gates[i / 2][i % 2]);
}

static void stopped_reader(const char *arguments)
{
	long long dropped;
	char lane[32];
	json_t *r;
	pid_t pid;

	open_gates();
	trace_stop();
	trace(arguments);
	calls = brief() ? CALLS_BRIEF : CALLS / slowness();
	pid = subject_start(floods);
	kill(trace_pid(), SIGSTOP);
	if (write(gates[0][1], "x", 1) != 1)
		give_up("write");
	for (double end = now() + 40; !*(volatile long *)&shared->n[0] && now() < end;)
		usleep(1000);
	kill(trace_pid(), SIGCONT);
	r = await("lost", 0, NULL);
	check(number(r, "args.count") > 0, "lost says %s", value(r, "args"));
	if (write(gates[1][1], "x", 1) != 1)
		give_up("write");
	subject_wait(pid);
	check(trace_stop() == 0, "saker failed");
	close_gates();
	r = seen(0, "getppid", pid, NULL);
	if (!check(r, "no call is shown"))
		return;
	snprintf(lane, sizeof(lane), "%s", value(r, "lane"));
	balance_check(lane, calls + CLOSING);
	balance_check("critical", -1);
	dropped = number(last_stats(lane), "args.dropped");
	check(dropped > 0, "nothing was dropped");
	check(lost_sum(lane) == dropped, "lost tells of %lld, %lld were dropped", lost_sum(lane), dropped);
	check(gaps("getppid", pid) == dropped, "%lld numbers are missing, %lld were dropped", gaps("getppid", pid), dropped);
	check(count("getppid", pid, NULL) + dropped == calls + CLOSING, "%u shown and %lld dropped of %ld",
	      count("getppid", pid, NULL), dropped, calls + CLOSING);
	r = seen(0, "lost", 0, NULL);
	is(r, "args.reason", "full");
	check(strstr(value(r, "args.events"), "getppid"), "events are %s", value(r, "args.events"));
	check(strstr(value(r, "args.cpus"), "cpu0"), "cpus are %s", value(r, "args.cpus"));
	note("%ld calls, %lld dropped", calls, dropped);
}

TEST(stopped_ring, "a stopped reader: what is lost is counted exactly and told")
{
	/* The smaller a lane, the sooner it is full. */
	stopped_reader(brief() ? "--lanes bulk=256K,normal=256K --comm subject -e getppid,stats,lost,agent_start,agent_stop"
			       : "--comm subject -e getppid,stats,lost,agent_start,agent_stop");
}

TEST(stopped_perf, "the same by perf buffers")
{
	stopped_reader("--transport perf --lanes bulk=256K,normal=256K --comm subject "
		       "-e getppid,stats,lost,agent_start,agent_stop");
}

/* --- one process floods, another one is still seen */

static void floods_for_a_second(void)
{
	double end = now() + 1;

	on_cpu(0);
	while (now() < end)
		for (int i = 0; i < 1000; i++)
			syscall(SYS_getppid);
}

static void executes(void)
{
	for (volatile int i = 0; i < shared->n[0]; i++) {
		pid_t pid = vfork();

		if (pid == 0) {
			execl("/proc/self/exe", "victim", "--be", "exit", NULL);
			_exit(9);
		}
		waitpid(pid, NULL, 0);
	}
}

static void flood_and_victim(const char *arguments)
{
	pid_t attacker, victim;
	json_t *r;
	long n = EXECS / slowness();
	char ppid[32];

	trace_stop();
	trace(arguments);
	shared->n[0] = n;
	attacker = subject_start(floods_for_a_second);
	victim = subject_start(executes);
	subject_wait(victim);
	subject_wait(attacker);
	check(trace_stop() == 0, "saker failed");
	snprintf(ppid, sizeof(ppid), "proc.ppid=%d", victim);
	check(count("process_exec", 0, ppid, "args.argv.0=victim", NULL) == n, "%u of %ld execs are shown",
	      count("process_exec", 0, ppid, "args.argv.0=victim", NULL), n);
	balance_check("critical", -1);
	balance_check("normal", -1);
	balance_check("bulk", -1);
	r = last_stats("critical");
	check(number(r, "args.dropped") == 0, "the critical lane dropped %s", value(r, "args.dropped"));
	r = last_stats("bulk");
	note("bulk: %s", value(r, "args"));
}

TEST(flood_ring, "a flood of calls hides no exec")
{
	flood_and_victim("!getppid -e getppid,process_exec,stats,lost,agent_start,agent_stop");
}

TEST(flood_perf, "the same by perf buffers")
{
	flood_and_victim("!getppid --transport perf -e getppid,process_exec,stats,lost,agent_start,agent_stop");
}

/* --- large and unreadable */

enum { DEPTH = 200 };

static void long_path(void)
{
	memset(shared->text[0], 'x', 4094);
	shared->text[0][0] = '/';
	shared->n[0] = syscall(SYS_openat, AT_FDCWD, shared->text[0], O_RDONLY, 0) < 0 ? -errno : 0;
}

static void bad_pointers(void)
{
	static char *const argv[] = { (char *)"x", (char *)16, NULL };

	syscall(SYS_openat, AT_FDCWD, (char *)8, O_RDONLY, 0);
	syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY, 0);
	syscall(SYS_connect, 77, (void *)8, 16);
	syscall(SYS_execve, "/dev/null", argv, (char **)8);
	syscall(SYS_openat, AT_FDCWD, (char *)0xffff800000000000, O_RDONLY, 0);
}

static void deep(void)
{
	static char name[200];

	memset(name, 'd', sizeof(name) - 1);
	if (chdir(scratch()) < 0)
		subject_fail("chdir");
	for (int i = 0; i < DEPTH; i++)
		if ((mkdir(name, 0755) < 0 && errno != EEXIST) || chdir(name) < 0)
			subject_fail("mkdir");
	shared->n[0] = syscall(SYS_openat, AT_FDCWD, "deepest", O_WRONLY | O_CREAT, 0600);
	unlink("deepest");
	for (int i = 0; i < DEPTH; i++)
		if (chdir("..") < 0 || rmdir(name) < 0)
			subject_fail("rmdir");
}

static void nothing_is_lost(void)
{
	json_t *r;

	for (unsigned i = 0; (r = seen(i, "lost", 0, NULL)); i++)
		fail("records are lost: %s", value(r, "args"));
}

static void hard_inputs(const char *arguments)
{
	json_t *r;
	pid_t pid;

	trace_stop();
	trace(arguments);
	pid = subject(long_path);
	r = await("openat", pid, "errno=ENAMETOOLONG", NULL);
	is(r, "args.path", "%s", shared->text[0]);
	check(!json_object_get(r, "faulted"), "faulted is %s", value(r, "faulted"));
	pid = subject(bad_pointers);
	r = await("openat", pid, "errno=EFAULT", NULL);
	is(r, "args.path", "null");
	is(r, "faulted", "[\"path\"]");
	r = await("execve", pid, NULL);
	check(strstr(value(r, "faulted"), "argv"), "faulted is %s", value(r, "faulted"));
	is(r, "args.path", "/dev/null");
	r = await("connect", pid, NULL);
	is(r, "faulted", "[\"addr\"]");
	is(r, "errno", "EBADF");
	pid = subject(deep);
	check(shared->n[0] >= 0, "the deepest file could not be made");
	r = await("openat", pid, "args.path=deepest", NULL);
	check(strstr(value(r, "truncated"), "fd"), "truncated is %s", value(r, "truncated"));
	check(strstr(value(r, "fd.name"), "/deepest"), "fd.name is %.300s", value(r, "fd.name"));
	check(strlen(value(r, "fd.name")) > 3000, "fd.name has %zu bytes", strlen(value(r, "fd.name")));
	check(trace_stop() == 0, "saker failed");
	nothing_is_lost();
	balance_check("critical", -1);
	balance_check("normal", -1);
	balance_check("bulk", -1);
}

TEST(hard_ring, "a 4 KiB path, 200 levels of folders, pointers to nowhere")
{
	hard_inputs("--comm subject -e syscalls,stats,lost,agent_start,agent_stop");
}

TEST(hard_perf, "the same by perf buffers")
{
	hard_inputs("--transport perf --comm subject -e syscalls,stats,lost,agent_start,agent_stop");
}
