// SPDX-License-Identifier: Apache-2.0
/* process_fork, process_exit, task_rename, signal_generate */
#include "live.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"

enum { CHILD, START, PARENT };	/* of shared->n */

/* In the new process: who it is. */
static void child_tells(void)
{
	shared->n[CHILD] = syscall(SYS_gettid);
	shared->n[START] = start_ticks(getpid(), syscall(SYS_gettid));
}

static void raw_fork(void)
{
	truth_take(&shared->truth);
	if (syscall(SYS_clone, 0, 0, 0, 0, 0) == 0) {
		child_tells();
		_exit(0);
	}
	waitpid(-1, NULL, __WALL);
}

static void by_vfork(void)
{
	truth_take(&shared->truth);
	if (vfork() == 0) {
		shared->n[CHILD] = syscall(SYS_getpid);
		shared->n[START] = start_ticks(shared->n[CHILD], shared->n[CHILD]);
		_exit(0);
	}
	wait(NULL);
}

static void *thread_tells(void *arg)
{
	child_tells();
	return NULL;
}

static void by_thread(void)
{
	pthread_t thread;

	truth_take(&shared->truth);
	pthread_create(&thread, NULL, thread_tells, NULL);
	pthread_join(thread, NULL);
}

static void by_clone3(void)
{
	int pidfd = -1;
	struct clone_args args = { .flags = CLONE_PIDFD | CLONE_FS, .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGUSR2 };

	signal(SIGUSR2, SIG_IGN);
	truth_take(&shared->truth);
	if (syscall(SYS_clone3, &args, sizeof(args)) == 0) {
		child_tells();
		_exit(0);
	}
	waitpid(-1, NULL, __WALL);
}

static void by_clone_parent(void)
{
	long child;

	truth_take(&shared->truth);
	child = syscall(SYS_clone, CLONE_PARENT | CLONE_FILES, 0, 0, 0, 0);
	if (child == 0)
		_exit(0);
	shared->n[CHILD] = child;
	shared->n[PARENT] = getppid();
}

static const struct fork_row {
	const char *name, *flags;
	void (*body)(void);
	bool thread, parent;
} fork_rows[] = {
	{ "fork", "0", raw_fork, false, false },
	{ "vfork", "CLONE_VM|CLONE_VFORK", by_vfork, false, false },
	{ "thread", "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|"
	  "CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID", by_thread, true, false },
	{ "clone3", "CLONE_FS|CLONE_PIDFD", by_clone3, false, false },
	{ "CLONE_PARENT", "CLONE_FILES|CLONE_PARENT", by_clone_parent, false, true },
};

static void fork_check(const struct fork_row *row)
{
	pid_t pid, child;
	json_t *r;

	memset(shared, 0, sizeof(*shared));
	note("by %s", row->name);
	pid = subject(row->body);
	child = shared->n[CHILD];
	r = await("process_fork", pid, NULL);
	who_is(r, &shared->truth);
	is(r, "args.pid", "%d", row->thread ? pid : child);
	is(r, "args.tid", "%d", child);
	is(r, "args.vpid", "%d", row->thread ? pid : child);
	is(r, "args.vtid", "%d", child);
	is(r, "args.flags", "%s", row->flags);
	is(r, "args.parent", "%d", row->parent ? getpid() : row->thread ? getpid() : pid);
	looked_at(r, "args.start");
	if (shared->n[START])
		check(boot_time(r, "args.start") / 10000000 - shared->n[START] <= 1,
		      "args.start is %s, not tick %ld", value(r, "args.start"), shared->n[START]);
	complete(r);
	if (row->parent)
		waitpid(child, NULL, __WALL);
}

TEST(fork_kinds, "fork, vfork, thread, clone3, CLONE_PARENT")
{
	trace(TRACE_EVENTS);
	for (size_t i = 0; i < sizeof(fork_rows) / sizeof(*fork_rows); i++)
		fork_check(&fork_rows[i]);
}

/* A subject in namespaces of its own, that forks there. */
static void in_namespaces(void)
{
	int ready[2];
	char c = 0;

	if (pipe(ready) < 0 || unshare(CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWNS) < 0)
		subject_fail("unshare");
	if (sethostname("fenced", 6) < 0)
		subject_fail("sethostname");
	if (fork() == 0) {
		truth_take(&shared->truth);
		if (fork() == 0) {
			shared->n[CHILD] = getpid();
			_exit(0);
		}
		wait(NULL);
		_exit(0);
	}
	close(ready[1]);
	c = read(ready[0], &c, 1);
	wait(NULL);
}

TEST(fork_namespaces, "pids of two namespaces, namespace ids and host name")
{
	json_t *r;

	trace(TRACE_EVENTS);
	subject(in_namespaces);
	check(shared->truth.vpid == 1 && shared->n[CHILD] == 2, "the subject is %d and %ld in its namespace",
	      shared->truth.vpid, shared->n[CHILD]);
	r = await("process_fork", shared->truth.pid, NULL);
	who_is(r, &shared->truth);
	is(r, "args.vpid", "2");
	is(r, "args.vtid", "2");
	check(number(r, "args.pid") > 2 && number(r, "args.pid") != shared->truth.pid, "the child's pid is %s",
	      value(r, "args.pid"));
	r = await("process_exit", number(r, "args.pid"), NULL);
	is(r, "proc.vpid", "2");
	is(r, "proc.vppid", "1");
	is(r, "proc.ppid", "%d", shared->truth.pid);
	is(r, "hostname", "fenced");
}

static void with_other_ids(void)
{
	if (setresgid(4, 5, 6) < 0 || setresuid(1, 2, 3) < 0)
		subject_fail("setresuid");
	prctl(PR_SET_NAME, "ids \"\\\n\x01\xff");
	truth_take(&shared->truth);
	if (fork() == 0)
		_exit(0);
	wait(NULL);
}

TEST(who_ids, "real and effective ids, and a name that needs escapes")
{
	json_t *r;
	pid_t pid;

	trace(TRACE_EVENTS);
	pid = subject(with_other_ids);
	r = await("process_fork", pid, NULL);
	is(r, "user.uid", "1");
	is(r, "user.gid", "4");
	check(!strcmp(json_string_value(json_object_get(json_object_get(r, "raw"), "proc.name")) ?: "",
		      "69647320225c0a01ff"), "raw name is %s", value(r, "raw"));
	is(r, "proc.name", "ids \"\\\n\x01\xc3\xbf");
	is(r, "user.euid", "2");
	is(r, "user.egid", "5");
}

/* --- exit */

static void burn_and_exit(void)
{
	volatile unsigned long n = 0;
	struct timespec t;

	do {
		n++;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	} while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < 120);
	memset(malloc(20 << 20), 1, 20 << 20);
	truth_take(&shared->truth);
	_exit(42);
}

static double seconds(const struct timeval *t)
{
	return t->tv_sec + t->tv_usec / 1e6;
}

TEST(exit_code, "status, lifetime, processor time and memory of a process that exits")
{
	double cpu, want, lifetime;
	struct rusage usage;
	int status;
	json_t *r;
	pid_t pid;

	trace(TRACE_EVENTS);
	pid = subject_start(burn_and_exit);
	wait4(pid, &status, 0, &usage);
	check(WEXITSTATUS(status) == 42, "wait status %#x", status);
	r = await("process_exit", pid, NULL);
	who_is(r, &shared->truth);
	is(r, "args.code", "42");
	is(r, "args.signal", "0");
	is(r, "args.core", "false");
	is(r, "args.group", "true");
	is(r, "args.max_rss", "%ld", usage.ru_maxrss * 1024);
	looked_at(r, "args.lifetime");
	lifetime = (boot_time(r, "time") - boot_time(r, "proc.start")) / 1e9;
	check(number(r, "args.lifetime") / 1e9 - lifetime < 0.0001 && lifetime > 0.1, "lifetime is %s ns, not %.6f s",
	      value(r, "args.lifetime"), lifetime);
	looked_at(r, "args.utime");
	looked_at(r, "args.stime");
	cpu = (number(r, "args.utime") + number(r, "args.stime")) / 1e9;
	want = seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
	check(cpu > want - 0.08 && cpu < want + 0.08, "processor time is %.3f s, not %.3f", cpu, want);
	complete(r);
}

static void dies_of_abort(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (chdir(scratch()) < 0)
		subject_fail("chdir");
	setrlimit(RLIMIT_CORE, &all);
	signal(SIGABRT, SIG_DFL);
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGABRT);
}

static void dies_of_kill(void)
{
	kill(getpid(), SIGKILL);
}

TEST(exit_signal, "a process that a signal ends, with a core or without")
{
	static void (*const bodies[])(void) = { dies_of_kill, dies_of_abort };

	trace(TRACE_EVENTS);
	for (unsigned i = 0; i < 2; i++) {
		pid_t pid = subject_start(bodies[i]);
		int status = subject_wait(pid);
		json_t *r = await("process_exit", pid, NULL);

		is(r, "args.signal", i ? "SIGABRT" : "SIGKILL");
		is(r, "args.code", "0");
		is(r, "args.core", WCOREDUMP(status) ? "true" : "false");
		is(r, "args.group", "true");
		if (i && !WCOREDUMP(status))
			note("no core was dumped");
	}
}

static int exit_gate[2];

static void *one_thread(void *arg)
{
	char c;

	shared->n[CHILD] = syscall(SYS_gettid);
	syscall(SYS_exit, read(exit_gate[0], &c, 1) + 6);
	return NULL;
}

static void threads_end(void)
{
	pthread_t thread;
	char path[64];

	if (pipe(exit_gate) < 0)
		subject_fail("pipe");
	pthread_create(&thread, NULL, one_thread, NULL);
	if (write(exit_gate[1], "x", 1) != 1)
		subject_fail("write");
	pthread_join(thread, NULL);
	/* It is joined before its end is told, which must not meet ours. */
	snprintf(path, sizeof(path), "/proc/self/task/%ld", shared->n[CHILD]);
	while (access(path, F_OK) == 0)
		sched_yield();
	_exit(3);
}

TEST(exit_thread, "the end of a thread is not the end of the process")
{
	char tid[32];
	pid_t pid;
	json_t *r;

	trace(TRACE_EVENTS);
	pid = subject_start(threads_end);
	subject_wait(pid);
	snprintf(tid, sizeof(tid), "proc.tid=%ld", shared->n[CHILD]);
	r = await("process_exit", pid, tid, NULL);
	is(r, "args.group", "false");
	is(r, "args.code", "7");
	snprintf(tid, sizeof(tid), "proc.tid=%d", pid);
	r = await("process_exit", pid, tid, NULL);
	is(r, "args.group", "true");
	is(r, "args.code", "3");
}

/* --- names */

static int rename_gate[2];

static void *is_renamed(void *arg)
{
	char c;

	shared->n[CHILD] = syscall(SYS_gettid);
	if (write(rename_gate[1], "x", 1) != 1 || read(exit_gate[0], &c, 1) < 0)
		return NULL;
	return NULL;
}

static void renames(void)
{
	char path[96], c;
	pthread_t thread;
	int fd;

	if (pipe(rename_gate) < 0 || pipe(exit_gate) < 0)
		subject_fail("pipe");
	pthread_create(&thread, NULL, is_renamed, NULL);
	if (read(rename_gate[0], &c, 1) != 1)
		subject_fail("read");
	truth_take(&shared->truth);
	prctl(PR_SET_NAME, "a name of more than 15");
	snprintf(path, sizeof(path), "/proc/self/task/%ld/comm", shared->n[CHILD]);
	fd = open(path, O_WRONLY);
	if (write(fd, "worker", 6) != 6)
		subject_fail(path);
	close(exit_gate[1]);
	pthread_join(thread, NULL);
}

TEST(rename_thread, "a thread's name, set by itself and by another")
{
	json_t *r;
	pid_t pid;

	trace(TRACE_EVENTS);
	pid = subject(renames);
	r = await("task_rename", pid, "args.old=subject", NULL);
	who_is(r, &shared->truth);
	is(r, "args.old", "subject");
	is(r, "args.new", "a name of more ");
	is(r, "args.tid", "%d", pid);
	complete(r);
	r = await("task_rename", pid, "args.new=worker", NULL);
	is(r, "args.old", "subject");
	is(r, "args.tid", "%ld", shared->n[CHILD]);
	is(r, "proc.tid", "%d", pid);
	is(r, "proc.name", "a name of more ");
}

/* --- signals */

static void waits(void)
{
	sigset_t blocked;

	/* What is blocked stays pending; its default would end us before the rest is sent. */
	sigfillset(&blocked);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGUSR2, SIG_IGN);
	shared->n[5] = 1;
	for (;;)
		pause();
}

static void signals(void)
{
	pid_t other = fork();
	union sigval value = { .sival_int = 1 };

	if (other == 0) {
		prctl(PR_SET_NAME, "receiver");
		waits();
	}
	while (!*(volatile long *)&shared->n[5])
		sched_yield();
	shared->n[CHILD] = other;
	truth_take(&shared->truth);
	kill(other, SIGSTOP);
	kill(other, SIGWINCH);			/* ignored by default, but blocked signals wait */
	syscall(SYS_tgkill, other, other, SIGUSR1);
	syscall(SYS_tgkill, other, other, SIGUSR1);	/* pending already */
	sigqueue(other, SIGRTMIN + 3, value);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

static const struct { int signal; const char *name, *code, *group, *result; } signal_rows[] = {
	{ SIGWINCH, "SIGWINCH", "0", "true", "delivered" },
	{ SIGSTOP, "SIGSTOP", "0", "true", "delivered" },
	{ SIGUSR1, "SIGUSR1", "-6", "false", "delivered" },
	{ SIGUSR1, "SIGUSR1", "-6", "false", "already_pending" },
	{ 0, "SIGRT_5", "-1", "true", "delivered" },
	{ SIGKILL, "SIGKILL", "0", "true", "delivered" },
};

TEST(signal_kinds, "signals sent by kill, tgkill and sigqueue, and what becomes of them")
{
	json_t *r;
	pid_t pid;

	trace(TRACE_EVENTS);
	pid = subject(signals);
	for (size_t i = 0; i < sizeof(signal_rows) / sizeof(*signal_rows); i++) {
		char want[64], result[64];

		snprintf(want, sizeof(want), "args.signal=%s", signal_rows[i].name);
		snprintf(result, sizeof(result), "args.result=%s", signal_rows[i].result);
		r = await("signal_generate", pid, want, result, NULL);
		who_is(r, &shared->truth);
		is(r, "args.signal", "%s", signal_rows[i].name);
		is(r, "args.code", "%s", signal_rows[i].code);
		is(r, "args.pid", "%ld", shared->n[CHILD]);
		is(r, "args.tid", "%ld", shared->n[CHILD]);
		is(r, "args.name", "receiver");
		is(r, "args.group", "%s", signal_rows[i].group);
		is(r, "args.result", "%s", signal_rows[i].result);
		complete(r);
	}
}

static void faults(void)
{
	static int *volatile nowhere = (int *)8;

	signal(SIGSEGV, SIG_DFL);	/* a sanitizer has its own */
	*nowhere = 1;
}

TEST(signal_kernel, "signals that the kernel sends: a fault, the end of a child")
{
	json_t *r;
	pid_t pid;

	trace(TRACE_EVENTS);
	pid = subject_start(faults);
	subject_wait(pid);
	r = await("signal_generate", pid, "args.signal=SIGSEGV", NULL);
	is(r, "args.code", "1");		/* SEGV_MAPERR */
	is(r, "args.pid", "%d", pid);
	r = await("signal_generate", pid, "args.signal=SIGCHLD", NULL);
	is(r, "args.pid", "%d", getpid());
	is(r, "args.group", "true");
	r = await("process_exit", pid, NULL);
	is(r, "args.signal", "SIGSEGV");
}
