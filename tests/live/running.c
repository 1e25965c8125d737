// SPDX-License-Identifier: Apache-2.0
#include "running.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "live_own.h"

enum { SINKS = 32, MARK = 0x40000000 };

struct tail {
	char name[32];
	int fd;
	char *pending;
	size_t len, size;
	json_t *records;
};

static struct {
	pid_t pid;
	unsigned marks, told;		/* policy_reloads that were returned */
	struct tail tails[SINKS];
	unsigned ntails;
	void (*setup)(void);
} agent;

/* --- files */

const char *agent_path(const char *name)
{
	static char paths[8][4200];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/run/%s", scratch(), name);
	return path;
}

static void write_whole(const char *path, const char *format, va_list args)
{
	static char text[256 << 10];
	int n = vsnprintf(text, sizeof(text), format, args);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (n >= (int)sizeof(text) || fd < 0 || write(fd, text, n) != n || close(fd) < 0)
		give_up("cannot write %s: %s", path, strerror(errno));
}

void agent_file(const char *name, const char *format, ...)
{
	char fresh[4300];
	va_list args;

	snprintf(fresh, sizeof(fresh), "%s.fresh", agent_path(name));
	va_start(args, format);
	write_whole(fresh, format, args);
	va_end(args);
	if (rename(fresh, agent_path(name)) < 0)
		give_up("cannot rename %s: %s", fresh, strerror(errno));
}

void agent_file_in_place(const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_whole(agent_path(name), format, args);
	va_end(args);
}

void agent_file_remove(const char *name)
{
	if (unlink(agent_path(name)) < 0)
		give_up("cannot remove %s: %s", name, strerror(errno));
}

void agent_fresh(const char *more_sinks)
{
	char command[4300];

	agent_stop();
	snprintf(command, sizeof(command), "rm -rf %s && mkdir -p -m 755 %s", agent_path(""), agent_path("policies"));
	if (system(command) != 0)
		give_up("cannot make %s", agent_path(""));
	agent_file("saker.yaml", "policies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n%s",
		   more_sinks);
	agent_file("policies/marks.yaml", "name: marks\nevents:\n  getpgid: {where: \"args.pid = %d\"}\n",
		   MARK + getpid());
}

/* --- what the sinks got */

static void tail_forget(struct tail *t)
{
	if (t->fd >= 0)
		close(t->fd);
	free(t->pending);
	json_decref(t->records);
}

void agent_forget(void)
{
	for (unsigned i = 0; i < agent.ntails; i++)
		json_array_clear(agent.tails[i].records);
	agent.told = 0;
}

static struct tail *tail_of(const char *sink)
{
	struct tail *t;

	for (unsigned i = 0; i < agent.ntails; i++)
		if (!strcmp(agent.tails[i].name, sink))
			return &agent.tails[i];
	if (agent.ntails == SINKS)
		give_up("too many sinks");
	t = &agent.tails[agent.ntails++];
	*t = (struct tail){ .fd = -1, .records = json_array() };
	snprintf(t->name, sizeof(t->name), "%s", sink);
	return t;
}

static void take_lines(struct tail *t)
{
	char *line = t->pending, *end = t->pending + t->len, *nl;

	while ((nl = memchr(line, '\n', end - line))) {
		json_t *record;

		*nl = 0;
		record = record_parse(line, nl - line);
		if (record)
			json_array_append_new(t->records, record);
		line = nl + 1;
	}
	t->len = end - line;
	memmove(t->pending, line, t->len);
}

static bool pump(struct tail *t)
{
	char file[64];
	ssize_t n;

	snprintf(file, sizeof(file), "%s.json", t->name);
	if (t->fd < 0)
		t->fd = open(agent_path(file), O_RDONLY | O_CLOEXEC);
	if (t->fd < 0)
		return false;
	if (t->size - t->len < 65536) {
		t->size = t->size * 2 + (1 << 20);
		t->pending = realloc(t->pending, t->size);
	}
	n = read(t->fd, t->pending + t->len, t->size - t->len - 1);
	if (n <= 0)
		return false;
	t->len += n;
	take_lines(t);
	return true;
}

json_t *agent_records(const char *sink)
{
	struct tail *t = tail_of(sink);

	while (pump(t))
		;
	return t->records;
}

static json_t *find(const char *sink, unsigned n, const char *event, pid_t pid, const char *const *where)
{
	json_t *record;
	size_t i;

	json_array_foreach(agent_records(sink), i, record)
		if (record_fits(record, event, pid, where) && n-- == 0)
			return record;
	return NULL;
}

unsigned agent_count(const char *sink, const char *event, pid_t pid, ...)
{
	const char *where[CONDITIONS_MAX + 1];
	unsigned n = 0;
	json_t *record;
	size_t i;

	CONDITIONS(where, pid);
	json_array_foreach(agent_records(sink), i, record)
		n += record_fits(record, event, pid, where);
	return n;
}

unsigned agent_said(const char *text)
{
	char line[8192];
	FILE *f = fopen(agent_path("stderr"), "re");
	unsigned n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, text) != NULL;
	if (f)
		fclose(f);
	return n;
}

void agent_errors(void)
{
	char text[3000];
	int fd = open(agent_path("stderr"), O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n;

	if (size > (off_t)sizeof(text) - 1)
		lseek(fd, size - sizeof(text) + 1, SEEK_SET);
	else
		lseek(fd, 0, SEEK_SET);
	n = read(fd, text, sizeof(text) - 1);
	if (n > 0)
		note("saker said: %.*s", (int)n, text);
	close(fd);
}

static json_t *find_soon(const char *sink, unsigned nth, const char *event, pid_t pid, const char *const *where,
			 double seconds)
{
	double end = now() + seconds;
	json_t *record;
	int status;

	while (!(record = find(sink, nth, event, pid, where))) {
		bool ended = agent.pid && waitpid(agent.pid, &status, WNOHANG) == agent.pid;

		if (ended)
			agent.pid = 0;
		if (ended || now() > end) {
			agent_errors();
			for (unsigned i = 0; where[i]; i++)
				note("  with %s", where[i]);
			if (ended)
				give_up("saker ended with wait status %#x", status);
			give_up("waited in vain for %s of %d in %s", event, pid, sink);
		}
		poll(NULL, 0, 1);
	}
	return record;
}

json_t *agent_await(const char *sink, const char *event, pid_t pid, ...)
{
	const char *where[CONDITIONS_MAX + 1];

	CONDITIONS(where, pid);
	return find_soon(sink, 0, event, pid, where, 8 + slowness());
}

json_t *agent_nth(const char *sink, unsigned n, const char *event, pid_t pid, ...)
{
	const char *where[CONDITIONS_MAX + 1];

	CONDITIONS(where, pid);
	return find_soon(sink, n, event, pid, where, 8 + slowness());
}

/* --- running */

pid_t agent_pid(void)
{
	return agent.pid;
}

unsigned agent_descriptors(void)
{
	unsigned n = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", agent.pid);
	for (dir = opendir(path); dir && readdir(dir); n++)
		;
	if (dir)
		closedir(dir);
	return n;
}

void agent_setup(void (*setup)(void))
{
	agent.setup = setup;
}

struct path { char s[4096]; };

/* Where a library that is built beside the test program is. */
static struct path beside_us(const char *library)
{
	struct path path = { "" };

	if (readlink("/proc/self/exe", path.s, sizeof(path.s) - 64) > 0)
		snprintf(strrchr(path.s, '/') + 1, 64, "%s", library);
	return path;
}

bool agent_preload_found(const char *library)
{
	return access(beside_us(library).s, R_OK) == 0;
}

void agent_preload(const char *library)
{
	if (!agent_preload_found(library))
		_exit(126);
	setenv("LD_PRELOAD", beside_us(library).s, 1);
	/* A sanitizer wants to be first. */
	setenv("ASAN_OPTIONS", "detect_leaks=0:verify_asan_link_order=0", 1);
}

static void become_saker(void)
{
	int fd = open(agent_path("stderr"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);

	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGALRM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	if (agent.setup)
		agent.setup();
	execl(saker_path(), "saker", "run", "-c", agent_path("saker.yaml"), NULL);
	_exit(126);
}

void agent_start(void)
{
	static const char *const nothing[] = { NULL };

	trace_stop();
	agent_stop();
	for (unsigned i = 0; i < agent.ntails; i++)
		tail_forget(&agent.tails[i]);
	agent.ntails = agent.told = agent.marks = 0;
	agent.pid = fork();
	if (agent.pid == 0)
		become_saker();
	agent.setup = NULL;
	find_soon("events", 0, "agent_start", 0, nothing, 30 + slowness());
}

int agent_stop(void)
{
	int status = 0;

	if (!agent.pid)
		return -1;
	kill(agent.pid, SIGTERM);
	for (double end = deadline() + 10; waitpid(agent.pid, &status, WNOHANG) == 0; poll(NULL, 0, 2))
		if (now() > end) {
			fail("saker does not end on SIGTERM");
			kill(agent.pid, SIGKILL);
		}
	agent.pid = 0;
	for (unsigned i = 0; i < agent.ntails; i++)
		while (pump(&agent.tails[i]))
			;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void marks(void)
{
	syscall(SYS_getpgid, MARK + getppid());
}

void agent_barrier(void)
{
	pid_t marker = subject(marks);

	agent_await("events", "getpgid", marker, NULL);
}

json_t *agent_reloaded(void)
{
	static const char *const nothing[] = { NULL };

	return find_soon("events", agent.told++, "policy_reload", 0, nothing, 34 + slowness());
}

/* What was found by the watch meanwhile was told already, and is told again only if it was refused.
 * A reload that is under way may have read what was there before: the barrier waits for its end. */
json_t *agent_reload(void)
{
	double end;
	unsigned before;

	agent_barrier();
	end = now() + 2 * slowness();
	before = agent_reloads();
	kill(agent.pid, SIGHUP);
	while (agent_reloads() == before && (now() < end || before == agent.told))
		poll(NULL, 0, 1);
	agent.told = agent_reloads() > before ? before : before - 1;
	return agent_reloaded();
}

unsigned agent_reloads(void)
{
	return agent_count("events", "policy_reload", 0, NULL);
}

void agent_figures(long long figures[FIGURES])
{
	static const char *const lanes[] = { "args.lane=normal", "args.lane=bulk" };
	static const char *const paths[FIGURES] = {
		"args.seen", "args.filtered", "args.submitted", "args.dropped", "args.read", "args.delivered",
		"args.rejected", "args.invalid",
	};
	unsigned already[2];

	memset(figures, 0, FIGURES * sizeof(*figures));
	for (unsigned i = 0; i < 2; i++)
		already[i] = agent_count("events", "stats", 0, lanes[i], NULL);
	for (unsigned i = 0; i < 2; i++) {
		const char *where[] = { lanes[i], NULL };
		json_t *stats = find_soon("events", already[i], "stats", 0, where, 4 + slowness());

		for (unsigned k = 0; k < FIGURES; k++)
			figures[k] += number(stats, paths[k]);
	}
}

/* --- asking it */

json_t *agent_ask(const char *command)
{
	static json_t *replies[8];
	static unsigned turn;
	json_t **reply = &replies[turn++ % 8];
	char at[4200];
	struct run r;

	snprintf(at, sizeof(at), "%s/control.sock", getenv("RUNTIME_DIRECTORY"));
	r = RUN("ctl", "-s", at, "-o", "json", command);
	json_decref(*reply);
	*reply = r.status == 0 ? json_loads(r.out, 0, NULL) : NULL;
	if (!*reply)
		give_up("ctl %s: status %d: %s%s", command, r.status, r.out, r.err);
	free(r.out);
	free(r.err);
	return *reply;
}

json_t *agent_sink_find(const char *name)
{
	json_t *sink;
	size_t i;

	json_array_foreach(json_object_get(agent_ask("sinks"), "sinks"), i, sink)
		if (!strcmp(value(sink, "name"), name))
			return sink;
	return NULL;
}

json_t *agent_sink(const char *name)
{
	json_t *sink = agent_sink_find(name);

	if (!sink)
		give_up("ctl sinks has no %s", name);
	return sink;
}

static long status_kib(const char *key)
{
	char path[64], line[256];
	size_t n = strlen(key);
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", agent.pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, n) && line[n] == ':')
			kib = atol(line + n + 1);
	if (f)
		fclose(f);
	return kib;
}

long agent_kib(void)
{
	return status_kib("VmRSS");
}

long agent_own_kib(void)
{
	return status_kib("RssAnon");
}

double agent_cpu(void)
{
	unsigned long user = 0, system = 0;
	char path[64], line[1024] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", agent.pid);
	f = fopen(path, "r");
	if (f && fgets(line, sizeof(line), f) && strrchr(line, ')'))
		sscanf(strrchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	if (f)
		fclose(f);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}
