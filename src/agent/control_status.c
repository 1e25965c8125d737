// SPDX-License-Identifier: Apache-2.0
#include "agent/control_status.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/figures.h"
#include "agent/health.h"
#include "agent/reload.h"
#include "base/caps.h"
#include "base/clock.h"
#include "base/fnv.h"
#include "base/log.h"
#include "event/schema.h"
#include "policy/policy.h"

/* A loss so long ago is over. */
#define LOSING_NS UINT64_C(10000000000)

static json_t *time_of(uint64_t boot)
{
	time_t seconds = (time_t)((int64_t)boot + clock_boot_to_wall()) / 1000000000;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%FT%TZ", &tm);
	return json_string(text);
}

static json_t *policies(const struct agent *a)
{
	const struct policy_set *set = a->pipeline.policies[a->generation & 1];
	json_t *all = json_array();
	char hash[20];

	for (unsigned i = 0; set && i < set->files.n; i++) {
		const struct file_text *f = &set->files.files[i]->file;

		snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)fnv64(0, f->text, f->len));
		json_array_append_new(all, json_pack("{s:o, s:o, s:s}", "name", request_json(policy_name(set, i)), "file",
						     request_json(f->path), "hash", hash));
	}
	return all;
}

/* What each wanted event is had by, and why the others are not. */
static void hooks(const struct agent *a, json_t *to, json_t *degraded)
{
	json_t *all = json_object();
	char text[PROBE_WHY + 96];

	for (unsigned id = 1; id < EVENT_COUNT; id++) {
		const struct rung *r = &a->probe.rungs[id];

		if (!event_set_has(&a->probe.wanted, id) || !schema_get(id))
			continue;
		if (r->name) {
			json_object_set_new(all, schema_get(id)->name, json_string(r->name));
		} else {
			snprintf(text, sizeof(text), "%s is not seen: %s", schema_get(id)->name, r->why);
			json_array_append_new(degraded, request_json(text));
		}
	}
	json_object_set_new(to, "hooks", json_integer(a->probe.nlinks));
	json_object_set_new(to, "events", all);
}

static void health(const struct agent *a, json_t *to, json_t *degraded)
{
	struct health h;
	char text[256];

	health_check(a, &h);
	for (unsigned i = 0; i < HEALTH_CHECKS; i++)
		if (!h.checks[i].ok) {
			snprintf(text, sizeof(text), "%s: %s", h.checks[i].name, h.checks[i].why);
			json_array_append_new(degraded, request_json(text));
		}
	json_object_set_new(to, "healthy", json_boolean(h.ok));
}

static json_t *capabilities(void)
{
	uint64_t have = caps_effective();
	json_t *all = json_array();

	for (unsigned i = 0; i < 64; i++)
		if (have >> i & 1 && caps_name(i))
			json_array_append_new(all, json_string(caps_name(i)));
	return all;
}

static json_t *losses(const struct agent *a)
{
	const struct losses *l = &a->losses;

	return json_pack("{s:b, s:I}", "now", l->last && clock_boot() - l->last < LOSING_NS,
			 "total", (json_int_t)losses_total(l));
}

static uint64_t resident(const struct figures *f)
{
	for (const struct figure *figure = figures; figure->name; figure++)
		if (figure->of == FIGURE_AGENT && !strcmp(figure->name, "resident_bytes"))
			return figure->value(f, 0);
	return 0;
}

static json_t *lanes(const struct agent *a)
{
	const size_t *bytes = a->options.probe.lane_bytes;

	return json_pack("{s:I, s:I, s:I}", "critical", (json_int_t)bytes[LANE_critical], "normal",
			 (json_int_t)bytes[LANE_normal], "bulk", (json_int_t)bytes[LANE_bulk]);
}

static json_t *refused(const struct reload_refusal *refusal)
{
	return json_pack("{s:i, s:o, s:o}", "generation", (int)refusal->generation, "since", time_of(refusal->at), "error",
			 request_json(refusal->error));
}

void status_fill(struct control *x, json_t *to)
{
	struct figures f = { .agent = x->agent, .reload = x->reload };
	const struct agent *a = x->agent;
	json_t *degraded = json_array();

	if (figures_read(&f) < 0)
		json_array_append_new(degraded, json_string("the kernel's counters cannot be read"));
	health(a, to, degraded);
	json_object_update_new(to, json_pack(
		"{s:s, s:i, s:I, s:o, s:o, s:i}", "version", SAKER_VERSION, "pid", (int)getpid(), "uptime_seconds",
		(json_int_t)((clock_boot() - a->started) / 1000000000), "started", time_of(a->started), "config",
		request_json(x->reload->path), "generation", (int)a->generation));
	json_object_set_new(to, "policies", policies(a));
	hooks(a, to, degraded);
	if (x->reload->watch.degraded[0])
		json_array_append_new(degraded, request_json(x->reload->watch.degraded));
	if (x->reload->waiting[0])
		json_object_set_new(to, "waiting_for_start", request_json(x->reload->waiting));
	if (x->reload->refusal.at)
		json_object_set_new(to, "refused", refused(&x->reload->refusal));
	json_object_set_new(to, "degraded", degraded);
	json_object_set_new(to, "lost", losses(a));
	json_object_set_new(to, "transport",
			    json_string(a->options.probe.transport == TRANSPORT_PERF ? "perf" : "ring"));
	json_object_set_new(to, "lanes", lanes(a));
	json_object_set_new(to, "resident_bytes", json_integer((json_int_t)resident(&f)));
	json_object_set_new(to, "capabilities", capabilities());
	json_object_set_new(to, "loglevel", json_string(log_level_names[x->log->level]));
}

static json_t *sink_status(const struct sink *s, const char *name)
{
	struct sink_stats stats;

	sink_stats(s, &stats);
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "name", name, "type", stats.kind,
			 "state", s->draining && s->state != SINK_CLOSING ? "draining" : stats.state, "offered", (json_int_t)stats.counts->offered, "unwanted",
			 (json_int_t)(stats.counts->unwanted + stats.counts->rejected), "limited",
			 (json_int_t)stats.counts->limited, "unencoded", (json_int_t)stats.counts->unencoded, "written",
			 (json_int_t)stats.queue->done, "written_bytes", (json_int_t)stats.queue->done_bytes, "waiting",
			 (json_int_t)stats.waiting, "waiting_bytes", (json_int_t)stats.waiting_bytes, "in_flight",
			 (json_int_t)stats.in_flight, "dropped", (json_int_t)stats.dropped, "retries",
			 (json_int_t)stats.counts->retries, "error",
			 stats.error[0] ? request_json(stats.error) : json_null());
}

json_t *status_sinks(struct control *x)
{
	const struct road *road = &x->agent->pipeline.road;
	const struct slot *slot;
	json_t *all = json_array();

	for (unsigned i = 0; i < ROAD_SINKS; i++)
		if (road->sinks[i])
			json_array_append_new(all, sink_status(road->sinks[i], road->sinks[i]->name));
	for (unsigned i = 0; x->reload && (slot = slots_leaving(&x->reload->slots, i)); i++)
		json_array_append_new(all, sink_status(slot->sink, slot->label));
	return all;
}
