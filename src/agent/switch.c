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

/* What tells who everybody is and where, wanted or not. */
static const unsigned identity_events[] = {
	EVENT_process_fork, EVENT_process_exec, EVENT_process_exit, EVENT_process_existing,
	EVENT_cgroup_mkdir, EVENT_cgroup_rmdir,
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
		.subtrees = shared->subtrees,
		.nfilters = n, .ntexts = shared->ntexts, .nmembers = shared->nmembers, .nsubtrees = shared->nsubtrees,
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
	image.sessions = set->sessions;
	return image;
}

/* An expression's filters are those of generation 0, which records do not name. */
int switch_where(struct agent *a, const struct where *w)
{
	struct filter_image image = image_make(w->filter_of, w->filters, w->nfilters, &w->shared);
	int r;

	image.sessions = w->sessions;
	r = filters_fill(&a->probe, 0, &image);
	if (r < 0)
		return no_filters(a, r);
	lineages_begin(a, &w->shared, 0);
	return 0;
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

/* Counters go on where those of the policies before end. */
static void keep_counts(struct agent *a, const struct policy_set *before)
{
	struct policy_set *set = a->pipeline.policies[a->generation & 1];

	for (unsigned i = 0; i < set->files.n; i++)
		policy_add_counts(&set->counts[i], before, policy_name(set, i));
	policy_add_evictions(&a->evicted, before, true);
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
	pipeline_settle(&a->pipeline, before->generation);
	turn_wake(a);
	filters_forget(&a->probe, before->generation, &image);
	keep_counts(a, before);
	a->pipeline.policies[!(a->generation & 1)] = NULL;
	policy_set_fini(before);
	free(before);
	a->pipeline.options.selected = shown_by(a->pipeline.policies[a->generation & 1]);
}

static int required_there(struct agent *a, const struct policy_set *set, const struct probe *probe)
{
	for (unsigned id = 1; id < EVENT_COUNT; id++)
		if (event_set_has(&set->required, id) && !probe->rungs[id].name) {
			snprintf(a->error, sizeof(a->error), "%s is required and cannot be had here: %s",
				 schema_get(id)->name, probe->rungs[id].why);
			return -EOPNOTSUPP;
		}
	return 0;
}

struct event_set switch_wanted(const struct policy_set *set)
{
	struct event_set wanted = shown_by(set);

	switch_add_identity(&wanted);
	return wanted;
}

/* All programs are there: put the set in force.  Until filters_switch nothing has changed. */
static int commit(struct agent *a, struct policy_set *set, const struct probe *next)
{
	uint16_t generation = a->generation == UINT16_MAX ? 2 : a->generation + 1;
	struct filter_image image = image_of(set);
	struct event_set wanted = switch_wanted(set);
	int r = required_there(a, set, next);

	if (r < 0)
		return r;
	agent_settle(a);
	r = filters_fill(&a->probe, generation, &image);
	if (r < 0)
		return no_filters(a, r);
	probe_adopt(&a->probe, next);
	set->generation = a->generation = a->pipeline.generation = generation;
	a->pipeline.policies[generation & 1] = set;
	for (unsigned i = 0; i < EVENTS_MAX / 64; i++)
		a->pipeline.options.selected.bits[i] |= wanted.bits[i];
	probe_environment(&a->probe, set->envp);
	lineages_begin(a, &set->shared, generation);
	filters_switch(&a->probe, generation);
	a->switched = clock_boot();
	return 0;
}

/* --- beside the loop, which goes on reading the lanes */

struct switching {
	uv_work_t work;
	struct agent *agent;
	struct policy_set *set;
	struct event_set wanted;
	struct probe next;
	struct bpf_link *gone[PROBE_LINKS];
	unsigned ngone;
	int result;
	switch_done *done;
	void *ctx;
};

static void end(struct switching *s)
{
	struct agent *a = s->agent;

	a->switching = NULL;
	free(s);
	if (a->options.idle)
		a->options.idle(a->options.ctx);
}

static void prepare(uv_work_t *work)
{
	struct switching *s = work->data;

	s->result = probe_prepare(&s->agent->probe, &s->next, &s->wanted);
}

static void retire(uv_work_t *work)
{
	struct switching *s = work->data;

	probe_close_links(s->gone, s->ngone);
}

static void on_retired(uv_work_t *work, int status)
{
	struct switching *s = work->data;

	if (status < 0)			/* never begun */
		probe_close_links(s->gone, s->ngone);
	end(s);
}

/* Put in force what was prepared, or undo it. */
static void finish(struct switching *s)
{
	struct agent *a = s->agent;
	int r = s->result;

	if (r < 0)
		snprintf(a->error, sizeof(a->error), "%s", s->next.error);
	if (r == 0) {
		r = a->stop_reason ? -ECANCELED : commit(a, s->set, &s->next);
		if (r < 0)
			probe_abandon(&s->next);
	}
	if (r == 0)
		s->ngone = probe_retire(&a->probe, &s->wanted, s->gone);
	s->done(s->ctx, r);
}

static void on_prepared(uv_work_t *work, int status)
{
	struct switching *s = work->data;

	if (status < 0)
		s->result = status;
	finish(s);
	if (s->ngone == 0 || uv_queue_work(&s->agent->loop, &s->work, retire, on_retired) < 0) {
		probe_close_links(s->gone, s->ngone);
		end(s);
	}
}

int agent_switch_begin(struct agent *a, struct policy_set *set, switch_done *done, void *ctx)
{
	struct switching *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		snprintf(a->error, sizeof(a->error), "not enough memory");
		return -ENOMEM;
	}
	s->work.data = s;
	s->agent = a;
	s->set = set;
	s->wanted = switch_wanted(set);
	s->done = done;
	s->ctx = ctx;
	a->switching = s;
	if (probe_has_all(&a->probe, &s->wanted)) {
		prepare(&s->work);
		on_prepared(&s->work, 0);
		return 0;
	}
	r = uv_queue_work(&a->loop, &s->work, prepare, on_prepared);
	if (r == 0)
		return 0;
	a->switching = NULL;
	free(s);
	snprintf(a->error, sizeof(a->error), "cannot load programs: %s", strerror(-r));
	return r;
}

int agent_switch(struct agent *a, struct policy_set *set)
{
	struct bpf_link *gone[PROBE_LINKS];
	struct event_set wanted = switch_wanted(set);
	struct probe *next = malloc(sizeof(*next));
	int r = next ? probe_prepare(&a->probe, next, &wanted) : -ENOMEM;

	if (r < 0)
		snprintf(a->error, sizeof(a->error), "%s", next ? next->error : strerror(ENOMEM));
	if (r == 0) {
		r = commit(a, set, next);
		if (r < 0)
			probe_abandon(next);
	}
	free(next);
	if (r == 0)
		probe_close_links(gone, probe_retire(&a->probe, &wanted, gone));
	return r;
}
