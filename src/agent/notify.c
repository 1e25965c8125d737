// SPDX-License-Identifier: Apache-2.0
#include "agent/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/health.h"
#include "agent/reload.h"
#include "agent/tell.h"
#include "base/log.h"
#include "policy/policy.h"

/* Never waits: a manager whose queue is full misses a message. */
__attribute__((format(printf, 2, 3)))
static void say(const struct notify *n, const char *format, ...)
{
	char text[1024];
	va_list args;
	int len;

	if (n->fd < 0)
		return;
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len >= (int)sizeof(text))
		len = sizeof(text) - 1;
	if (sendto(n->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&n->addr, n->addr_len) < 0 &&
	    n->agent)
		log_say(n->agent->options.log, LOG_debug, "the service manager could not be told: %s", strerror(errno));
}

/* A name that begins with @ is of the abstract namespace. */
static bool set_address(struct notify *n, const char *path)
{
	size_t len = strlen(path);

	if ((*path != '/' && *path != '@') || len < 2 || len >= sizeof(n->addr.sun_path))
		return false;
	n->addr.sun_family = AF_UNIX;
	memcpy(n->addr.sun_path, path, len);
	if (*path == '@')
		n->addr.sun_path[0] = 0;
	n->addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*path == '/'));
	return true;
}

static uint64_t watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(usec, NULL, 10) / 1000;
}

void notify_open(struct notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET");

	*n = (struct notify){ .fd = -1 };
	if (!path || !set_address(n, path))
		return;
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	n->watchdog_ms = watchdog_ms();
}

/* What the files say and is not in force comes last, for its words may be cut. */
static void say_status(struct notify *n, const char *before)
{
	const struct agent *a = n->agent;
	const struct policy_set *set = a->pipeline.policies[a->generation & 1];
	const struct reload_refusal *refusal = n->reload && n->reload->refusal.at ? &n->reload->refusal : NULL;
	unsigned long long lost = losses_total(&a->losses);

	n->status = uv_now(&a->loop);
	say(n, "%sSTATUS=Generation %u, %u policies, %u hooks; %llu events, %llu lost%s%s%s", before, a->generation,
	    set ? set->files.n : 0, a->probe.nlinks, (unsigned long long)tell_delivered(a), lost,
	    n->silent ? "; not well, see saker ctl status" : "", refusal ? "; new policies refused: " : "",
	    refusal ? refusal->error : "");
}

/* Tell that we live, if we do. */
static void live(struct notify *n)
{
	n->silent = !health_reads(n->agent);
	if (n->watchdog_ms && !n->silent)
		say(n, "WATCHDOG=1");
	if (uv_now(&n->agent->loop) - n->status >= NOTIFY_STATUS_MS)
		say_status(n, "");
}

static void on_timer(uv_timer_t *timer)
{
	live(timer->data);
}

void notify_ready(struct notify *n, struct agent *agent, const struct reload *reload)
{
	uint64_t every = n->watchdog_ms && n->watchdog_ms / 2 < NOTIFY_STATUS_MS ? n->watchdog_ms / 2 : NOTIFY_STATUS_MS;

	n->agent = agent;
	n->reload = reload;
	if (n->fd < 0)
		return;
	say_status(n, "READY=1\n");
	uv_timer_init(&agent->loop, &n->timer);
	n->timer.data = n;
	n->started = true;
	uv_timer_start(&n->timer, on_timer, 0, every ? every : 1);
}

/* The manager tells by the time whether it is an answer to what it asked. */
void notify_reloading(void *ctx)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	say(ctx, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
}

void notify_reloaded(void *ctx, const struct reload_receipt *receipt)
{
	struct notify *n = ctx;

	if (n->agent)
		say_status(n, "READY=1\n");
}

void notify_stopping(void *ctx)
{
	say(ctx, "STOPPING=1");
}

void notify_close(struct notify *n)
{
	if (n->started && !uv_is_closing((uv_handle_t *)&n->timer))
		uv_close((uv_handle_t *)&n->timer, NULL);
	if (n->fd >= 0)
		close(n->fd);
	n->started = false;
	n->fd = -1;
}
