// SPDX-License-Identifier: Apache-2.0
/* Records that come while hooks are loaded and attached, and while files are written without end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

enum { CANARY = 2000000, STOP = 0, MADE = 1, LOAD = 40 };

/* 1,000 numbered calls a second, each with LOAD others that nobody keeps. */
static void sings(void)
{
	struct timespec at;
	long n = 0, pause = 1000000 * slowness();

	clock_gettime(CLOCK_MONOTONIC, &at);
	while (!*(volatile long *)&shared->n[STOP]) {
		syscall(SYS_getsid, CANARY + n++);
		for (int i = 0; i < LOAD; i++)
			syscall(SYS_getppid);
		at.tv_nsec += pause;
		at.tv_sec += at.tv_nsec / 1000000000;
		at.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
	shared->n[MADE] = n;
}

/* Lanes that hold what comes in a tenth of a second: a loop that stands still for longer loses. */
static pid_t begin(const char *lane)
{
	pid_t singer;

	shared->n[STOP] = 0;
	agent_fresh("");
	agent_file("saker.yaml", "policies: [policies]\nagent: {lanes: {normal: %s}}\nsinks:\n"
		   "  events: {type: file, path: events.json, where: \"evt.type != getppid\"}\n"
		   "  load: {type: file, path: /dev/null, where: \"evt.type = getppid\"}\n", lane);
	agent_file("policies/song.yaml", "name: song\nscope: proc.name = subject and proc.ppid = %d\nevents:\n"
		   "  getsid: {where: \"args.pid >= %d\"}\n  getppid:\n", getpid(), CANARY);
	agent_file("policies/figures.yaml", "name: figures\nevents: {stats: }\n");
	agent_start();
	singer = subject_start(sings);
	return singer;
}

/* From 7.0 on the kernel skips programs on a cpu where it preempted who is in bpf(2), as who reloads often is.
 * What it skipped is told. */
static long long skipped(void)
{
	long long n = 0;
	json_t *r;
	size_t i;

	if (kernel_version() < 70000)
		return 0;
	json_array_foreach(agent_records("events"), i, r)
		if (!strcmp(value(r, "event"), "lost") && !strcmp(value(r, "args.reason"), "missed"))
			n += number(r, "args.count");
	return n;
}

/* Each canary is there, in order. */
static void end(pid_t singer)
{
	long long figures[FIGURES], missing;
	bool ordered = true;
	long n = 0, last = -1;
	json_t *r;
	size_t i;

	shared->n[STOP] = 1;
	check(subject_wait(singer) == 0, "the subject failed");
	agent_barrier();
	json_array_foreach(agent_records("events"), i, r)
		if (!strcmp(value(r, "event"), "getsid")) {
			ordered = ordered && number(r, "args.pid") > last;
			last = number(r, "args.pid");
			n++;
		}
	missing = shared->n[MADE] - n;
	check(ordered && missing >= 0, "canaries come twice or out of order");
	soon(missing <= skipped(), "%lld of %ld canaries are missing, %lld runs are told as missed", missing, shared->n[MADE],
	     skipped());
	if (missing)
		note("%lld of %ld canaries are missing, %lld runs are told as missed", missing, shared->n[MADE], skipped());
	agent_figures(figures);
	check(figures[DROPPED] == 0 && figures[SUBMITTED] == figures[READ], "%lld dropped, %lld submitted, %lld read",
	      figures[DROPPED], figures[SUBMITTED], figures[READ]);
}

static const char *reloaded(void)
{
	return value(agent_reload(), "args.result");
}

TEST(storm_attach, "loading and attaching all hooks stops nothing")
{
	unsigned rounds = slowness() > 4 ? 1 : 3;
	pid_t singer = begin("1M");

	for (unsigned i = 0; i < rounds; i++) {
		agent_file("policies/all.yaml", "name: all\nscope: proc.name = nobody\nevents:\n  all: \n");
		check(!strcmp(reloaded(), "applied"), "all events are refused");
		agent_file_remove("policies/all.yaml");
		check(!strcmp(reloaded(), "applied"), "fewer events are refused");
	}
	end(singer);
	check(agent_stop() == 0, "saker failed");
}

/* --- a loop that sleeps when a call comes, while what is left for the policies before is read */

static void calls_now_and_then(void)
{
	while (!*(volatile long *)&shared->n[STOP]) {
		usleep(200000);
		syscall(SYS_getsid, CANARY + shared->n[MADE]++);
	}
}

static void write_sinks(bool more)
{
	agent_file("saker.yaml", "policies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n%s",
		   more ? "  more: {type: file, path: more.json}\n" : "");
}

TEST(storm_settle, "putting away the policies before leaves nobody asleep")
{
	pid_t caller;

	shared->n[STOP] = shared->n[MADE] = 0;
	agent_fresh("");
	agent_file("policies/song.yaml", "name: song\nscope: proc.name = subject\nevents:\n"
		   "  getsid: {where: \"args.pid >= %d\"}\n", CANARY);
	agent_start();
	caller = subject_start(calls_now_and_then);
	for (unsigned i = 0; i < 10; i++) {
		write_sinks(i % 2 == 0);
		is(agent_reloaded(), "args.result", "applied");	/* found by the watch, while nothing else comes */
	}
	shared->n[STOP] = 1;
	check(subject_wait(caller) == 0, "the subject failed");
	agent_barrier();
	check(agent_count("events", "getsid", caller, NULL) == shared->n[MADE], "calls are missing");
	check(agent_stop() == 0, "saker failed");
}

/* --- what is told, and how often */

static void write_lanes(const char *bulk)
{
	agent_file("saker.yaml", "policies: [policies]\nagent: {lanes: {bulk: %s}, report_interval: 2s}\nsinks:\n"
		   "  events: {type: file, path: events.json}\n", bulk);
}

TEST(storm_waiting, "what waits for the next start is told as long as it does")
{
	json_t *r;

	agent_fresh("");
	agent_start();
	write_lanes("2M");
	r = agent_reload();
	is(r, "args.result", "applied");
	is(r, "args.waiting", "agent.lanes.bulk");
	agent_file("policies/p.yaml", "name: p\nevents: {getsid: }\n");
	r = agent_reload();
	is(r, "args.added", "1");
	is(r, "args.waiting", "agent.lanes.bulk");
	write_lanes("4M");
	r = agent_reload();
	check(!*value(r, "args.waiting") || !strcmp(value(r, "args.waiting"), "null"), "%s", value(r, "args.waiting"));
	check(agent_stop() == 0, "saker failed");
}

TEST(storm_told_once, "the same wrong contents are told once, and whenever somebody asks")
{
	unsigned told;
	json_t *r;

	agent_fresh("");
	agent_start();
	agent_file("policies/p.yaml", "name: p\nevents: {getsidd: }\n");
	r = agent_reloaded();
	is(r, "args.result", "refused");
	agent_file_in_place("policies/p.yaml", "name: p\nevents: {getsidd: }\n");
	agent_file("policies/p.yaml", "name: p\nevents: {getsidd: }\n");
	usleep(1500000);
	check(agent_reloads() == 1, "the same is told %u times", agent_reloads());
	kill(agent_pid(), SIGHUP);
	is(agent_reloaded(), "args.result", "refused");
	agent_file("policies/p.yaml", "name: p\nevents: {getsiddd: }\n");
	is(agent_reloaded(), "args.result", "refused");
	agent_file("policies/p.yaml", "name: p\nevents: {getsid: }\n");
	is(agent_reloaded(), "args.result", "applied");
	told = agent_reloads();
	kill(agent_pid(), SIGHUP);
	usleep(300000);
	check(agent_reloads() == told && told == 4, "%u, then %u tellings", told, agent_reloads());
	check(agent_stop() == 0, "saker failed");
}

/* --- rewrites */

static unsigned rewrites_wanted(void)
{
	const char *text = getenv("SAKER_REWRITES");

	return text ? strtoul(text, NULL, 10) : 10000;
}

/* What waits for a sink may take so much, queue.bytes by default. */
enum { QUEUE_KIB = 16 << 10 };

static int last;

static void last_call(void)
{
	syscall(SYS_getuid);
	prctl(PR_SET_NAME, "last");
	syscall(SYS_setfsuid, last);
}

#define VERSION "name: version\nscope: proc.name = last\nevents:\n  setfsuid: {where: \"args.fsuid = %u\"}\n"

static void write_version(unsigned n)
{
	if (n % 3 == 0)
		agent_file_in_place("policies/version.yaml", VERSION, n);
	else
		agent_file("policies/version.yaml", VERSION, n);
}

TEST(storm_rewrites, "rewrites without end are told now and then, and end in the last")
{
	unsigned n = slowness() > 4 ? 300 : rewrites_wanted();
	pid_t singer = begin("8M"), caller = 0;
	long before, after;
	double started;
	unsigned told;

	write_version(0);
	check(!strcmp(reloaded(), "applied"), "the first content is refused");
	before = agent_own_kib();
	started = now();
	for (unsigned i = 1; i <= n; i++) {
		write_version(i);
		usleep(200);
	}
	for (double patience = now() + 10 + slowness(); now() < patience; usleep(20000)) {
		last = n;
		caller = subject(last_call);
		agent_barrier();
		if (agent_count("events", "setfsuid", caller, NULL))
			break;
	}
	check(agent_count("events", "setfsuid", caller, NULL) == 1, "the last of %u contents is not in force", n);
	told = agent_reloads();
	check(told <= (now() - started) / 0.5 + 3, "%u reloads in %.1f s", told, now() - started);
	after = agent_own_kib();
	check(after - before < QUEUE_KIB + (3 << 10), "memory grew from %ld to %ld KiB", before, after);
	note("%u rewrites in %.1f s, %u reloads", n, now() - started, told);
	end(singer);
	check(agent_stop() == 0, "saker failed");
}
