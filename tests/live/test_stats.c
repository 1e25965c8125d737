// SPDX-License-Identifier: Apache-2.0
/* syscall_stats: counters of system calls by cgroup. */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GOOD = 700, BAD = 300 };

static char group[4400];

static void calls(void)
{
	char path[4500];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		subject_fail(path);
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
