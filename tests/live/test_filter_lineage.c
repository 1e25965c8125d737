// SPDX-License-Identifier: Apache-2.0
/* The kernel side follows who descends from whom: of what ran before it watched, of what forks while policies
 * are replaced, and of those whose parent has ended. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

enum { RELOADS = 12, CALLS = 50, PAUSE_US = 300, PAUSE_GUEST_US = 20000 };

/* Of shared numbers; of tree and stranger how many were begun and how many have called. */
enum { GO, STOP, READY, ENDED, TREE, STRANGER = TREE + 2, CALLED = 1 };

static long add(unsigned which, long n)
{
	return __atomic_add_fetch(&shared->n[which], n, __ATOMIC_SEQ_CST);
}

/* The one that calls has lost the one that started it. */
static void fork_twice(unsigned which)
{
	pid_t middle = fork();

	if (middle < 0)
		subject_fail("fork");
	if (middle == 0) {
		middle = getpid();
		if (fork() == 0) {
			while (getppid() == middle)
				sched_yield();
			syscall(SYS_getpriority, 0, 0);
			add(which + CALLED, 1);
		}
		_exit(0);
	}
	add(which, 1);
	if (waitpid(middle, NULL, 0) < 0)
		subject_fail("waitpid");
}

static void storm(unsigned which)
{
	add(READY, 1);
	while (!add(GO, 0))
		usleep(1000);
	while (!add(STOP, 0)) {
		fork_twice(which);
		usleep(brief() ? PAUSE_GUEST_US : PAUSE_US);
	}
	add(ENDED, 1);
	pause();	/* who ends takes along all that it started */
}

static void tree(void)
{
	storm(TREE);
}

static void stranger(void)
{
	storm(STRANGER);
}

static void await_count(unsigned which, long n)
{
	double end = deadline() + 10;

	while (add(which, 0) < n) {
		if (now() > end)
			give_up("%ld came of %ld", add(which, 0), n);
		usleep(1000);
	}
}

static void write_policy(pid_t root, unsigned n)
{
	agent_file("policies/p.yaml", "name: p\nevents:\n  getpriority: {where: 'proc.apid in (%d, %d)'}\n", root,
		   0x3000000 + n);
}

/* When it had time to learn of all, strangers' calls do not leave the kernel. */
static void expect_filtered(void)
{
	long long before[FIGURES], after[FIGURES];
	long strangers;

	agent_figures(before);
	strangers = add(STRANGER + CALLED, 0);
	await_count(STRANGER + CALLED, strangers + (brief() ? CALLS / 5 : CALLS));
	strangers = add(STRANGER + CALLED, 0) - strangers;
	agent_figures(after);
	check(after[FILTERED] - before[FILTERED] >= strangers, "%lld were filtered of %ld",
	      after[FILTERED] - before[FILTERED], strangers);
}

TEST(filter_lineage, "the kernel side asks for ancestors, and misses none, whatever forks while it learns of them")
{
	pid_t root, other;
	unsigned told;

	memset(shared, 0, sizeof(*shared));
	agent_fresh("");
	agent_file("policies/figures.yaml", "name: figures\nevents: {stats: }\n");
	root = subject_start(tree);
	other = subject_start(stranger);
	await_count(READY, 2);
	write_policy(root, 0);
	agent_start();
	add(GO, 1);
	for (unsigned i = 0; i < (brief() ? RELOADS / 4 : RELOADS); i++) {
		write_policy(root, i + 1);
		agent_reload();
		await_count(TREE, 5 * (i + 1));
	}
	expect_filtered();
	add(STOP, 1);
	await_count(ENDED, 2);
	await_count(TREE + CALLED, add(TREE, 0));
	await_count(STRANGER + CALLED, add(STRANGER, 0));
	agent_barrier();
	told = agent_count("events", "getpriority", 0, NULL);
	check(told == add(TREE, 0), "%u calls are told of %ld", told, add(TREE, 0));
	kill(root, SIGKILL);
	kill(other, SIGKILL);
	subject_wait(root);
	subject_wait(other);
	note("%ld processes of the tree, %ld others", add(TREE, 0), add(STRANGER, 0));
	check(agent_stop() == 0, "saker failed");
}
