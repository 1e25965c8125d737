// SPDX-License-Identifier: Apache-2.0
#include "agent/health.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/clock.h"
#include "base/log.h"
#include "kernel/canary.h"

/* A lane that has something and is not read for so long is stuck. */
#define STUCK_NS UINT64_C(2000000000)

static void watch_lanes(struct agent *a, uint64_t now)
{
	struct health_watch *w = &a->health;

	for (unsigned i = 0; i < LANES; i++) {
		if (w->moved[i] && w->read[i] == a->lanes.source[i].read && lanes_pending(&a->lanes, i))
			continue;
		w->read[i] = a->lanes.source[i].read;
		w->moved[i] = now;
	}
}

static bool lanes_ok(const struct agent *a, char *why, size_t size)
{
	const struct health_watch *w = &a->health;
	uint64_t now = clock_boot();

	for (unsigned i = 0; i < LANES; i++) {
		if (!w->moved[i] || now - w->moved[i] < STUCK_NS || w->read[i] != a->lanes.source[i].read)
			continue;
		snprintf(why, size, "lane %s has %llu bytes and was not read for %.1f s", lane_names[i],
			 (unsigned long long)lanes_pending(&a->lanes, i), (now - w->moved[i]) / 1e9);
		return false;
	}
	return true;
}

static bool canaries_ok(const struct agent *a, char *why, size_t size)
{
	const struct canaries *c = &a->canaries;
	int silent = canaries_silent(c);
	uint64_t since = clock_boot() - c->acted;

	if (silent >= 0) {
		snprintf(why, size, "hook %s does not see what the agent does", canary_name(silent));
		return false;
	}
	if (c->interval && c->acted && since > 3 * c->interval) {
		snprintf(why, size, "no canary was sent for %.1f s", since / 1e9);
		return false;
	}
	return true;
}

static bool hooks_ok(const struct agent *a, char *why, size_t size)
{
	const char *broken = canary_broken_link(&a->probe);

	if (broken)
		snprintf(why, size, "program %s is not attached any more", broken);
	return !broken;
}

static bool policy_ok(const struct agent *a, char *why, size_t size)
{
	if (!canary_generation(&a->probe, a->generation))
		snprintf(why, size, "the kernel side does not select by generation %u", a->generation);
	else if (!canary_listens(&a->probe, getpid()))
		snprintf(why, size, "the kernel side was told to look away");
	else
		return true;
	return false;
}

static bool memory_ok(const struct agent *a, char *why, size_t size)
{
	bool ok = a->pipeline.shed_from == LANES;

	if (!ok)
		snprintf(why, size, "agent.memory_limit is reached: events of lane %s are left out",
			 lane_names[a->pipeline.shed_from]);
	return ok;
}

static const struct {
	const char *name;
	bool (*ok)(const struct agent *a, char *why, size_t size);
} checks[HEALTH_CHECKS] = {
	[HEALTH_lanes] = { "lanes", lanes_ok },
	[HEALTH_canaries] = { "canaries", canaries_ok },
	[HEALTH_hooks] = { "hooks", hooks_ok },
	[HEALTH_policy] = { "policy", policy_ok },
	[HEALTH_memory] = { "memory", memory_ok },
};

void health_check(const struct agent *a, struct health *ret)
{
	ret->ok = true;
	for (unsigned i = 0; i < HEALTH_CHECKS; i++) {
		struct health_check *c = &ret->checks[i];

		*c = (struct health_check){ .name = checks[i].name };
		c->ok = checks[i].ok(a, c->why, sizeof(c->why));
		ret->ok = ret->ok && c->ok;
	}
}

bool health_reads(const struct agent *a)
{
	char why[sizeof(((struct health_check *)0)->why)];

	return lanes_ok(a, why, sizeof(why)) && canaries_ok(a, why, sizeof(why));
}

/* Told once when it goes wrong, once when it is right again. */
static void tell(struct agent *a, const struct health *h)
{
	struct health_watch *w = &a->health;

	for (unsigned i = 0; i < HEALTH_CHECKS; i++) {
		const struct health_check *c = &h->checks[i];

		if (c->ok != w->told[i])
			continue;
		w->told[i] = !c->ok;
		if (c->ok)
			log_say(a->options.log, LOG_info, "healthy again: %s", c->name);
		else
			log_say(a->options.log, LOG_error, "not healthy: %s: %s", c->name, c->why);
	}
}

static void mend(struct agent *a)
{
	int r = canary_mend(&a->probe);

	if (r > 0) {
		a->health.mended += r;
		canaries_hurry(&a->canaries);
		log_say(a->options.log, LOG_warning, "%d hooks were attached again", r);
	} else if (r < 0) {
		a->health.mend_failures++;
		if (a->health.mend_failures == 1)
			log_say(a->options.log, LOG_error, "a hook cannot be attached again: %s", strerror(-r));
	}
}

void health_tick(struct agent *a)
{
	uint64_t now = clock_boot();
	struct health h;

	watch_lanes(a, now);
	if (!a->canaries.interval)
		return;
	canaries_tick(&a->canaries, &a->probe, now);
	health_check(a, &h);
	tell(a, &h);
	if (!h.checks[HEALTH_hooks].ok && !a->switching)	/* a switch works on a copy of the links */
		mend(a);
}
