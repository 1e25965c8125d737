// SPDX-License-Identifier: Apache-2.0
/* A cgroup and what is below it: the kernel side finds them by path, whether they are there yet or not. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

enum { CALLS = 40, GROUPS = 6 };

/* Parents before children.  What the policy wants is the second and all below it. */
static const char *const groups[GROUPS] = {
	"saker-live-under", "saker-live-under/a", "saker-live-under/a/deep", "saker-live-under/ab",
	"saker-live-undo", "saker-live-undo/a",
};

static char group[4500];

static const char *folder(unsigned i)
{
	snprintf(group, sizeof(group), "%s/%s", cgroup_root(), groups[i]);
	return group;
}

static void calls(void)
{
	subject_enter(group);
	for (unsigned i = 0; i < CALLS; i++)
		syscall(SYS_getpriority, 0, 0);
}

static void make_all(void)
{
	for (unsigned i = 0; i < GROUPS; i++)
		if (mkdir(folder(i), 0755) < 0)
			give_up("%s: %s", group, strerror(errno));
}

static void remove_all(void)
{
	for (unsigned i = GROUPS; i > 0; i--)
		rmdir(folder(i - 1));
}

static void call_in_each(pid_t *pids)
{
	for (unsigned i = 0; i < GROUPS; i++) {
		folder(i);
		pids[i] = subject(calls);
	}
}

static void told_of(const pid_t *pids)
{
	for (unsigned i = 0; i < GROUPS; i++) {
		unsigned n = agent_count("events", "getpriority", pids[i], NULL), want = i == 1 || i == 2 ? CALLS : 0;

		check(n == want, "%u calls in %s are told, not %u", n, groups[i], want);
	}
}

TEST(filter_cgroup, "the kernel side asks for a cgroup and those below it")
{
	pid_t first[GROUPS], again[GROUPS];
	long long before[FIGURES], after[FIGURES];

	if (!cgroup_root())
		skip("no cgroups here");
	remove_all();
	agent_fresh("");
	agent_file("policies/figures.yaml", "name: figures\nevents: {stats: }\n");
	agent_file("policies/p.yaml", "name: p\nevents:\n"
		   "  getpriority: {where: 'proc.cgroup_path pmatch (/saker-live-under/a)'}\n");
	make_all();
	agent_start();
	agent_figures(before);
	call_in_each(first);
	remove_all();
	make_all();
	call_in_each(again);
	agent_barrier();
	agent_figures(after);
	told_of(first);
	told_of(again);
	/* And the barrier. */
	check(after[SUBMITTED] - before[SUBMITTED] == 4 * CALLS + 1, "%lld records left the kernel, not %d",
	      after[SUBMITTED] - before[SUBMITTED], 4 * CALLS + 1);
	check(after[FILTERED] - before[FILTERED] >= 8 * CALLS, "only %lld were filtered",
	      after[FILTERED] - before[FILTERED]);
	check(agent_stop() == 0, "saker failed");
	remove_all();
}
