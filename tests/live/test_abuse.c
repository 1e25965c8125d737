// SPDX-License-Identifier: Apache-2.0
/* The control socket, misused by root, by a member of its group, and by somebody else to whom a door was left open. */
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "container.h"
#include "control.h"
#include "running.h"

enum { SLOW = 3, DESCRIPTORS = 8, REFUSED = 0, HUNG_UP = 1, CONNECTED = 2, COUNTS = 4 };

static const struct { uid_t uid; const char *name; } users[] = { { 0, "root" }, { MEMBER, "a member" }, { OUTSIDER, "another" } };

enum { USERS = sizeof(users) / sizeof(*users) };

/* The user that a subject is. */
static unsigned turn;

static long *count_of(unsigned user, unsigned what)
{
	return &shared->n[user * COUNTS + what];
}

/* What only root may, and nothing that changes anything for root. */
static const char *const changes[] = {
	"{\"cmd\":\"loglevel\",\"level\":\"debug\"}\n", "{\"cmd\":\"mute\",\"kind\":\"cgroup\",\"name\":\"/saker-live\"}\n",
	"{\"cmd\":\"unmute\",\"kind\":\"cgroup\",\"name\":\"/saker-live-other\"}\n", "{\"cmd\":\"reload\"}\n",
};

enum { CHANGES = sizeof(changes) / sizeof(*changes) };

static unsigned connections(void)
{
	return getenv("LIVE_LONG") ? 10000 : 500;
}

static int enter(void)
{
	int fd = control_connect();

	if (fd < 0)
		subject_fail("connect");
	++*count_of(turn, CONNECTED);
	return fd;
}

static void garbage(uint32_t *state, unsigned len)
{
	char text[8192];
	int fd = enter();

	for (unsigned i = 0; i < len; i++)
		text[i] = (char)((*state = *state * 1103515245 + 12345) >> 16);
	control_says(fd, text, len);
	close(fd);
}

/* A length before what follows, as other protocols have it, and never so much. */
static void four_gibibytes(void)
{
	int fd = enter();

	control_says(fd, "\xff\xff\xff\xff{\"cmd\":", 11);
	close(fd);
}

static void half_closes(void)
{
	int fd = enter();

	shutdown(fd, SHUT_WR);
	close(fd);
	fd = enter();
	control_says(fd, "{\"cmd\":\"lo", 10);
	shutdown(fd, SHUT_WR);
	close(fd);
	fd = enter();
	shutdown(fd, SHUT_RD);
	control_says(fd, "{\"cmd\":\"status\"}\n", 17);
	close(fd);
}

static void passes_descriptors(void)
{
	char room[CMSG_SPACE(DESCRIPTORS * sizeof(int))] = { 0 };
	struct iovec iov = { (char *)"{\"cmd\":\"lo", 10 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fd = enter();

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(DESCRIPTORS * sizeof(int));
	for (unsigned i = 0; i < DESCRIPTORS; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof(int));
	sendmsg(fd, &m, MSG_NOSIGNAL);
	close(fd);
}

/* Who is told that there is no place comes again. */
static json_t *ask(const char *line)
{
	for (;;) {
		int fd = enter();
		json_t *reply;

		control_says(fd, line, strlen(line));
		reply = control_hear(fd);
		close(fd);
		if (!reply || strcmp(value(reply, "error"), "too many clients, try again") != 0)
			return reply;
		json_decref(reply);
		usleep(1000);
	}
}

/* Each is refused to who may not. */
static void asks_for_changes(void)
{
	for (unsigned i = 0; i < CHANGES && users[turn].uid; i++) {
		json_t *reply = ask(changes[i]);

		*count_of(turn, REFUSED) += reply && json_is_false(json_object_get(reply, "ok"));
		json_decref(reply);
	}
}

/* One byte a second, until they are let go. */
static void writes_slowly(const int *slow)
{
	for (unsigned s = 0, open = SLOW; s < 20 && open; s++) {
		open = 0;
		for (unsigned i = 0; i < SLOW; i++)
			open += control_says(slow[i], "{", 1);
		if (open)
			sleep(1);
	}
	for (unsigned i = 0; i < SLOW; i++) {
		struct pollfd p = { .fd = slow[i] };

		*count_of(turn, HUNG_UP) += poll(&p, 1, 5000) == 1 && p.revents & POLLHUP;
		close(slow[i]);
	}
}

static void misuses(void)
{
	uint32_t state = 7 + turn;
	int slow[SLOW];

	if (setgroups(0, NULL) < 0 || setresgid(users[turn].uid, users[turn].uid, users[turn].uid) < 0 ||
	    setresuid(users[turn].uid, users[turn].uid, users[turn].uid) < 0)
		subject_fail("become");
	asks_for_changes();
	for (unsigned i = 0; i < SLOW; i++)
		slow[i] = enter();	/* with a place, or let go for want of one */
	for (unsigned i = 0; i < 20; i++)
		garbage(&state, i < 10 ? 100 + 97 * i : 8192);
	four_gibibytes();
	half_closes();
	passes_descriptors();
	for (unsigned i = 0; i < connections(); i++)
		close(enter());
	writes_slowly(slow);
}

/* The least bound of a figure's histogram in ms that 99 of 100 lie below. */
static double p99(const char *name)
{
	char line[512], want[128];
	FILE *in = fopen(agent_path("metrics"), "re");
	double bounds[128], counts[128], bound, count;
	unsigned n = 0;

	snprintf(want, sizeof(want), "saker_%s_bucket{le=\"", name);
	while (in && fgets(line, sizeof(line), in))
		if (!strncmp(line, want, strlen(want)) && n < 128 &&
		    sscanf(line + strlen(want), "%lf\"} %lf", &bound, &count) == 2) {
			bounds[n] = bound;
			counts[n++] = count;
		}
	if (in)
		fclose(in);
	for (unsigned i = 0; i < n; i++)
		if (counts[i] >= 0.99 * counts[n - 1])
			return bounds[i] * 1e3;
	return -1;
}

static void tell_lag(void)
{
	if (!SAKER_METRICS)
		return;
	shell("curl -s $(sed -n 's|.*metrics at \\(http://[0-9.:]*\\).*|\\1/metrics|p' %s) > %s", agent_path("stderr"), agent_path("metrics"));
	note("a turn of the loop took %.1f ms at most in 99 of 100, a timer came %.1f ms late", p99("loop_turn_seconds"),
	     p99("loop_lag_seconds"));
}

/* What the misused could have changed. */
static char *state_now(void)
{
	json_t *s = control_ask("{\"cmd\":\"status\"}"), *m = control_ask("{\"cmd\":\"mute\"}");

	return json_dumps(json_pack("[O, O, O, O, O]", json_object_get(s, "generation"), json_object_get(s, "loglevel"),
				    json_object_get(s, "policies"), json_object_get(s, "events"), json_object_get(m, "mutes")), JSON_SORT_KEYS);
}

TEST(control_misused, "who misuses the control socket changes nothing, is told of once, and holds nobody up")
{
	unsigned before, denied = CHANGES;	/* of a member */
	pid_t subjects[USERS];
	char *state;

	control_start("");
	agent_stop();
	agent_file("saker.yaml", "policies: [policies]\nagent: {group: \"%d\", report_interval: 1s}\nmetrics: {address: '127.0.0.1:0'}\n"
		   "sinks:\n  events: {type: file, path: events.json}\n", MEMBER);
	agent_start();
	control_await();
	chmod(control_path(""), 0755);
	chmod(control_path("control.sock"), 0666);
	state = state_now();
	before = agent_descriptors();
	memset(shared, 0, sizeof(*shared));
	for (turn = 0; turn < USERS; turn++)
		subjects[turn] = subject_start(misuses);
	for (unsigned i = 0; i < USERS; i++) {
		check(subject_wait(subjects[i]) == 0, "%s failed", users[i].name);
		check(*count_of(i, REFUSED) == (users[i].uid ? CHANGES : 0), "%s: %ld of %u changes are refused", users[i].name,
		      *count_of(i, REFUSED), CHANGES);
		check(*count_of(i, HUNG_UP) == SLOW, "%s: %ld slow ones are let go", users[i].name, *count_of(i, HUNG_UP));
		denied += users[i].uid == OUTSIDER ? (unsigned)*count_of(i, CONNECTED) : 0;
	}
	check(!strcmp(state_now(), state), "%s, not %s", state_now(), state);
	check(number(control_ask("{\"cmd\":\"stats\"}"), "control.denied") == denied, "%lld denied, not %u",
	      number(control_ask("{\"cmd\":\"stats\"}"), "control.denied"), denied);
	check(agent_said("asked for what only root may") == CHANGES, "%u refusals are told", agent_said("asked for what only root may"));
	soon(agent_descriptors() <= before, "%u descriptors, %u before", agent_descriptors(), before);
	tell_lag();
	check(agent_stop() == 0, "saker failed");
}
