// SPDX-License-Identifier: Apache-2.0
/* Several sinks at once under a steady load with processes that come and go, one of whose disks is full for a
 * while.  LIVE_SOAK=SECONDS in the environment makes it as long as one likes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "peer.h"
#include "running.h"

enum {
	TURN_MS = 10, CHURN = 10 /* turns between processes */,
	WARM_UP = 4,		/* shares of the time */
	SAMPLES = 600, SAMPLE_MS = 100,		/* of resident memory, at most; and the least time between them */
	SLOPE_MAX = 64,		/* KiB in ten minutes */
	ARGUMENTS = 1024,	/* of the calls, which nobody else makes; the last is of those that the sink "full" gets */
	EXTRA_CALLS = 40,	/* of these a turn at most, while its disk is full */
	DISK_MIB = 32,
};

/* shared->n: seconds to run, calls a turn and those beside for the sink "full", how many of each were done, and the
 * first argument. */
enum { SECONDS, CALLS, EXTRAS, DONE, EXTRAS_DONE, FIRST };

static void calls(long first, long step, long n, int done)
{
	for (long i = 0; i < n; i++)
		syscall(SYS_getsid, first + i * step);
	shared->n[done] += n;
}

static void load(void)
{
	double next = now(), end = next + (double)shared->n[SECONDS], left;

	/* Where the machine is busy what was left out is not made good: that would be a flood. */
	for (long turn = 1; now() < end || shared->n[EXTRAS]; turn++) {
		next += TURN_MS / 1e3;
		next = next < now() ? now() : next;
		calls(shared->n[FIRST], 1, shared->n[CALLS], DONE);
		calls(shared->n[FIRST] + ARGUMENTS - 1, 0, shared->n[EXTRAS], EXTRAS_DONE);
		if (turn % CHURN == 0 && fork() == 0) {
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		left = next - now();
		if (left > 0)
			poll(NULL, 0, (int)(left * 1000));
	}
}

/* --- resident memory */

static struct { double at[SAMPLES], kib[SAMPLES]; unsigned n; } resident;

static void watch(double until)
{
	double apart = (double)shared->n[SECONDS] / SAMPLES;

	while (now() < until) {
		if (resident.n < SAMPLES) {
			resident.at[resident.n] = now();
			resident.kib[resident.n++] = (double)agent_kib();
		}
		poll(NULL, 0, apart * 1000 < SAMPLE_MS ? SAMPLE_MS : (int)(apart * 1000));
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Theil and Sen's: the median of the slopes between any two, in KiB in ten minutes. */
static double slope(void)
{
	double *slopes = calloc(SAMPLES * SAMPLES / 2, sizeof(*slopes)), median;
	size_t n = 0;

	for (unsigned i = 0; slopes && i < resident.n; i++)
		for (unsigned k = i + 1; k < resident.n; k++)
			slopes[n++] = (resident.kib[k] - resident.kib[i]) / (resident.at[k] - resident.at[i]) * 600;
	if (!n)
		give_up("memory was not looked at");
	qsort(slopes, n, sizeof(*slopes), by_size);
	median = slopes[n / 2];
	free(slopes);
	return median;
}

/* Short runs are all warm-up. */
static void memory_stays(long seconds)
{
	double kib;

	if (seconds < 300)
		return;
	kib = slope();
	note("%+.1f KiB in ten minutes, of %u samples", kib, resident.n);
	check(kib <= SLOPE_MAX, "%+.1f KiB in ten minutes", kib);
}

/* --- a full disk */

static void disk_mount(void)
{
	char size[32];

	snprintf(size, sizeof(size), "size=%dm", DISK_MIB);
	mkdir(agent_path("disk"), 0755);
	if (mount("saker-soak", agent_path("disk"), "tmpfs", 0, size) < 0)
		give_up("cannot mount: %s", strerror(errno));
}

/* Until lines give way to newer ones: the sink's queue and its disk are full. */
static void disk_fill(void)
{
	static const char zeros[1 << 16];
	int fd = open(agent_path("disk/ballast"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	close(fd);
	shared->n[EXTRAS] = shared->n[CALLS] * 2 / 5 < EXTRA_CALLS ? shared->n[CALLS] * 2 / 5 : EXTRA_CALLS;
	soon(number(agent_sink("full"), "dropped") > 0, "nothing was displaced");
	shared->n[EXTRAS] = 0;
	check(number(agent_sink("full"), "retries") > 0, "nothing was tried again");
	unlink(agent_path("disk/ballast"));
}

static long lines_in(const char *path)
{
	FILE *f = fopen(path, "re");
	long n = 0;

	for (int c; f && (c = getc(f)) != EOF;)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

/* What it did not get is known to the last line; written is what the agent says. */
static void disk_balances(long long written, long long dropped)
{
	long extras = shared->n[EXTRAS_DONE], lines = lines_in(agent_path("disk/full.json"));

	note("%ld calls while a disk was full, %lld lines displaced", extras, dropped);
	check(written + dropped == extras, "%lld written and %lld dropped of %ld", written, dropped, extras);
	check(lines == written, "%ld lines are in the file, %lld were written", lines, written);
	umount2(agent_path("disk"), MNT_DETACH);
}

/* --- balances */

/* What was offered to a sink is written, waits, or was dropped for a reason. */
static void sinks_balance(void)
{
	json_t *sink;
	size_t i;

	json_array_foreach(json_object_get(agent_ask("sinks"), "sinks"), i, sink) {
		long long dropped = number(sink, "dropped");

		check(number(sink, "offered") == number(sink, "unwanted") + number(sink, "written") + number(sink, "waiting") + dropped,
		      "%s", json_dumps(sink, 0));
		if (!strcmp(value(sink, "name"), "full"))
			continue;
		check(dropped == 0, "%s dropped %lld", value(sink, "name"), dropped);
		check(number(sink, "retries") == 0, "%s: %s", value(sink, "name"), value(sink, "error"));
	}
}

/* Wait until nothing waits in any sink. */
static void settle(void)
{
	for (double end = deadline() + 10; now() < end; poll(NULL, 0, 50)) {
		json_t *sink;
		long long waiting = 0;
		size_t i;

		json_array_foreach(json_object_get(agent_ask("sinks"), "sinks"), i, sink)
			waiting += number(sink, "waiting");
		if (!waiting)
			return;
	}
}

static void nothing_lost(void)
{
	json_t *r;
	size_t i;

	json_array_foreach(agent_records("events"), i, r)
		if (!strcmp(value(r, "event"), "lost"))
			fail("lost in the kernel: %s", json_dumps(json_object_get(r, "args"), 0));
}

/* All that hooks saw was filtered or read, and nothing was lost between. */
static void lanes_balance(void)
{
	static const char *const lanes[] = { "critical", "normal", "bulk" };

	for (unsigned i = 0; i < 3; i++) {
		char where[32];
		unsigned n;
		json_t *r;

		snprintf(where, sizeof(where), "args.lane=%s", lanes[i]);
		n = agent_count("events", "stats", 0, where, NULL);
		if (!check(n, "no figures of lane %s", lanes[i]))
			continue;
		r = agent_nth("events", n - 1, "stats", 0, where, NULL);
		check(number(r, "args.seen") == number(r, "args.filtered") + number(r, "args.limited") +
		      number(r, "args.muted") + number(r, "args.submitted") + number(r, "args.dropped"),
		      "%s does not balance: %s", lanes[i], value(r, "args"));
		check(number(r, "args.submitted") == number(r, "args.read") && !number(r, "args.dropped") &&
		      !number(r, "args.invalid"), "%s: %s", lanes[i], value(r, "args"));
	}
}

/* --- the soak */

static void configure(int tcp, int syslog)
{
	long first = (ARGUMENTS << 14) + getpid() % (1 << 15) * (long)ARGUMENTS, last = first + ARGUMENTS - 1;

	shared->n[FIRST] = first;
	agent_file("saker.yaml", "policies: [policies]\nsinks:\n"
		   "  events: {type: file, path: events.json, where: \"evt.type != getsid or args.pid = 0\"}\n"
		   "  bulk: {type: file, path: bulk.json, rotate: {size: 64M, keep: 2}}\n"
		   "  tcp: {type: tcp, address: \"127.0.0.1:%d\", ack: true}\n"
		   "  syslog: {type: syslog, address: \"127.0.0.1:%d\", transport: tcp}\n"
		   "  reader: {type: unix, path: %s, listen: true}\n"
		   "  full: {type: file, path: disk/full.json, queue: {bytes: 1M}, where: \"evt.type = getsid and args.pid = %ld\"}\n",
		   tcp, syslog, agent_path("reader.sock"), last);
	agent_file("policies/p.yaml", "name: p\nevents:\n"
		   "  getsid: {where: \"args.pid >= %ld and args.pid <= %ld or args.pid = 0\"}\n"
		   "  process_exec: {where: \"proc.name = true\"}\n  stats:\n", first, last);
}

TEST(soak_sinks, "four kinds of sinks under load: nothing is lost but on a full disk, memory and descriptors stay")
{
	static const struct peer_how acks = { .ack = true, .silent = true }, silent = { .silent = true },
				     frames = { .silent = true, .octets = true };
	const char *wish = getenv("LIVE_SOAK");
	long seconds = wish ? atol(wish) : brief() ? 2 : 6, all;
	long long written, dropped;
	unsigned fds;
	double begin;
	int tcp, syslog;
	pid_t pid;

	if (wish)
		alarm((unsigned)seconds + 120);
	agent_fresh("");
	memset(shared->n, 0, sizeof(shared->n));
	memset(&resident, 0, sizeof(resident));
	tcp = peer_start("tcp", PEER_TCP, &acks, NULL);
	syslog = peer_start("syslog", PEER_TCP, &frames, NULL);
	peer_start("reader", PEER_STREAM_READER, &silent, NULL);
	configure(tcp, syslog);
	disk_mount();
	agent_start();
	shared->n[SECONDS] = seconds;
	shared->n[CALLS] = wish ? 500 : slowness() > 4 ? 20 : 100;
	begin = now();
	pid = subject_start(load);
	poll(NULL, 0, (int)(seconds * 1000 / WARM_UP));
	fds = agent_descriptors();
	note("%ld KiB resident, %u descriptors after %ld s", agent_kib(), fds, seconds / WARM_UP);
	watch(begin + (double)seconds / 2);
	disk_fill();
	watch(begin + (double)seconds - 0.1);
	check(subject_wait(pid) == 0, "the load failed");
	agent_barrier();
	settle();
	sinks_balance();
	written = number(agent_sink("full"), "written");
	dropped = number(agent_sink("full"), "dropped");
	note("%ld calls in %ld s; %+.0f KiB resident between first and last sample", shared->n[DONE], seconds,
	     resident.n ? resident.kib[resident.n - 1] - resident.kib[0] : 0);
	memory_stays(seconds);
	nothing_lost();
	soon(agent_descriptors() <= fds + 1, "%u descriptors, %u before", agent_descriptors(), fds);
	check(agent_stop() == 0, "saker failed");
	lanes_balance();
	disk_balances(written, dropped);
	peers_finish();
	all = 3 * (shared->n[DONE] + shared->n[EXTRAS_DONE]);
	check(shared->n[PEER_LINES] >= all, "peers have %ld lines of %ld", shared->n[PEER_LINES], all);
}
