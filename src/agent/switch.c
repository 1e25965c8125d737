// SPDX-License-Identifier: Apache-2.0
#include "agent/switch.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/turn.h"
#include "base/clock.h"
#include "event/schema.h"
#include "kernel/filters.h"
#include "policy/policy.h"
#include "policy/where.h"

enum {
	POLL_MS = 1,		/* between reads while probes settle */
	SETTLE_NS = 200000000,	/* after which no probe still works for the generation before */
};

/* What the process table learns from, wanted or not. */
static const unsigned identity_events[] = {
	EVENT_process_fork, EVENT_process_exec, EVENT_process_exit, EVENT_process_existing,
};

static int no_filters(struct agent *a, int r)
{
	snprintf(a->error, sizeof(a->error), "cannot fill the kernel's filters: %s", strerror(-r));
	return r;
}

void switch_add_identity(struct event_set *set)
{
	for (unsigned i = 0; i < sizeof(identity_events) / sizeof(*identity_events); i++)
		event_set_add(set, identity_events[i]);
}

/* For the kernel side.  What tells who did it is never filtered. */
static struct filter_image image_make(const uint16_t *filter_of, const struct event_filter *filters, unsigned n,
				      const struct push_down *shared)
{
	struct filter_image image = {
		.filters = filters, .texts = shared->texts, .members = shared->members,
		.nfilters = n, .ntexts = shared->ntexts, .nmembers = shared->nmembers,
	};

	memcpy(image.filter_of, filter_of, sizeof(image.filter_of));
	for (unsigned i = 0; i < sizeof(identity_events) / sizeof(*identity_events); i++)
		image.filter_of[identity_events[i]] = FILTER_NONE;
	return image;
}

static struct filter_image image_of(const struct policy_set *set)
{
	struct filter_image image = image_make(set->filter_of, set->filters, set->nfilters, &set->shared);

	image.stacks = set->stacks;
	return image;
}

/* An expression's filters are those of generation 0, which records do not name. */
int switch_where(struct agent *a, const struct where *w)
{
	struct filter_image image = image_make(w->filter_of, w->filters, w->nfilters, &w->shared);
	int r = filters_fill(&a->probe, 0, &image);

	return r < 0 ? no_filters(a, r) : 0;
}

static struct event_set shown_by(const struct policy_set *set)
{
	struct event_set shown = set->events;

	event_set_add(&shown, EVENT_lost);
	event_set_add(&shown, EVENT_agent_start);
	event_set_add(&shown, EVENT_agent_stop);
	event_set_add(&shown, EVENT_policy_reload);
	return shown;
}

/* As many records as the lanes can hold, so all that are in them now: more may come all the time. */
static void read_all(struct agent *a)
{
	const struct probe_options *o = &a->options.probe;
	size_t bytes = 0;

	for (unsigned i = 0; i < LANES; i++)
		bytes += o->lane_bytes[i] * (o->transport == TRANSPORT_PERF ? get_nprocs_conf() : 1);
	for (size_t n = 0; n < bytes / sizeof(struct head); n += TURN_RECORDS)
		if (lanes_read(&a->lanes, TURN_RECORDS) < TURN_RECORDS)
			break;
}

bool agent_settled(const struct agent *a)
{
	return clock_boot() - a->switched > SETTLE_NS;
}

/* Until no probe works for the generation before any more.  Where the kernel does not tell, it takes
 * as long as it may; the lanes must not fill up meanwhile. */
static void await_probes(struct agent *a)
{
	bool told = false;

	while (!agent_settled(a) && !told) {
		told = syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0;
		if (!told && lanes_read(&a->lanes, TURN_RECORDS) == 0)
			usleep(POLL_MS * 1000);
	}
}

void agent_settle(struct agent *a)
{
	struct policy_set *before = a->pipeline.policies[!(a->generation & 1)];
	struct filter_image image;

	if (!before)
		return;
	image = image_of(before);
	await_probes(a);
	read_all(a);
	filters_forget(&a->probe, before->generation, &image);
	a->pipeline.policies[!(a->generation & 1)] = NULL;
	policy_set_fini(before);
	free(before);
	a->pipeline.options.selected = shown_by(a->pipeline.policies[a->generation & 1]);
}

static int required_there(struct agent *a, const struct policy_set *set)
{
	for (unsigned id = 1; id < EVENT_COUNT; id++)
		if (event_set_has(&set->required, id) && !a->probe.rungs[id].name) {
			snprintf(a->error, sizeof(a->error), "%s is required and cannot be had here: %s",
				 schema_get(id)->name, a->probe.rungs[id].why);
			return -EOPNOTSUPP;
		}
	return 0;
}

int agent_switch(struct agent *a, struct policy_set *set)
{
	uint16_t generation = a->generation == UINT16_MAX ? 2 : a->generation + 1;
	struct filter_image image = image_of(set);
	struct event_set wanted = shown_by(set), before = a->probe.wanted;
	int r;

	agent_settle(a);
	switch_add_identity(&wanted);
	r = probe_extend(&a->probe, &wanted);
	if (r < 0) {
		snprintf(a->error, sizeof(a->error), "%s", a->probe.error);
		return r;
	}
	r = required_there(a, set);
	if (r == 0) {
		r = filters_fill(&a->probe, generation, &image);
		if (r < 0)
			no_filters(a, r);
	}
	if (r < 0) {
		probe_reduce(&a->probe, &before);
		return r;
	}
	set->generation = a->generation = generation;
	a->pipeline.policies[generation & 1] = set;
	for (unsigned i = 0; i < EVENTS_MAX / 64; i++)
		a->pipeline.options.selected.bits[i] |= wanted.bits[i];
	probe_environment(&a->probe, set->envp);
	filters_switch(&a->probe, generation);
	a->switched = clock_boot();
	probe_reduce(&a->probe, &wanted);
	return 0;
}

