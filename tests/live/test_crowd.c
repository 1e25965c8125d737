// SPDX-License-Identifier: Apache-2.0
/* Processes that end before anybody could look at them, more than can be, and numbers of another namespace. */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "running.h"

enum { BRIEF = 100, BOMB_UID = 54321 };
enum { MADE, REFUSED, WANTED, ALIVE };	/* of shared->n */

static char group[4300];

/* --- too short to be looked at */

/* Each with arguments of its own, in a cgroup that only they are in. */
static void runs_briefly(void)
{
	char path[4400], number[24];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1 || chdir("/usr") < 0)
		subject_fail(path);
	close(fd);
	for (long i = 0; i < shared->n[WANTED]; i++) {
		snprintf(number, sizeof(number), "%ld", i);
		if (vfork() == 0) {
			execl(in_scratch("brief"), "a brief one", "--be", "exit", "0", number, NULL);
			_exit(9);
		}
		wait(NULL);
	}
}

/* What every record of a brief one has; its number, or -1. */
static long brief_is(json_t *r, const char *id)
{
	is(r, "proc.exe", "%s", in_scratch("brief"));
	is(r, "proc.args.0", "a brief one");
	is(r, "proc.cgroup", "%s", id);
	is(r, "user.uid", "0");
	if (!strcmp(value(r, "event"), "process_exec"))
		is(r, "args.cwd", "/usr");
	return strtol(value(r, "proc.args.4"), NULL, 10);
}

TEST(crowd_brief, "processes that end at once: each has its program, arguments, folder and cgroup")
{
	unsigned execs[BRIEF] = { 0 }, exits[BRIEF] = { 0 };
	json_t *r;
	char id[32];
	size_t i;

	if (!cgroup_root())
		skip("no cgroups");
	snprintf(group, sizeof(group), "%s/saker-live-crowd", cgroup_root());
	if (mkdir(group, 0755) < 0 && errno != EEXIST)
		skip("%s: %s", group, strerror(errno));
	snprintf(id, sizeof(id), "%llu", (unsigned long long)cgroup_id(group));
	copy_self(in_scratch("brief"), 0755);
	agent_fresh("");
	agent_file("policies/p.yaml", "name: p\nscope: proc.name = brief\nevents: {process_exec: , process_exit: }\n");
	agent_start();
	shared->n[WANTED] = BRIEF / slowness();
	subject(runs_briefly);
	agent_barrier();
	json_array_foreach(agent_records("events"), i, r) {
		unsigned *n = !strcmp(value(r, "event"), "process_exec") ? execs :
			      !strcmp(value(r, "event"), "process_exit") ? exits : NULL;
		long number = n ? brief_is(r, id) : -1;

		if (number >= 0 && number < BRIEF)
			n[number]++;
	}
	for (long k = 0; k < shared->n[WANTED]; k++)
		check(execs[k] == 1 && exits[k] == 1, "%ld: %u execs, %u exits", k, execs[k], exits[k]);
	agent_stop();
	rmdir(group);
}

/* --- more than can be */

/* Fork as long as it goes; who cannot gives up its place, but for the first. */
static void forks_on(bool is_first)
{
	while (__atomic_load_n(&shared->n[MADE], __ATOMIC_RELAXED) < shared->n[WANTED]) {
		pid_t pid = fork();

		if (pid == 0)
			is_first = false;
		else if (pid > 0)
			__atomic_add_fetch(&shared->n[MADE], 1, __ATOMIC_RELAXED);
		else if (__atomic_add_fetch(&shared->n[REFUSED], 1, __ATOMIC_RELAXED) && !is_first)
			_exit(0);
		else
			usleep(1000);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	if (!is_first)
		_exit(0);
	while (wait(NULL) > 0)		/* it adopts all whose parents gave up */
		;
}

static void bomb(void)
{
	const struct rlimit limit = { shared->n[ALIVE], shared->n[ALIVE] };

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || setrlimit(RLIMIT_NPROC, &limit) < 0 ||
	    setresuid(BOMB_UID, BOMB_UID, BOMB_UID) < 0)
		subject_fail("limits");
	forks_on(true);
}

static void asks(void)
{
	syscall(SYS_getsid, 0);
}

TEST(crowd_bomb, "a fork bomb: each fork is told or counted as lost, and who ran before is still known")
{
	long long told, dropped;
	json_t *stats, *r;

	agent_fresh("  forks: {type: file, path: forks.json, fields: [event], where: evt.type = process_fork}\n");
	agent_file("policies/p.yaml", "name: p\nevents: {process_fork: {where: user.uid = %d, sinks: [forks]}}\n", BOMB_UID);
	agent_file("policies/q.yaml", "name: q\nscope: proc.ppid = %d\nevents: {getsid: }\n", getpid());
	agent_start();
	shared->n[MADE] = shared->n[REFUSED] = 0;
	shared->n[WANTED] = at_length() ? 20000 : 500;
	shared->n[ALIVE] = at_length() ? 400 : 32;
	subject(bomb);
	agent_barrier();
	stats = agent_ask("stats");
	dropped = number(stats, "lanes.critical.dropped.full") + number(stats, "lanes.critical.dropped.scratch");
	check(number(stats, "agent.processes_evicted_running") == 0, "who runs was forgotten");
	r = agent_await("events", "getsid", subject(asks), NULL);
	is(r, "proc.ppid", "%d", getpid());
	is(r, "proc.ancestors.0.pid", "%d", getpid());
	if (dropped)
		agent_await("events", "lost", 0, "args.lane=critical", NULL);
	check(agent_stop() == 0, "saker failed");
	told = agent_count("forks", "process_fork", 0, NULL);
	note("%ld forks, %ld refused, %lld records of the lane lost", shared->n[MADE], shared->n[REFUSED], dropped);
	check(shared->n[REFUSED] > 0, "there was no limit");
	check(told <= shared->n[MADE] && told + dropped >= shared->n[MADE], "%lld of %ld forks, %lld records lost", told,
	      shared->n[MADE], dropped);
}

/* --- as many as a machine holds, at once */

enum { TASKS = 600, TASKS_LONG = 32000, TASKS_OTHERS = 2000, TASKS_STEP = 50, CROWD_UID = 54322, TASKS_SECONDS = 60, GROWTH = 16 << 20 };

/* The cgroup with a limit of tasks, and what is written to one of its files; false: there is none. */
static bool write_group(const char *file, long value)
{
	char path[4400];
	FILE *f;
	bool done;

	snprintf(path, sizeof(path), "%s/%s", group, file);
	f = fopen(path, "we");
	done = f && fprintf(f, "%ld", value) > 0;
	return f && fclose(f) == 0 && done;
}

static bool make_limited_group(long tasks)
{
	const char *pids = "/sys/fs/cgroup/pids";	/* of version 1, or else the controller is with the others */

	snprintf(group, sizeof(group), "%s/saker-live-tasks", access(pids, F_OK) == 0 ? pids : cgroup_root());
	return (mkdir(group, 0755) == 0 || errno == EEXIST) && write_group("pids.max", tasks);
}

/* How many there shall be; process ids must suffice. */
static long tasks_wanted(void)
{
	FILE *f = fopen("/proc/sys/kernel/pid_max", "re");
	long max = 32768, wanted = at_length() ? TASKS_LONG : TASKS;

	if (f && fscanf(f, "%ld", &max) != 1)
		max = 32768;
	if (f)
		fclose(f);
	return wanted < max - TASKS_OTHERS ? wanted : max - TASKS_OTHERS;
}

/* One after the other until the cgroup is full, and a pause now and then for whom else is here. */
static void fills_group(void)
{
	static pid_t tasks[TASKS_LONG];
	long n = 0;

	if (!write_group("cgroup.procs", getpid()) || setresuid(CROWD_UID, CROWD_UID, CROWD_UID) < 0)
		subject_fail(group);
	while (n < TASKS_LONG && (tasks[n] = fork()) >= 0) {
		if (tasks[n] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
		if (++n % TASKS_STEP == 0)
			usleep(10000);
	}
	shared->n[REFUSED] = n < TASKS_LONG && errno == EAGAIN;
	if (at_length())
		sleep(TASKS_SECONDS);
	for (long i = 0; i < n; i++) {
		kill(tasks[i], SIGKILL);
		if (i % TASKS_STEP == 0)
			usleep(10000);
	}
	while (wait(NULL) > 0)
		;
	shared->n[MADE] = n;
}

TEST(crowd_tasks, "as many tasks as a cgroup may have: each is told, who ran before is known, and memory is bounded")
{
	long long before, after;
	json_t *stats, *r;

	if (!cgroup_root() || !make_limited_group(tasks_wanted()))
		skip("no limit of tasks here");
	agent_fresh("  tasks: {type: file, path: tasks, fields: [event]}\n");	/* to be counted, not read */
	agent_file("policies/f.yaml", "name: forks\nscope: user.uid = %d\nevents: {process_fork: {sinks: [tasks]}}\n", CROWD_UID);
	agent_file("policies/e.yaml", "name: ends\nscope: user.uid = %d and args.group = true\n"
		   "events: {process_exit: {sinks: [tasks]}}\n", CROWD_UID);
	agent_file("policies/q.yaml", "name: q\nscope: proc.ppid = %d\nevents: {getsid: }\n", getpid());
	agent_start();
	before = number(agent_ask("status"), "resident_bytes");
	if (at_length())
		alarm(10 * TASKS_SECONDS);
	shared->n[MADE] = shared->n[REFUSED] = 0;
	subject(fills_group);
	agent_barrier();
	after = number(agent_ask("status"), "resident_bytes");
	stats = agent_ask("stats");
	note("%ld tasks; resident %lld KiB, before %lld; %lld that ran were forgotten", shared->n[MADE], after >> 10,
	     before >> 10, number(stats, "agent.processes_evicted_running"));
	check(shared->n[REFUSED], "the cgroup has no limit");
	check(after < before + GROWTH, "memory grows from %lld to %lld", before, after);
	check(number(stats, "lanes.critical.dropped.full") + number(stats, "lanes.critical.dropped.scratch") == 0,
	      "the critical lane lost some");
	r = agent_await("events", "getsid", subject(asks), NULL);
	is(r, "proc.ancestors.0.pid", "%d", getpid());
	check(number(stats, "policies.forks.matched") == shared->n[MADE], "%s forks are told of %ld",
	      value(stats, "policies.forks.matched"), shared->n[MADE]);
	check(number(stats, "policies.ends.matched") == shared->n[MADE] + 1, "%s ends are told of %ld and one",
	      value(stats, "policies.ends.matched"), shared->n[MADE]);
	check(agent_stop() == 0, "saker failed");
	rmdir(group);
}

/* --- an agent that sees other numbers */

TEST(crowd_namespace, "an agent in a pid namespace of its own, with a /proc that hides others, tells the host's numbers")
{
	char out[4300];
	unsigned n = 0;
	pid_t watcher;
	json_t *r;
	FILE *f;

	snprintf(out, sizeof(out), "%s", in_scratch("namespace.json"));
	watcher = fork();
	if (watcher == 0) {
		shell("timeout 60 unshare -pfm sh -c 'mount -t proc -o hidepid=2 proc /proc && exec \"$@\"' sh "
		      "%s trace -o json -e getsid --count 5 'proc.ppid = %d and proc.name = subject' > %s 2> /dev/null", saker_path(), getppid(), out);
		_exit(0);
	}
	while (waitpid(watcher, NULL, WNOHANG) == 0)
		subject(asks);
	f = fopen(out, "re");
	while (f && (r = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL))) {
		if (!strcmp(value(r, "event"), "getsid")) {
			n++;
			is(r, "proc.ppid", "%d", getpid());
			is(r, "proc.vppid", "%d", getpid());
			is(r, "proc.vpid", "%s", value(r, "proc.pid"));
		}
		json_decref(r);
	}
	if (f)
		fclose(f);
	check(n >= 3, "%u calls are told", n);
}
