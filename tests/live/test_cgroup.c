// SPDX-License-Identifier: Apache-2.0
/* cgroup_mkdir, cgroup_rmdir, cgroup_attach_task, oom_kill */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"
#include "running.h"

enum { ID, CHURN_US, CHURNED };	/* of shared->n */

static char group[4096];
static const char group_name[] = "saker-live";

static bool put(const char *folder, const char *file, const char *text)
{
	char path[4300];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : write(fd, text, strlen(text));
	if (fd >= 0)
		close(fd);
	return n > 0;
}

static void makes(void)
{
	truth_take(&shared->truth);
	if (mkdir(group, 0755) < 0)
		subject_fail(group);
	shared->n[ID] = cgroup_id(group);
}

static void moves(void)
{
	char pid[32];

	truth_take(&shared->truth);
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (!put(group, "cgroup.procs", pid))
		subject_fail("cgroup.procs");
}

static void removes(void)
{
	truth_take(&shared->truth);
	if (rmdir(group) < 0)
		subject_fail(group);
}

static void group_is(json_t *r, const char *id)
{
	looked_at(r, "args.level");
	is(r, "args.id", "%s", id);
	is(r, "args.path", "/%s", group_name);
	is(r, "args.hierarchy", "%d", cgroup_hierarchy());
}

TEST(cgroup_life, "a cgroup is made, a process moves in, it is removed")
{
	char id[32];
	json_t *r;
	pid_t pid;

	if (!cgroup_root())
		skip("no cgroups here");
	trace(TRACE_EVENTS);
	snprintf(group, sizeof(group), "%s/%s", cgroup_root(), group_name);
	rmdir(group);
	pid = subject(makes);
	snprintf(id, sizeof(id), "%ld", shared->n[ID]);
	r = await("cgroup_mkdir", pid, NULL);
	who_is(r, &shared->truth);
	is(r, "args.level", "1");
	group_is(r, id);
	complete(r);
	pid = subject(moves);
	r = await("cgroup_attach_task", pid, NULL);
	shared->truth.cgroup = shared->n[ID];	/* told when it is there */
	who_is(r, &shared->truth);
	group_is(r, id);
	is(r, "args.pid", "%d", pid);
	is(r, "args.tid", "%d", pid);
	is(r, "args.name", "subject");
	is(r, "args.group", "true");
	complete(r);
	is(await("process_exit", pid, NULL), "proc.cgroup", "%s", id);
	pid = subject(removes);
	r = await("cgroup_rmdir", pid, NULL);
	who_is(r, &shared->truth);
	is(r, "args.level", "1");
	group_is(r, id);
	complete(r);
}

/* --- versions */

static char mounted[2048];	/* by us; "" */

/* Where a hierarchy of this version is; for version 1 one is mounted if there is none. */
static const char *hierarchy(const char *version)
{
	static char path[2048];
	struct statfs fs;

	*mounted = 0;
	for (unsigned i = 0; i < 2; i++) {
		const char *places[2][2] = {
			{ "/sys/fs/cgroup", "/sys/fs/cgroup/unified" }, { "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids" },
		};
		bool v1 = !strcmp(version, "v1");

		snprintf(path, sizeof(path), "%s", places[v1][i]);
		if (statfs(path, &fs) == 0 && fs.f_type == (v1 ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC))
			return path;
	}
	if (strcmp(version, "v1") != 0)
		return NULL;
	snprintf(path, sizeof(path), "%s", in_scratch("v1"));
	mkdir(path, 0755);
	if (mount("none", path, "cgroup", 0, "pids") < 0)
		return NULL;
	snprintf(mounted, sizeof(mounted), "%s", path);
	return path;
}

static void moves_and_asks(void)
{
	moves();
	syscall(SYS_getppid);
}

static void version_is_honoured(const char *version)
{
	const char *root = hierarchy(version);
	char more[4500];
	pid_t pid;

	if (!root) {
		note("no hierarchy of version %s here", version);
		return;
	}
	snprintf(group, sizeof(group), "%s/%s-version", root, group_name);
	rmdir(group);
	if (mkdir(group, 0755) < 0)
		give_up("%s: %s", group, strerror(errno));
	snprintf(more, sizeof(more), "agent: {cgroup: {version: %s%s%s}}\n", version, *mounted ? ", root: " : "", mounted);
	agent_fresh(more);
	agent_file("policies/p.yaml", "name: p\nevents:\n  getppid: {where: \"proc.cgroup = %llu\"}\n",
		   (unsigned long long)cgroup_id(group));
	agent_start();
	pid = subject(moves_and_asks);
	is(agent_await("events", "getppid", pid, NULL), "proc.cgroup", "%llu", (unsigned long long)cgroup_id(group));
	agent_stop();
	if (rmdir(group) < 0)
		fail("%s: %s", group, strerror(errno));
	if (*mounted)
		umount(mounted);
}

TEST(cgroup_version, "ids are those of the hierarchy that the configuration names")
{
	version_is_honoured("v2");
	version_is_honoured("v1");
}

/* --- many */

enum { CHURN = 3000, CHURN_A_SECOND = 10000, CHURN_SECONDS = 150, ROOM = 1024 };

static void comes_and_goes(long n)
{
	char path[4300];

	snprintf(path, sizeof(path), "%s/%ld", group, n);
	if (mkdir(path, 0755) < 0 || rmdir(path) < 0)
		subject_fail(path);
}

static void churns(void)
{
	double began = now();
	long n = 0;

	if (at_length())
		n = paced(CHURN_A_SECOND, CHURN_SECONDS, comes_and_goes);
	else
		for (; n < CHURN; n++)
			comes_and_goes(n);
	shared->n[CHURN_US] = (now() - began) * 1e6;
	shared->n[CHURNED] += n;
}

/* One round; what it cost the agent. */
static void churn(void)
{
	double cpu = agent_cpu();
	long before = shared->n[CHURNED], n;

	subject(churns);
	agent_barrier();
	n = shared->n[CHURNED] - before;
	note("%ld cgroups came and went in %.3f s, %.0f/s; the agent took %.1f %% of a processor, %ld KiB", n,
	     shared->n[CHURN_US] / 1e6, (double)n * 1e6 / shared->n[CHURN_US],
	     (agent_cpu() - cpu) * 1e8 / (double)shared->n[CHURN_US], agent_own_kib());
}

/* The first round fills what there is room for; after the second nothing has grown. */
TEST(cgroup_churn, "thousands of cgroups come and go: each is told of, few are remembered")
{
	long long first, second, all, made, dropped;
	json_t *stats;

	if (!cgroup_root())
		skip("no cgroups here");
	snprintf(group, sizeof(group), "%s/%s-churn", cgroup_root(), group_name);
	rmdir(group);
	if (mkdir(group, 0755) < 0)
		give_up("%s: %s", group, strerror(errno));
	agent_fresh("  churn: {type: file, path: churn, fields: [event]}\ncontainers: {cgroups: 1024, keep: 4s}\n");
	agent_file("policies/made.yaml", "name: made\nevents:\n"
		   "  cgroup_mkdir: {where: args.path startswith /saker-live-churn/, sinks: [churn]}\n");
	agent_file("policies/gone.yaml", "name: gone\nevents:\n"
		   "  cgroup_rmdir: {where: args.path startswith /saker-live-churn/, sinks: [churn]}\n");
	if (at_length())
		alarm(4 * CHURN_SECONDS);
	shared->n[CHURNED] = 0;
	agent_start();
	churn();
	first = number(agent_ask("status"), "resident_bytes");
	churn();
	second = number(agent_ask("status"), "resident_bytes");
	all = shared->n[CHURNED];
	check(second < first + (2 << 20), "memory grows from %lld to %lld", first, second);
	stats = agent_ask("stats");
	made = number(stats, "policies.made.matched");
	dropped = number(stats, "lanes.critical.dropped.full") + number(stats, "lanes.critical.dropped.scratch");
	check(made <= all && made + dropped >= all, "%lld of %lld were made, %lld records lost", made, all, dropped);
	made = number(stats, "policies.gone.matched");
	check(made <= all && made + dropped >= all, "%lld of %lld were removed, %lld records lost", made, all, dropped);
	check(number(stats, "agent.cgroups") <= ROOM, "%s", json_dumps(stats, 0));
	check(number(stats, "agent.cgroups_evicted") > 0, "%s", json_dumps(stats, 0));
	soon(number(agent_ask("stats"), "agent.cgroups_removed") == 0, "the removed are remembered for good");
	agent_stop();
	rmdir(group);
}

/* --- memory */

enum { LIMIT_MIB = 16, USE_MIB = 64 };

/* Version 2 or 1; false when neither controls memory here. */
static bool memory_group(void)
{
	char limit[32];

	snprintf(limit, sizeof(limit), "%d", LIMIT_MIB << 20);
	if (cgroup_root()) {
		snprintf(group, sizeof(group), "%s/%s-oom", cgroup_root(), group_name);
		rmdir(group);
		if (mkdir(group, 0755) == 0 && put(group, "memory.max", limit)) {
			put(group, "memory.swap.max", "0");
			return true;
		}
		rmdir(group);
	}
	snprintf(group, sizeof(group), "/sys/fs/cgroup/memory/%s-oom", group_name);
	rmdir(group);
	if (mkdir(group, 0755) < 0)
		return false;
	if (put(group, "memory.limit_in_bytes", limit))
		return true;
	rmdir(group);
	return false;
}

static void eats(void)
{
	char text[32];
	char *memory;

	snprintf(text, sizeof(text), "%d", getpid());
	if (!put(group, "cgroup.procs", text))
		subject_fail("cgroup.procs");
	put("/proc/self", "oom_score_adj", "123");
	if (setuid(65534) < 0)
		subject_fail("setuid");
	shared->n[ID] = getpid();
	memory = mmap(NULL, (size_t)USE_MIB << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(memory, 1, (size_t)USE_MIB << 20);
}

TEST(oom_kill, "a cgroup's memory runs out")
{
	int status;
	json_t *r;
	pid_t pid;

	trace(TRACE_EVENTS);
	if (!memory_group())
		skip("no cgroup controls memory here");
	pid = subject_start(eats);
	status = subject_wait(pid);
	if (!WIFSIGNALED(status))
		give_up("the subject survived: %#x %s", status, shared->text[7]);
	r = await("oom_kill", 0, NULL);
	is(r, "args.pid", "%d", pid);
	if (number(r, "args.total_vm")) {
		is(r, "args.name", "subject");
		is(r, "args.uid", "65534");
		is(r, "args.score_adj", "123");
		looked_at(r, "args.cgroup");
		looked_at(r, "args.total_vm");
		check(number(r, "args.total_vm") > USE_MIB << 20, "total_vm is %s", value(r, "args.total_vm"));
	} else {
		note("before Linux 6.8 the kernel tells only the process");
	}
	is(await("process_exit", pid, NULL), "args.signal", "SIGKILL");
	rmdir(group);
}
