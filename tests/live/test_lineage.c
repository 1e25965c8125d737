// SPDX-License-Identifier: Apache-2.0
/* proc.ancestors, proc.pname, proc.exec_chain: who started whom, whatever became of them */
#include "live.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACED "--ancestors 4 -e getpgid,process_exec"

enum { MIDDLE, LAST, ADOPTER, CALLER, FAILED, MARKED };	/* of shared->n */
enum { REUSED = 300, REUSED_LONG = 10000, REUSE_MARK = 1000000, CALLS = 3 };

static void mark(void)
{
	syscall(SYS_getpgid, 0);
}

static json_t *ancestor(json_t *r, unsigned n)
{
	json_t *one = json_array_get(json_object_get(json_object_get(r, "proc"), "ancestors"), n);

	if (!one)
		give_up("there is no ancestor %u: %s", n, json_dumps(json_object_get(r, "proc"), 0));
	return one;
}

static void by_double_fork(void)
{
	int gone[2];
	char c;

	shared->n[CALLER] = getpid();
	if (pipe(gone) < 0)
		subject_fail("pipe");
	if (fork() == 0) {
		prctl(PR_SET_NAME, "middle");
		shared->n[MIDDLE] = getpid();
		if (fork() > 0)
			_exit(0);
		prctl(PR_SET_NAME, "last");
		while (getppid() == shared->n[MIDDLE])
			usleep(1000);
		shared->n[LAST] = getpid();
		shared->n[ADOPTER] = getppid();
		mark();
		_exit(0);
	}
	wait(NULL);
	close(gone[1]);
	if (read(gone[0], &c, 1) != 0)
		subject_fail("read");
	while (wait(NULL) > 0)
		;
}

static void by_double_fork_under_a_subreaper(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	by_double_fork();
}

static void double_forked(void (*body)(void))
{
	json_t *r;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = subject(body);
	r = await("getpgid", shared->n[LAST], NULL);
	is(r, "proc.ppid", "%ld", shared->n[ADOPTER]);
	is(ancestor(r, 0), "pid", "%ld", shared->n[MIDDLE]);
	is(ancestor(r, 0), "name", "middle");
	is(ancestor(r, 1), "pid", "%d", pid);
	is(ancestor(r, 1), "name", "subject");
	is(ancestor(r, 2), "pid", "%d", getpid());
	check(strstr(value(ancestor(r, 2), "exe"), "live"), "%s", value(ancestor(r, 2), "exe"));
}

TEST(lineage_double_fork, "who forked twice keeps its ancestors; its parent is who adopted it")
{
	trace(TRACED);
	double_forked(by_double_fork);
	double_forked(by_double_fork_under_a_subreaper);
	check(shared->n[ADOPTER] == shared->n[CALLER], "adopted by %ld", shared->n[ADOPTER]);
}

static void by_vfork(void)
{
	if (vfork() == 0) {
		shared->n[LAST] = syscall(SYS_getpid);
		execl("/bin/sh", "sh", "-c", "exec env true", NULL);
		_exit(1);
	}
	wait(NULL);
}

TEST(lineage_exec_chain, "vfork, and what a process ran before its last exec")
{
	json_t *r, *chain;
	pid_t pid;

	trace(TRACED);
	pid = subject(by_vfork);
	r = await("process_exec", shared->n[LAST], "proc.name=sh", NULL);
	check(!json_object_get(json_object_get(r, "proc"), "exec_chain"), "it ran nothing before");
	r = await("process_exec", shared->n[LAST], "proc.name=true", NULL);
	is(ancestor(r, 0), "pid", "%d", pid);
	is(r, "proc.pname", "subject");
	chain = json_object_get(json_object_get(r, "proc"), "exec_chain");
	check(json_array_size(chain) == 2, "%s", json_dumps(chain, 0));
	check(strstr(json_string_value(json_array_get(chain, 0)), "/env"), "%s", json_dumps(chain, 0));
}

static void by_clone_parent(void)
{
	if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0) {
		shared->n[LAST] = getpid();
		mark();
		shared->n[MARKED] = 1;
		_exit(0);
	}
	while (!shared->n[MARKED])	/* whom a subject leaves behind is killed */
		usleep(1000);
}

static void in_a_pid_namespace(void)
{
	int ns;

	shared->n[CALLER] = getpid();
	if (unshare(CLONE_NEWPID) < 0)
		subject_fail("unshare");
	if (fork() == 0) {
		if (fork() == 0) {
			truth_take(&shared->truth);
			mark();
			_exit(0);
		}
		wait(NULL);
		shared->n[MARKED] = 1;
		pause();
	}
	while (!shared->n[MARKED])
		usleep(1000);
	/* And another one from outside, by setns. */
	ns = syscall(SYS_pidfd_open, shared->truth.ppid, 0);
	if (setns(ns, CLONE_NEWPID) < 0)
		subject_fail("setns");
	if (fork() == 0) {
		shared->n[LAST] = getpid();
		mark();
		_exit(0);
	}
	wait(NULL);
	kill(shared->truth.ppid, SIGKILL);
	wait(NULL);
}

TEST(lineage_clone, "CLONE_PARENT makes a sibling; ancestors cross pid namespaces")
{
	json_t *r;
	pid_t pid;

	trace(TRACED);
	memset(shared, 0, sizeof(*shared));
	pid = subject(by_clone_parent);
	waitpid(shared->n[LAST], NULL, 0);
	r = await("getpgid", shared->n[LAST], NULL);
	is(ancestor(r, 0), "pid", "%d", getpid());
	is(r, "proc.ppid", "%d", getpid());
	memset(shared, 0, sizeof(*shared));
	pid = subject(in_a_pid_namespace);
	r = await("getpgid", shared->truth.pid, NULL);
	is(ancestor(r, 0), "pid", "%d", shared->truth.ppid);
	is(ancestor(r, 1), "pid", "%d", pid);
	r = await("getpgid", 0, "proc.vpid=3", NULL);
	is(r, "proc.ppid", "%d", pid);
	is(r, "proc.vppid", "0");
	is(ancestor(r, 0), "pid", "%d", pid);
}

/* How many get the same pid. */
static int reused(void)
{
	return at_length() ? REUSED_LONG : REUSED;
}

/* The same pid for one process after the other, by parents of other names. */
static void by_the_same_pid(void)
{
	int status;
	pid_t wanted = fork();
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1 };

	if (wanted == 0)
		_exit(0);
	wait(NULL);
	for (int i = 0; i < reused(); i++) {
		if (fork() == 0) {
			char name[24];
			long child;

			snprintf(name, sizeof(name), "parent%d", i);
			prctl(PR_SET_NAME, name);
			while ((child = syscall(SYS_clone3, &args, sizeof(args))) < 0 && errno == EEXIST)
				sched_yield();	/* the one before is not all gone */
			if (child == 0) {
				syscall(SYS_getpgid, i + REUSE_MARK);
				_exit(0);
			}
			_exit(waitpid(child, NULL, 0) < 0);
		}
		wait(&status);
		shared->n[FAILED] += status != 0;
	}
	for (unsigned i = 0; i < CALLS; i++)
		mark();
}

/* Of those that were told, how many have another's parent. */
static unsigned wrong_parents(bool told[REUSED_LONG])
{
	unsigned wrong = 0;
	json_t *r;
	size_t i;

	json_array_foreach(records(), i, r) {
		long k = strcmp(value(r, "event"), "getpgid") ? -1 : strtol(value(r, "args.pid"), NULL, 10) - REUSE_MARK;
		char name[24];

		if (k < 0 || k >= reused())
			continue;
		told[k] = true;
		snprintf(name, sizeof(name), "parent%ld", k);
		wrong += strcmp(value(r, "proc.pname"), name) || strcmp(value(ancestor(r, 0), "name"), name);
	}
	return wrong;
}

TEST(lineage_pid_reuse, "whose pid was used before has its own parent")
{
	static bool told[REUSED_LONG];
	unsigned missing = 0;
	pid_t last;

	trace(TRACED);
	memset(shared, 0, sizeof(*shared));
	last = subject(by_the_same_pid);
	check(shared->n[FAILED] == 0, "%ld processes did not get the pid", shared->n[FAILED]);
	await("getpgid", last, "args.pid=0", NULL);
	check(wrong_parents(told) == 0, "%u of %d parents are wrong", wrong_parents(told), reused());
	for (int i = 0; i < reused(); i++)
		missing += !told[i];
	if (missing && kernel_version() >= 70000)	/* such a kernel may preempt a program at work */
		await("lost", 0, "args.reason=missed", NULL);
	else
		check(missing == 0, "%u of %d calls are missing", missing, reused());
}

TEST(lineage_where, "expressions ask for ancestors")
{
	trace("--ancestors 4 -e getpgid proc.aname = middle and proc.aname[2] = subject and proc.duration < 1h");
	memset(shared, 0, sizeof(*shared));
	subject(mark);
	subject(by_double_fork);
	await("getpgid", shared->n[LAST], NULL);
	check(count("getpgid", 0, NULL) == 1, "%u records", count("getpgid", 0, NULL));
}

/* --- what is read off the loop */

static void run_copy(void)
{
	execl(in_scratch("true"), "true", NULL);
	subject_fail("execl");
}

static void digest(const char *path, char *to, size_t size)
{
	char command[4200];
	FILE *f;

	snprintf(command, sizeof(command), "sha256sum %s", path);
	f = popen(command, "r");
	if (!f || !fgets(to, size, f))
		give_up("no digest of %s", path);
	pclose(f);
	to[64] = 0;
}

TEST(lineage_hash, "an exec is amended with its hash, and the next one of the same file has it")
{
	char command[4200], want[128];
	json_t *r, *fields;
	pid_t pid;

	snprintf(command, sizeof(command), "cp /bin/true %s", in_scratch("true"));
	if (system(command) != 0)
		give_up("%s", command);
	digest(in_scratch("true"), want, sizeof(want));
	trace("--hash -e process_exec");
	pid = subject(run_copy);
	await("process_exec", pid, NULL);
	r = await("amend", pid, "args.event=process_exec", NULL);
	fields = json_object_get(json_object_get(r, "args"), "fields");
	check(!strncmp(json_string_value(json_array_get(fields, 0)), "proc.exe_sha256=", 16), "%s", json_dumps(fields, 0));
	check(!strcmp(json_string_value(json_array_get(fields, 0)) + 16, want), "%s", json_dumps(fields, 0));
	is(r, "proc.exe_sha256", "%s", want);
	pid = subject(run_copy);
	r = await("process_exec", pid, NULL);
	is(r, "proc.exe_sha256", "%s", want);
	check(!count("amend", pid, NULL), "nothing is left to tell");
}

/* A root of its own, with another user of the same id than the host has. */
static void elsewhere(void)
{
	const char *root = in_scratch("root");
	char path[4200];

	snprintf(path, sizeof(path), "mkdir -p %s/etc && echo 'inner:x:4321:4321::/:' > %s/etc/passwd && "
		 "echo 'inners:x:4321:' > %s/etc/group && cp %s %s/busybox", root, root, root, in_scratch("busybox"), root);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || system(path) != 0 ||
	    mount(root, root, NULL, MS_BIND, NULL) < 0 || chroot(root) < 0 || chdir("/") < 0 || setgid(4321) < 0 ||
	    setuid(4321) < 0)
		subject_fail("chroot");
	execl("/busybox", "sh", "-c", "while :; do kill -0 $$; /busybox sleep 0.1; done", NULL);
	subject_fail("execl");
}

TEST(lineage_users, "a user's name is that of its own root")
{
	char command[4200];
	json_t *r;
	pid_t pid;

	snprintf(command, sizeof(command), "cp /bin/busybox %s 2>/dev/null", in_scratch("busybox"));
	if (system(command) != 0)
		skip("there is no busybox");
	trace("-e kill");
	pid = subject_start(elsewhere);
	r = await("kill", pid, "user.name=inner", NULL);
	is(r, "user.uid", "4321");
	is(r, "group.name", "inners");
	check(!count("kill", pid, "user.name=root", NULL), "never as the host has it");
	kill(pid, SIGKILL);
	subject_wait(pid);
}
