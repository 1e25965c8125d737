// SPDX-License-Identifier: Apache-2.0
#include "agent/container_stats.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/tell.h"
#include "base/clock.h"
#include "base/log.h"
#include "identity/cgroup_figures.h"

enum {
	BATCH = 16,		/* cgroups a job */
	SLOTS_LOOKED_AT = 16384,	/* of the table, a turn */
	HALF_TICK = 250000000,	/* nanoseconds: so much early is better than late */
};

struct stats_item {
	uint64_t id;
	int result;		/* of reading */
	struct cgroup_figures figures;
	char path[CGROUP_PATH_MAX];
};

struct stats_batch {
	struct cgroup_trees trees;
	unsigned n;
	struct stats_item items[BATCH];
	char buf[FIGURES_TEXT];
};

static void go_on(struct agent *a);

void container_stats_configure(struct container_stats *s, uint64_t ms, bool all)
{
	s->interval = ms * 1000000;
	s->all = all;
}

static void work(uv_work_t *work)
{
	struct agent *a = work->data;
	struct stats_batch *b = a->container_stats.batch;

	for (unsigned i = 0; i < b->n; i++)
		b->items[i].result = cgroup_figures_read(&b->items[i].figures, &b->trees, b->items[i].id,
							 b->items[i].path, b->buf);
}

static void tell(struct agent *a, const struct stats_item *item)
{
	struct container_stats *s = &a->container_stats;
	struct event_container_stats *e;

	e = build_begin(&a->losses.build, EVENT_container_stats, clock_boot(), ++a->losses.seq);
	e->head.policy = a->generation;
	e->head.who.proc_cgroup = e->cgroup = item->id;
	e->interval = s->since ? s->until - s->since : 0;
#define X(name) e->name = item->figures.values[FIGURE_##name];
	CGROUP_FIGURES(X)
#undef X
	build_str(&a->losses.build, &e->path, item->path);
	agent_tell(a);
}

static bool is_wanted(const struct agent *a)
{
	return a->container_stats.interval && a->cgroup_root.fd >= 0 && !a->stop_reason &&
	       event_set_has(&a->probe.wanted, EVENT_container_stats);
}

/* What was removed meanwhile tells nothing: half of its files may have been gone. */
static void after(uv_work_t *work, int status)
{
	struct agent *a = work->data;
	struct container_stats *s = &a->container_stats;

	s->busy = false;
	for (unsigned i = 0; status == 0 && i < s->batch->n && is_wanted(a); i++)
		if (s->batch->items[i].result == 0)
			tell(a, &s->batch->items[i]);
	if (status == 0 && is_wanted(a))
		go_on(a);
}

/* Of a container its own cgroup counts for all below it. */
static bool is_told(const struct container_stats *s, const struct container_table *t, const struct cgroup *cgroup)
{
	const struct container *container;

	if (!cgroup->id || cgroup->removed || cgroup->unknown)
		return false;
	container = container_of_cgroup(t, cgroup);
	return s->all || (container && container != &container_host && container->cgroup == cgroup->id);
}

static void item_add(struct stats_batch *b, const struct cgroup_table *t, const struct cgroup *cgroup)
{
	struct stats_item *item = &b->items[b->n++];
	const char *path = cgroup_path(t, cgroup);

	item->id = cgroup->id;
	memcpy(item->path, path, strnlen(path, CGROUP_PATH_MAX - 1));
	item->path[strnlen(path, CGROUP_PATH_MAX - 1)] = 0;
}

/* The next of the table into the batch. */
static void fill(struct container_stats *s, const struct container_table *t)
{
	uint32_t end = s->next + SLOTS_LOOKED_AT;

	s->batch->n = 0;
	for (; s->next < end && s->next <= t->cgroups.handed && s->batch->n < BATCH; s->next++)
		if (is_told(s, t, &t->cgroups.slots[s->next]))
			item_add(s->batch, &t->cgroups, &t->cgroups.slots[s->next]);
	if (s->next > t->cgroups.handed)
		s->next = 0;
}

/* While the cgroups that were there before are still being learnt, a round would miss most. */
static bool is_due(const struct agent *a, uint64_t now)
{
	const struct container_stats *s = &a->container_stats;
	const struct containers *c = &a->pipeline.containers;

	return !s->busy && !s->next && !c->is_walking && !c->walk.entries &&
	       (!s->until || now - s->until + HALF_TICK >= s->interval);
}

/* The next of a round, if one is under way.  A turn that found none goes on with the next tick. */
static void go_on(struct agent *a)
{
	struct container_stats *s = &a->container_stats;

	if (s->busy || !s->next)
		return;
	fill(s, &a->pipeline.containers.table);
	s->work.data = a;
	if (s->batch->n)
		s->busy = uv_queue_work(&a->loop, &s->work, work, after) == 0;
}

static bool make(struct agent *a)
{
	struct container_stats *s = &a->container_stats;

	if (s->batch)
		return true;
	s->batch = calloc(1, sizeof(*s->batch));
	if (!s->batch) {
		log_say(a->options.log, LOG_warning, "no memory for container_stats");
		return false;
	}
	cgroup_trees_open(&s->batch->trees, &a->cgroup_root);
	return true;
}

void container_stats_tick(struct agent *a)
{
	struct container_stats *s = &a->container_stats;
	uint64_t now = clock_boot();

	if (!is_wanted(a)) {
		s->until = s->since = s->next = 0;
		return;
	}
	if (is_due(a, now) && make(a)) {
		s->since = s->until;
		s->until = now;
		s->next = 1;
	}
	go_on(a);
}

void container_stats_close(struct container_stats *s)
{
	if (s->batch)
		cgroup_trees_close(&s->batch->trees);
	free(s->batch);
	s->batch = NULL;
}
