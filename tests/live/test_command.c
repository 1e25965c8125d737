// SPDX-License-Identifier: Apache-2.0
/* The command line: filters, followed commands, and each clear ending. */
#include "live.h"
#include "running.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"

static const char *self(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = 0;
	return path;
}

static void done(struct run *r)
{
	free(r->out);
	free(r->err);
}

static void ends(const struct run *r, int status, const char *says)
{
	check(r->status == status, "exit status %d, not %d: %s", r->status, status, r->err);
	check(!says || strstr(r->err, says), "it does not say \"%s\": %s", says, r->err);
}

TEST(trace_command, "the status of the traced command is passed on")
{
	struct run r = RUN("trace", "-o", "json", "-e", "process_exec,process_exit", "--", self(), "--be", "exit", "42");
	json_t *exec = run_record(&r, 0, "process_exec", 0, NULL), *exit;

	ends(&r, 42, NULL);
	if (check(exec, "no process_exec")) {
		is(exec, "args.argv", "[\"%s\",\"--be\",\"exit\",\"42\"]", self());
		exit = run_record(&r, 0, "process_exit", number(exec, "proc.pid"), NULL);
		check(exit && number(exit, "args.code") == 42, "no process_exit");
		json_decref(exit);
	}
	check(!run_record(&r, 1, "process_exec", 0, NULL), "others are shown");
	json_decref(exec);
	done(&r);
}

TEST(trace_signalled, "a command that a signal ends gives 128 and its number")
{
	struct run r = RUN("trace", "-o", "json", "-e", "process_exit", "--", self(), "--be", "signal", "15");

	ends(&r, 128 + SIGTERM, NULL);
	done(&r);
}

TEST(trace_tree, "grandchildren that left their parents are followed, and waited for")
{
	const char *path = in_scratch("tree");
	struct run r;
	char want[5000];
	json_t *open_;

	close(open(path, O_CREAT | O_WRONLY, 0600));
	r = RUN("trace", "-o", "json", "-e", "file_open,process_exit", "--", self(), "--be", "tree", path);
	ends(&r, 5, NULL);
	snprintf(want, sizeof(want), "args.path=%s", path);
	open_ = run_record(&r, 0, "file_open", 0, want, NULL);
	if (check(open_, "the grandchild's open is not shown"))
		check(run_record(&r, 0, "process_exit", number(open_, "proc.pid"), NULL), "nor its end");
	json_decref(open_);
	done(&r);
}

TEST(trace_crowd, "processes that the followed tree has no room for are told")
{
	struct run r = RUN("trace", "-o", "json", "-e", "process_exit", "--", self(), "--be", "crowd", "3");
	json_t *lost = run_record(&r, 0, "lost", 0, "args.reason=unfollowed", "args.total=3", NULL);

	ends(&r, 6, NULL);
	check(lost, "three are not told");
	json_decref(lost);
	done(&r);
}

TEST(trace_missing, "a command that is not there: 127, and its name")
{
	struct run r = RUN("trace", "--", "/nonexistent/program");

	ends(&r, 127, "/nonexistent/program");
	done(&r);
}

TEST(command_btf, "types that cannot be read: what and where is named")
{
	struct run r = RUN("trace", "--btf", "/nonexistent/types");

	ends(&r, 3, "cannot read the kernel's BTF from /nonexistent/types: No such file");
	done(&r);
}

TEST(record_kept, "a capture that cannot begin leaves the file as it was, and runs no command")
{
	char name[] = "/tmp/saker-kept-XXXXXX", mark[sizeof(name) + 5], line[64] = "";
	int fd = mkstemp(name);
	struct run r;

	snprintf(mark, sizeof(mark), "%s.ran", name);
	check(fd >= 0 && write(fd, "before", 6) == 6, "%s: %s", name, strerror(errno));
	r = RUN("record", "--btf", "/nonexistent/types", "-w", name);
	ends(&r, 3, "cannot read the kernel's BTF");
	done(&r);
	check(pread(fd, line, sizeof(line), 0) == 6 && !strcmp(line, "before"), "it has now \"%.8s\"", line);
	r = RUN("record", "--btf", "/nonexistent/types", "-w", mark);
	ends(&r, 3, "cannot read the kernel's BTF");
	done(&r);
	check(access(mark, F_OK) < 0, "an empty file is left behind");
	r = RUN("record", "--btf", "/nonexistent/types", "-w", "/nonexistent/capture", "--", "/bin/touch", mark);
	ends(&r, 1, "cannot write /nonexistent/capture: No such file");
	done(&r);
	r = RUN("record", "--btf", "/nonexistent/types", "-w", "/proc/capture");
	ends(&r, 1, "cannot write /proc/capture: ");
	done(&r);
	check(access(mark, F_OK) < 0, "the command ran");
	r = RUN("record", "-w", name, "--", "/bin/touch", mark);
	ends(&r, 0, " bytes in ");
	done(&r);
	check(pread(fd, line, 8, 0) == 8 && !strncmp(line, "sakerrec", 8), "it has now \"%.8s\"", line);
	check(unlink(mark) == 0, "the command did not run");
	unlink(name);
	close(fd);
}

TEST(command_doubt, "an agent says that it watches, and which of the files it was told of are not there")
{
	agent_fresh("containers: {host_prefix: /nonexistent}\nk8s: {metadata: /nonexistent/pods.json}\n");
	agent_start();
	check(agent_said("watching by 1 policy and ") == 1, "nothing is said of the start");
	check(agent_said("containers.host_prefix: cannot read /nonexistent: No such file") == 1, "nothing of the prefix");
	check(agent_said("k8s.metadata: cannot read /nonexistent/pods.json: No such file") == 1, "nothing of the pods");
	check(agent_stop() == 0, "saker failed");
}

static const struct { const char *option, *value, *says; } usage_rows[] = {
	{ "-e", "opne", "openat" }, { "-e", "proces_exec", "process_exec" }, { "-o", "yaml", "json" },
	{ "--for", "soon", "5s" }, { "--count", "0", "above 0" }, { "--pid", "x", "number" },
	{ "--uid", "nobody-at-all", "nobody-at-all" }, { "--comm", "", "1 to 15" },
	{ "--transport", "pigeon", "ring or perf" }, { "--lanes", "bulk=3", "power of two" },
	{ "--lanes", "slow=4K", "critical=SIZE" }, { "--colour", "auto", "--color" },
};

TEST(usage_errors, "wrong options: status 2, and what would be right")
{
	for (size_t i = 0; i < sizeof(usage_rows) / sizeof(*usage_rows); i++) {
		struct run r = RUN("trace", usage_rows[i].option, usage_rows[i].value);

		/* "opne" is near to several names. */
		ends(&r, 2, i ? usage_rows[i].says : "opne");
		check(!*r.out, "it prints %s", r.out);
		done(&r);
	}
}

TEST(trace_count, "--count ends after so many lines")
{
	struct run r = RUN("trace", "-o", "json", "-e", "getppid", "--count", "3", "--", self(), "--be", "calls", "100");
	unsigned lines = 0;

	for (const char *p = r.out; *p; p++)
		lines += *p == '\n';
	check(lines >= 3 && lines <= 5, "%u lines: %s", lines, r.out);
	check(run_record(&r, 2, "getppid", 0, NULL), "less than 3 records: %s", r.out);
	check(!run_record(&r, 3, "getppid", 0, NULL), "more than 3 records");
	done(&r);
}

TEST(trace_for, "--for ends in time")
{
	double begin = now();
	struct run r = RUN("trace", "-o", "json", "-e", "agent_start,agent_stop", "--for", "300ms");
	json_t *stop = run_record(&r, 0, "agent_stop", 0, NULL);

	ends(&r, 0, NULL);
	check(now() - begin < 10 * slowness(), "it took %.1f s", now() - begin);
	if (check(stop, "no agent_stop")) {
		is(stop, "args.reason", "the time is over");
		json_decref(stop);
	}
	done(&r);
}

static const char *boot_id(void)
{
	static char text[64];
	FILE *in = fopen("/proc/sys/kernel/random/boot_id", "r");

	if (!in || fscanf(in, "%63s", text) != 1)
		give_up("cannot read the boot's id");
	fclose(in);
	return text;
}

TEST(agent_life, "agent_start and agent_stop")
{
	json_t *start, *stop;
	struct utsname uts;
	pid_t pid;

	trace_stop();
	uname(&uts);
	trace("-e process_exec,openat,lost,agent_start,agent_stop");
	pid = trace_pid();
	start = await("agent_start", pid, NULL);
	is(start, "args.kernel", "%s", uts.release);
	is(start, "proc.name", "saker");
	is(start, "args.missing", "null");
	is(start, "args.boot_id", "%s", boot_id());
	check(strstr(value(start, "args.hooks"), "\"process_exec="), "hooks are %s", value(start, "args.hooks"));
	check(strstr(value(start, "args.hooks"), "\"openat="), "hooks are %s", value(start, "args.hooks"));
	looked_at(start, "args.hooks");
	looked_at(start, "args.version");
	looked_at(start, "args.elapsed");
	check(number(start, "args.elapsed") > 1000000, "elapsed is %s", value(start, "args.elapsed"));
	complete(start);
	check(trace_stop() == 0, "it does not end with status 0");
	stop = seen(0, "agent_stop", pid, NULL);
	if (!check(stop, "no agent_stop"))
		return;
	is(stop, "args.reason", "interrupted");
	is(stop, "args.dropped", "0");
	is(stop, "args.queued", "0");
	looked_at(stop, "args.seen");
	looked_at(stop, "args.delivered");
	complete(stop);
}

/* --- filters */

static void calls_little(void)
{
	for (int i = 0; i < 10; i++)
		syscall(SYS_getppid);
}

static int gate[2];

static void waits_then_calls(void)
{
	char c;

	if (read(gate[0], &c, 1) == 1)
		calls_little();
}

/* Traces with a filter that lets one of two subjects through. */
static void filter_check(const char *option, const char *text, void (*wanted)(void), void (*other)(void))
{
	char arguments[256];
	pid_t a, b;

	snprintf(arguments, sizeof(arguments), "%s %s -e getppid,agent_start", option, text);
	trace(arguments);
	b = subject(other);
	a = subject(wanted);
	trace_stop();
	check(count("getppid", a, NULL) == 10, "%u of 10 calls are shown", count("getppid", a, NULL));
	check(count("getppid", b, NULL) == 0, "%u calls of another are shown", count("getppid", b, NULL));
	check(count("getppid", 0, NULL) == 10, "%u calls of others are shown", count("getppid", 0, NULL) - 10);
}

static void with_name(void)
{
	prctl(PR_SET_NAME, "fifteen bytes..");
	calls_little();
}

static void as_nobody(void)
{
	if (setuid(65534) < 0)
		subject_fail("setuid");
	calls_little();
}

TEST(filter_comm, "--comm")
{
	filter_check("--comm", "subject", calls_little, with_name);
}

TEST(filter_uid, "--uid by number, of the real user")
{
	filter_check("--uid", "65534", as_nobody, calls_little);
}

TEST(filter_pid, "--pid")
{
	char text[64];
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0)
		give_up("pipe2");
	pid = subject_start(waits_then_calls);
	snprintf(text, sizeof(text), "--pid %d -e getppid,agent_start", pid);
	trace(text);
	subject(calls_little);
	if (write(gate[1], "x", 1) != 1)
		give_up("write");
	subject_wait(pid);
	trace_stop();
	check(count("getppid", pid, NULL) == 10, "%u of 10 calls are shown", count("getppid", pid, NULL));
	check(count("getppid", 0, NULL) == 10, "calls of others are shown");
	close(gate[0]);
	close(gate[1]);
}

TEST(filter_self, "the tracer leaves itself out")
{
	pid_t pid;

	trace_stop();
	trace("-e write,epoll_wait,epoll_pwait,openat,bpf,agent_start");
	pid = trace_pid();
	subject(calls_little);
	trace_stop();
	check(count("agent_start", pid, NULL) == 1, "no agent_start");
	check(count(NULL, pid, NULL) == count("agent_start", pid, NULL) + count("agent_stop", pid, NULL),
	      "there are records of its own: %s", value(seen(1, NULL, pid, NULL), "event"));
}

TEST(select_exclude, "events by category and glob, less those with a minus")
{
	struct run r = RUN("trace", "-o", "json", "-e", "syscalls,-getp*", "--", self(), "--be", "calls", "5");

	check(!run_record(&r, 0, "getppid", 0, NULL), "getppid is shown");
	check(run_record(&r, 0, "execve", 0, NULL), "execve is not shown");
	done(&r);
	r = RUN("trace", "-o", "json", "-e", "getp*", "--", self(), "--be", "calls", "5");
	check(run_record(&r, 4, "getppid", 0, NULL), "getppid is not shown");
	check(!run_record(&r, 0, "execve", 0, NULL), "execve is shown");
	done(&r);
}

/* Each event's hook, as doctor tells it. */
static json_t *rungs(const char *option)
{
	struct run r = RUN("doctor", "-o", "json", option);
	json_t *told = json_loads(r.out, 0, NULL), *events = json_incref(json_object_get(told, "events"));

	check(r.status == 0 && json_array_size(events) > 20, "exit status %d: %s", r.status, r.err);
	json_decref(told);
	done(&r);
	return events;
}

TEST(doctor_foresees, "without loading anything, doctor names the hooks that loading them gives")
{
	json_t *foreseen = rungs(NULL), *got = rungs("--probe");

	for (size_t i = 0; i < json_array_size(foreseen); i++) {
		char *one = json_dumps(json_array_get(foreseen, i), JSON_SORT_KEYS),
		     *other = json_dumps(json_array_get(got, i), JSON_SORT_KEYS);

		check(one && other && !strcmp(one, other), "%s is %s", one ? one : "nothing", other ? other : "nothing");
		free(one);
		free(other);
	}
	json_decref(foreseen);
	json_decref(got);
}

/* --- endings */

TEST(closed_pipe, "a reader that goes away ends it quietly")
{
	struct run_how how = { .reader = "first line" };
	char *const argv[] = { (char *)"trace", (char *)"-o", (char *)"json", (char *)"-e", (char *)"getppid",
			       (char *)"--", (char *)self(), (char *)"--be", (char *)"calls", (char *)"200000", NULL };
	double begin = now();
	struct run r = run(&how, argv);

	check(r.status == 0, "exit status %d: %s", r.status, r.err);
	check(now() - begin < 10 * slowness(), "it took %.1f s", now() - begin);
	check(!strstr(r.err, "roken pipe"), "it says %s", r.err);
	done(&r);
}

TEST(full_disk, "a full disk ends it with its name")
{
	struct run_how how = { .stdout_file = "/dev/full" };
	char *const argv[] = { (char *)"trace", (char *)"-o", (char *)"json", (char *)"--for", (char *)"5s", NULL };
	struct run r = run(&how, argv);

	ends(&r, 1, "No space left on device");
	done(&r);
}

TEST(no_privilege, "without privilege: status 3, and the capability that is missing")
{
	struct run_how how = { .uid = 65534 };
	char *const argv[] = { (char *)"trace", (char *)"--for", (char *)"1s", NULL };
	struct run r;

	if (access(saker_path(), X_OK) < 0)
		give_up("no saker");
	r = run(&how, argv);
	if (r.status == 126)
		skip("the user nobody cannot reach %s", saker_path());
	ends(&r, 3, "CAP_BPF");
	done(&r);
}
