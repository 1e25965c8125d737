// SPDX-License-Identifier: Apache-2.0
/* Muted cgroups: what happens there does not leave the kernel, and is counted. */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "running.h"

enum { CALLS = 50 };

static char name[64], group[4400], inner[4500];

static void enter(const char *folder)
{
	char path[4600];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		subject_fail(path);
	close(fd);
}

/* Calls of both kinds of records, and what tells who somebody is. */
static void calls(void)
{
	pid_t child;

	for (unsigned i = 0; i < CALLS; i++)
		syscall(SYS_getpriority, 0, 0);
	close(open("/etc/passwd", O_RDONLY));
	child = fork();
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
}

static void calls_outside(void)
{
	calls();
}

static void calls_inside(void)
{
	enter(group);
	calls();
}

/* Nobody had time to tell the agent of this one. */
static void calls_in_new(void)
{
	if (mkdir(inner, 0755) < 0)
		subject_fail(inner);
	enter(inner);
	calls();
}

static void make_group(void)
{
	if (!cgroup_root())
		skip("no cgroups");
	snprintf(name, sizeof(name), "saker-live-mute-%d", getpid());
	snprintf(group, sizeof(group), "%s/%s", cgroup_root(), name);
	snprintf(inner, sizeof(inner), "%s/inner", group);
	rmdir(inner);
	rmdir(group);
	if (mkdir(group, 0755) < 0)
		skip("%s: %s", group, strerror(errno));
}

static void remove_groups(void)
{
	for (unsigned i = 0; i < 200 && rmdir(inner) < 0 && errno == EBUSY; i++)
		usleep(10000);
	for (unsigned i = 0; i < 200 && rmdir(group) < 0 && errno == EBUSY; i++)
		usleep(10000);
}

static void heard(pid_t pid)
{
	check(agent_count("events", "getpriority", pid, NULL) == CALLS, "%u calls are heard",
	      agent_count("events", "getpriority", pid, NULL));
	check(agent_count("events", "openat", pid, NULL) >= 1, "openat is not heard");
	check(agent_count("events", "process_fork", pid, NULL) == 1, "process_fork is not heard");
}

/* The way into the group is outside: only what comes after it is muted. */
static void not_heard(pid_t pid)
{
	check(agent_count("events", "getpriority", pid, NULL) == 0, "getpriority of a muted cgroup is heard");
	check(agent_count("events", "openat", pid, "args.path=/etc/passwd", NULL) == 0, "openat is heard");
	check(agent_count("events", "process_fork", pid, NULL) == 0, "process_fork is heard");
	check(agent_count("events", "process_exit", pid, NULL) == 0, "process_exit is heard");
}

static void policies(void)
{
	agent_file("policies/calls.yaml", "name: calls\nscope: proc.name = subject\nevents: {getpriority: , openat: , process_fork: , process_exit: , "
		   "stats: }\n");
}

/* What the hooks saw is what was filtered, muted and submitted. */
static long long muted(void)
{
	static const char *const lanes[] = { "args.lane=normal", "args.lane=bulk" };
	long long sum = 0, seen_;
	unsigned already[2];

	for (unsigned i = 0; i < 2; i++)
		already[i] = agent_count("events", "stats", 0, lanes[i], NULL);
	for (unsigned i = 0; i < 2; i++) {
		json_t *r;
		double end = deadline();

		while (agent_count("events", "stats", 0, lanes[i], NULL) <= already[i] + 1 && now() < end)
			usleep(20000);
		r = json_array_get(agent_records("events"), json_array_size(agent_records("events")) - 1);
		for (size_t k = json_array_size(agent_records("events")); k-- > 0;) {
			r = json_array_get(agent_records("events"), k);
			if (!strcmp(value(r, "event"), "stats") && !strcmp(value(r, "args.lane"), lanes[i] + 10))
				break;
		}
		seen_ = number(r, "args.filtered") + number(r, "args.limited") + number(r, "args.muted") +
			number(r, "args.submitted") + number(r, "args.dropped");
		check(number(r, "args.seen") == seen_, "does not balance: %s", value(r, "args"));
		sum += number(r, "args.muted");
	}
	return sum;
}

TEST(mute_cgroup, "a muted cgroup and those below it are not heard, and what they do is counted")
{
	char config[200];
	long long before;
	pid_t in, out, new;

	make_group();
	snprintf(config, sizeof(config), "mute: [kube-system, {cgroup: /%s}]\n", name);
	agent_fresh(config);
	policies();
	agent_start();
	before = muted();
	out = subject(calls_outside);
	in = subject(calls_inside);
	new = subject(calls_in_new);
	agent_barrier();
	heard(out);
	not_heard(in);
	not_heard(new);
	check(muted() - before >= 2 * (CALLS + 1), "%lld muted", muted() - before);
	remove_groups();
	agent_stop();
}

TEST(mute_reload, "a mute begins and ends with the configuration's")
{
	pid_t first, second, third;
	char config[300];

	make_group();
	agent_fresh("");
	policies();
	agent_start();
	first = subject(calls_inside);
	snprintf(config, sizeof(config), "mute:\n  - cgroup: /%s\n", name);
	agent_file("saker.yaml", "policies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n%s", config);
	agent_reload();
	second = subject(calls_inside);
	agent_barrier();
	agent_file("saker.yaml", "policies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n");
	agent_reload();
	third = subject(calls_inside);
	agent_barrier();
	heard(first);
	not_heard(second);
	heard(third);
	remove_groups();
	agent_stop();
}

static struct run ctl(const char *command, const char *kind, const char *what)
{
	return RUN("ctl", "-s", agent_path("run/control.sock"), "-o", "json", command, kind, what);
}

TEST(mute_control, "saker ctl mute and unmute")
{
	pid_t first, second;
	char path[80];
	struct run r;

	make_group();
	snprintf(path, sizeof(path), "/%s", name);
	agent_fresh("agent: {run_dir: run}\n");
	policies();
	agent_start();
	agent_barrier();
	r = ctl("mute", "cgroup", path);
	check(r.status == 0 && strstr(r.out, "\"cgroups\":1"), "status %d: %s%s", r.status, r.out, r.err);
	r = ctl("mute", "cgroup", path);
	check(r.status != 0 && strstr(r.err, "is muted already"), "status %d: %s", r.status, r.err);
	r = ctl("mute", "cgroup", "/");
	check(r.status != 0 && strstr(r.err, "below the root"), "status %d: %s", r.status, r.err);
	first = subject(calls_inside);
	agent_barrier();
	r = ctl("unmute", "cgroup", path);
	check(r.status == 0 && strstr(r.out, "\"mutes\":[]"), "status %d: %s%s", r.status, r.out, r.err);
	r = ctl("unmute", "kube-system", NULL);
	check(r.status != 0 && strstr(r.err, "namespace kube-system is not muted"), "status %d: %s", r.status, r.err);
	second = subject(calls_inside);
	agent_barrier();
	not_heard(first);
	heard(second);
	remove_groups();
	agent_stop();
}

/* As docker names it, and there before the agent, so that nobody asks who made it. */
TEST(mute_container, "a container is muted by its short id, with the cgroups below its own")
{
	pid_t first, second;
	char id[65];
	struct run r;

	snprintf(id, sizeof(id), "%016x%048x", getpid(), 0xabc);
	if (!cgroup_root())
		skip("no cgroups");
	snprintf(group, sizeof(group), "%s/docker-%s.scope", cgroup_root(), id);
	snprintf(inner, sizeof(inner), "%s/inner", group);
	if (mkdir(group, 0755) < 0)
		skip("%s: %s", group, strerror(errno));
	agent_fresh("agent: {run_dir: run}\n");
	policies();
	agent_start();
	first = subject(calls_inside);
	agent_barrier();
	id[20] = 0;
	r = ctl("mute", "container", id);
	check(r.status == 0 && strstr(r.out, "\"cgroups\":1"), "status %d: %s%s", r.status, r.out, r.err);
	second = subject(calls_inside);
	agent_barrier();
	heard(first);
	not_heard(second);
	remove_groups();
	agent_stop();
}

TEST(mute_lifted, "a cgroup's end lifts its mute, and a new one of its name is muted again")
{
	char config[200];
	pid_t first, second;

	make_group();
	snprintf(config, sizeof(config), "mute: [{cgroup: /%s}]\n", name);
	agent_fresh(config);
	policies();
	agent_start();
	first = subject(calls_inside);
	agent_barrier();
	remove_groups();
	make_group();
	agent_barrier();	/* the agent knows of it */
	second = subject(calls_inside);
	agent_barrier();
	not_heard(first);
	not_heard(second);
	remove_groups();
	agent_stop();
}
