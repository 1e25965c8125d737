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

#include "container.h"
#include "running.h"

enum { CALLS = 50 };

static char name[64], group[4400], inner[4500];

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
	subject_enter(group);
	calls();
}

/* Nobody had time to tell the agent of this one. */
static void calls_in_new(void)
{
	if (mkdir(inner, 0755) < 0)
		subject_fail(inner);
	subject_enter(inner);
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

/* --- pods, as the kubelet and containerd lay them out */

#define HEX "5afe00000000000000000000000000000000000000000000000000000000000"
#define UID "2c1f7a52-6b1d-4c53-9d0e-5a3e9cb1f60"

enum { PROXY, WEB, DB, PODS };

static const struct pod { const char *namespace, *name; } pods[PODS] = {
	[PROXY] = { "kube-system", "proxy-0" }, [WEB] = { "shop", "web-0" }, [DB] = { "shop", "db-0" },
};

static void pod_path(unsigned i, char path[static 4400])
{
	snprintf(path, 4400, "%s/kubepods/burstable/pod" UID "%u/" HEX "%u", cgroup_root(), i, i);
}

/* Its container, with its file. */
static void make_pod(unsigned i)
{
	char path[4400], text[512];

	pod_path(i, path);
	shell("mkdir -p %s %s/" HEX "%u", path, place("tasks/k8s.io"), i);
	snprintf(path, sizeof(path), "%s/" HEX "%u/config.json", place("tasks/k8s.io"), i);
	snprintf(text, sizeof(text), "{\"ociVersion\":\"1.0.2\",\"annotations\":{\"io.kubernetes.cri.container-name\":\"main\","
		 "\"io.kubernetes.cri.sandbox-name\":\"%s\",\"io.kubernetes.cri.sandbox-namespace\":\"%s\","
		 "\"io.kubernetes.cri.sandbox-uid\":\"" UID "%u\"}}", pods[i].name, pods[i].namespace, i);
	put_file(path, text);
}

static void remove_pod(unsigned i)
{
	char path[4400];

	pod_path(i, path);
	for (unsigned k = 0; k < 200 && rmdir(path) < 0 && errno == EBUSY; k++)
		usleep(10000);
	for (unsigned up = 0; up < 3; up++) {
		*strrchr(path, '/') = 0;
		rmdir(path);
	}
}

static pid_t calls_in_pod(unsigned i)
{
	pid_t pid;

	pod_path(i, group);
	pid = subject(calls_inside);
	agent_barrier();
	return pid;
}

/* A number of the rule of this name, as ctl tells it. */
static long long rule_number(const struct run *r, const char *rule, const char *key)
{
	json_t *reply = json_loads(r->out, 0, NULL), *row;
	long long n = -1;
	size_t i;

	json_array_foreach(json_object_get(reply, "mutes"), i, row)
		if (!strcmp(value(row, "name"), rule))
			n = number(row, key);
	json_decref(reply);
	return n;
}

/* Until the rule means so many cgroups; what it left out by then. */
static long long await_rule(const char *rule, long long cgroups)
{
	double end = deadline();
	struct run r;

	do {
		r = ctl("mute", NULL, NULL);
		if (rule_number(&r, rule, "cgroups") == cgroups)
			return rule_number(&r, rule, "records");
		usleep(20000);
	} while (now() < end);
	give_up("%s means %lld cgroups, not %lld", rule, rule_number(&r, rule, "cgroups"), cgroups);
}

static void check_ctl(const char *command, const char *kind, const char *what, long long cgroups)
{
	struct run r = ctl(command, kind, what);

	check(r.status == 0 && rule_number(&r, what, "cgroups") == cgroups, "%s %s: status %d: %s%s", kind, what, r.status,
	      r.out, r.err);
}

TEST(mute_pod, "pods are muted by name and by namespace, by the configuration and by ctl")
{
	if (!cgroup_root())
		skip("no cgroups");
	containers_fresh("name: p\nevents: {existing_container: }\n", "agent: {run_dir: run}\nmute: [kube-system]\n");
	policies();
	for (unsigned i = 0; i < PODS; i++)
		make_pod(i);
	agent_start();
	await_rule("kube-system", 1);
	agent_await("events", "existing_container", 0, "args.pod_name=web-0", NULL);
	agent_await("events", "existing_container", 0, "args.pod_name=db-0", NULL);
	not_heard(calls_in_pod(PROXY));
	heard(calls_in_pod(WEB));
	check_ctl("mute", "pod", "web-0", 1);
	not_heard(calls_in_pod(WEB));
	heard(calls_in_pod(DB));
	check_ctl("mute", "namespace", "shop", 2);
	not_heard(calls_in_pod(DB));
	check_ctl("unmute", "namespace", "shop", -1);
	heard(calls_in_pod(DB));
	not_heard(calls_in_pod(WEB));
	check(await_rule("kube-system", 1) >= CALLS && await_rule("web-0", 1) >= 2 * CALLS, "%lld and %lld records",
	      await_rule("kube-system", 1), await_rule("web-0", 1));
	remove_pod(PROXY);
	check(await_rule("kube-system", 0) >= CALLS, "its records are forgotten");
	check_ctl("unmute", "pod", "web-0", -1);
	heard(calls_in_pod(WEB));
	agent_stop();
	for (unsigned i = 0; i < PODS; i++)
		remove_pod(i);
}

/* A program runs in the container; whether its end is heard tells of everything in it. */
static unsigned runs_inside(void)
{
	shell("runc --root %s exec saker-live-mute /bin/busybox-muted true < /dev/null", place("runc"));
	agent_barrier();
	return agent_count("events", "process_exit", 0, "proc.exe=/bin/busybox-muted", "args.group=true", NULL);
}

static void start_container(void)
{
	shell("cd %s && runc --root %s run -d saker-live-mute < /dev/null > /dev/null 2>&1", place("bundle"), place("runc"));
	await_rule("web-0", 1);
}

static void end_container(void)
{
	shell("runc --root %s delete -f saker-live-mute", place("runc"));
	await_rule("web-0", 0);
}

TEST(mute_pod_later, "a pod that comes is muted when it is known, and so is the next one of its name")
{
	want_program("runc");
	containers_fresh(container_policy, "agent: {run_dir: run}\nmute: [{pod: web-0}]\n");
	agent_start();
	bundle_make(place("bundle"), "\"/bin/busybox\",\"sleep\",\"60\"",
		    "\"io.kubernetes.cri.container-name\":\"web\",\"io.kubernetes.cri.sandbox-name\":\"web-0\","
		    "\"io.kubernetes.cri.sandbox-namespace\":\"shop\",\"io.kubernetes.cri.sandbox-uid\":\"" UID "9\"");
	rootfs_name(place("bundle/rootfs"), "muted");
	start_container();
	check(runs_inside() == 0, "a muted pod is heard");
	end_container();
	check(await_rule("web-0", 0) > 0, "what was left out is not counted");
	start_container();
	check(runs_inside() == 0, "the next one is heard");
	check_ctl("unmute", "pod", "web-0", -1);
	check(runs_inside() == 1, "it is not heard any more");
	shell("runc --root %s delete -f saker-live-mute", place("runc"));
	agent_stop();
}
