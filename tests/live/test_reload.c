// SPDX-License-Identifier: Apache-2.0
/* What is in force while files change, and when they are wrong. */
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
#include <time.h>
#include <unistd.h>

#include "live.h"
#include "running.h"
#include "version.h"

static void must(int r, const char *what)
{
	if (r < 0)
		give_up("%s: %s", what, strerror(errno));
}

/* --- files */

/* What is done in between is one change, however long this test is kept from doing it. */
static void agent_looks(bool looks)
{
	kill(agent_pid(), looks ? SIGCONT : SIGSTOP);
}

static void patterns_of_editors(void)
{
	agent_file("policies/p.yaml", VERSION("p"), 110);
	counts_are(agent_reloaded(), "applied", 0, 0, 1);
	in_force(110);
	agent_file_in_place("policies/p.yaml", VERSION("p"), 120);
	counts_are(agent_reloaded(), "applied", 0, 0, 1);
	in_force(120);
	agent_looks(false);
	must(rename(agent_path("policies/p.yaml"), agent_path("policies/p.yaml~")), "rename");
	agent_file_in_place("policies/p.yaml", VERSION("p"), 130);
	agent_looks(true);
	counts_are(agent_reloaded(), "applied", 0, 0, 1);
	in_force(130);
	agent_file("policies/other.yaml", "name: other\nevents: {getppid: {where: \"proc.name = nobody\"}}\n");
	counts_are(agent_reloaded(), "applied", 1, 0, 0);
	in_force(130);
	agent_file_remove("policies/other.yaml");
	counts_are(agent_reloaded(), "applied", 0, 1, 0);
	in_force(130);
}

/* Nothing of this is a reload; the next one is that of the end. */
static void nothing_new(void)
{
	agent_file("policies/p.yaml", VERSION("p"), 130);
	kill(agent_pid(), SIGHUP);
	usleep(50000 * slowness());	/* what is half written when it is told to read is refused */
	agent_file_in_place("policies/p.yaml", VERSION("p"), 130);
	must(rename(agent_path("policies/p.yaml"), agent_path("policies/q.yaml")), "rename");
	must(chmod(agent_path("policies/q.yaml"), 0600), "chmod");
	kill(agent_pid(), SIGHUP);
	usleep(700000);
	kill(agent_pid(), SIGHUP);
	in_force(130);
	agent_file("policies/q.yaml", VERSION("p"), 140);
	counts_are(agent_reload(), "applied", 0, 0, 1);
	in_force(140);
}

static void wrong_file(void)
{
	char want[4300];
	json_t *r;

	agent_file("policies/q.yaml", "name: p\nevents:\n  getsid: {where: \"args.pidd = 1\"}\n");
	r = agent_reloaded();
	counts_are(r, "refused", 0, 0, 0);
	snprintf(want, sizeof(want), "%s:3:20: ", agent_path("policies/q.yaml"));
	check(!strncmp(value(r, "args.error"), want, strlen(want)), "error is %s, not %s", value(r, "args.error"), want);
	in_force(140);
	/* A right file beside it does not come in force either. */
	agent_file("policies/z.yaml", "name: z\nevents: {getsid: }\n");
	counts_are(agent_reload(), "refused", 0, 0, 0);
	in_force(140);
	agent_file_remove("policies/z.yaml");
	agent_file("policies/q.yaml", VERSION("p"), 150);
	counts_are(agent_reload(), "applied", 0, 0, 1);
	in_force(150);
}

static void swap_data(const char *folder, int n)
{
	char name[64];

	must(mkdir(agent_path(folder), 0755), folder);
	snprintf(name, sizeof(name), "%s/q.yaml", folder);
	agent_file(name, VERSION("p"), n);
	must(symlink(strrchr(folder, '/') + 1, agent_path("policies/..data_tmp")), "symlink");
	must(rename(agent_path("policies/..data_tmp"), agent_path("policies/..data")), "rename");
}

static void config_map(void)
{
	agent_looks(false);
	agent_file_remove("policies/q.yaml");
	must(symlink("..data/q.yaml", agent_path("policies/q.yaml")), "symlink");
	swap_data("policies/..1", 160);
	agent_looks(true);
	counts_are(agent_reloaded(), "applied", 0, 0, 1);
	in_force(160);
	swap_data("policies/..2", 170);
	counts_are(agent_reloaded(), "applied", 0, 0, 1);
	in_force(170);
}

static void folder_again(void)
{
	json_t *r;

	must(rename(agent_path("policies"), agent_path("away")), "rename");
	r = agent_reloaded();
	counts_are(r, "refused", 0, 0, 0);
	in_force(170);
	must(mkdir(agent_path("policies"), 0755), "mkdir");
	must(rename(agent_path("away/marks.yaml"), agent_path("policies/marks.yaml")), "rename");
	agent_file("policies/p.yaml", VERSION("p"), 180);
	do
		r = agent_reloaded();	/* of what was there in between */
	while (strcmp(value(r, "args.result"), "applied") != 0 || number(r, "args.removed"));
	in_force(180);
}

TEST(reload_files, "what is changed in whatever way comes in force")
{
	agent_fresh("");
	agent_file("policies/p.yaml", VERSION("p"), 100);
	agent_start();
	in_force(100);
	patterns_of_editors();
	nothing_new();
	wrong_file();
	config_map();
	folder_again();
	check(agent_stop() == 0, "saker failed");
}

/* --- sinks */

static void write_sinks(const char *more)
{
	agent_file("saker.yaml", "policies: [policies]\nagent: {confirm: [removal]}\n"
		   "sinks:\n  events: {type: file, path: events.json}\n%s", more);
}

static struct { const char *sinks, *has, *has_not; int added, removed, changed; } const sink_steps[] = {
	{ "  b: {type: file, path: b.json}\n", "b", "c", 1, 0, 0 },
	{ "  b: {type: file, path: c.json}\n", "c", "b", 0, 0, 1 },
	{ "  b: {type: file, path: c.json, where: \"evt.type = dup\"}\n", NULL, "c", 0, 0, 1 },
	{ "  d: {type: file, path: d.json}\n  b: {type: file, path: b.json}\n", "d", "c", 1, 0, 1 },
	{ "", NULL, "d", 0, 2, 0 },
};

static void sids(void)
{
	for (int i = 0; i < 10; i++)
		syscall(SYS_getsid, 300);
}

TEST(reload_sinks, "sinks come, change and go while others go on")
{
	unsigned before = 0;
	char ours[32];
	pid_t pid;

	agent_fresh("");
	agent_file("policies/p.yaml", VERSION("p"), 300);
	agent_start();
	for (unsigned i = 0; i < sizeof(sink_steps) / sizeof(*sink_steps); i++) {
		json_t *receipt;

		write_sinks(sink_steps[i].sinks);
		receipt = json_incref(agent_reload());
		check(number(receipt, "args.sinks_added") == sink_steps[i].added &&
		      number(receipt, "args.sinks_removed") == sink_steps[i].removed &&
		      number(receipt, "args.sinks_changed") == sink_steps[i].changed, "step %u: its receipt is wrong", i);
		counts_are(receipt, "applied", 0, 0, 0);
		json_decref(receipt);
		pid = subject(sids);
		agent_barrier();
		before += 10;
		check(agent_count("events", "getsid", pid, NULL) == 10, "step %u: %u of 10", i,
		      agent_count("events", "getsid", pid, NULL));
		/* The barrier is in "events": another sink may yet be writing. */
		if (sink_steps[i].has)
			agent_nth(sink_steps[i].has, 9, "getsid", pid, NULL);
		check(!sink_steps[i].has || agent_count(sink_steps[i].has, "getsid", pid, NULL) == 10, "step %u", i);
		check(agent_count(sink_steps[i].has_not, "getsid", pid, NULL) == 0, "step %u", i);
	}
	snprintf(ours, sizeof(ours), "proc.ppid=%d", getpid());
	check(agent_count("events", "getsid", 0, ours, NULL) == before, "%u of %u in all",
	      agent_count("events", "getsid", 0, ours, NULL), before);
	check(agent_stop() == 0, "saker failed");
}

/* --- hooks */

TEST(reload_hooks, "new events bring their programs, and take them away")
{
	static const char *const events[] = {
		"oom_kill:", "signal_generate:", "oom_kill:\n  signal_generate:", "task_rename:", "syscalls:",
	};
	long long hooks, more;
	unsigned n = slowness() > 4 ? 2 : 5 * sizeof(events) / sizeof(*events);

	agent_fresh("");
	agent_file("policies/p.yaml", VERSION("p"), 400);
	agent_start();
	agent_file("policies/p.yaml", VERSION("p"), 401);
	hooks = number(agent_reload(), "args.hooks");
	check(hooks > 0, "no hooks");
	for (unsigned i = 0; i < n; i++) {
		json_t *r;

		agent_file("policies/new.yaml", "name: new\nscope: proc.name = nobody\nevents:\n  %s\n",
			   events[i % (sizeof(events) / sizeof(*events))]);
		r = agent_reload();
		counts_are(r, "applied", 1, 0, 0);
		more = number(r, "args.hooks");
		check(more > hooks && number(r, "args.hooks_before") == hooks, "%lld and %lld hooks", hooks, more);
		in_force(401);
		agent_file_remove("policies/new.yaml");
		r = agent_reload();
		counts_are(r, "applied", 0, 1, 0);
		check(number(r, "args.hooks") == hooks, "%s hooks are left of %lld", value(r, "args.hooks"), hooks);
		in_force(401);
	}
	check(agent_stop() == 0, "saker failed");
}

/* --- under load */

enum { CANARY = 1000000, STOP = 0, MADE = 1 };

static void pause_until(struct timespec *at, long ns)
{
	at->tv_nsec += ns;
	if (at->tv_nsec >= 1000000000) {	/* ns is less than a second */
		at->tv_nsec -= 1000000000;
		at->tv_sec++;
	}
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL);
}

/* 1,000 numbered calls a second, and two of which each set wants one. */
static void sings(void)
{
	struct timespec at;
	long n = 0, pause = 1000000 * slowness();

	clock_gettime(CLOCK_MONOTONIC, &at);
	while (!*(volatile long *)&shared->n[STOP]) {
		syscall(SYS_getsid, CANARY + n++);
		syscall(SYS_getuid);
		syscall(SYS_getgid);
		pause_until(&at, pause);
	}
	shared->n[MADE] = n;
}

static void loads(void)
{
	struct timespec at;
	long pause = 1000000 * slowness();

	prctl(PR_SET_NAME, "loads");
	clock_gettime(CLOCK_MONOTONIC, &at);
	while (!*(volatile long *)&shared->n[STOP]) {
		for (int i = 0; i < 52; i++)
			syscall(SYS_getppid);
		pause_until(&at, pause);
	}
}

static struct {
	long next;			/* canary */
	unsigned applied, lost, mixed;
	long long worst, sum;		/* ns for a reload */
} song;

static void write_set(unsigned generation)
{
	bool odd = generation & 1;

	agent_file("policies/set.yaml",
		   "name: %s\nscope: proc.name in (subject, loads) and proc.ppid = %d\nevents:\n"
		   "  getsid: {where: \"args.pid >= %d\"}\n  %s:\n  getppid:\n%s",
		   odd ? "odd" : "even", getpid(), CANARY, odd ? "getuid" : "getgid",
		   generation % 3 == 0 ? "  dup: {where: \"ret < 0\"}\n  process_exit:\n" : "");
}

/* The generation that a record names has the policy that it names, which selects it. */
static void look_at_song(json_t *r)
{
	bool odd = number(r, "policy.generation") & 1;
	const char *event = value(r, "event");

	if (!strcmp(event, "policy_reload")) {
		song.applied++;
		song.sum += number(r, "args.elapsed");
		if (number(r, "args.elapsed") > song.worst)
			song.worst = number(r, "args.elapsed");
		check(number(r, "args.generation") == song.applied + 1, "reload %u: %s", song.applied, value(r, "args"));
		return;
	}
	if (strncmp(event, "get", 3) != 0 || !strcmp(event, "getpgid"))
		return;
	if (strcmp(value(r, "policy.names.0"), odd ? "odd" : "even") != 0 || !strcmp(event, odd ? "getgid" : "getuid"))
		song.mixed++;
	if (!strcmp(event, "getsid")) {
		song.lost += number(r, "args.pid") != CANARY + song.next;
		song.next = number(r, "args.pid") - CANARY + 1;
	}
}

static void listen_to_song(void)
{
	json_t *r;
	size_t i;

	json_array_foreach(agent_records("events"), i, r)
		look_at_song(r);
	agent_forget();
}

static unsigned reloads_wanted(void)
{
	const char *text = getenv("SAKER_RELOADS");

	return text ? strtoul(text, NULL, 10) : 1000;
}

static void sing_through(unsigned reloads, double seconds)
{
	double end = now() + seconds;

	for (unsigned i = 0; i < reloads && now() < end; i++) {
		unsigned before = song.applied;

		write_set(i + 2);
		kill(agent_pid(), SIGHUP);
		for (double patience = now() + 10 + slowness(); song.applied == before; usleep(1000)) {
			listen_to_song();
			if (now() > patience) {
				agent_errors();
				give_up("reload %u is not told", i);
			}
		}
	}
}

TEST(reload_under_load, "reloads under load lose and mix nothing")
{
	long long before[FIGURES], after[FIGURES];
	pid_t canary, load;
	double begin;

	memset(&song, 0, sizeof(song));
	agent_fresh("");
	agent_file("saker.yaml", "policies: [policies]\nsinks:\n"
		   "  events: {type: file, path: events.json, where: \"evt.type != getppid\"}\n"
		   "  load: {type: file, path: /dev/null, where: \"evt.type = getppid\"}\n");
	agent_file("policies/figures.yaml", "name: figures\nevents: {stats: }\n");
	write_set(1);
	agent_start();
	agent_figures(before);
	begin = now();
	canary = subject_start(sings);
	load = subject_start(loads);
	sing_through(reloads_wanted(), slowness() > 4 ? 4 : 25);
	shared->n[STOP] = 1;
	subject_wait(canary);
	subject_wait(load);
	begin = now() - begin;
	agent_barrier();
	listen_to_song();
	agent_figures(after);
	check(song.applied >= 3, "only %u reloads", song.applied);
	check(song.lost == 0 && song.next == shared->n[MADE], "%u gaps, %ld of %ld canaries", song.lost, song.next,
	      shared->n[MADE]);
	check(song.mixed == 0, "%u records of mixed generations", song.mixed);
	check(after[DROPPED] == 0 && after[INVALID] == 0, "%lld dropped, %lld invalid", after[DROPPED], after[INVALID]);
	check(after[SUBMITTED] == after[READ], "%lld submitted, %lld read", after[SUBMITTED], after[READ]);
	check(after[READ] == after[DELIVERED] + after[REJECTED], "%lld read, %lld delivered, %lld rejected", after[READ],
	      after[DELIVERED], after[REJECTED]);
	check(after[SEEN] == after[FILTERED] + after[SUBMITTED], "%lld seen, %lld filtered, %lld submitted", after[SEEN],
	      after[FILTERED], after[SUBMITTED]);
	note("%u reloads in %.1f s, %.0f events/s, a reload takes %lld us, at most %lld; %ld canaries", song.applied, begin,
	     (after[DELIVERED] - before[DELIVERED]) / begin, song.sum / 1000 / (song.applied ? song.applied : 1),
	     song.worst / 1000, song.next);
	check(agent_stop() == 0, "saker failed");
}

/* --- while the agent sleeps */

enum { WAKES = 12, WAKE_US = 250000 };	/* so long that it falls asleep in between */

static void call_now_and_then(void)
{
	for (unsigned i = 0; i < WAKES; i++) {
		usleep(WAKE_US);
		syscall(SYS_getpriority, 0, 0);
	}
	shared->n[STOP] = 1;
}

/* Without a barrier, which would wake it. */
static void reload_in_silence(unsigned n)
{
	unsigned before = agent_reloads();
	double end = deadline() + 5;

	agent_file("policies/p.yaml", "name: p\nevents: {getpriority: {where: 'proc.name = subject and proc.pid != %u'}}\n",
		   0x3000000 + n);
	kill(agent_pid(), SIGHUP);
	while (agent_reloads() == before) {
		if (now() > end)
			give_up("no reload");
		usleep(1000);
	}
}

TEST(reload_asleep, "what wakes the agent while it puts policies in force is told, and so is what comes then")
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	agent_fresh("");
	agent_file("policies/p.yaml", "name: p\nevents: {getpriority: {where: 'proc.name = subject'}}\n");
	agent_start();
	pid = subject_start(call_now_and_then);
	for (unsigned n = 0; !shared->n[STOP]; n++)
		reload_in_silence(n);
	check(subject_wait(pid) == 0, "the subject failed");
	usleep(1500000);		/* it reads all that is in the lanes a last time when a reload is a while ago */
	agent_barrier();
	check(agent_count("events", "getpriority", pid, NULL) == WAKES, "%u calls are told of %u",
	      agent_count("events", "getpriority", pid, NULL), WAKES);
	check(agent_stop() == 0, "saker failed");
}

/* --- failures */

static unsigned lowest_free(pid_t pid)
{
	unsigned n = 0;
	char path[64];
	struct stat st;

	do
		snprintf(path, sizeof(path), "/proc/%d/fd/%u", pid, n++);
	while (lstat(path, &st) == 0);
	return n - 1;
}

static void refused_wholly(json_t *r, long long hooks)
{
	check(!strcmp(value(r, "args.result"), "refused") && *value(r, "args.error"), "%s", value(r, "args"));
	check(number(r, "args.hooks") == hooks, "%s hooks, not %lld", value(r, "args.hooks"), hooks);
	in_force(500);
}

/* A new sink, a new program, new filters: with one descriptor more each time it fails a step later. */
static void without_descriptors(long long hooks)
{
	struct rlimit old, limit;
	unsigned refusals = 0, step = slowness() > 4 ? 24 : 1, first = lowest_free(agent_pid());
	json_t *r = NULL;

	prlimit(agent_pid(), RLIMIT_NOFILE, NULL, &old);
	write_sinks("  more: {type: file, path: more.json}\n");
	agent_file("policies/p.yaml", VERSION("p") "  task_rename: {where: \"proc.name = nobody\"}\n", 600);
	for (unsigned n = first; n < first + 100; n += step) {
		limit = (struct rlimit){ n, old.rlim_max };
		prlimit(agent_pid(), RLIMIT_NOFILE, &limit, NULL);
		r = agent_reload();
		if (!strcmp(value(r, "args.result"), "applied"))
			break;
		refused_wholly(r, hooks);
		refusals++;
	}
	prlimit(agent_pid(), RLIMIT_NOFILE, &old, NULL);
	if (!check(!strcmp(value(r, "args.result"), "applied"), "refused with all descriptors: %s", value(r, "args")))
		return;
	in_force(600);
	check(refusals > 0, "only %u steps failed", refusals);
	check(number(r, "args.hooks") == hooks + 1, "%s hooks", value(r, "args.hooks"));
	note("%u refusals for want of descriptors", refusals);
}

static void too_big(long long hooks)
{
	static char text[200 << 10];
	size_t n = 0;

	for (int i = 0; i < 5000; i++)
		n += snprintf(text + n, sizeof(text) - n, "%sargs.pid != %d", i ? " and " : "", i);
	agent_file("policies/p.yaml", "name: p\nevents:\n  getsid: {where: \"%s\"}\n", text);
	refused_wholly(agent_reload(), hooks);
	agent_file("policies/p.yaml", "name: p\nevents:\n  getsid: {sinks: [nowhere]}\n");
	refused_wholly(agent_reload(), hooks);
	write_sinks("  bad: {type: file}\n");
	agent_file("policies/p.yaml", VERSION("p"), 501);
	refused_wholly(agent_reload(), hooks);
	write_sinks("");
}

/* More filters, texts and sets than the kernel side has room for: user space asks what it does not. */
static void more_than_fits(void)
{
	static char text[100 << 10];

	for (int i = 0; i < 12; i++) {
		char name[64];
		size_t n = 0;

		for (int k = 0; k < 64; k++)
			n += snprintf(text + n, sizeof(text) - n, "%s/no/%d/%d/%d/%d", k ? ", " : "", i, k, k, k);
		snprintf(name, sizeof(name), "policies/big%d.yaml", i);
		agent_file(name, "name: big%d\nevents:\n  syscalls: {where: \"proc.pid in (%d000000, 5) and "
			   "proc.name = nobody\"}\n  mkdirat: {where: \"args.path in (%s)\"}\n", i, i + 1, text);
	}
	agent_file("policies/p.yaml", VERSION("p"), 500);
	counts_are(agent_reload(), "applied", 12, 0, 0);
	in_force(500);
	for (int i = 0; i < 12; i++) {
		char name[64];

		snprintf(name, sizeof(name), "policies/big%d.yaml", i);
		agent_file_remove(name);
	}
	counts_are(agent_reload(), "applied", 0, 12, 0);
	in_force(500);
}

TEST(reload_failures, "a reload that fails at any step changes nothing")
{
	long long hooks;

	agent_fresh("agent: {confirm: [removal]}\n");
	agent_file("policies/p.yaml", VERSION("p"), 499);
	agent_start();
	agent_file("policies/p.yaml", VERSION("p"), 500);
	hooks = number(agent_reload(), "args.hooks");
	in_force(500);
	too_big(hooks);
	if (slowness() < 4)
		more_than_fits();
	without_descriptors(hooks);
	check(agent_stop() == 0, "saker failed");
}
