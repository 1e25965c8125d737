// SPDX-License-Identifier: Apache-2.0
/* Policies of a running agent: which one an event names, what the kernel side filters, and limits. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

enum { UID = 12345, PORT = 4, GROUP = 8 };	/* PORT and GROUP: of shared->n */

/* --- in the kernel */

static int gate[2];
static bool picked;	/* the subject is the one that is wanted */
static char group[4200];

static void await_gate(void)
{
	char c;

	if (read(gate[0], &c, 1) != 1)
		subject_fail("gate");
}

/* A port of this machine that nobody listens on: connecting is refused at once. */
static int closed_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (void *)&at, len) < 0 || getsockname(fd, (void *)&at, &len) < 0)
		give_up("cannot bind: %s", strerror(errno));
	close(fd);
	return ntohs(at.sin_port);
}

static void knock(int family, const char *address, int port)
{
	struct sockaddr_in at4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 at6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	inet_pton(AF_INET, address, &at4.sin_addr);
	inet_pton(AF_INET6, address, &at6.sin6_addr);
	r = family == AF_INET ? connect(fd, (void *)&at4, sizeof(at4)) : connect(fd, (void *)&at6, sizeof(at6));
	if (fd < 0 || r == 0)
		subject_fail("connect");
	close(fd);
}

static void move_to(const char *to)
{
	char path[4300], pid[32];
	int fd, n;

	snprintf(path, sizeof(path), "%s/cgroup.procs", to);
	n = snprintf(pid, sizeof(pid), "%d", getpid());
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, pid, n) != n)
		subject_fail(path);
	close(fd);
}

/* What one subject is shown by, the other one does with arguments that nobody wants. */
static void acts(void)
{
	if (picked) {
		if (*group)
			move_to(group);
		if (unshare(CLONE_NEWNS) < 0)
			subject_fail("unshare");
		shared->n[GROUP + 1] = ns_of("mnt");
		if (setresgid(UID, UID, UID) < 0 || setresuid(UID, UID, UID) < 0)
			subject_fail("setresuid");
	}
	prctl(PR_SET_NAME, picked ? "picked" : "other");
	shared->n[picked] = 1;
	await_gate();
	syscall(SYS_getppid);
	syscall(SYS_getuid);
	syscall(SYS_getgid);
	syscall(SYS_getsid, 0);
	syscall(SYS_sched_yield);
	syscall(SYS_dup, picked ? -1 : 0);
	syscall(SYS_faccessat, AT_FDCWD, picked ? "/saker/exact" : "/saker/exactly", 0);
	syscall(SYS_mkdirat, AT_FDCWD, picked ? "/nowhere/in/1" : "/nowhere/on/1", 0700);
	syscall(SYS_unlinkat, AT_FDCWD, picked ? "/nowhere/1.picked" : "/nowhere/1.pickled", 0);
	syscall(SYS_openat, AT_FDCWD, "/nowhere/1", picked ? O_RDWR | O_TRUNC : O_RDWR);
	syscall(SYS_fchmodat, AT_FDCWD, "/nowhere/1", picked ? 04711 : 0711);
	knock(AF_INET, "127.0.0.1", shared->n[PORT + !picked]);
	knock(AF_INET, picked ? "127.1.2.3" : "127.2.2.3", shared->n[PORT + 2]);
	knock(AF_INET6, picked ? "::ffff:127.1.2.3" : "::ffff:127.2.2.3", shared->n[PORT + 2]);
}

static void acts_picked(void)
{
	picked = true;
	acts();
}

static const char *const pushed[] = {
	"getppid", "getuid", "getgid", "getsid", "sched_yield", "dup", "faccessat", "mkdirat", "unlinkat", "openat",
	"fchmodat",
};

enum { PUSHED = sizeof(pushed) / sizeof(*pushed) };

static void write_pushed(pid_t a, pid_t b)
{
	agent_file("policies/pushed.yaml",
		"name: pushed\n"
		"scope: proc.ppid = %d\n"	/* of this run of the test */
		"events:\n"
		"  stats:\n"
		"  getppid: {where: \"proc.pid = %d\"}\n"
		"  getuid: {where: \"user.uid = %d\"}\n"
		"  getgid: {where: \"proc.name = picked\"}\n"
		"  getsid: {where: \"proc.cgroup = %ld and proc.pid in (%d, %d)\"}\n"
		"  sched_yield: {where: \"proc.mnt_ns = %ld\"}\n"
		"  dup: {where: \"ret < 0 and proc.pid in (%d, %d)\"}\n"
		"  faccessat: {where: \"args.path = /saker/exact\"}\n"
		"  mkdirat: {where: \"args.path startswith /nowhere/in/\"}\n"
		"  unlinkat: {where: \"args.path endswith .picked\"}\n"
		"  openat: {where: \"args.path = /nowhere/1 and args.flags intersects (O_TRUNC, O_APPEND)\"}\n"
		"  fchmodat: {where: \"args.path = /nowhere/1 and evt.failed = true and args.mode = 04711\"}\n"
		"  sock_state: {where: \"fd.rport = %ld or fd.rip in (127.1.0.0/16)\"}\n",
		getpid(), a, UID, shared->n[GROUP], a, b, shared->n[GROUP + 1], a, b, shared->n[PORT]);
}

static void both_act(void)
{
	for (unsigned i = 0; i < 2; i++)
		if (write(gate[1], "x", 1) != 1)
			give_up("write");
}

static void make_group(void)
{
	*group = 0;
	shared->n[GROUP] = 3;	/* nobody's */
	if (!cgroup_root())
		return;
	snprintf(group, sizeof(group), "%s/saker-live-policy-%d", cgroup_root(), getpid());
	if (mkdir(group, 0755) < 0)
		*group = 0;
	else
		shared->n[GROUP] = cgroup_id(group);
}

static void compare_pushed(pid_t a, pid_t b, const long long *before, const long long *after)
{
	/* A refused connection is two changes; three connections, as seen by both expressions. */
	long long want = PUSHED - !*group + 6 + 1, filtered = PUSHED + 6;

	for (unsigned i = 0; i < PUSHED; i++) {
		unsigned expected = *group || strcmp(pushed[i], "getsid") != 0;

		check(agent_count("events", pushed[i], a, NULL) == expected, "%u of %s",
		      agent_count("events", pushed[i], a, NULL), pushed[i]);
		check(agent_count("events", pushed[i], b, NULL) == 0, "%s of the other", pushed[i]);
	}
	check(agent_count("events", "sock_state", a, NULL) == 6, "%u of sock_state",
	      agent_count("events", "sock_state", a, NULL));
	check(agent_count("events", "sock_state", b, NULL) == 0, "sock_state of the other");
	check(after[SUBMITTED] - before[SUBMITTED] == want, "%lld left the kernel, not %lld",
	      after[SUBMITTED] - before[SUBMITTED], want);
	check(after[REJECTED] == before[REJECTED], "user space rejected %lld", after[REJECTED] - before[REJECTED]);
	check(after[FILTERED] - before[FILTERED] >= filtered, "the kernel filtered %lld, not %lld",
	      after[FILTERED] - before[FILTERED], filtered);
	check(after[READ] == after[DELIVERED] && after[READ] == after[SUBMITTED], "%lld submitted, %lld read, %lld delivered",
	      after[SUBMITTED], after[READ], after[DELIVERED]);
}

TEST(policy_pushed, "what an expression rejects does not leave the kernel")
{
	long long before[FIGURES], after[FIGURES];
	pid_t a, b;

	if (pipe2(gate, O_CLOEXEC) < 0)
		give_up("pipe2: %s", strerror(errno));
	make_group();
	for (unsigned i = 0; i < 3; i++)
		shared->n[PORT + i] = closed_port();
	a = subject_start(acts_picked);
	b = subject_start(acts);
	for (double end = deadline(); now() < end && !(*(volatile long *)&shared->n[0] && *(volatile long *)&shared->n[1]);)
		usleep(1000);
	agent_fresh("");
	write_pushed(a, b);
	agent_start();
	agent_barrier();
	agent_figures(before);
	both_act();
	check(subject_wait(a) == 0 && subject_wait(b) == 0, "a subject failed: %s", shared->text[7]);
	agent_barrier();
	agent_figures(after);
	compare_pushed(a, b, before, after);
	check(agent_stop() == 0, "saker failed");
	close(gate[0]);
	close(gate[1]);
	rmdir(group);
}

/* --- limits and all that leaves out */

static void times(long call, int n)
{
	while (n-- > 0)
		syscall(call);
}

static void access_to(const char *path)
{
	syscall(SYS_faccessat, AT_FDCWD, path, 0);
}

/* Ten at once; one more when the limit of three in three seconds has let in another. */
static void is_limited(void)
{
	times(SYS_getppid, 10);
	usleep(1200000);
	times(SYS_getppid, 1);
	times(SYS_getuid, 4);
	times(SYS_getgid, 4);
	times(SYS_geteuid, 4);
}

static void is_limited_too(void)
{
	times(SYS_getuid, 4);
	times(SYS_getgid, 4);
	times(SYS_geteuid, 4);
	times(SYS_getegid, 2000);
}

static void repeats(void)
{
	access_to("/repeat/a");
	access_to("/repeat/b");
	access_to("/repeat/a");
	access_to("/repeat/a");
	access_to("/repeat/b");
	usleep(1100000);
	access_to("/repeat/a");
	access_to("/repeat/a");
}

static void others(void)
{
	syscall(SYS_dup, -1);
	close(syscall(SYS_dup, 0));
	syscall(SYS_sched_yield);
	syscall(SYS_unlinkat, AT_FDCWD, "", 0);
	syscall(SYS_unlinkat, AT_FDCWD, "/repeat/c", 0);
}

/* What is on the stack is in memory, and can be read at entry. */
static void executes(void)
{
	char path[] = "/proc/self/exe", words[][8] = { "live", "--be", "exit" }, variable[] = "SAKER_LIVE=yes";
	char *argv[] = { words[0], words[1], words[2], NULL }, *envp[] = { variable, NULL };

	execve(path, argv, envp);
	subject_fail("execve");
}

#define LIMITS \
	"name: limits\n" \
	"scope: proc.name = subject and proc.ppid = %d\n" \
	"events:\n" \
	"  getppid: {limit: 3/3s burst 3 per process}\n" \
	"  getuid: {limit: 3 per 60s}\n" \
	"  getgid: {limit: {rate: 3 per 60s, per: process}}\n" \
	"  geteuid: {limit: 1 per 60s per global}\n" \
	"  getegid: {sample: 1/4}\n" \
	"  faccessat: {where: \"args.path startswith /repeat/\", dedup: {key: args.path, ttl: 1s}}\n" \
	"  unlinkat: {unless_empty: args.path}\n" \
	"  sched_yield: {sinks: [second]}\n"

static unsigned mine(const char *event, pid_t pid)
{
	return agent_count("events", event, pid, NULL);
}

#define expect(have, want, ...) expect_at(__LINE__, have, want, __VA_ARGS__)
static void expect_at(int line, unsigned have, unsigned want, const char *what)
{
	if (have != want)
		fail("line %d: %u of %s, not %u", line, have, what, want);
}

static void check_limits(void)
{
	pid_t a = subject(is_limited), b = subject(is_limited_too);
	json_t *last;
	unsigned n;

	agent_barrier();
	expect(mine("getppid", a), 4, "3 in 3 s, and one");
	last = agent_await("events", "getppid", a, "policy.suppressed=7", NULL);
	is(last, "policy.names", "%s", "[\"limits\"]");
	expect(mine("getuid", a) + mine("getuid", b), 3, "3 for a cgroup");
	expect(mine("getgid", a), 3, "3 for a process");
	expect(mine("getgid", b), 3, "3 for another one");
	expect(mine("geteuid", a) + mine("geteuid", b), 1, "1 in all");
	n = mine("getegid", b);
	check(n > 400 && n < 600, "%u of a fourth of 2000", n);
}

static void check_rest(void)
{
	pid_t a = subject(repeats), b = subject(others), c = subject(executes);
	json_t *r;

	agent_barrier();
	expect(mine("faccessat", a), 3, "two, and one again after its time");
	expect(mine("unlinkat", b), 1, "with a path");
	expect(mine("sched_yield", b), 0, "what goes elsewhere");
	expect(agent_count("second", "sched_yield", b, NULL), 1, "what goes there");
	expect(agent_count("few", "dup", b, NULL), 2, "what the sink asks for");
	expect(json_array_size(agent_records("few")), agent_count("few", "dup", 0, NULL), "nothing else");
	r = agent_await("events", "dup", b, "ret=-9", NULL);
	is(r, "policy.names", "%s", "[\"all\",\"failed\"]");
	r = agent_await("events", "dup", b, "args.oldfd=0", NULL);
	is(r, "policy.names", "%s", "[\"all\"]");
	is(r, "policy.generation", "1");
	r = agent_await("events", "execve", c, NULL);
	is(r, "args.envp", "%s", "[\"SAKER_LIVE=yes\"]");
}

TEST(policy_options, "limits, repetitions, shares, sinks and names")
{
	agent_fresh("  second: {type: file, path: second.json}\n"
		    "  few: {type: file, path: few.json, where: evt.type = dup}\n");
	agent_file("policies/limits.yaml", LIMITS, getpid());
	agent_file("policies/all.yaml", "name: all\nscope: proc.name = subject\nevents: {dup: }\n");
	agent_file("policies/failed.yaml", "name: failed\nevents:\n  dup: {where: ret < 0 and proc.name = subject}\n"
		   "  execve: {where: args.path = /proc/self/exe, capture: {env: true}}\n");
	agent_start();
	check_limits();
	check_rest();
	check(agent_stop() == 0, "saker failed");
}

/* An event that this machine cannot have, told by the agent's start with all of them. */
static bool cannot_have(char *event, size_t size)
{
	json_t *missing, *m;
	size_t i;

	agent_fresh("");
	agent_file("policies/all.yaml", "name: all\nscope: proc.name = nobody\nevents:\n  \"*\":\n");
	agent_start();
	missing = json_object_get(json_object_get(agent_await("events", "agent_start", 0, NULL), "args"), "missing");
	json_array_foreach(missing, i, m) {
		snprintf(event, size, "%.*s", (int)strcspn(json_string_value(m), ":"), json_string_value(m));
		return true;
	}
	return false;
}

TEST(policy_required, "what is required and cannot be had refuses the policies")
{
	char event[64];
	struct run r;

	if (slowness() > 4)
		skip("looking at all events takes too long here");
	if (!cannot_have(event, sizeof(event)))
		skip("this machine can have all events");
	agent_file("policies/needs.yaml", "name: needs\nevents:\n  %s: {required: true}\n", event);
	check(!strcmp(value(agent_reload(), "args.result"), "refused"), "%s is had", event);
	agent_file("policies/needs.yaml", "name: needs\nevents:\n  %s: {optional: true}\n", event);
	for (unsigned i = 0; i < 20; i++) {
		agent_file("policies/more.yaml", "name: more\nevents:\n  %s: {where: \"evt.cpu = %u\"}\n", event, i);
		if (strcmp(value(agent_reload(), "args.result"), "applied") != 0)
			give_up("%s: reload %u: %s", event, i, value(agent_reload(), "args"));
	}
	agent_stop();
	agent_file("policies/needs.yaml", "name: needs\nevents:\n  %s: {required: true}\n", event);
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 3 && strstr(r.err, "is required and cannot be had here"), "status %d: %s", r.status, r.err);
}
