// SPDX-License-Identifier: Apache-2.0
/* Disks that fail or take long, by a library that is loaded into the agent. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

enum { CALLS = 200 };

static char library[4200];

static void preload(void)
{
	setenv("DISK_FAULTS", agent_path("faults"), 1);
	setenv("LD_PRELOAD", library, 1);
	/* A sanitizer wants to be first. */
	setenv("ASAN_OPTIONS", "detect_leaks=0:verify_asan_link_order=0", 1);
}

static void faults(int write_errno, int sync_errno, int write_ms)
{
	agent_file("faults", "%d %d %d\n", write_errno, sync_errno, write_ms);
}

static void begin(const char *options)
{
	ssize_t n = readlink("/proc/self/exe", library, sizeof(library) - 32);

	library[n < 0 ? 0 : n] = 0;
	strcpy(strrchr(library, '/'), "/libdisk.so");
	if (access(library, R_OK) < 0)
		skip("no %s", library);
	agent_fresh("");
	agent_file("saker.yaml", "agent: {drain_timeout: 2s}\npolicies: [policies]\nsinks:\n"
		   "  events: {type: file, path: events.json, where: \"evt.type != getsid or args.pid = 1000\"}\n"
		   "  bad: {type: file, path: bad.json%s}\n", options);
	agent_file("policies/p.yaml", "name: p\nscope: proc.ppid = %d\nevents:\n  getsid: {where: \"args.pid >= 1000 and args.pid < 2000\"}\n",
		   getpid());
	faults(0, 0, 0);
	agent_setup(preload);
	agent_start();
}

static void sids(void)
{
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getsid, 1000 + i);
}

static long long figure(const char *name)
{
	return number(agent_sink("bad"), name);
}

static void wait_until_done(void)
{
	for (double end = deadline(); figure("waiting") > 0 && now() < end;)
		poll(NULL, 0, 50);
}

static void failing(int write_errno, int sync_errno)
{
	long long before;

	subject(sids);
	agent_barrier();
	wait_until_done();
	before = figure("written");
	faults(write_errno, sync_errno, 0);
	subject(sids);
	agent_barrier();
	for (double end = deadline(); !figure("retries") && now() < end;)
		poll(NULL, 0, 50);
	check(figure("written") == before, "%lld more count as written", figure("written") - before);
	check(figure("waiting") >= CALLS, "%lld wait", figure("waiting"));
	faults(0, 0, 0);
	wait_until_done();
	check(figure("waiting") == 0 && figure("dropped") == 0, "%lld wait", figure("waiting"));
	check(agent_stop() == 0, "saker failed");
	check(agent_count("bad", "getsid", 0, NULL) == 2 * CALLS, "%u are in the file", agent_count("bad", "getsid", 0, NULL));
	check(agent_count("events", "getsid", 0, NULL) == 2, "the other sink was disturbed");
}

TEST(disk_sync, "with fsync: always no line counts as written whose sync failed, and each is there once")
{
	begin(", fsync: always");
	failing(0, EIO);
}

TEST(disk_write, "writes that fail with EIO and EDQUOT are tried again and cost nothing")
{
	begin("");
	failing(EIO, 0);
	begin("");
	failing(EDQUOT, 0);
}

static void one_sid(long n)
{
	syscall(SYS_getsid, 1000 + n % 1000);
}

static void flood(void)
{
	shared->n[0] = paced(50000, at_length() ? 5.5 : 2.5, one_sid);
}

TEST(disk_slow, "a write that takes seconds costs neither the kernel side nor other sinks an event")
{
	begin(", queue: {bytes: 16M}");
	faults(0, 0, at_length() ? 5000 : 2000);
	subject(flood);
	agent_barrier();
	faults(0, 0, 0);
	note("%ld calls while a write took its time; %lld lines wait, %lld were displaced", shared->n[0], figure("waiting"),
	     figure("dropped"));
	check(agent_count("events", "lost", 0, NULL) == 0, "something was lost in the kernel");
	check(agent_count("events", "getsid", 0, NULL) == (unsigned)((shared->n[0] + 999) / 1000), "%u of %ld are in the other sink",
	      agent_count("events", "getsid", 0, NULL), (shared->n[0] + 999) / 1000);
	check(figure("offered") >= shared->n[0], "%lld of %ld were offered", figure("offered"), shared->n[0]);
	wait_until_done();
	check(figure("offered") == figure("written") + figure("dropped"), "the figures do not add up");
	agent_stop();
}
