// SPDX-License-Identifier: Apache-2.0
#include "agent/canary.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "event/schema.h"
#include "kernel/canary.h"

enum { THREAD_STACK = 64 << 10 };

/* After so long a canary is missed. */
#define PATIENCE_NS UINT64_C(2000000000)

static bool act_call(void)
{
	void *head;
	size_t len;

	return syscall(SYS_get_robust_list, 0, &head, &len) == 0;
}

static bool act_open(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && close(fd) == 0;
}

static void *thread(void *nothing)
{
	return nothing;
}

/* A thread is born and dies by the same hooks as a process, and costs us less. */
static bool act_thread(void)
{
	pthread_attr_t attr;
	pthread_t id;
	bool done;

	if (pthread_attr_init(&attr) != 0)
		return false;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, THREAD_STACK < PTHREAD_STACK_MIN ? PTHREAD_STACK_MIN : THREAD_STACK);
	done = pthread_create(&id, &attr, thread, NULL) == 0;
	pthread_attr_destroy(&attr);
	return done;
}

static bool act_rename(void)
{
	char name[16];

	return prctl(PR_GET_NAME, name) == 0 && prctl(PR_SET_NAME, name) == 0;
}

/* Ignored by whoever does not ask for it. */
static bool act_signal(void)
{
	return kill(getpid(), SIGURG) == 0;
}

/* A socket begins to listen, where only this machine could reach it, and ends. */
static bool act_listen(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool done;

	if (fd < 0)
		return false;
	done = bind(fd, (void *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0;
	close(fd);
	return done;
}

static const struct kind {
	const char *name;
	unsigned canary;
	bool (*act)(void);	/* false: it could not be done, which proves nothing */
} kinds[CANARY_KINDS] = {
	{ "sys_exit", CANARY_EXIT, act_call },
	{ "sys_enter", CANARY_ENTRY, act_call },
	{ "process_fork", EVENT_process_fork, act_thread },
	{ "process_exit", EVENT_process_exit, act_thread },
	{ "task_rename", EVENT_task_rename, act_rename },
	{ "signal_generate", EVENT_signal_generate, act_signal },
	{ "file_open", EVENT_file_open, act_open },
	{ "sock_state", EVENT_sock_state, act_listen },
};

const char *canary_name(unsigned kind)
{
	return kinds[kind].name;
}

/* What was seen before any is sent: one's act may be seen by another's hook. */
static void prepare_one(struct canary_state *s, const struct kind *k, const struct probe *probe)
{
	s->waiting = canary_expected(probe, k->canary);
	s->silent = s->silent && s->waiting;
	s->before = canary_seen(probe, k->canary);
}

static void send_one(struct canary_state *s, const struct kind *k)
{
	s->waiting = s->waiting && k->act();
	s->sent += s->waiting;
}

static void judge_one(struct canary_state *s, const struct kind *k, const struct probe *probe, bool late)
{
	if (!s->waiting)
		return;
	if (!canary_expected(probe, k->canary)) {	/* a reload has detached it */
		s->waiting = s->silent = false;
		s->sent--;
	} else if (canary_seen(probe, k->canary) != s->before) {
		s->returned++;
		s->waiting = s->silent = false;
	} else if (late) {
		s->missed++;
		s->waiting = false;
		s->silent = true;
	}
}

void canaries_tick(struct canaries *c, const struct probe *probe, uint64_t now)
{
	if (!c->interval)
		return;
	for (unsigned i = 0; c->acted && i < CANARY_KINDS; i++)
		judge_one(&c->kinds[i], &kinds[i], probe, now - c->acted >= PATIENCE_NS);
	c->judged = now;
	if (c->acted && now - c->acted < c->interval)
		return;
	for (unsigned i = 0; i < CANARY_KINDS; i++)
		judge_one(&c->kinds[i], &kinds[i], probe, true);
	c->acted = now;
	for (unsigned i = 0; i < CANARY_KINDS; i++)
		prepare_one(&c->kinds[i], &kinds[i], probe);
	for (unsigned i = 0; i < CANARY_KINDS; i++)
		send_one(&c->kinds[i], &kinds[i]);
	for (unsigned i = 0; i < CANARY_KINDS; i++)
		judge_one(&c->kinds[i], &kinds[i], probe, false);
}

int canaries_silent(const struct canaries *c)
{
	for (unsigned i = 0; i < CANARY_KINDS; i++)
		if (c->kinds[i].silent)
			return i;
	return -1;
}

void canaries_hurry(struct canaries *c)
{
	c->acted = 0;
}
