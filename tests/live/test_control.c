// SPDX-License-Identifier: Apache-2.0
/* The control socket: what is asked and told, by whom, and how badly. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "running.h"

/* Both ask for the text at a path of the reply. */
#define refused(line, words) do {							\
	json_t *reply_ = control_ask(line);							\
	check(!strcmp(value(reply_, "ok"), "false") && strstr(value(reply_, "error"), words), \
	      "%s: %s", line, json_dumps(reply_, 0));					\
} while (0)

TEST(control_status, "status, stats, sinks, reload and loglevel answer the truth")
{
	json_t *s;
	struct run r;

	control_start("  second: {type: file, path: second.json, where: evt.type = openat}\n");
	s = control_ask("{\"cmd\":\"status\"}");
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
	r = control_command(0, "status", NULL);
	check(r.status == 0 && strstr(r.out, "generation 1\n") && strstr(r.out, "transport    ring;"), "%d: %s%s", r.status,
	      r.out, r.err);
	s = control_ask("{\"cmd\":\"sinks\"}");
	is(json_array_get(json_object_get(s, "sinks"), 0), "name", "events");
	is(json_array_get(json_object_get(s, "sinks"), 1), "name", "second");
	r = control_command(0, "sinks", NULL);
	check(r.status == 0 && !strncmp(r.out, "NAME ", 5) && strstr(r.out, "\nsecond"), "%s", r.out);
	agent_file("policies/more.yaml", "name: more\nevents: {dup: }\n");
	s = control_ask("{\"cmd\":\"reload\"}");
	is(s, "result", "applied");
	is(s, "added", "1");
	is(s, "same", "1");
	is(s, "generation", "2");
	is(control_ask("{\"cmd\":\"reload\"}"), "result", "unchanged");
	agent_file("policies/more.yaml", "name: more\nevents: {dupp: }\n");
	refused("{\"cmd\":\"reload\"}", "more.yaml:2:10: unknown event \"dupp\"");
	r = control_command(0, "reload", NULL);
	check(r.status == 1 && strstr(r.err, "more.yaml:2:10"), "%d: %s", r.status, r.err);
	s = control_ask("{\"cmd\":\"status\"}");
	is(s, "generation", "2");
	is(s, "refused.generation", "3");
	check(strstr(value(s, "refused.error"), "more.yaml:2:10: unknown event \"dupp\""), "%s", value(s, "refused"));
	r = control_command(0, "status", NULL);
	check(strstr(r.out, "\nrefused      generation 3, since 20") && strstr(r.out, "more.yaml:2:10"), "%s", r.out);
	agent_file("policies/more.yaml", "name: more\nevents: {dup: }\n");
	is(control_ask("{\"cmd\":\"reload\"}"), "result", "unchanged");
	check(!json_object_get(control_ask("{\"cmd\":\"status\"}"), "refused"), "what is in force is called refused");
	is(control_ask("{\"cmd\":\"loglevel\",\"level\":\"debug\"}"), "level", "debug");
	r = control_command(0, "loglevel", NULL);
	check(r.status == 0 && !strcmp(r.out, "debug\n"), "%s", r.out);
	refused("{\"cmd\":\"loglevel\",\"level\":\"loud\"}", "want error, warning, info or debug");
	r = control_command(0, "stauts", NULL);
	check(r.status == 2 && strstr(r.err, "did you mean \"status\"?"), "%d: %s", r.status, r.err);
	check(agent_stop() == 0, "saker failed");
	r = control_command(0, "status", NULL);
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

	control_start("");
	memset(shared, 0, sizeof(*shared));
	pid = subject_start(plant_alone);
	for (end = deadline(); wrong && now() < end; usleep(100000)) {
		s = shared->n[0] ? control_ask("{\"cmd\":\"ps\"}") : NULL;
		if (s)
			wrong = differences(json_object_get(s, "processes"), &same);
	}
	check(wrong == 0 && same > 10, "%u parents differ, %u do not", wrong, same);
	r = control_command(0, "ps", NULL);
	check(r.status == 0 && strstr(r.out, "  subject  ") && strstr(r.out, "  CONTAINER     NAME\n") && strstr(r.out, "  host  "), "%d: %s", r.status, r.out);
	shared->n[0] = 2;
	subject_wait(pid);
	check(agent_stop() == 0, "saker failed");
}

TEST(control_stats, "the counters balance from hook to sink")
{
	json_t *s, *lane, *event;
	const char *name;
	struct run r;

	control_start("");
	agent_file("policies/more.yaml", "name: more\nevents: {dup: {where: proc.name = subject}}\n");
	agent_reload();
	subject(control_calls);
	agent_barrier();
	s = json_object_get(control_ask("{\"cmd\":\"stats\"}"), "lanes");
	json_object_foreach(s, name, lane) {
		check(number(lane, "seen") == number(lane, "filtered") + number(lane, "limited") + number(lane, "submitted") +
		      number(lane, "dropped.full") + number(lane, "dropped.scratch"), "%s: %s", name, json_dumps(lane, 0));
		check(number(lane, "submitted") >= number(lane, "read"), "%s: %s", name, json_dumps(lane, 0));
	}
	s = control_ask("{\"cmd\":\"stats\"}");
	event = json_object_get(json_object_get(s, "events"), "dup");
	check(number(event, "delivered") == 1000 && number(event, "read") >= 1000, "%s", json_dumps(event, 0));
	check(number(s, "policies.more.matched") == 1000, "%s", json_dumps(json_object_get(s, "policies"), 0));
	check(number(s, "sinks.events.written") >= 1000, "%s", json_dumps(json_object_get(s, "sinks"), 0));
	check(number(s, "agent.reloads.applied") == 1, "%s", json_dumps(json_object_get(s, "agent"), 0));
	r = control_command(0, "stats", NULL);
	check(r.status == 0 && strstr(r.out, "\ncritical ") && strstr(r.out, "\nEVENT ") && strstr(r.out, "\ndup "), "%d: %s%s", r.status, r.err,
	      r.out);
	/* What was counted and is not wanted any more has no hook to tell of. */
	agent_file_remove("policies/more.yaml");
	agent_reload();
	r = control_command(0, "stats", NULL);
	check(r.status == 0 && strstr(r.out, "\ndup "), "%d: %s%s", r.status, r.err, r.out);
}

TEST(control_rights, "the group may look, root may change, others may nothing")
{
	struct run r;
	json_t *s;

	control_start("");
	check(mode_of(control_path("control.sock")) == 0660, "mode %o", mode_of(control_path("control.sock")));
	r = control_command(MEMBER, "status", NULL);
	check(r.status == 0, "%d: %s", r.status, r.err);
	r = control_command(MEMBER, "loglevel", NULL);
	check(r.status == 0 && !strcmp(r.out, "info\n"), "%d: %s%s", r.status, r.out, r.err);
	r = control_command(MEMBER, "loglevel", "debug");
	check(r.status == 1 && strstr(r.err, "loglevel is for root and the agent's own user"), "%d: %s", r.status, r.err);
	r = control_command(MEMBER, "reload", NULL);
	check(r.status == 1 && strstr(r.err, "reload is for root"), "%d: %s", r.status, r.err);
	is(control_ask("{\"cmd\":\"loglevel\"}"), "level", "info");
	r = control_command(OUTSIDER, "status", NULL);
	check(r.status == 3 && strstr(r.err, "Permission denied"), "%d: %s", r.status, r.err);
	/* Even if somebody opened the door. */
	chmod(control_path(""), 0755);
	chmod(control_path("control.sock"), 0666);
	r = control_command(OUTSIDER, "status", NULL);
	check(r.status == 1 && strstr(r.err, "only root, the agent's own user and the group"), "%d: %s", r.status, r.err);
	s = control_ask("{\"cmd\":\"stats\"}");
	is(s, "control.denied", "3");
}

enum { CROWD = 10000, AT_ONCE = 500, SEATS = 12 };

/* Who is turned away is told and let go. */
static void ask_and_count(int fd)
{
	json_t *reply;

	control_says(fd, "{\"cmd\":\"loglevel\"}\n", 19);
	reply = control_hear(fd);
	if (reply && json_is_true(json_object_get(reply, "ok"))) {
		shared->n[0]++;
	} else {
		shared->n[1] += !strcmp(value(reply, "error"), "too many clients, try again");
		close(fd);
	}
	json_decref(reply);
}

/* As somebody else, connect until the table is full, and go on. */
static void crowd(void)
{
	int fds[AT_ONCE];

	if (setgroups(0, NULL) < 0 || setresgid(MEMBER, MEMBER, MEMBER) < 0 || setresuid(MEMBER, MEMBER, MEMBER) < 0)
		subject_fail("become");
	for (unsigned n = 0; n < CROWD; n += AT_ONCE) {
		for (unsigned i = 0; i < AT_ONCE; i++) {
			fds[i] = control_connect();
			if (fds[i] < 0)
				subject_fail("connect");
		}
		for (unsigned i = 0; i < AT_ONCE; i++)
			ask_and_count(fds[i]);
	}
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

TEST(control_crowd, "ten thousand clients keep neither root nor the loop from anything")
{
	unsigned before;
	pid_t pid;

	control_start("");
	control_ask("{\"cmd\":\"status\"}");
	before = agent_descriptors();
	pid = subject_start(crowd);
	await_shared(2);
	/* Who says nothing more is let go in time, and makes room. */
	check(shared->n[0] >= SEATS && shared->n[0] + shared->n[1] == CROWD, "%ld got in, %ld were turned away", shared->n[0],
	      shared->n[1]);
	is(control_ask("{\"cmd\":\"loglevel\"}"), "ok", "true");
	agent_barrier();
	soon(agent_descriptors() <= before + SEATS, "%u descriptors, %u before", agent_descriptors(), before);
	shared->n[3] = 1;
	subject_wait(pid);
	is(control_ask("{\"cmd\":\"loglevel\"}"), "ok", "true");
	check(number(control_ask("{\"cmd\":\"stats\"}"), "control.refused") == shared->n[1], "refused");
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

	control_start("");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		refused(rows[i].line, rows[i].words);
	before = agent_descriptors();
	memset(much, '[', sizeof(much));
	fd = control_connect();
	control_says(fd, much, sizeof(much));
	is(control_hear(fd), "error", "the request is longer than 4096 bytes");
	check(recv(fd, much, 1, 0) <= 0, "it goes on listening");
	close(fd);
	fd = control_connect();
	control_says(fd, "{\"cmd\":\"loglevel\"}", 18);
	shutdown(fd, SHUT_WR);
	is(control_hear(fd), "level", "info");
	check(recv(fd, much, 1, 0) == 0, "it does not hang up");
	close(fd);
	fd = control_connect();
	control_says(fd, "{\"cmd\":\"loglevel\"}\n{\"cmd\":\"x\"}\n{\"cmd\":\"sta", 42);
	is(control_hear(fd), "level", "info");
	is(control_hear(fd), "ok", "false");
	control_says(fd, "tus\"}\n", 6);
	is(control_hear(fd), "pid", "%d", agent_pid());
	pass_descriptors(fd);
	is(control_hear(fd), "level", "info");
	close(fd);
	is(control_ask("{\"cmd\":\"loglevel\"}"), "ok", "true");
	soon(agent_descriptors() <= before, "%u descriptors, %u before", agent_descriptors(), before);
}

TEST(control_slow, "who asks too slowly, or does not read, is let go")
{
	struct pollfd hung_up;
	int slow, idle, deaf;
	char byte;

	control_start("");
	slow = control_connect();
	idle = control_connect();
	deaf = control_connect();
	fcntl(deaf, F_SETFL, O_NONBLOCK);
	while (control_says(deaf, "{\"cmd\":\"status\"}\n", 17))
		;
	for (const char *p = "{\"cmd\":\"loglevel\"}"; *p && control_says(slow, p, 1); p++)
		usleep(500000);
	check(recv(slow, &byte, 1, 0) <= 0, "the slow one was answered");
	check(recv(idle, &byte, 1, 0) <= 0, "the idle one was answered");
	hung_up = (struct pollfd){ .fd = deaf };
	check(poll(&hung_up, 1, 20000) == 1 && hung_up.revents & POLLHUP, "the deaf one may go on");
	check(number(control_ask("{\"cmd\":\"stats\"}"), "control.late") == 3, "late");
	close(slow);
	close(idle);
	close(deaf);
}

TEST(control_stale, "a stale socket is taken over, anything else is not")
{
	struct run r;
	int fd;

	control_start("");
	kill(agent_pid(), SIGKILL);
	agent_stop();
	check(control_connect() == -ECONNREFUSED, "there is no stale socket");
	agent_file_remove("events.json");
	agent_start();
	control_await();
	kill(agent_pid(), SIGKILL);
	agent_stop();
	unlink(control_path("control.sock"));
	fd = open(control_path("control.sock"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1 && strstr(r.err, "cannot listen on"), "%d: %s", r.status, r.err);
	unlink(control_path("control.sock"));
	rmdir(control_path(""));
}

TEST(control_told_once, "one mistake is told once, by whomever it is found")
{
	control_start("");
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
