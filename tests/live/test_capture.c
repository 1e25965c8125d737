// SPDX-License-Identifier: Apache-2.0
/* What a record has beyond its event: the caller's stack, and ids of another pid namespace. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

enum { HOME = 0, SESSION, GROUP };	/* of shared->n */

static int gate[2];

/* The files are looked up in the process, so it stays until they are told. */
static void calls(void)
{
	char c;

	syscall(SYS_getsid, 0);
	syscall(SYS_getuid);
	if (read(gate[0], &c, 1) != 1)
		subject_fail("gate");
}

static void stacks_are_made(void)
{
	calls();
	if (fork() == 0) {
		execl("/proc/self/exe", "live", "--be", "exit", "0", NULL);
		_exit(1);
	}
	wait(NULL);
}

static json_t *frame(json_t *record, unsigned n)
{
	return json_array_get(json_object_get(record, "stack"), n);
}

/* Every frame has an address, and where it has a file an offset in it. */
static unsigned in_files(json_t *record)
{
	json_t *at, *stack = json_object_get(record, "stack");
	unsigned n = 0;
	size_t i;

	json_array_foreach(stack, i, at) {
		const char *file = value(at, "file"), *addr = value(at, "addr");

		check(!strncmp(addr, "0x", 2) && strtoull(addr, NULL, 16) > 4096, "frame %zu: %s", i, addr);
		if (json_object_get(at, "file"))
			check(*file == '/' || *file == '[', "frame %zu: %s", i, file);
		n += json_object_get(at, "offset") != NULL;
	}
	return n;
}

/* The kernel walks frame pointers; without any it tells the innermost address at least. */
TEST(capture_stack, "the caller's stack, of the events that a policy asks it for")
{
	json_t *r;
	pid_t pid;

	agent_fresh("");
	agent_file("policies/p.yaml",
		   "name: p\nscope: proc.apid = %d and proc.name in (subject, exe)\nevents:\n"
		   "  getsid: {capture: [stack]}\n  getuid:\n  execve: {capture: [stack]}\n"
		   "  process_*: {capture: [stack]}\n", getpid());
	agent_start();
	if (pipe(gate) < 0)
		give_up("pipe");
	pid = subject_start(stacks_are_made);
	r = agent_await("events", "getsid", pid, NULL);
	check(in_files(r) > 0, "no frame lies in a file: %s", value(r, "stack"));
	check(strtoull(value(frame(r, 0), "addr"), NULL, 16) > 4096, "%s", value(r, "stack"));
	if (write(gate[1], "", 1) != 1)
		give_up("write");
	check(subject_wait(pid) == 0, "the subject failed");
	r = agent_await("events", "getuid", pid, NULL);
	check(!json_object_get(r, "stack"), "getuid has a stack that nobody asked for");
	r = agent_await("events", "execve", 0, "args.argv=[\"live\",\"--be\",\"exit\",\"0\"]", NULL);
	check(json_array_size(json_object_get(r, "stack")) > 0, "execve has no stack: %s", value(r, "args"));
	r = agent_await("events", "process_exec", (pid_t)number(r, "proc.pid"), NULL);
	check(!json_object_get(r, "stack"), "process_exec has a stack, which can be no caller's");
	close(gate[0]);
	close(gate[1]);
	check(agent_stop() == 0, "saker failed");
}

/* --- sessions */

/* Whose parent began a session, but not in this pid namespace; then it begins one. */
static void in_sessions(void)
{
	syscall(SYS_getgid);
	setsid();
	syscall(SYS_geteuid);
	_exit(0);
}

static void begins_session(void)
{
	pid_t child;

	shared->n[SESSION] = setsid();
	syscall(SYS_getegid);
	if (unshare(CLONE_NEWPID) < 0)
		_exit(1);
	child = fork();
	if (child == 0)
		in_sessions();
	shared->n[GROUP] = child;
	waitpid(child, NULL, 0);
	_exit(0);
}

/* The leader of a group in the test's session. */
static void has_session(void)
{
	pid_t child;
	int status;

	syscall(SYS_getuid);
	child = fork();
	if (child == 0)
		begins_session();
	if (waitpid(child, &status, 0) < 0 || status)
		subject_fail("session");
	syscall(SYS_getppid);
}

TEST(capture_session, "session and process group, for who asks, on the host and in a pid namespace")
{
	json_t *r;
	pid_t pid;

	agent_fresh("");
	agent_file("policies/p.yaml",
		   "name: p\nscope: proc.apid = %d and proc.name = subject\nevents:\n  getuid: {where: proc.sid = %d}\n"
		   "  getgid: {capture: [session]}\n  geteuid: {dedup: {key: [proc.vsid, proc.pid]}}\n"
		   "  getegid: {where: not proc.pgid = %d and proc.sid exists}\n  getppid:\n", getpid(), getsid(0), getsid(0));
	agent_start();
	pid = subject(has_session);
	agent_barrier();
	r = agent_await("events", "getuid", pid, NULL);
	is(r, "proc.sid", "%d", getsid(0));
	is(r, "proc.pgid", "%d", pid);
	is(r, "proc.vsid", "%d", getsid(0));
	r = agent_await("events", "getgid", 0, NULL);
	is(r, "proc.sid", "%ld", shared->n[SESSION]);
	is(r, "proc.pgid", "%ld", shared->n[SESSION]);
	is(r, "proc.vpid", "1");
	is(r, "proc.vsid", "0");
	is(r, "proc.vpgid", "0");
	r = agent_await("events", "geteuid", 0, NULL);
	is(r, "proc.sid", "%ld", shared->n[GROUP]);
	is(r, "proc.pgid", "%ld", shared->n[GROUP]);
	is(r, "proc.vsid", "1");
	is(r, "proc.vpgid", "1");
	r = agent_await("events", "getegid", (pid_t)shared->n[SESSION], NULL);
	is(r, "proc.sid", "%ld", shared->n[SESSION]);
	r = agent_await("events", "getppid", pid, NULL);
	check(!json_object_get(json_object_get(r, "proc"), "sid"), "getppid has a session that nobody asked for");
	check(agent_stop() == 0, "saker failed");
}

TEST(capture_session_sink, "session and process group, for sinks that show them or filter by them")
{
	json_t *r;
	pid_t pid;

	agent_fresh("  shows: {type: file, path: shows.json, fields: [event, proc.pid, proc.pgid]}\n"
		    "  filters: {type: file, path: filters.json, where: proc.sid exists}\n");
	agent_file("policies/p.yaml", "name: p\nscope: proc.apid = %d and proc.name = subject\nevents:\n"
		   "  getuid: {sinks: [shows]}\n  getgid: {sinks: [filters]}\n  getppid: {sinks: [events]}\n", getpid());
	agent_start();
	pid = subject(has_session);
	agent_barrier();
	is(agent_await("shows", "getuid", pid, NULL), "proc.pgid", "%d", pid);
	is(agent_await("filters", "getgid", 0, NULL), "proc.sid", "%ld", shared->n[SESSION]);
	r = agent_await("events", "getppid", pid, NULL);
	check(!json_object_get(json_object_get(r, "proc"), "sid"), "getppid has a session that no sink asked for");
	check(agent_stop() == 0, "saker failed");
}

/* --- ids of another namespace */

/* A subject whose children live in another pid namespace: the first waits, the others come later. */
static void has_children(void)
{
	char c;

	if (unshare(CLONE_NEWPID) < 0)
		subject_fail("unshare");
	if (fork() == 0) {
		setsid();
		shared->n[HOME] = ns_of("pid");
		if (read(gate[0], &c, 1) != 1)
			_exit(1);
		if (fork() == 0) {
			syscall(SYS_getsid, 0);
			_exit(0);
		}
		wait(NULL);
		_exit(0);
	}
	wait(NULL);
	syscall(SYS_getsid, 0);
}

TEST(home_pid_ns, "ids of a pid namespace, and the host's beside them")
{
	json_t *r;
	pid_t pid;

	agent_fresh("");
	if (pipe(gate) < 0)
		give_up("pipe");
	shared->n[HOME] = 0;
	pid = subject_start(has_children);
	for (double end = deadline(); !*(volatile long *)&shared->n[HOME] && now() < end; usleep(1000))
		;
	agent_file("saker.yaml", "policies: [policies]\nagent: {home_pid_ns: %ld}\n"
		   "sinks: {events: {type: file, path: events.json}}\n", shared->n[HOME]);
	agent_file("policies/p.yaml", "name: p\nevents:\n  getsid: {where: \"proc.pid = 2 or proc.host_pid = %d\",\n"
		   "    capture: [session]}\n", pid);
	agent_start();
	if (write(gate[1], "", 1) != 1)
		give_up("write");
	check(subject_wait(pid) == 0, "the subject failed");
	r = agent_await("events", "getsid", 0, "proc.pid=2", NULL);
	is(r, "proc.tid", "2");
	is(r, "proc.ppid", "1");
	is(r, "proc.vpid", "2");
	is(r, "proc.sid", "1");
	is(r, "proc.pgid", "1");
	check(number(r, "proc.host_pid") > pid && number(r, "proc.host_ppid") > pid, "%s", value(r, "proc"));
	r = agent_await("events", "getsid", 0, "proc.pid=0", NULL);
	is(r, "proc.host_pid", "%d", pid);
	is(r, "proc.host_ppid", "%d", getpid());
	check(agent_stop() == 0, "saker failed");
	close(gate[0]);
	close(gate[1]);
}

TEST(home_pid_ns_unknown, "a pid namespace that nobody is in is refused where it is named")
{
	struct run r;

	agent_fresh("");
	agent_file("saker.yaml", "policies: [policies]\nagent: {home_pid_ns: 12345}\n");
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1 && strstr(r.err, "saker.yaml:2:22: agent.home_pid_ns 12345: no process is in a pid namespace"),
	      "status %d: %s", r.status, r.err);
}
