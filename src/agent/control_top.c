// SPDX-License-Identifier: Apache-2.0
#include "agent/control_top.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/control_status.h"
#include "agent/figures.h"
#include "agent/health.h"
#include "base/clock.h"
#include "event/schema.h"
#include "identity/container.h"
#include "identity/container_meta.h"

enum { SECONDS_MAX = 3600 };

/* A container by its name or the first 12 characters of its id, anything else by its path. */
static json_t *cgroup_name(struct container_table *table, uint64_t id)
{
	const struct cgroup *cgroup = cgroup_find(&table->cgroups, id);
	const struct container *c = cgroup ? container_of_cgroup(table, cgroup) : NULL;
	char text[64];

	if (!cgroup)
		return json_null();
	if (!c || c == &container_host)
		return request_json(cgroup_path(&table->cgroups, cgroup));
	snprintf(text, sizeof(text), "%.12s", c->id);
	return request_json(c->meta && c->meta->texts[META_name] ? c->meta->texts[META_name] : text);
}

static json_t *entries(struct pipeline *p, enum top_kind kind)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < TOP_ENTRIES; i++) {
		const struct top_entry *e = &p->top.entries[kind][i];
		char comm[sizeof(e->name.s) + 1] = "";

		if (!e->pid)
			continue;
		memcpy(comm, e->name.s, sizeof(e->name.s));
		json_array_append_new(all, json_pack(
			"{s:I, s:I, s:o, s:I, s:I}", "since", (json_int_t)e->since, kind == TOP_PROCESSES ? "pid" : "id",
			kind == TOP_PROCESSES ? (json_int_t)e->pid : (json_int_t)e->key, "name",
			kind == TOP_PROCESSES ? request_json(comm) : cgroup_name(&p->containers.table, e->key), "count", (json_int_t)e->count,
			"excess", (json_int_t)e->excess));
	}
	return all;
}

static json_t *events(const struct pipeline *p)
{
	json_t *all = json_object();

	for (unsigned id = 1; id < EVENT_COUNT; id++)
		if (p->counts.events[id].read && schema_get(id))
			json_object_set_new(all, schema_get(id)->name, json_pack(
				"[I,I]", (json_int_t)p->counts.events[id].read, (json_int_t)p->counts.events[id].delivered));
	return all;
}

static json_t *lanes(const struct agent *a)
{
	static const char *const names[LANES] = { "critical", "normal", "bulk" };
	json_t *all = json_object();

	for (unsigned i = 0; i < LANES; i++)
		json_object_set_new(all, names[i], json_pack(
			"{s:I, s:I, s:I}", "read", (json_int_t)a->lanes.source[i].read, "delivered",
			(json_int_t)a->pipeline.counts.delivered[i], "dropped",
			(json_int_t)account_dropped(&a->losses.now.lanes[i])));
	return all;
}

int control_top(struct control *x, struct request *q, json_t *reply)
{
	json_t *seconds = json_object_get(q->body, "seconds");
	struct agent *a = x->agent;
	uint64_t now = clock_boot();
	int r;

	if (seconds && (!json_is_integer(seconds) || json_integer_value(seconds) < 0 ||
			json_integer_value(seconds) > SECONDS_MAX))
		return request_fail(q, -EINVAL, "seconds: want a number from 0 to %d", SECONDS_MAX);
	r = losses_read(&a->losses);
	if (r < 0)
		return request_fail(q, r, "cannot read the kernel's counters: %s", strerror(-r));
	top_want(&a->pipeline.top, now, 2 * (unsigned)json_integer_value(seconds));
	json_object_update_new(reply, json_pack(
		"{s:s, s:I, s:I, s:b, s:I, s:o, s:o, s:o, s:o, s:o}", "version", SAKER_VERSION, "time_ns", (json_int_t)now,
		"uptime_seconds", (json_int_t)((now - a->started) / 1000000000), "healthy", health_reads(a), "lost",
		(json_int_t)losses_total(&a->losses), "lanes", lanes(a), "events", events(&a->pipeline), "processes",
		entries(&a->pipeline, TOP_PROCESSES), "cgroups", entries(&a->pipeline, TOP_CGROUPS), "sinks",
		status_sinks(x)));
	return 0;
}
