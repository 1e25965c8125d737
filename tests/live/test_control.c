// SPDX-License-Identifier: Apache-2.0
/* Who looks after the agent: one on a host, and what it leaves behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject.h"
#include "live.h"
#include "running.h"

static const char *run_dir(const char *name)
{
	static char paths[4][4200];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s%s%s", getenv("RUNTIME_DIRECTORY"), *name ? "/" : "", name);
	return path;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

/* --- one agent a host */

TEST(instance_second, "a second agent ends with status 4 and names the first")
{
	char pid[32];
	struct run r;

	agent_fresh("");
	agent_start();
	check(mode_of(run_dir("")) == 0750 && mode_of(run_dir("lock")) == 0600, "modes %o and %o",
	      mode_of(run_dir("")), mode_of(run_dir("lock")));
	snprintf(pid, sizeof(pid), "process %d,", agent_pid());
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 4 && strstr(r.err, "another saker runs already") && strstr(r.err, pid), "status %d: %s",
	      r.status, r.err);
	agent_barrier();
	check(agent_stop() == 0, "the first failed");
	check(access(run_dir(""), F_OK) < 0 && errno == ENOENT, "%s is left behind", run_dir(""));
}

TEST(instance_killed, "the folder of a killed agent is taken over")
{
	agent_fresh("");
	agent_start();
	kill(agent_pid(), SIGKILL);
	check(agent_stop() == 128 + SIGKILL, "it was not killed");
	check(access(run_dir("lock"), F_OK) == 0, "the lock is gone");
	agent_file_remove("events.json");
	agent_start();
	agent_barrier();
	check(agent_stop() == 0, "the next one failed");
	check(access(run_dir(""), F_OK) < 0 && errno == ENOENT, "%s is left behind", run_dir(""));
}

TEST(instance_folder, "a folder that others could write is refused")
{
	struct run r;

	agent_fresh("");
	agent_stop();
	check(mkdir(run_dir(""), 0755) == 0 && chmod(run_dir(""), 0775) == 0, "mkdir: %s", strerror(errno));
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1 && strstr(r.err, "others could write it"), "status %d: %s", r.status, r.err);
	rmdir(run_dir(""));
	check(symlink(scratch(), run_dir("")) == 0, "symlink: %s", strerror(errno));
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1, "a link is followed: status %d: %s", r.status, r.err);
	unlink(run_dir(""));
	agent_file("saker.yaml", "policies: [policies]\nagent: {group: no such group}\n");
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1 && strstr(r.err, "there is no group \"no such group\""), "status %d: %s", r.status, r.err);
	rmdir(run_dir(""));
}

/* --- the control socket */

enum { MEMBER = 65534, OUTSIDER = 65533 };

static const char *socket_path(void)
{
	return run_dir("control.sock");
}

static int connect_to(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 20 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", socket_path());
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -errno;
}

/* What comes until a newline or the end. */
static json_t *hear(int fd)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(text) - 1 && (n = recv(fd, text + len, sizeof(text) - 1 - len, MSG_PEEK)) > 0) {
		char *nl = memchr(text + len, '\n', n);

		n = recv(fd, text + len, nl ? nl + 1 - (text + len) : n, 0);
		len += n;
		if (nl)
			break;
	}
	text[len] = 0;
	return json_loads(text, 0, NULL);
}

static bool says(int fd, const char *text, size_t len)
{
	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static json_t *ask(const char *line)
{
	int fd = connect_to();
	json_t *reply;

	if (fd < 0)
		give_up("cannot connect to %s: %s", socket_path(), strerror(-fd));
	says(fd, line, strlen(line));
	says(fd, "\n", 1);
	reply = hear(fd);
	close(fd);
	if (!reply)
		give_up("no answer to %s", line);
	return reply;
}

/* Both ask for the text at a path of the reply. */
#define refused(line, words) do {							\
	json_t *reply_ = ask(line);							\
	check(!strcmp(value(reply_, "ok"), "false") && strstr(value(reply_, "error"), words), \
	      "%s: %s", line, json_dumps(reply_, 0));					\
} while (0)

static struct run ctl(uid_t uid, const char *command, const char *argument)
{
	const struct run_how how = { .uid = uid };

	return run(&how, (char *const *)(const char *const[]){ "ctl", "-s", socket_path(), command, argument, NULL });
}

/* It listens a moment after its first event. */
static void await_socket(void)
{
	int fd;

	for (double end = deadline(); (fd = connect_to()) < 0; usleep(1000))
		if (now() > end)
			give_up("nobody listens at %s: %s", socket_path(), strerror(-fd));
	close(fd);
}

static void start_control(const char *sinks)
{
	agent_fresh(sinks);
	agent_file("saker.yaml", "policies: [policies]\nagent: {group: \"%d\", report_interval: 1s}\n"
		   "sinks:\n  events: {type: file, path: events.json}\n%s", MEMBER, sinks);
	agent_start();
	await_socket();
}

TEST(control_status, "status, stats, sinks, reload and loglevel answer the truth")
{
	json_t *s;
	struct run r;

	start_control("  second: {type: file, path: second.json, where: evt.type = openat}\n");
	s = ask("{\"cmd\":\"status\"}");
	is(s, "ok", "true");
	is(s, "pid", "%d", agent_pid());
	is(s, "generation", "1");
	is(s, "transport", "ring");
	is(s, "lanes.normal", "%d", 8 << 20);
	is(s, "loglevel", "info");
	is(s, "lost.total", "0");
	check(!strcmp(value(json_array_get(json_object_get(s, "policies"), 0), "name"), "marks"), "%s", json_dumps(s, 0));
	check(json_object_get(json_object_get(s, "events"), "getpgid") != NULL, "%s", json_dumps(s, 0));
	check(number(s, "resident_bytes") > 1 << 20, "%s", json_dumps(s, 0));
	r = ctl(0, "status", NULL);
	check(r.status == 0 && strstr(r.out, "generation 1\n") && strstr(r.out, "transport    ring;"), "%d: %s%s", r.status,
	      r.out, r.err);
	s = ask("{\"cmd\":\"sinks\"}");
	is(json_array_get(json_object_get(s, "sinks"), 0), "name", "events");
	is(json_array_get(json_object_get(s, "sinks"), 1), "name", "second");
	r = ctl(0, "sinks", NULL);
	check(r.status == 0 && !strncmp(r.out, "NAME ", 5) && strstr(r.out, "\nsecond"), "%s", r.out);
	agent_file("policies/more.yaml", "name: more\nevents: {dup: }\n");
	s = ask("{\"cmd\":\"reload\"}");
	is(s, "result", "applied");
	is(s, "added", "1");
	is(s, "same", "1");
	is(s, "generation", "2");
	is(ask("{\"cmd\":\"reload\"}"), "result", "unchanged");
	agent_file("policies/more.yaml", "name: more\nevents: {dupp: }\n");
	refused("{\"cmd\":\"reload\"}", "more.yaml:2:10: unknown event \"dupp\"");
	r = ctl(0, "reload", NULL);
	check(r.status == 1 && strstr(r.err, "more.yaml:2:10"), "%d: %s", r.status, r.err);
	is(ask("{\"cmd\":\"loglevel\",\"level\":\"debug\"}"), "level", "debug");
	r = ctl(0, "loglevel", NULL);
	check(r.status == 0 && !strcmp(r.out, "debug\n"), "%s", r.out);
	refused("{\"cmd\":\"loglevel\",\"level\":\"loud\"}", "want error, warning, info or debug");
	r = ctl(0, "stauts", NULL);
	check(r.status == 2 && strstr(r.err, "did you mean \"status\"?"), "%d: %s", r.status, r.err);
	check(agent_stop() == 0, "saker failed");
	r = ctl(0, "status", NULL);
	check(r.status == 3 && strstr(r.err, "is saker run running?"), "%d: %s", r.status, r.err);
}

/* Subtrees under two reapers, some of whose middles end. */
static void plant(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			prctl(PR_SET_CHILD_SUBREAPER, i % 2);
			for (int k = 0; k < 3; k++)
				if (fork() == 0 && (fork() == 0 || k == 0)) {
					pause();
					_exit(0);
				}
			if (i < 2)
				pause();
			_exit(0);
		}
	shared->n[0] = 1;
	while (shared->n[0] < 2)
		usleep(1000);
	syscall(SYS_kill, 0, SIGKILL);
}

static void plant_alone(void)
{
	setpgid(0, 0);
	plant();
}

/* How many of the agent's processes have another parent in /proc, of those that are there. */
static unsigned differences(json_t *all, unsigned *same)
{
	unsigned wrong = 0;
	json_t *p;
	size_t i;

	*same = 0;
	json_array_foreach(all, i, p) {
		char path[64], name[64];
		int ppid;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%lld/stat", number(p, "pid"));
		f = fopen(path, "r");
		if (f && fscanf(f, "%*d (%63[^)]) %*c %d", name, &ppid) == 2) {
			wrong += ppid != number(p, "ppid");
			*same += ppid == number(p, "ppid");
		}
		if (f)
			fclose(f);
	}
	return wrong;
}

TEST(control_ps, "ps shows the kernel's own tree, also after adoptions")
{
	unsigned wrong = 1, same = 0;
	double end;
	struct run r;
	json_t *s;
	pid_t pid;

	start_control("");
	memset(shared, 0, sizeof(*shared));
	pid = subject_start(plant_alone);
	for (end = deadline(); wrong && now() < end; usleep(100000)) {
		s = shared->n[0] ? ask("{\"cmd\":\"ps\"}") : NULL;
		if (s)
			wrong = differences(json_object_get(s, "processes"), &same);
	}
	check(wrong == 0 && same > 10, "%u parents differ, %u do not", wrong, same);
	r = ctl(0, "ps", NULL);
	check(r.status == 0 && strstr(r.out, "  subject  ") && strstr(r.out, "  CONTAINER     NAME\n") && strstr(r.out, "  host  "), "%d: %s", r.status, r.out);
	shared->n[0] = 2;
	subject_wait(pid);
	check(agent_stop() == 0, "saker failed");
}

static void calls(void)
{
	for (unsigned i = 0; i < 1000; i++)
		close(dup(0));
}

TEST(control_stats, "the counters balance from hook to sink")
{
	json_t *s, *lane, *event;
	const char *name;
	struct run r;

	start_control("");
	agent_file("policies/more.yaml", "name: more\nevents: {dup: {where: proc.name = subject}}\n");
	agent_reload();
	subject(calls);
	agent_barrier();
	s = json_object_get(ask("{\"cmd\":\"stats\"}"), "lanes");
	json_object_foreach(s, name, lane) {
		check(number(lane, "seen") == number(lane, "filtered") + number(lane, "limited") + number(lane, "submitted") +
		      number(lane, "dropped.full") + number(lane, "dropped.scratch"), "%s: %s", name, json_dumps(lane, 0));
		check(number(lane, "submitted") >= number(lane, "read"), "%s: %s", name, json_dumps(lane, 0));
	}
	s = ask("{\"cmd\":\"stats\"}");
	event = json_object_get(json_object_get(s, "events"), "dup");
	check(number(event, "delivered") == 1000 && number(event, "read") >= 1000, "%s", json_dumps(event, 0));
	check(number(s, "policies.more.matched") == 1000, "%s", json_dumps(json_object_get(s, "policies"), 0));
	check(number(s, "sinks.events.written") >= 1000, "%s", json_dumps(json_object_get(s, "sinks"), 0));
	check(number(s, "agent.reloads.applied") == 1, "%s", json_dumps(json_object_get(s, "agent"), 0));
	r = ctl(0, "stats", NULL);
	check(r.status == 0 && strstr(r.out, "\ncritical ") && strstr(r.out, "\nEVENT ") && strstr(r.out, "\ndup "), "%d: %s%s", r.status, r.err,
	      r.out);
}

TEST(control_rights, "the group may look, root may change, others may nothing")
{
	struct run r;
	json_t *s;

	start_control("");
	check(mode_of(socket_path()) == 0660, "mode %o", mode_of(socket_path()));
	r = ctl(MEMBER, "status", NULL);
	check(r.status == 0, "%d: %s", r.status, r.err);
	r = ctl(MEMBER, "loglevel", NULL);
	check(r.status == 0 && !strcmp(r.out, "info\n"), "%d: %s%s", r.status, r.out, r.err);
	r = ctl(MEMBER, "loglevel", "debug");
	check(r.status == 1 && strstr(r.err, "loglevel is for root and the agent's own user"), "%d: %s", r.status, r.err);
	r = ctl(MEMBER, "reload", NULL);
	check(r.status == 1 && strstr(r.err, "reload is for root"), "%d: %s", r.status, r.err);
	is(ask("{\"cmd\":\"loglevel\"}"), "level", "info");
	r = ctl(OUTSIDER, "status", NULL);
	check(r.status == 3 && strstr(r.err, "Permission denied"), "%d: %s", r.status, r.err);
	/* Even if somebody opened the door. */
	chmod(run_dir(""), 0755);
	chmod(socket_path(), 0666);
	r = ctl(OUTSIDER, "status", NULL);
	check(r.status == 1 && strstr(r.err, "only root, the agent's own user and the group"), "%d: %s", r.status, r.err);
	s = ask("{\"cmd\":\"stats\"}");
	is(s, "control.denied", "3");
}

/* As somebody else, connect until the table is full, and go on. */
static void crowd(void)
{
	unsigned in = 0, turned_away = 0;
	int fds[1000];
	json_t *reply;

	if (setgroups(0, NULL) < 0 || setresgid(MEMBER, MEMBER, MEMBER) < 0 || setresuid(MEMBER, MEMBER, MEMBER) < 0)
		subject_fail("become");
	for (unsigned i = 0; i < 1000; i++) {
		fds[i] = connect_to();
		if (fds[i] < 0)
			subject_fail("connect");
	}
	for (unsigned i = 0; i < 1000; i++) {
		says(fds[i], "{\"cmd\":\"loglevel\"}\n", 19);
		reply = hear(fds[i]);
		in += reply && json_is_true(json_object_get(reply, "ok"));
		turned_away += reply && strstr(json_dumps(reply, 0), "too many clients") != NULL;
	}
	shared->n[0] = in;
	shared->n[1] = turned_away;
	shared->n[2] = 1;
	while (!shared->n[3])
		usleep(1000);
}

static void await_shared(unsigned i)
{
	for (double end = deadline(); !shared->n[i]; usleep(1000))
		if (now() > end)
			give_up("the crowd does not come");
}

TEST(control_crowd, "a thousand clients keep neither root nor the loop from anything")
{
	unsigned before;
	pid_t pid;

	start_control("");
	ask("{\"cmd\":\"status\"}");
	before = agent_descriptors();
	pid = subject_start(crowd);
	await_shared(2);
	check(shared->n[0] == 12 && shared->n[1] == 988, "%ld got in, %ld were turned away", shared->n[0], shared->n[1]);
	is(ask("{\"cmd\":\"loglevel\"}"), "ok", "true");
	agent_barrier();
	soon(agent_descriptors() <= before + 12, "%u descriptors, %u before", agent_descriptors(), before);
	shared->n[3] = 1;
	subject_wait(pid);
	is(ask("{\"cmd\":\"loglevel\"}"), "ok", "true");
	check(number(ask("{\"cmd\":\"stats\"}"), "control.refused") == 988, "refused");
}

static void pass_descriptors(int fd)
{
	char room[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	struct iovec iov = { (char *)"{\"cmd\":\"loglevel\"}\n", 19 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(8 * sizeof(int));
	for (unsigned i = 0; i < 8; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), (int[]){ STDIN_FILENO }, sizeof(int));
	sendmsg(fd, &m, MSG_NOSIGNAL);
}

TEST(control_garbage, "garbage, long lines, halves, pipelines and descriptors")
{
	static const struct { const char *line, *words; } rows[] = {
		{ "", "no JSON" },
		{ "status", "no JSON" },
		{ "[]", "want an object" },
		{ "{}", "want an object with a text \"cmd\"" },
		{ "{\"cmd\":7}", "want an object with a text \"cmd\"" },
		{ "{\"cmd\":\"\"}", "unknown command \"\"" },
		{ "{\"cmd\":\"stat\"}", "unknown command \"stat\", did you mean" },
		{ "{\"cmd\":\"status\",\"cmd\":\"stats\"}", "no JSON" },
		{ "{\"cmd\":\"status\",\"more\":1}", "status has no \"more\"" },
		{ "{\"cmd\":\"loglevel\",\"level\":{}}", "level: want a text" },
		{ "{\"cmd\":\"\xff\"}", "no JSON" },
		{ "\x1b[2J", "no JSON" },
	};
	static char much[1 << 16];
	unsigned before;
	int fd;

	start_control("");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		refused(rows[i].line, rows[i].words);
	before = agent_descriptors();
	memset(much, '[', sizeof(much));
	fd = connect_to();
	says(fd, much, sizeof(much));
	is(hear(fd), "error", "the request is longer than 4096 bytes");
	check(recv(fd, much, 1, 0) <= 0, "it goes on listening");
	close(fd);
	fd = connect_to();
	says(fd, "{\"cmd\":\"loglevel\"}", 18);
	shutdown(fd, SHUT_WR);
	is(hear(fd), "level", "info");
	check(recv(fd, much, 1, 0) == 0, "it does not hang up");
	close(fd);
	fd = connect_to();
	says(fd, "{\"cmd\":\"loglevel\"}\n{\"cmd\":\"x\"}\n{\"cmd\":\"sta", 42);
	is(hear(fd), "level", "info");
	is(hear(fd), "ok", "false");
	says(fd, "tus\"}\n", 6);
	is(hear(fd), "pid", "%d", agent_pid());
	pass_descriptors(fd);
	is(hear(fd), "level", "info");
	close(fd);
	is(ask("{\"cmd\":\"loglevel\"}"), "ok", "true");
	soon(agent_descriptors() <= before, "%u descriptors, %u before", agent_descriptors(), before);
}

TEST(control_slow, "who asks too slowly, or does not read, is let go")
{
	struct pollfd hung_up;
	int slow, idle, deaf;
	char byte;

	start_control("");
	slow = connect_to();
	idle = connect_to();
	deaf = connect_to();
	fcntl(deaf, F_SETFL, O_NONBLOCK);
	while (says(deaf, "{\"cmd\":\"status\"}\n", 17))
		;
	for (const char *p = "{\"cmd\":\"loglevel\"}"; *p && says(slow, p, 1); p++)
		usleep(500000);
	check(recv(slow, &byte, 1, 0) <= 0, "the slow one was answered");
	check(recv(idle, &byte, 1, 0) <= 0, "the idle one was answered");
	hung_up = (struct pollfd){ .fd = deaf };
	check(poll(&hung_up, 1, 20000) == 1 && hung_up.revents & POLLHUP, "the deaf one may go on");
	check(number(ask("{\"cmd\":\"stats\"}"), "control.late") == 3, "late");
	close(slow);
	close(idle);
	close(deaf);
}

TEST(control_stale, "a stale socket is taken over, anything else is not")
{
	struct run r;
	int fd;

	start_control("");
	kill(agent_pid(), SIGKILL);
	agent_stop();
	check(connect_to() == -ECONNREFUSED, "there is no stale socket");
	agent_file_remove("events.json");
	agent_start();
	await_socket();
	kill(agent_pid(), SIGKILL);
	agent_stop();
	unlink(socket_path());
	fd = open(socket_path(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1 && strstr(r.err, "cannot listen on"), "%d: %s", r.status, r.err);
	unlink(socket_path());
	rmdir(run_dir(""));
}

TEST(control_told_once, "one mistake is told once, by whomever it is found")
{
	start_control("");
	agent_file("policies/more.yaml", "name: more\nevents: {dupp: }\n");
	kill(agent_pid(), SIGHUP);
	agent_reloaded();
	/* By then the watch has seen it, too. */
	usleep(1500000);
	agent_file("policies/more.yaml", "name: more\nevents: {duppp: }\n");
	agent_reloaded();
	check(agent_reloads() == 2, "told %u times", agent_reloads());
	kill(agent_pid(), SIGHUP);
	agent_reloaded();
	check(agent_reloads() == 3, "who asks is told");
}

/* --- what it may do */

static unsigned long long status_mask(const char *name)
{
	char path[64], line[256];
	unsigned long long mask = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", agent_pid());
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			mask = strtoull(line + strlen(name) + 1, NULL, 16);
	if (f)
		fclose(f);
	return mask;
}

/* What each thread's status says behind the name, for the kernel keeps them apart: these bits, and no more than those. */
static void threads_have(const char *what, unsigned long long least, unsigned long long most)
{
	char path[300], line[256];
	struct dirent *e;
	unsigned n = 0;
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task", agent_pid());
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/status", agent_pid(), e->d_name);
		f = *e->d_name == '.' ? NULL : fopen(path, "re");
		while (f && fgets(line, sizeof(line), f))
			if (!strncmp(line, what, strlen(what))) {
				unsigned long long has = strtoull(line + strlen(what), NULL, 16);

				check(!(has & ~most) && !(least & ~has), "thread %s: %s", e->d_name, line);
				n++;
			}
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	check(n > 1, "there are %u threads", n);
}

#define CAP(n) (1ULL << (n))

TEST(rights_dropped, "capabilities are given up for good, and reloads that load programs go on")
{
	/* DAC_READ_SEARCH, NET_ADMIN, SYS_PTRACE, LEASE, PERFMON, BPF */
	/* For libbpf, from 5.11 to before 6.2. */
	const unsigned long long admin = kernel_version() >= 51100 && kernel_version() < 60200 ? CAP(21) : 0;
	const unsigned long long needed = CAP(2) | CAP(12) | CAP(19) | CAP(28) | CAP(38) | CAP(39) | admin;
	struct rlimit core;
	json_t *hooks;

	start_control("");
	check(status_mask("CapEff:") == (needed & status_mask("CapEff:")) && status_mask("CapEff:") & CAP(39), "CapEff %llx",
	      status_mask("CapEff:"));
	check(!(status_mask("CapPrm:") & ~needed) && !(status_mask("CapBnd:") & ~needed), "CapPrm %llx, CapBnd %llx",
	      status_mask("CapPrm:"), status_mask("CapBnd:"));
	check(!status_mask("CapInh:") && !status_mask("CapAmb:"), "inheritable or ambient ones are left");
	check(status_mask("NoNewPrivs:") == 1, "new privileges can be had");
	check(prlimit(agent_pid(), RLIMIT_CORE, NULL, &core) == 0 && core.rlim_max == 0, "cores can be dumped");
	hooks = json_object_get(ask("{\"cmd\":\"status\"}"), "capabilities");
	check(json_array_size(hooks) == (size_t)__builtin_popcountll(status_mask("CapEff:")), "%s", json_dumps(hooks, 0));
	/* New programs of every kind, by threads of the pool. */
	agent_file("policies/all.yaml", "name: all\nscope: proc.name = subject\nevents: {file_open: , sock_state: , "
		   "io_uring_submit: , execve: , dup: , cgroup_mkdir: }\n");
	check(!strcmp(value(agent_reload(), "args.result"), "applied"), "%s", value(agent_reload(), "args.error"));
	subject(calls);
	agent_barrier();
	check(agent_count("events", "dup", 0, NULL) >= 1000, "the new programs see nothing");
	threads_have("CapEff:", 0, needed);
	check(agent_stop() == 0, "saker failed");
}

TEST(rights_not_loading, "what loads programs is given up too where that is asked for, and reloads say what they cannot do")
{
	/* DAC_READ_SEARCH, SYS_PTRACE, LEASE; before 5.19 only CAP_BPF looks into maps */
	const unsigned long long old = kernel_version() < 51900 ? CAP(39) : 0, most = CAP(2) | CAP(19) | CAP(28) | old;
	const char *error;
	json_t *told;
	int status;

	if (brief() && !old)
		skip("maps are read alike since 5.19; tested on the host");
	agent_fresh("");
	agent_file("saker.yaml", "policies: [policies]\nagent: {keep_loading: false}\n"
		   "sinks:\n  events: {type: file, path: events.json}\n");
	agent_file("policies/all.yaml", "name: all\nevents: {dup: {where: proc.name = subject}, process_exit: }\n");
	agent_start();
	await_socket();
	threads_have("CapEff:", old, most);
	threads_have("CapPrm:", old, most);
	threads_have("CapBnd:", 0, 0);
	subject(calls);
	agent_barrier();
	check(agent_count("events", "dup", 0, NULL) >= 1000, "the hooks see nothing");
	/* Filters of hooks that are there. */
	agent_file("policies/all.yaml", "name: all\nevents: {dup: {where: proc.name = nobody}, process_exit: }\n");
	check(!strcmp(value(agent_reload(), "args.result"), "applied"), "%s", value(agent_reload(), "args.error"));
	/* A hook that is not. */
	agent_file("policies/all.yaml", "name: all\nevents: {dup: {where: proc.name = nobody}, sock_state: , io_uring_submit: }\n");
	told = agent_reload();
	error = value(told, "args.error");
	check(!strcmp(value(told, "args.result"), "refused") && strstr(error, "not permitted") &&
	      strstr(error, "agent.keep_loading"), "%s", error);
	check(!strcmp(value(ask("{\"cmd\":\"status\"}"), "healthy"), "true"), "%s", json_dumps(ask("{\"cmd\":\"status\"}"), 0));
	status = agent_stop();
	if (!check(status == 0, "status %d", status))
		agent_errors();
}

TEST(rights_calls, "calls that an agent never makes are refused, in every thread and for good")
{
	/* Each fails otherwise, or would not fail, with nothing for arguments. */
	const struct { const char *name; long number; unsigned long argument; } rows[] = {
		{ "execve", SYS_execve, 0 }, { "execveat", SYS_execveat, 0 }, { "io_uring_setup", SYS_io_uring_setup, 0 },
		{ "io_uring_enter", SYS_io_uring_enter, 0 }, { "unshare", SYS_unshare, 0 }, { "setns", SYS_setns, -1 },
		{ "personality", SYS_personality, 0xffffffff }, { "add_key", SYS_add_key, 0 }, { "kcmp", SYS_kcmp, 0 },
		{ "process_vm_writev", SYS_process_vm_writev, 1 }, { "clock_adjtime", SYS_clock_adjtime, 0 },
		{ "init_module", SYS_init_module, 0 }, { "mount", SYS_mount, 0 }, { "kexec_load", SYS_kexec_load, 0 },
		{ "kill", SYS_kill, getppid() }, { "pidfd_getfd", SYS_pidfd_getfd, -1 },
		{ "bpf OBJ_PIN", SYS_bpf, BPF_OBJ_PIN }, { "bpf OBJ_GET", SYS_bpf, BPF_OBJ_GET },
		{ "bpf PROG_TEST_RUN", SYS_bpf, BPF_PROG_TEST_RUN }, { "bpf LINK_DETACH", SYS_bpf, BPF_LINK_DETACH },
		{ "bpf PROG_GET_FD_BY_ID", SYS_bpf, BPF_PROG_GET_FD_BY_ID }, { "an unknown bpf", SYS_bpf, 9999 },
		{ "a call of x32", 0x40000000 + SYS_getpid, 0 },
	};
	long ret = 0;

	start_control("");
	check(status_mask("Seccomp:") == 2, "Seccomp is %llu", status_mask("Seccomp:"));
	threads_have("Seccomp:", 2, 2);
	if (!agent_inject(SYS_getpid, 0, &ret))
		skip("cannot trace the agent: %s", strerror(errno));
	check(ret == agent_pid(), "getpid is %ld", ret);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(agent_inject(rows[i].number, rows[i].argument, &ret) && ret == -EPERM, "%s returns %ld", rows[i].name, ret);
	check(agent_inject(SYS_bpf, BPF_MAP_CREATE, &ret) && ret == -EINVAL, "bpf MAP_CREATE of nothing is %ld", ret);
#ifndef __SANITIZE_ADDRESS__
	check(agent_inject(SYS_clone, SIGCHLD, &ret) && ret == -EPERM, "a new process is %ld", ret);
	check(agent_inject(SYS_clone3, 0, &ret) && ret == -ENOSYS, "clone3 is %ld", ret);
#endif
	/* It goes on as ever, also with programs that are new. */
	agent_file("policies/all.yaml", "name: all\nscope: proc.name = subject\nevents: {file_open: , sock_state: , dup: , cgroup_mkdir: }\n");
	check(!strcmp(value(agent_reload(), "args.result"), "applied"), "%s", value(agent_reload(), "args.error"));
	subject(calls);
	agent_barrier();
	check(agent_count("events", "dup", 0, NULL) >= 1000, "the new programs see nothing");
	check(agent_stop() == 0, "saker failed");
}

TEST(rights_kept, "what is asked for is kept")
{
	struct run r;

	start_control("  given: {type: file, path: given.json, owner: \"65534\"}\n");
	check(status_mask("CapEff:") & CAP(0), "CapEff %llx: an owner needs CAP_CHOWN", status_mask("CapEff:"));
	agent_fresh("");
	agent_file("saker.yaml", "policies: [policies]\nagent: {keep_capabilities: [CAP_KILL]}\n"
		   "sinks:\n  events: {type: file, path: events.json}\n");
	agent_start();
	check(status_mask("CapEff:") & CAP(5) && !(status_mask("CapEff:") & CAP(0)), "CapEff %llx", status_mask("CapEff:"));
	agent_stop();
	agent_file("saker.yaml", "policies: [policies]\nagent: {keep_capabilities: [CAP_ALL]}\n");
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1 && strstr(r.err, "want names such as CAP_CHOWN"), "%d: %s", r.status, r.err);
}

/* --- what it makes */

static json_t *not_its;
static unsigned audited;

static int remember(const char *path, const struct stat *st, int type, struct FTW *at)
{
	json_object_set_new(not_its, path, json_true());
	return 0;
}

static int audit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	mode_t most = S_ISDIR(st->st_mode) ? 0750 : S_ISSOCK(st->st_mode) ? 0660 : 0640;

	if (json_object_get(not_its, path))
		return 0;
	check(!(st->st_mode & 07777 & ~most), "%s has the mode %o", path, st->st_mode & 07777);
	audited++;
	return 0;
}

static size_t compressed(void)
{
	glob_t found;
	size_t n;

	glob(agent_path("r.json.*.gz"), 0, NULL, &found);
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

static unsigned pins(void)
{
	DIR *dir = opendir("/sys/fs/bpf");
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* Modes must not come from the one who starts it. */
static void no_umask(void)
{
	umask(0);
}

TEST(rights_files, "what it makes is for its owner and its group, and nothing is pinned")
{
	unsigned pinned = pins();

	agent_fresh("");
	agent_file("saker.yaml", "agent: {drain_timeout: 200ms}\npolicies: [policies]\nsinks:\n"
		   "  events: {type: file, path: events.json}\n  r: {type: file, path: r.json, rotate: {size: 64K, keep: 50, compress: gzip}}\n"
		   "  u: {type: unix, path: %s, listen: true}\n", agent_path("out.sock"));
	agent_file("policies/all.yaml", "name: all\nevents: {dup: {where: proc.name = subject}}\n");
	agent_setup(no_umask);
	not_its = json_object();
	nftw(agent_path(""), remember, 8, FTW_PHYS);
	json_object_set_new(not_its, agent_path("stderr"), json_true());
	agent_start();
	await_socket();
	subject(calls);
	agent_barrier();
	soon(compressed() > 0, "nothing was rotated");
	audited = 0;
	nftw(agent_path(""), audit, 8, FTW_PHYS);
	check(audited >= 5, "only %u files were looked at", audited);
	check(pins() == pinned, "%u are pinned, %u were", pins(), pinned);
	check(agent_stop() == 0, "saker failed");
	json_decref(not_its);
}
