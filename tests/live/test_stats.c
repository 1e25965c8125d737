// SPDX-License-Identifier: Apache-2.0
/* syscall_stats: counters of system calls by cgroup. */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "running.h"

enum { GOOD = 700, BAD = 300 };

static char group[4400];

static void calls(void)
{
	subject_enter(group);
	for (unsigned i = 0; i < GOOD; i++)
		syscall(SYS_getsid, 0);
	for (unsigned i = 0; i < BAD; i++)
		syscall(SYS_getsid, -1);
}

static long long sum(const char *id, const char *call, const char *what)
{
	long long all = 0;
	json_t *r;

	for (unsigned n = 0; (r = seen(n, "syscall_stats", 0, id, call, NULL)); n++)
		all += number(r, what);
	return all;
}

TEST(stats_syscalls, "calls are counted by cgroup, and each is told once")
{
	char id[64];
	double end;

	if (!cgroup_root())
		skip("no cgroups");
	snprintf(group, sizeof(group), "%s/saker-live-stats-%d", cgroup_root(), getpid());
	rmdir(group);
	if (mkdir(group, 0755) < 0)
		skip("%s: %s", group, strerror(errno));
	snprintf(id, sizeof(id), "args.cgroup=%llu", (unsigned long long)cgroup_id(group));
	trace("-e syscall_stats");
	subject(calls);
	await("syscall_stats", 0, id, "args.call=getsid", NULL);
	for (end = deadline(); sum(id, "args.call=getsid", "args.count") < GOOD + BAD && now() < end;)
		usleep(50000);
	check(sum(id, "args.call=getsid", "args.count") == GOOD + BAD, "%lld calls",
	      sum(id, "args.call=getsid", "args.count"));
	check(sum(id, "args.call=getsid", "args.errors") == BAD, "%lld errors",
	      sum(id, "args.call=getsid", "args.errors"));
	check(sum(id, "args.call=exit_group", "args.count") == 0, "a call that never returns was counted");
	for (unsigned i = 0; i < 100 && rmdir(group) < 0 && errno == EBUSY; i++)
		usleep(10000);
	trace_stop();
}

/* --- syscall_stats by policies */

enum { QUIET = 40, MANY_CALLS = 6000, UNNAMED = 1000 };

static void often_and_seldom(void)
{
	calls();
	for (unsigned i = 0; i < QUIET; i++)
		syscall(SYS_getpriority, 0, 0);
}

/* More calls than there is room for, each another one. */
static void all_sorts(void)
{
	for (unsigned i = 0; i < MANY_CALLS; i++)
		syscall(UNNAMED + i);
}

static long long agent_sum(const char *id, const char *call)
{
	json_t *all = agent_records("events"), *r;
	long long sum = 0;
	size_t i;

	json_array_foreach(all, i, r)
		if (!strcmp(value(r, "event"), "syscall_stats") && !strcmp(value(r, "args.cgroup"), id) &&
		    !strcmp(value(r, "args.call"), call))
			sum += number(r, "args.count");
	return sum;
}

static void await_sum(const char *id, const char *call, long long want)
{
	for (double end = deadline(); agent_sum(id, call) < want && now() < end;)
		usleep(50000);
	check(agent_sum(id, call) == want, "%lld of %s, not %lld", agent_sum(id, call), call, want);
}

static void group_make(char id[32])
{
	if (!cgroup_root())
		skip("no cgroups");
	snprintf(group, sizeof(group), "%s/saker-live-stats-%d", cgroup_root(), getpid());
	if (mkdir(group, 0755) < 0 && errno != EEXIST)
		skip("%s: %s", group, strerror(errno));
	snprintf(id, 32, "%llu", (unsigned long long)cgroup_id(group));
}

static void group_end(void)
{
	for (unsigned i = 0; i < 100 && rmdir(group) < 0 && errno == EBUSY; i++)
		usleep(10000);
}

static void stats_policy(const char *events)
{
	agent_file("policies/p.yaml", "name: p\nevents:\n%s", events);
}

TEST(stats_syscalls_reload, "counters go on across a reload, and begin anew for who comes later")
{
	char id[32];

	group_make(id);
	agent_fresh("agent:\n  syscall_stats: {interval: 500ms}\n");
	stats_policy("  syscall_stats: {where: args.call = getsid}\n");
	agent_start();
	subject(calls);
	stats_policy("  syscall_stats: {where: \"args.call in (getsid, getpriority)\"}\n  getppid:\n");
	is(agent_reload(), "args.result", "applied");
	subject(calls);
	await_sum(id, "getsid", 2 * (GOOD + BAD));
	stats_policy("  getppid:\n");
	is(agent_reload(), "args.result", "applied");
	subject(calls);
	usleep(1200000);
	check(agent_sum(id, "getsid") == 2 * (GOOD + BAD), "told though nobody selects it");
	stats_policy("  syscall_stats: {where: args.call = getsid}\n");
	is(agent_reload(), "args.result", "applied");
	subject(calls);
	await_sum(id, "getsid", 3 * (GOOD + BAD));
	check(agent_stop() == 0, "saker failed");
	group_end();
}

TEST(stats_syscalls_quiet, "a filter keeps what is seldom called to itself")
{
	char id[32], want[64];

	group_make(id);
	snprintf(want, sizeof(want), "args.cgroup=%s", id);
	agent_fresh("agent:\n  syscall_stats: {interval: 1s}\n");
	stats_policy("  syscall_stats: {where: args.count > 40}\n");
	agent_start();
	subject(often_and_seldom);
	agent_await("events", "syscall_stats", 0, want, "args.call=getsid", NULL);
	usleep(1500000);
	check(agent_sum(id, "getpriority") == 0, "%lld calls of a quiet one were told", agent_sum(id, "getpriority"));
	check(agent_stop() == 0, "saker failed");
	group_end();
}

TEST(stats_syscalls_uncounted, "calls that found no room are told as a number")
{
	json_t *r;

	agent_fresh("agent:\n  syscall_stats: {interval: 500ms, entries: 1024}\n");
	stats_policy("  syscall_stats: {where: args.uncounted > 0}\n");
	agent_start();
	subject(all_sorts);
	r = agent_await("events", "syscall_stats", 0, NULL);
	check(number(r, "args.uncounted") > MANY_CALLS / 4, "%s were lost", value(r, "args.uncounted"));
	check(agent_stop() == 0, "saker failed");
}

/* --- container_stats */

#define HEX "57a7500000000000000000000000000000000000000000000000000000abcdef"

enum { TREES = 6, BURN_MS = 300, TASKS = 2 };

static const char *const trees_v1[TREES] = { "cpu", "cpuacct", "memory", "blkio", "pids", "unified" };

/* The files that a figure is compared with, of version 1 and 2; word is before its number. */
static const struct {
	const char *field, *v1, *v2, *word;
	unsigned long long factor_v2;
} figures[] = {
	{ "args.cpu_usage", "cpuacct/cpuacct.usage", "cpu.stat", "usage_usec ", 1000 },
	{ "args.cpu_user", "cpuacct/cpuacct.usage_user", "cpu.stat", "user_usec ", 1000 },
	{ "args.cpu_system", "cpuacct/cpuacct.usage_sys", "cpu.stat", "system_usec ", 1000 },
	{ "args.memory_usage", "memory/memory.usage_in_bytes", "memory.current", "", 1 },
	{ "args.memory_limit", "memory/memory.limit_in_bytes", "memory.max", "", 1 },
	{ "args.memory_peak", "memory/memory.max_usage_in_bytes", "memory.peak", "", 1 },
	{ "args.memory_failures", "memory/memory.failcnt", "memory.events", "\nmax ", 1 },
	{ "args.pids", "pids/pids.current", "pids.current", "", 1 },
	{ "args.pids_limit", "pids/pids.max", "pids.max", "", 1 },
};

static char below[256];

static bool is_v1(void)
{
	return cgroup_hierarchy() != 0;
}

/* The folder of this cgroup in a hierarchy, and a file in it. */
static const char *file_of(const char *tree, const char *file)
{
	static char path[4800];
	const char *root = cgroup_root();
	int parent = is_v1() ? (int)(strrchr(root, '/') - root) : (int)strlen(root);

	snprintf(path, sizeof(path), "%.*s%s%s%s/%s", parent, root, is_v1() ? "/" : "", is_v1() ? tree : "", below, file);
	return path;
}

static void put_file(const char *tree, const char *file, const char *text)
{
	int fd = open(file_of(tree, file), O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		note("%s: %s", file_of(tree, file), strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* What the file says of a figure; false when it says nothing. */
static bool true_figure(unsigned i, unsigned long long *ret)
{
	char text[4096] = "", tree[16];
	const char *file = is_v1() ? strchr(figures[i].v1, '/') + 1 : figures[i].v2, *at;
	FILE *f;

	snprintf(tree, sizeof(tree), "%.*s", (int)strcspn(figures[i].v1, "/"), figures[i].v1);
	f = fopen(file_of(tree, file), "re");
	if (f) {
		text[fread(text, 1, sizeof(text) - 1, f)] = 0;
		fclose(f);
	}
	at = is_v1() ? text : strstr(text, figures[i].word);
	if (!at || sscanf(at + (is_v1() ? 0 : strlen(figures[i].word)), "%llu", ret) != 1)
		return false;
	*ret *= is_v1() ? 1 : figures[i].factor_v2;
	return true;
}

static void make_cgroup(const char *path)
{
	snprintf(below, sizeof(below), "/saker-live-stats-%d%s", getpid(), path);
	for (unsigned i = 0; i < (is_v1() ? TREES : 1u); i++)
		if (mkdir(file_of(trees_v1[i], ""), 0755) < 0 && errno != EEXIST)
			skip("%s: %s", file_of(trees_v1[i], ""), strerror(errno));
}

static void remove_cgroup(const char *path)
{
	snprintf(below, sizeof(below), "/saker-live-stats-%d%s", getpid(), path);
	for (unsigned i = 0; i < (is_v1() ? TREES : 1u); i++)
		for (unsigned n = 0; n < 100 && rmdir(file_of(trees_v1[i], "")) < 0 && errno == EBUSY; n++)
			usleep(10000);
}

/* Join the cgroup, use processor and memory, and use no more until we are killed, at last by an alarm. */
static void burns(void)
{
	struct timespec used;
	char *memory;

	for (unsigned i = 0; i < (is_v1() ? TREES : 1u); i++)
		put_file(trees_v1[i], "cgroup.procs", "0");
	if (fork() == 0)
		while (alarm(60) == 0)
			pause();
	alarm(60);
	memory = malloc(8 << 20);
	if (!memory)
		subject_fail("malloc");
	do {
		memset(memory, 1, 8 << 20);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	} while (used.tv_sec == 0 && used.tv_nsec < BURN_MS * 1000000);
	for (;;)
		pause();
}

/* When its tasks rest: the processor time that the file has, which no longer changes. */
static unsigned long long await_rest(void)
{
	unsigned long long used = 0, before;
	double end = deadline();

	do {
		usleep(100000);
		before = used;
		if (!true_figure(0, &used))
			skip("processor time is not told here");
	} while ((used != before || used < BURN_MS * 500000ull) && now() < end);
	return used;
}

static void compare(json_t *r)
{
	unsigned long long want;

	for (unsigned i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
		if (true_figure(i, &want) && want < 1ull << 62)
			is(r, figures[i].field, "%llu", want);
		else
			is(r, figures[i].field, "null");
	}
	check(number(r, "args.cpu_user") > 0, "no time in user mode");
}

static void kill_all(void)
{
	FILE *f = fopen(file_of("memory", "cgroup.procs"), "re");
	int pid;

	while (f && fscanf(f, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	if (f)
		fclose(f);
}

TEST(stats_container, "what a container uses is told as the kernel's files have it")
{
	char plain[64], id[64], used[64];
	pid_t pid;
	json_t *r;

	if (!cgroup_root())
		skip("no cgroups");
	make_cgroup("");
	snprintf(plain, sizeof(plain), "args.cgroup=%llu", (unsigned long long)cgroup_id(file_of("memory", "")));
	make_cgroup("/docker");
	make_cgroup("/docker/" HEX);
	snprintf(id, sizeof(id), "args.cgroup=%llu", (unsigned long long)cgroup_id(file_of("memory", "")));
	put_file("memory", is_v1() ? "memory.limit_in_bytes" : "memory.max", "134217728");
	put_file("pids", "pids.max", "50");
	trace("-e container_stats");
	pid = subject_start(burns);
	snprintf(used, sizeof(used), "args.cpu_usage=%llu", await_rest());
	r = await("container_stats", 0, id, used, NULL);
	compare(r);
	is(r, "args.path", "%s", below);
	is(r, "container.id", HEX);
	if (strcmp(value(r, "args.pids"), "null") != 0)
		is(r, "args.pids", "%d", TASKS);
	usleep(1500000);
	trace_stop();
	r = seen(count("container_stats", 0, id, NULL) - 1, "container_stats", 0, id, NULL);
	check(number(r, "args.interval") >= 500000000, "interval %s", value(r, "args.interval"));
	check(count("container_stats", 0, plain, NULL) == 0, "a cgroup that is no container was told");
	kill_all();
	subject_wait(pid);
	remove_cgroup("/docker/" HEX);
	remove_cgroup("/docker");
	remove_cgroup("");
}

/* Until it is told once more from now on. */
static json_t *told_again(const char *cgroup)
{
	unsigned n = agent_count("events", "container_stats", 0, cgroup, NULL);

	return agent_nth("events", n, "container_stats", 0, cgroup, NULL);
}

static void cgroup_is(char text[static 64], const char *path)
{
	make_cgroup(path);
	snprintf(text, 64, "args.cgroup=%llu", (unsigned long long)cgroup_id(file_of("memory", "")));
}

TEST(stats_cgroups, "what any cgroup uses is told where that is asked for, as long as it is there")
{
	char plain[64], later[64];
	unsigned told;
	json_t *r;

	if (!cgroup_root())
		skip("no cgroups");
	cgroup_is(plain, "");
	put_file("pids", "pids.max", "50");
	agent_fresh("agent: {container_stats: {interval: 500ms, of: cgroups}}\n");
	agent_file("policies/p.yaml", "name: p\nevents: {container_stats: }\n");
	agent_start();
	r = told_again(plain);
	is(r, "args.path", "%s", below);
	is(r, "container.id", "host");
	if (strcmp(value(r, "args.pids_limit"), "null") != 0)
		is(r, "args.pids_limit", "50");
	cgroup_is(later, "/later");
	is(told_again(later), "args.path", "%s", below);
	remove_cgroup("/later");
	agent_barrier();
	told_again(plain);
	told = agent_count("events", "container_stats", 0, later, NULL);
	told_again(plain);
	told_again(plain);
	check(agent_count("events", "container_stats", 0, later, NULL) == told, "a cgroup that is gone is told");
	remove_cgroup("");
	agent_stop();
}
