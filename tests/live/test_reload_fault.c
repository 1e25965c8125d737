// SPDX-License-Identifier: Apache-2.0
/* One call after the other fails while new policies, programs and sinks are to come in force: either
 * nothing has changed, or all has. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../faults/fail.h"
#include "live.h"
#include "running.h"
#include "state.h"
#include "version.h"

enum { OLD = 800, NEW = 900, QUIET_MS = 900, ALWAYS = 1 << 30 };

static struct fail_order *order;

/* --- an agent in which calls fail */

static void take_orders(void)
{
	agent_preload("libfail.so");
	setenv("FAIL_FILE", agent_path("orders"), 1);
}

static void map_orders(void)
{
	int fd = open(agent_path("orders"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, sizeof(*order)) < 0)
		give_up("cannot make %s: %s", agent_path("orders"), strerror(errno));
	if (order)
		munmap(order, sizeof(*order));
	order = mmap(NULL, sizeof(*order), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (order == MAP_FAILED)
		give_up("mmap: %s", strerror(errno));
}

static void arm(const struct fail_order *fault, long nth)
{
	order->what = fault->what;
	order->command = fault->command;
	order->error = fault->error;
	order->times = fault->times;
	memcpy(order->name, fault->name, sizeof(order->name));
	order->nth = nth;
	atomic_store(&order->calls, 0);
	atomic_store(&order->armed, 1);
}

/* How many calls there were. */
static long disarm(void)
{
	atomic_store(&order->armed, 0);
	return atomic_load(&order->calls);
}

/* --- reloading */

/* How reloads ended so far, by the log and by events: either may be what finds no memory. */
struct ends { unsigned applied[2], refused[2]; };

static struct ends ends(void)
{
	return (struct ends){
		.applied = {
			agent_said("policies reloaded: "),
			agent_count("events", "policy_reload", 0, "args.result=applied", NULL),
		},
		.refused = {
			agent_said("are refused, those before stay in force"),
			agent_count("events", "policy_reload", 0, "args.result=refused", NULL),
		},
	};
}

/* Wait for the end of a reload.  Whether it was applied. */
static bool reload_ends(const struct ends *before, const char *when)
{
	double end = now() + 20 + 4 * slowness();
	struct ends e;

	while (e = ends(), !memcmp(&e, before, sizeof(e))) {
		if (kill(agent_pid(), 0) < 0 || now() > end) {
			agent_errors();
			give_up("%s: no reload comes to an end", when);
		}
		poll(NULL, 0, 1);
	}
	return memcmp(e.applied, before->applied, sizeof(e.applied)) != 0;
}

/* Of files that are written now, if any: the watch may find them before the signal comes. */
static bool reload_of(void (*write_files)(void), const char *when)
{
	struct ends before;

	agent_barrier();	/* the event of the one before has come, if it comes at all */
	before = ends();
	if (write_files)
		write_files();
	kill(agent_pid(), SIGHUP);
	return reload_ends(&before, when);
}

static bool reload(const char *when)
{
	return reload_of(NULL, when);
}

/* That the old files have less than half of what the new ones have is meant so. */
#define CONFIRMED "agent: {confirm: [removal]}\npolicies: [policies]\n"

static void write_old(void)
{
	agent_file("policies/p.yaml", VERSION("p"), OLD);
	agent_file("saker.yaml", CONFIRMED "sinks:\n  events: {type: file, path: events.json}\n");
}

/* A sink, a program, filters, texts and sets that the old files do not have. */
static void write_new(void)
{
	agent_file("policies/p.yaml", VERSION("p")
		   "  task_rename: {where: \"proc.name = nobody\"}\n"
		   "  kill: {where: \"proc.pid in (5, 3000000, 3000001) and proc.name = nobody\"}\n"
		   "  mkdirat: {where: \"args.path in (/no/where, /no/place)\"}\n", NEW);
	agent_file("saker.yaml", CONFIRMED "sinks:\n  events: {type: file, path: events.json}\n"
		   "  more: {type: file, path: more.json, format: table}\n");
}

/* The new files are there, and the watch is through with them: nobody else asks for them any more. */
static void put_new(void)
{
	static const struct fail_order unread = {
		.what = FAIL_OPEN, .name = "saker.yaml", .error = EIO, .times = ALWAYS,
	};
	struct ends before = ends();
	long calls;

	arm(&unread, 1);
	write_new();
	if (reload_ends(&before, "files that cannot be read"))
		give_up("saker.yaml was read though it could not be opened");
	do {
		calls = atomic_load(&order->calls);
		poll(NULL, 0, QUIET_MS * (slowness() > 4 ? 4 : 1));
		agent_barrier();
	} while (atomic_load(&order->calls) > calls);
	disarm();
}

/* --- one fault after the other */

static struct {
	bool fresh;			/* programs have to be loaded each time */
	json_t *old, *shape;		/* the state before; what that after a success looks like */
	unsigned refusals, borne;	/* borne: applied though a call failed */
} so_far;

static void start_old(void)
{
	agent_stop();
	unlink(agent_path("events.json"));
	unlink(agent_path("more.json"));
	agent_setup(take_orders);
	write_old();
	agent_start();
	in_force(OLD);
}

/* What was loaded once stays loaded. */
static void put_old(void)
{
	json_decref(so_far.old);
	if (so_far.fresh)
		start_old();
	else if (!reload_of(write_old, "the old files again"))
		give_up("the old files are refused");
	in_force(OLD);
	so_far.old = state_take();
}

static void start(bool fresh)
{
	json_t *state;

	memset(&so_far, 0, sizeof(so_far));
	so_far.fresh = fresh;
	if (!agent_preload_found("libfail.so"))
		skip("a static build cannot be made to fail");
	agent_fresh("");
	map_orders();
	start_old();
	if (!reload_of(write_new, "new files"))
		give_up("the new files are refused");
	in_force(NEW);
	state = state_take();
	so_far.shape = state_shape(state);
	json_decref(state);
	put_old();
}

static void stop(void)
{
	json_decref(so_far.old);
	json_decref(so_far.shape);
	check(agent_stop() == 0, "saker failed");
}

static bool is_new(const char *when)
{
	double end = now() + 4 + slowness();
	json_t *state, *shape = NULL;
	bool same;

	do {
		json_decref(shape);
		state = state_take();
		shape = state_shape(state);
		json_decref(state);
		same = json_equal(shape, so_far.shape);
	} while (!same && now() < end && poll(NULL, 0, 5) == 0);
	if (!check(same, "%s: not all of it is in force", when))
		state_tell(so_far.shape, shape);
	json_decref(shape);
	return same;
}

/* Whether it may go on with the next call. */
static bool try(const char *name, const struct fail_order *fault, long nth)
{
	char when[100];
	bool good, done;
	long calls;

	snprintf(when, sizeof(when), "%s, call %ld", name, nth);
	arm(fault, nth);
	done = reload(when);
	calls = disarm();
	check(done || calls >= nth, "%s: refused, but only %ld were made", when, calls);
	good = done ? is_new(when) : state_is(so_far.old, when);
	in_force(done ? NEW : OLD);
	so_far.refusals += !done;
	if (!done)
		return good;
	put_old();
	so_far.borne += calls >= nth;
	if (calls >= nth && good)
		put_new();
	return calls >= nth && good;
}

/* Every so manieth call, or all of them: SAKER_FAULTS=1. */
static unsigned stride(unsigned usual)
{
	const char *text = getenv("SAKER_FAULTS");

	return text ? strtoul(text, NULL, 10) : usual;
}

static void each(const char *name, const struct fail_order *fault, unsigned step)
{
	unsigned refusals = so_far.refusals, borne = so_far.borne;
	long nth = 1;

	put_new();
	while (try(name, fault, nth))
		nth += step;
	note("%s, to call %ld in steps of %u: %u refused, %u borne", name, nth, step, so_far.refusals - refusals,
	     so_far.borne - borne);
}

TEST(reload_fault_memory, "a reload that finds no memory at any call changes nothing")
{
	static const struct fail_order memory = { .what = FAIL_MEMORY, .error = ENOMEM };

	start(false);
	each("memory", &memory, stride(23));
	check(so_far.refusals > 0, "no reload was refused");
	stop();
}

TEST(reload_fault_load, "or while it loads programs")
{
	static const struct fail_order memory = { .what = FAIL_MEMORY, .error = ENOMEM };

	start(true);
	each("memory", &memory, stride(401));
	check(so_far.refusals > 0, "no reload was refused");
	stop();
}

#define BPF(number) { .what = FAIL_BPF, .command = number
static const struct { const char *name; struct fail_order fault; bool loads; unsigned step; } kernel_faults[] = {
	{ "map entry, E2BIG", BPF(BPF_MAP_UPDATE_ELEM), .error = E2BIG }, false, 1 },
	{ "map entry, ENOMEM", BPF(BPF_MAP_UPDATE_ELEM), .error = ENOMEM }, false, 4 },
	{ "map entry, ENOSPC", BPF(BPF_MAP_UPDATE_ELEM), .error = ENOSPC }, false, 5 },
	{ "link", BPF(BPF_LINK_CREATE), .error = EBUSY }, false, 1 },
	{ "link of what is loaded", BPF(BPF_LINK_CREATE), .error = ENOMEM }, true, 1 },
	{ "program", BPF(BPF_PROG_LOAD), .error = ENOMEM, .times = ALWAYS }, true, 1 },
};

static void each_of_kernel(bool loads)
{
	start(loads);
	for (unsigned i = 0; i < sizeof(kernel_faults) / sizeof(*kernel_faults); i++) {
		unsigned before = so_far.refusals;

		if (kernel_faults[i].loads != loads)
			continue;
		each(kernel_faults[i].name, &kernel_faults[i].fault, stride(kernel_faults[i].step));
		check(so_far.refusals > before, "%s: nothing was refused", kernel_faults[i].name);
	}
	stop();
}

TEST(reload_fault_kernel, "a reload that the kernel refuses at any call changes nothing")
{
	each_of_kernel(false);
	each_of_kernel(true);
}

/* The road of a refusal at the end of all that can be refused: everything was made and is undone. */
static void refuse_late(void)
{
	static const struct fail_order last = {
		.what = FAIL_BPF, .command = BPF_MAP_UPDATE_ELEM, .error = ENOMEM, .times = ALWAYS,	/* may be another's */
	};

	arm(&last, 11);
	if (reload("the last entry"))
		give_up("a reload is applied though the last entry cannot be made");
	disarm();
}

TEST(reload_fault_leak, "a hundred refusals leave no descriptor and no memory behind")
{
	long held, bytes;

	start(false);
	put_new();
	for (unsigned i = 0; i < 10; i++)
		refuse_late();
	in_force(OLD);
	held = atomic_load(&order->held);
	bytes = atomic_load(&order->bytes);
	for (unsigned i = 0; i < 100; i++)
		refuse_late();
	state_is(so_far.old, "a hundred refusals");
	in_force(OLD);
	held = atomic_load(&order->held) - held;
	bytes = atomic_load(&order->bytes) - bytes;
	note("%ld allocations and %ld bytes more", held, bytes);
	check(held < 20 && bytes < 20000, "%ld allocations and %ld bytes are left of 100 refusals", held, bytes);
	stop();
}

/* Sinks open by themselves and again, so a file that cannot be opened holds nothing up. */
TEST(reload_fault_sink, "a new sink whose file cannot be opened at first is opened again")
{
	static const struct fail_order file = { .what = FAIL_OPEN, .name = "more.json", .error = EMFILE, .times = 3 };

	start(false);
	put_new();
	arm(&file, 1);
	check(reload("a file that cannot be opened"), "refused");
	in_force(NEW);
	for (double end = deadline(); atomic_load(&order->calls) <= file.times && now() < end; poll(NULL, 0, 5))
		;
	check(disarm() > file.times, "the file is not tried again");
	agent_barrier();
	json_object_set_new(json_array_get(json_object_get(so_far.shape, "sinks"), 1), "error",
			    json_sprintf("cannot open %s: Too many open files", agent_path("more.json")));
	is_new("a file that cannot be opened");
	check(agent_said("more.json") + agent_said("sink \"more\"") > 0, "nothing was said");
	stop();
}

/* Whether `ctl status` and the log so far have it. */
static bool is_degraded(const char *why)
{
	json_t *text;
	size_t i;

	json_array_foreach(json_object_get(agent_ask("status"), "degraded"), i, text)
		if (strstr(json_string_value(text), why))
			return true;
	return false;
}

/* Said once more than that. */
static void await_said(const char *what, unsigned before)
{
	for (double end = deadline() + 5; agent_said(what) <= before; poll(NULL, 0, 2))
		if (now() > end)
			give_up("it does not say: %s", what);
}

TEST(reload_fault_watch, "that files cannot be watched is told, and that they can be again")
{
	static const struct fail_order full = { .what = FAIL_WATCH, .error = ENOSPC, .times = ALWAYS };
	static const char why[] = "fs.inotify.max_user_watches is reached; changes are looked for every 30 s";
	static const char again[] = "all files and folders of the configuration are watched again";

	start(false);
	check(!is_degraded(why), "it says so beforehand");
	arm(&full, 1);
	agent_file("policies/p.yaml", VERSION("p"), NEW);
	await_said(why, 0);
	check(is_degraded(why), "status does not have it");
	in_force(NEW);
	agent_file("policies/p.yaml", VERSION("p"), OLD);
	check(reload("files that are not watched"), "refused");
	in_force(OLD);
	check(agent_said(again) == 0, "it says that it watches");
	check(disarm() > 0, "no watch was asked for");
	/* Another file to watch has it look at once. */
	agent_file("policies/p.yaml", VERSION("p"), NEW);
	agent_file("other.yaml", "name: other\nevents: {getppid: {where: \"proc.name = nobody\"}}\n");
	agent_file("saker.yaml", "policies: [policies, other.yaml]\nsinks:\n  events: {type: file, path: events.json}\n");
	check(reload("files that are watched again"), "refused");
	await_said(again, 0);
	check(!is_degraded(why), "status still has it");
	check(agent_said(why) == 1, "it was told %u times", agent_said(why));
	in_force(NEW);
	stop();
}
