// SPDX-License-Identifier: Apache-2.0
/* Where events go: files that are rotated, renamed, full or not there, a reader that does not read. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

enum { MANY = 4000, RANGE = 8192 };

/* --- what happens: calls that are numbered */

#define POLICY "name: p\nevents:\n  getsid: {where: \"args.pid >= %u and args.pid < %u\"}\n"

/* Another run of these tests on the same machine has other numbers. */
static unsigned first(void)
{
	static unsigned number;

	if (!number)
		number = 0x20000000 + getpid() % 65536 * RANGE;
	return number;
}

static unsigned from, count_of;

static void numbered(void)
{
	for (unsigned i = 0; i < count_of; i++)
		syscall(SYS_getsid, first() + from + i);
}

/* Slowly enough for things to happen meanwhile. */
static void numbered_slowly(void)
{
	for (unsigned i = 0; i < count_of; i++) {
		syscall(SYS_getsid, first() + from + i);
		if (i % 20 == 0)
			usleep(5000);
	}
}

static void happen(unsigned n)
{
	count_of = n;
	subject(numbered);
	from += n;
}

static void begin(const char *sinks)
{
	from = 0;
	first();
	umount2(agent_path("small"), MNT_DETACH);	/* of a test that failed */
	agent_fresh(sinks);
	agent_file("policies/p.yaml", POLICY, first(), first() + RANGE);
}

/* --- what came of it */

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void shell(const char *format, ...)
{
	char command[9000];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		give_up("failed: %s", command);
}

/* The calls that the output of a command tells, which must be JSON a line each: how many; -1 when they
 * are not those from 0 on, each once and in order.  While the agent runs, the last line may still be on
 * its way. */
static long told_by(const char *command)
{
	FILE *in = popen(command, "re");
	char *line = NULL;
	size_t size = 0;
	long next = 0;

	for (ssize_t n; (n = getline(&line, &size, in)) > 0;) {
		json_error_t error;
		json_t *record;

		if (line[n - 1] != '\n' && agent_pid())
			break;
		record = json_loadb(line, n, 0, &error);
		if (!record || line[n - 1] != '\n') {
			fail("no line of JSON: %.*s", (int)n, line);
			next = -1;
			break;
		}
		if (!strcmp(value(record, "event"), "getsid") && next >= 0) {
			long is = number(record, "args.pid") - first();

			check(is == next, "%ld where %ld should be", is, next);
			next = is == next ? next + 1 : -1;
		}
		json_decref(record);
		if (next < 0)
			break;
	}
	free(line);
	pclose(in);
	return next;
}

static long told_in(const char *files)
{
	char command[9000];

	snprintf(command, sizeof(command), "cd %s && for f in %s; do [ ! -e $f ] || zcat -f $f; done",
		 agent_path(""), files);
	return told_by(command);
}

static unsigned matches(const char *pattern)
{
	glob_t found;
	unsigned n;

	glob(agent_path(pattern), 0, NULL, &found);
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

static unsigned said(const char *what)
{
	char command[9000], text[32] = "";
	FILE *in;

	snprintf(command, sizeof(command), "grep -c '%s' %s", what, agent_path("stderr"));
	in = popen(command, "re");
	if (!fgets(text, sizeof(text), in))
		*text = 0;
	pclose(in);
	return atoi(text);
}

/* --- files */

TEST(sink_rotate, "files are rotated, compressed and removed, and every event is in one of them")
{
	begin("  r: {type: file, path: r.json, mode: \"0600\", rotate: {size: 64K, keep: 1000, compress: gzip}}\n");
	agent_start();
	happen(MANY);
	agent_barrier();
	check(agent_stop() == 0, "saker failed");
	check(told_in("events.json") == MANY, "not all are in the other sink");
	check(told_in("r.json.* r.json") == MANY, "not all are in r.json and what it was");
	check(matches("r.json.*") > 10, "%u files", matches("r.json.*"));
	shell("cd %s && for f in r.json*; do case $f in *.gz) gzip -t $f;; *) [ $(stat -c %%s $f) -le 65536 ];; esac || exit 1; "
	      "[ $(stat -c %%a $f) = 600 ] || exit 1; done", agent_path(""));
	shell("cd %s && zcat -f r.json* | jq -e .event > jq.out && [ $(wc -l < jq.out) -ge %d ]", agent_path(""), MANY);
	/* What a crash left is cleared away; fewer are kept. */
	shell("cd %s && : > r.json.20260101T000000.000000Z.gz.tmp && gunzip $(ls r.json.*.gz | tail -1)", agent_path(""));
	agent_file("saker.yaml", "policies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n"
		   "  r: {type: file, path: r.json, rotate: {size: 64K, keep: 3, compress: gzip}}\n");
	agent_start();
	soon(matches("r.json.*") == 3 && matches("r.json.*.gz") == 3, "%u files, %u compressed",
	     matches("r.json.*"), matches("r.json.*.gz"));
	check(agent_stop() == 0, "saker failed");
}

TEST(sink_rotate_age, "a file is rotated when it is old")
{
	begin("  r: {type: file, path: r.json, rotate: {age: 1s}}\n");
	agent_start();
	happen(10);
	for (unsigned i = 1; i <= 2; i++) {
		usleep(1100000);
		happen(10);
		agent_barrier();
		soon(matches("r.json.*") >= i, "%u files", matches("r.json.*"));
	}
	check(agent_stop() == 0, "saker failed");
	check(told_in("r.json.* r.json") == 30, "not all are there");
}

TEST(sink_rename, "a file that is renamed or removed is made anew, and nothing is lost or split")
{
	char order[200] = "";
	struct stat st;
	pid_t pid;

	begin("  r: {type: file, path: r.json}\n");
	agent_start();
	count_of = 6000;
	pid = subject_start(numbered_slowly);
	for (unsigned i = 0; i < 4; i++) {
		char name[16];

		soon(stat(agent_path("r.json"), &st) == 0, "no r.json after %u", i);
		snprintf(name, sizeof(name), "r.%u", i);
		snprintf(order + strlen(order), sizeof(order) - strlen(order), "%s ", name);
		if (rename(agent_path("r.json"), agent_path(name)) < 0)
			give_up("rename: %s", strerror(errno));
		if (i % 2)
			kill(agent_pid(), SIGHUP);
	}
	subject_wait(pid);
	agent_barrier();
	check(agent_stop() == 0, "saker failed");
	strcat(order, "r.json");
	check(told_in(order) == 6000, "not all are in %s", order);
	check(told_in("events.json") == 6000, "the other sink was disturbed");
}

/* The folder is renamed and made anew, and what takes the file's place is a link to a file that must stay as it is. */
static void swap_folder(unsigned i)
{
	shell("cd %s && mv d d.%u && echo precious > target.%u && mkdir d.new && ln -s ../target.%u d.new/r.json && mv d.new d",
	      agent_path(""), i, i, i);
	soon(said("d/r.json: it is a symbolic link"), "the link was not noticed after %u", i);
	shell("cd %s && rm d/r.json", agent_path(""));
}

TEST(sink_swapped, "a folder that is swapped and a link in the file's place cost no event, and the link is not followed")
{
	char order[200] = "";
	pid_t pid;

	begin("  r: {type: file, path: d/r.json}\n");
	shell("mkdir %s", agent_path("d"));
	agent_start();
	count_of = 6000;
	pid = subject_start(numbered_slowly);
	for (unsigned i = 0; i < 3; i++) {
		soon(matches("d/r.json") == 1, "no r.json after %u", i);
		swap_folder(i);
		sprintf(order + strlen(order), "d.%u/r.json ", i);
	}
	subject_wait(pid);
	agent_barrier();
	soon(told_in("d/r.json") >= 0 && matches("d/r.json") == 1, "it does not come back");
	check(agent_stop() == 0, "saker failed");
	strcat(order, "d/r.json");
	check(told_in(order) == 6000, "not all are in %s", order);
	check(told_in("events.json") == 6000, "the other sink was disturbed");
	shell("cd %s && for i in 0 1 2; do [ \"$(cat target.$i)\" = precious ] || exit 1; done", agent_path(""));
}

TEST(sink_torn, "a last line that was not written whole is cut off")
{
	begin("  r: {type: file, path: r.json}\n  s: {type: file, path: s.json}\n");
	shell("cd %s && printf '{\"event\":\"old\"}\\n{\"event\":\"to' > r.json && head -c 2000000 /dev/zero | tr '\\0' x > s.json",
	      agent_path(""));
	agent_start();
	happen(10);
	agent_barrier();
	check(agent_stop() == 0, "saker failed");
	check(told_in("r.json") == 10, "r.json is not whole");
	shell("cd %s && [ \"$(head -1 r.json)\" = '{\"event\":\"old\"}' ]", agent_path(""));
	/* What was not ours stays. */
	shell("cd %s && [ $(head -1 s.json | wc -c) = 2000001 ]", agent_path(""));
}

TEST(sink_refused, "what is no file of its own is refused, and the agent goes on")
{
	begin("  fifo: {type: file, path: fifo}\n  link: {type: file, path: link}\n  folder: {type: file, path: policies}\n"
	      "  device: {type: file, path: device}\n  away: {type: file, path: away/a.json}\n");
	shell("cd %s && mkfifo fifo && ln -s target link && mknod device c 1 3", agent_path(""));
	agent_start();
	happen(10);
	agent_barrier();
	soon(said("fifo: it is a FIFO, want a regular file"), "nothing of the FIFO");
	soon(said("link: it is a symbolic link"), "nothing of the link");
	soon(said("policies: it is a directory, want a regular file"), "nothing of the folder");
	soon(said("device: it is a device, want a regular file"), "nothing of the device");
	soon(said("cannot open .*away/a.json: No such file"), "nothing of the folder that is not there");
	check(access(agent_path("target"), F_OK) < 0, "the link was followed");
	check(told_in("events.json") == 10, "the other sink was disturbed");
	if (mkdir(agent_path("away"), 0755) < 0)
		give_up("mkdir: %s", strerror(errno));
	soon(told_in("away/a.json") == 10, "what was queued did not come: %ld", told_in("away/a.json"));
	check(said("away/a.json: No such file") == 1, "it was told %u times", said("away/a.json: No such file"));
	check(agent_stop() == 0, "saker failed");
}

/* A small file system on a folder. */
static void mount_small(const char *options)
{
	mkdir(agent_path("small"), 0755);
	if (mount("sink-test", agent_path("small"), "tmpfs", 0, options) < 0)
		give_up("cannot mount: %s", strerror(errno));
}

static void remount(unsigned long flags, const char *options)
{
	if (mount("sink-test", agent_path("small"), "tmpfs", MS_REMOUNT | flags, options) < 0)
		fail("cannot remount: %s", strerror(errno));
}

TEST(sink_full_disk, "a full disk costs no other sink anything and is made good when there is room")
{
	begin("  s: {type: file, path: small/s.json}\n");
	mount_small("size=256k");
	agent_start();
	happen(MANY);
	agent_barrier();
	soon(said("cannot write to .*small/s.json: No space left"), "nothing was said");
	check(told_in("events.json") == MANY, "the other sink was disturbed");
	soon(told_in("small/s.json") > 100, "nothing is there");
	happen(100);
	remount(0, "size=64m");
	soon(told_in("small/s.json") == MANY + 100, "not all came");
	check(said("cannot write to") == 1 && said("works again") == 1, "it was told %u and %u times",
	      said("cannot write to"), said("works again"));
	check(agent_stop() == 0, "saker failed");
	umount2(agent_path("small"), MNT_DETACH);
}

TEST(sink_read_only, "a file system that cannot be written is waited for")
{
	begin("  s: {type: file, path: small/s.json}\n");
	mount_small("size=4m");
	remount(MS_RDONLY, "size=4m");
	agent_start();
	happen(100);
	agent_barrier();
	soon(said("cannot open .*small/s.json: Read-only"), "nothing was said");
	remount(0, "size=4m");
	soon(told_in("small/s.json") == 100, "not all came");
	check(agent_stop() == 0, "saker failed");
	umount2(agent_path("small"), MNT_DETACH);
}

/* --- a reader that does not read */

static int pipes[2];

static void write_to_pipe(void)
{
	dup2(pipes[1], STDOUT_FILENO);
}

TEST(sink_stuck, "a pipe that nobody reads holds up nobody, and the end comes in time")
{
	int status;

	if (pipe(pipes) < 0)
		give_up("pipe: %s", strerror(errno));
	begin("  out: {type: stdout, queue: {bytes: 1M}}\n");
	agent_file("saker.yaml", "agent: {drain_timeout: 500ms}\npolicies: [policies]\nsinks:\n"
		   "  events: {type: file, path: events.json}\n  out: {type: stdout, queue: {bytes: 1M}}\n");
	agent_setup(write_to_pipe);
	agent_start();
	happen(MANY);
	agent_barrier();
	check(told_in("events.json") == MANY, "the file was held up");
	status = agent_stop();
	check(status == 0, "status %d", status);
	check(said("sink .out. dropped events: .* displaced, .* left"), "what was dropped was not told");
	close(pipes[0]);
	close(pipes[1]);
}

static void close_standard(void)
{
	for (int fd = 0; fd < 3; fd++)
		close(fd);
}

TEST(sink_closed_descriptors, "started without standard descriptors, no file takes their place")
{
	begin("");
	agent_file("saker.yaml", "agent: {drain_timeout: 200ms}\npolicies: [policies]\nsinks:\n"
		   "  events: {type: file, path: events.json}\n  out: {type: stdout}\n");
	agent_setup(close_standard);
	agent_start();
	agent_file("policies/bad.yaml", "events: 7\n");	/* told on what was standard error */
	check(!strcmp(value(agent_reload(), "args.result"), "refused"), "a policy of nothing is taken");
	happen(200);
	agent_barrier();
	for (int fd = 0; fd < 3; fd++) {
		char path[64], target[64] = "";

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", agent_pid(), fd);
		check(readlink(path, target, sizeof(target) - 1) > 0 && !strcmp(target, "/dev/null"), "%d is %s", fd, target);
	}
	check(agent_stop() == 0, "saker failed");
	check(told_in("events.json") == 200, "the file has not all, or more");
}

TEST(sink_hurry, "told twice to stop, it waits for no sink")
{
	double begun;

	if (pipe(pipes) < 0)
		give_up("pipe: %s", strerror(errno));
	begin("");
	agent_file("saker.yaml", "agent: {drain_timeout: 10m}\npolicies: [policies]\nsinks:\n"
		   "  events: {type: file, path: events.json}\n  out: {type: stdout}\n");
	agent_setup(write_to_pipe);
	agent_start();
	happen(500);
	agent_barrier();
	kill(agent_pid(), SIGTERM);
	begun = now();
	usleep(700000);
	check(kill(agent_pid(), 0) == 0 && waitpid(agent_pid(), NULL, WNOHANG) == 0, "it did not wait for its sink");
	agent_stop();	/* the second */
	note("it ended %.1f s after the first signal", now() - begun);
	check(told_in("events.json") == 500, "the file has not all");
	close(pipes[0]);
	close(pipes[1]);
}

/* --- signals and the end */

TEST(sink_signals, "a storm of signals holds up nothing and costs no event, and the end is orderly")
{
	static const int storm[] = { SIGHUP, SIGCHLD, SIGPIPE, SIGWINCH, SIGCONT, SIGURG };
	int status;
	pid_t pid;

	begin("");
	agent_start();
	count_of = MANY;
	pid = subject_start(numbered_slowly);
	for (unsigned i = 0; i < 10000; i++)
		kill(agent_pid(), storm[i % (sizeof(storm) / sizeof(*storm))]);
	subject_wait(pid);
	agent_barrier();
	for (unsigned i = 0; i < 100; i++)
		kill(agent_pid(), i % 2 ? SIGINT : SIGTERM);
	status = agent_stop();
	check(status == 0, "status %d", status);
	check(told_in("events.json") == MANY, "the file has not all, or more");
}

static void one_sid(long n)
{
	syscall(SYS_getsid, first() + n % 2);
}

/* As fast as it can, or a hundred thousand a second, until it is told. */
static void flood(void)
{
	while (!shared->n[0])
		if (at_length())
			paced(100000, 0.1, one_sid);
		else
			one_sid(0);
}

TEST(sink_end, "told to stop under load, beside a peer that is not there, it says what was left and ends with 0")
{
	double began;
	int status;
	pid_t pid;

	begin("");
	agent_file("saker.yaml", "agent: {drain_timeout: 500ms}\npolicies: [policies]\nsinks:\n"
		   "  events: {type: file, path: events.json, where: \"evt.type != getsid\"}\n  many: {type: file, path: many.json}\n"
		   "  dead: {type: tcp, address: \"127.0.0.1:1\", queue: {bytes: 1M}}\n");
	agent_start();
	shared->n[0] = 0;
	pid = subject_start(flood);
	soon(number(agent_sink("many"), "written") > 20000 && (!at_length() || number(agent_sink("many"), "offered") > 300000),
	     "%s", json_dumps(agent_sink("many"), 0));
	began = now();
	status = agent_stop();
	note("it ended after %.2f s", now() - began);
	shared->n[0] = 1;
	subject_wait(pid);
	check(status == 0, "status %d", status);
	check(said("events were left in the queues of sinks") == 1, "what was left was not told");
	check(said("saker: [0-9]* events in .* s, ") == 1, "its last line has no counts");
	shell("cd %s && [ -z \"$(tail -c 1 many.json)\" ] && tail -n 1000 many.json | jq -e .event > /dev/null", agent_path(""));
}

/* --- several */

#define SEVERAL \
	"  few: {type: file, path: few.json, where: \"evt.type = getsid and args.pid < %u\"}\n" \
	"  slow: {type: file, path: slow.json, limit: 10 per 1h}\n" \
	"  people: {type: file, path: people.txt, format: table, where: \"evt.type = getsid\"}\n"

TEST(sink_several, "each sink has its own events in its own format, whatever others do")
{
	static const char *const others[] = {
		"  b: {type: file, path: b.json}\n", "", "  b: {type: file, path: b.json, format: table}\n",
		"  b: {type: file, path: b.json, where: \"args.pid = 1000001\"}\n",
		"  b: {type: file, path: b.json, queue: {bytes: 1M}}\n", "",
	};
	char several[1000];
	pid_t pid;

	snprintf(several, sizeof(several), SEVERAL, first() + 100);
	begin(several);
	agent_start();
	count_of = 6000;
	pid = subject_start(numbered_slowly);
	for (unsigned i = 0; i < sizeof(others) / sizeof(*others); i++) {
		agent_file("saker.yaml", "policies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n%s%s",
			   several, others[i]);
		check(!strcmp(value(agent_reload(), "args.result"), "applied"), "step %u", i);
	}
	subject_wait(pid);
	agent_barrier();
	check(agent_stop() == 0, "saker failed");
	check(told_in("events.json") == 6000, "not all are in events.json");
	check(told_in("few.json") == 100, "not the first hundred are in few.json");
	shell("cd %s && [ $(wc -l < slow.json) = 10 ]", agent_path(""));
	shell("cd %s && [ $(grep -c getsid people.txt) = 6000 ]", agent_path(""));
	shell("cd %s && jq -e .event events.json few.json > /dev/null", agent_path(""));
}
