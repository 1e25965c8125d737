// SPDX-License-Identifier: Apache-2.0
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live_own.h"

enum { WORDS_MAX = 32 };

static struct {
	pid_t pid, thinner;
	char *arguments;
	int fd;			/* the file it writes, so that it never waits for us */
	char *pending;		/* an unfinished line */
	size_t len, size;
	json_t *records;
} tracer = { .fd = -1 };

const char *saker_path(void)
{
	static char path[PATH_MAX];
	ssize_t n;

	if (*path)
		return path;
	if (getenv("SAKER") && access(getenv("SAKER"), X_OK) == 0)
		return realpath(getenv("SAKER"), path);
	n = readlink("/proc/self/exe", path, sizeof(path) - 16);
	if (n > 0) {	/* BUILD/tests/live and BUILD/saker */
		path[n] = 0;
		*strrchr(path, '/') = 0;
		if (strrchr(path, '/'))
			strcpy(strrchr(path, '/'), "/saker");
	}
	if (access(path, X_OK) < 0)
		strcpy(path, "/bin/saker");
	return path;
}

json_t *records(void)
{
	return tracer.records;
}

pid_t trace_pid(void)
{
	return tracer.pid;
}

void trace_forget(void)
{
	json_decref(tracer.records);
	tracer.records = json_array();
}

static void take_lines(void)
{
	char *line = tracer.pending, *end = tracer.pending + tracer.len, *nl;

	while ((nl = memchr(line, '\n', end - line))) {
		json_t *record;

		*nl = 0;
		record = record_parse(line, nl - line);
		if (record)
			json_array_append_new(tracer.records, record);
		line = nl + 1;
	}
	tracer.len = end - line;
	memmove(tracer.pending, line, tracer.len);
}

/* Read what is there; false if that is nothing. */
static bool pump(void)
{
	ssize_t n;

	if (tracer.fd < 0)
		return false;
	if (tracer.size - tracer.len < 65536) {
		tracer.size = tracer.size * 2 + (1 << 20);
		tracer.pending = realloc(tracer.pending, tracer.size);
	}
	n = read(tracer.fd, tracer.pending + tracer.len, tracer.size - tracer.len - 1);
	if (n <= 0)
		return false;
	tracer.len += n;
	take_lines();
	return true;
}

static void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

static void exec_saker(char *const argv[])
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGALRM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	execv(saker_path(), argv);
	_exit(126);
}

/* Pass on all lines but those of this event, which are too many to keep. */
static void thin_out(int from, int to, const char *event)
{
	FILE *in = fdopen(from, "r"), *out = fdopen(to, "a");
	size_t size = 0, n;
	char *line = NULL, what[64];
	ssize_t len;

	n = snprintf(what, sizeof(what), "\"event\":\"%s\"", event);
	while ((len = getline(&line, &size, in)) > 0) {
		const char *at = strstr(line, "\"event\":");

		if (at && strncmp(at, what, n)) {
			fwrite(line, 1, len, out);
			fflush(out);
		}
	}
	_exit(0);
}

/* What the tracer writes to: the file itself, or a child that thins it out. */
static int output(int fd, const char *event)
{
	int ends[2];

	if (!event)
		return fd;
	if (pipe2(ends, O_CLOEXEC) < 0)
		give_up("pipe2: %s", strerror(errno));
	tracer.thinner = fork();
	if (tracer.thinner == 0) {
		close(ends[1]);
		thin_out(ends[0], fd, event);
	}
	close(ends[0]);
	close(fd);
	return ends[1];
}

static void start(char *const argv[], const char *without)
{
	const char *out = in_scratch("trace.out"), *err = in_scratch("trace.err");
	int fd, err_fd;

	unlink(out);
	fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	err_fd = open(err, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	tracer.fd = open(out, O_RDONLY | O_CLOEXEC);
	tracer.len = 0;
	if (fd < 0 || err_fd < 0 || tracer.fd < 0)
		give_up("cannot write to %s: %s", scratch(), strerror(errno));
	fd = output(fd, without);
	tracer.pid = fork();
	if (tracer.pid == 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(err_fd, STDERR_FILENO);
		exec_saker(argv);
	}
	close(fd);
	close(err_fd);
}

static void tell_errors(void)
{
	char text[2048];
	int fd = open(in_scratch("trace.err"), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n > 0)
		note("saker said: %.*s", (int)n, text);
}

/* What a process that should be ready does: did it run all the time, or sleep, and where? */
static void tell_state(pid_t pid)
{
	static const char *const files[] = { "stat", "wchan", "stack" };

	for (unsigned i = 0; i < 3; i++) {
		char path[64], text[2048];
		int fd;
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		if (n > 0)
			note("%s: %.*s", path, (int)n, text);
		if (fd >= 0)
			close(fd);
	}
}

static void await_start(void)
{
	double end = deadline() + 20;
	int status;

	while (!seen(0, "agent_start", 0, NULL)) {
		if (waitpid(tracer.pid, &status, WNOHANG) == tracer.pid) {
			tracer.pid = 0;
			tell_errors();
			give_up("saker ended with wait status %#x before it watched", status);
		}
		if (now() > end) {
			tell_errors();
			tell_state(tracer.pid);
			give_up("saker did not watch in time");
		}
		if (!pump())
			pause_ms(2);
	}
}

void trace(const char *arguments)
{
	char *argv[WORDS_MAX] = { (char *)"saker", (char *)"trace", (char *)"-o", (char *)"json" }, *words;
	const char *without = NULL;
	unsigned n = 4;

	if (tracer.pid && tracer.arguments && !strcmp(tracer.arguments, arguments))
		return;
	trace_stop();
	trace_forget();
	free(tracer.arguments);
	tracer.arguments = strdup(arguments);
	words = strdup(arguments);
	for (char *w = strtok(words, " "); w && n < WORDS_MAX - 1; w = strtok(NULL, " "))
		if (*w == '!')
			without = w + 1;
		else
			argv[n++] = w;
	start(argv, without);
	free(words);
	await_start();
}

int trace_stop(void)
{
	int status;

	if (!tracer.pid)
		return -1;
	kill(tracer.pid, SIGCONT);
	kill(tracer.pid, SIGINT);
	for (double end = deadline() + 10; waitpid(tracer.pid, &status, WNOHANG) == 0; pause_ms(2))
		if (now() > end) {
			fail("saker does not end on SIGINT");
			kill(tracer.pid, SIGKILL);
		}
	if (tracer.thinner)
		waitpid(tracer.thinner, NULL, 0);
	tracer.thinner = 0;
	while (pump())
		;
	close(tracer.fd);
	tracer.fd = -1;
	tracer.pid = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* --- finding */

static json_t *find(unsigned n, const char *event, pid_t pid, const char *const *where)
{
	json_t *record;
	size_t i;

	json_array_foreach(tracer.records, i, record)
		if (record_fits(record, event, pid, where) && n-- == 0)
			return record;
	return NULL;
}

json_t *seen(unsigned n, const char *event, pid_t pid, ...)
{
	const char *where[CONDITIONS_MAX + 1];

	CONDITIONS(where, pid);
	return find(n, event, pid, where);
}

unsigned count(const char *event, pid_t pid, ...)
{
	const char *where[CONDITIONS_MAX + 1];
	unsigned n = 0;
	json_t *record;
	size_t i;

	CONDITIONS(where, pid);
	json_array_foreach(tracer.records, i, record)
		n += record_fits(record, event, pid, where);
	return n;
}

static void tell_missing(const char *event, pid_t pid, const char *const *where)
{
	unsigned shown = 0;
	json_t *record;
	size_t i;

	note("no record: %s of %d", event, pid);
	for (; *where; where++)
		note("  with %s", *where);
	json_array_foreach(tracer.records, i, record)
		if (!strcmp(value(record, "event"), event) && (!pid || number(record, "proc.pid") == pid) && shown++ < 6)
			note("  there is: args %.500s, fd %.200s, by %s %s", value(record, "args"), value(record, "fd"),
			     value(record, "proc.pid"), value(record, "proc.name"));
	tell_errors();
}

json_t *await(const char *event, pid_t pid, ...)
{
	const char *where[CONDITIONS_MAX + 1];
	double end = deadline();
	json_t *record;
	int status;

	CONDITIONS(where, pid);
	while (!(record = find(0, event, pid, where))) {
		if (pump())
			continue;
		if (tracer.pid && waitpid(tracer.pid, &status, WNOHANG) == tracer.pid) {
			tracer.pid = 0;
			fail("saker ended with wait status %#x", status);
			end = 0;
		}
		if (now() > end || !tracer.pid) {
			tell_missing(event, pid, where);
			give_up("waited in vain for %s", event);
		}
		pause_ms(1);
	}
	return record;
}

static void mark(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
}

void barrier(void)
{
	pid_t marker = subject(mark);

	if (strstr(tracer.arguments, "process_exit"))
		await("process_exit", marker, NULL);
	if (strstr(tracer.arguments, "file_open"))
		await("file_open", marker, NULL);
	if (strstr(tracer.arguments, "syscalls")) {
		await("openat", marker, NULL);
		await("exit_group", marker, NULL);
	}
}

/* --- a run from beginning to end */

static char *slurp_fd(int fd, bool first_line_only)
{
	size_t len = 0, size = 1 << 16;
	char *text = malloc(size);
	ssize_t n;

	while ((n = read(fd, text + len, size - len - 1)) > 0) {
		len += n;
		if (first_line_only && memchr(text, '\n', len))
			break;
		if (size - len < 4096)
			text = realloc(text, size *= 2);
	}
	text[len] = 0;
	close(fd);
	return text;
}

static void become(uid_t uid)
{
	if (uid && (setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0))
		_exit(126);
}

struct run run(const struct run_how *how, char *const argv[])
{
	static const struct run_how plain;
	struct run r = { 0 };
	char *words[WORDS_MAX] = { (char *)"saker" };
	const char *err = in_scratch("run.err");
	int out[2], err_fd, status;
	pid_t pid;

	how = how ? how : &plain;
	for (unsigned n = 0; argv[n] && n + 2 < WORDS_MAX; n++)
		words[n + 1] = argv[n];
	if (pipe2(out, O_CLOEXEC) < 0)
		give_up("pipe2: %s", strerror(errno));
	err_fd = open(err, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	pid = fork();
	if (pid == 0) {
		int fd = how->stdout_file ? open(how->stdout_file, O_WRONLY) : out[1];

		dup2(fd, STDOUT_FILENO);
		dup2(err_fd, STDERR_FILENO);
		become(how->uid);
		exec_saker(words);
	}
	close(out[1]);
	r.out = slurp_fd(out[0], how->reader);
	waitpid(pid, &status, 0);
	lseek(err_fd, 0, SEEK_SET);
	r.err = slurp_fd(err_fd, false);
	r.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return r;
}

json_t *run_record(const struct run *r, unsigned n, const char *event, pid_t pid, ...)
{
	const char *where[CONDITIONS_MAX + 1], *line = r->out, *nl;

	CONDITIONS(where, pid);
	for (; (nl = strchr(line, '\n')); line = nl + 1) {
		json_t *record;

		if (*line != '{')
			continue;
		record = record_parse(line, nl - line);
		if (record && record_fits(record, event, pid, where) && n-- == 0)
			return record;
		json_decref(record);
	}
	return NULL;
}
