// SPDX-License-Identifier: Apache-2.0
/* Processes that end before anybody could look at them, more than can be, and numbers of another namespace. */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
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
	agent_file("policies/q.yaml", "name: q\nscope: proc.name = subject\nevents: {getsid: }\n");
	agent_start();
	shared->n[MADE] = shared->n[REFUSED] = 0;
	shared->n[WANTED] = getenv("LIVE_LONG") ? 20000 : 500;
	shared->n[ALIVE] = getenv("LIVE_LONG") ? 400 : 32;
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

/* --- an agent that sees other numbers */

TEST(crowd_namespace, "an agent in a pid namespace of its own tells the host's numbers")
{
	char out[4300];
	unsigned n = 0;
	pid_t watcher;
	json_t *r;
	FILE *f;

	snprintf(out, sizeof(out), "%s", in_scratch("namespace.json"));
	watcher = fork();
	if (watcher == 0) {
		shell("timeout 60 unshare -pf --mount-proc %s trace -o json -e getsid --count 5 "
		      "'proc.ppid = %d and proc.name = subject' > %s 2> /dev/null", saker_path(), getppid(), out);
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
