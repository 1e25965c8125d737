// SPDX-License-Identifier: Apache-2.0
/* What a running agent can be asked. */
#include "agent/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/control_mute.h"
#include "agent/control_processes.h"
#include "agent/control_status.h"
#include "agent/control_top.h"
#include "agent/figures.h"
#include "agent/reload.h"
#include "base/histogram.h"
#include "base/log.h"
#include "base/nearest.h"

/* --- stats */

static json_t *histogram_of(const struct histogram *h)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += h->counts[i];
	return json_pack("{s:I, s:f}", "count", (json_int_t)count, "sum", h->sum / 1e9);
}

static json_t *value_of(const struct figures *f, const struct figure *figure, unsigned i)
{
	uint64_t value;

	if (figure->kind == FIGURE_INFO)
		return json_string(figure->text(f, i));
	if (figure->kind == FIGURE_HISTOGRAM)
		return histogram_of(figure->histogram(f, i));
	value = figure->value(f, i);
	return figure->per > 1 ? json_real((double)value / figure->per) : json_integer((json_int_t)value);
}

static json_t *inner_of(json_t *to, const char *name)
{
	if (!json_object_get(to, name))
		json_object_set_new(to, name, json_object());
	return json_object_get(to, name);
}

/* {"read": 5, "dropped": {"full": 0, "scratch": 0}} */
static void add_value(json_t *to, const struct figure *figure, json_t *value)
{
	json_t *inner;

	if (!figure->detail || figure->kind == FIGURE_INFO) {
		json_object_set_new(to, figure->name, value);
		return;
	}
	inner = inner_of(to, figure->name);
	if (figure->lane)
		inner = inner_of(inner, figure->detail_value);
	json_object_set_new(inner, figure->lane ? figure->lane : figure->detail_value, value);
}

/* All figures of one place; NULL when all of them are 0 and it is one of very many. */
static json_t *place(const struct figures *f, enum figure_of of, unsigned i)
{
	json_t *all = json_object();
	bool any = of != FIGURE_EVENT;

	for (const struct figure *figure = figures; figure->name; figure++) {
		if (figure->of != of || !figure_there(figure, f, i))
			continue;
		any = any || (figure->kind == FIGURE_COUNTER && figure->value(f, i));
		add_value(all, figure, value_of(f, figure, i));
	}
	if (any)
		return all;
	json_decref(all);
	return NULL;
}

static int run_stats(struct control *x, struct request *q, json_t *reply)
{
	static const char *const names[FIGURE_OFS] = {
		[FIGURE_AGENT] = "agent", [FIGURE_LANE] = "lanes", [FIGURE_EVENT] = "events",
		[FIGURE_POLICY] = "policies", [FIGURE_SINK] = "sinks", [FIGURE_CHECK] = "checks",
		[FIGURE_CANARY] = "canaries", [FIGURE_PROGRAM] = "programs", [FIGURE_MAP] = "maps",
		[FIGURE_SECRET] = "secrets",
	};
	struct figures f = { .agent = x->agent, .reload = x->reload };
	int r = figures_read(&f);

	if (r < 0)
		return request_fail(q, r, "cannot read the kernel's counters: %s", strerror(-r));
	json_object_set_new(reply, "agent", place(&f, FIGURE_AGENT, 0));
	for (unsigned of = FIGURE_AGENT + 1; of < FIGURE_OFS; of++) {
		json_t *all = json_object(), *one;

		for (unsigned i = 0; i < figures_count(&f, of); i++) {
			const char *label = figures_label(&f, of, i);

			one = label ? place(&f, of, i) : NULL;
			if (one)
				json_object_set_new(all, label, one);
		}
		json_object_set_new(reply, names[of], all);
	}
	json_object_set_new(reply, "control", json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I}", "accepted", (json_int_t)x->accepted, "refused", (json_int_t)x->refused,
		"requests", (json_int_t)x->requests, "wrong", (json_int_t)x->wrong, "denied", (json_int_t)x->denied,
		"late", (json_int_t)x->late));
	return 0;
}

/* --- what changes something */

/* Loading programs takes a while, and the loop goes on meanwhile. */
static int run_reload(struct control *x, struct request *q, json_t *reply)
{
	const char *how;
	int r = request_text(q, "how", &how);

	if (r < 0)
		return r;
	if (how && strcmp(how, "confirm") != 0)
		return request_fail(q, -EINVAL, "how \"%.64s\": want confirm or nothing", how);
	x->asking->awaits = x->reload->runs + 1;
	reload_ask(x->reload, how != NULL);
	return -EINPROGRESS;
}

char *control_receipt(const struct reload_receipt *t)
{
	char error[sizeof(t->error) + 64];
	json_t *doubts;

	if (t->result == -EBUSY)
		return request_refusal("a file is open for writing: it is read when it is closed");
	if (t->result < 0 && t->result != -EALREADY) {
		snprintf(error, sizeof(error), "refused, what was in force stays: %s", t->error);
		return request_refusal(error);
	}
	doubts = json_array();
	for (unsigned i = 0; i < t->doubts.n && i < DOUBTS_KEPT; i++)
		json_array_append_new(doubts, request_json(t->doubts.texts[i]));
	return request_line(json_pack(
		"{s:b, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:s, s:o}", "ok", 1, "result",
		t->result == 0 ? "applied" : "unchanged", "generation", (int)t->generation, "added", (int)t->added, "removed",
		(int)t->removed, "changed", (int)t->changed, "same", (int)t->same,
		"sinks_added", (int)t->sinks.added, "sinks_removed", (int)t->sinks.removed, "sinks_changed",
		(int)t->sinks.changed, "hooks", (int)t->hooks, "hooks_before",
		(int)t->hooks_before, "elapsed_ms", t->elapsed / 1e6, "waiting", t->waiting,
		"doubts", doubts));
}

static int run_loglevel(struct control *x, struct request *q, json_t *reply)
{
	const char *level;
	int r = request_text(q, "level", &level);

	if (r < 0)
		return r;
	for (unsigned i = 0; level && i < LOG_LEVELS; i++)
		if (!strcmp(log_level_names[i], level)) {
			x->log->level = i;
			level = NULL;
		}
	if (level)
		return request_fail(q, -EINVAL, "level \"%.64s\": want error, warning, info or debug", level);
	json_object_set_new(reply, "level", json_string(log_level_names[x->log->level]));
	return 0;
}

/* --- what there is */

static int run_status(struct control *x, struct request *q, json_t *reply)
{
	status_fill(x, reply);
	return 0;
}

static int run_sinks(struct control *x, struct request *q, json_t *reply)
{
	json_object_set_new(reply, "sinks", status_sinks(x));
	return 0;
}

static int run_ps(struct control *x, struct request *q, json_t *reply)
{
	json_t *all = control_processes(&x->agent->pipeline.processes, &x->agent->pipeline.containers);

	if (!all)
		return request_fail(q, -ENOMEM, "no memory for so many processes");
	json_object_set_new(reply, "processes", all);
	return 0;
}

const struct control_command control_commands[] = {
	{ .name = "status", .doc = "what is in force, and whether all is well", .run = run_status },
	{ .name = "stats", .doc = "every counter", .run = run_stats },
	{ .name = "sinks", .doc = "where events go, and how that goes", .run = run_sinks },
	{ .name = "ps", .doc = "the processes that run, as a tree", .run = run_ps },
	{ .name = "reload", .doc = "read configuration and policies again", .right = RIGHT_CHANGE,
	  .arguments = { "how" }, .run = run_reload },
	{ .name = "loglevel", .doc = "tell or set the least important message that is written", .right = RIGHT_ARGUMENTS,
	  .arguments = { "level" }, .run = run_loglevel },
	{ .name = "mute", .doc = "tell who is not heard, or mute one more", .right = RIGHT_ARGUMENTS,
	  .arguments = { "kind", "name" }, .run = control_mute },
	{ .name = "unmute", .doc = "hear somebody again", .right = RIGHT_CHANGE, .arguments = { "kind", "name" },
	  .run = control_unmute },
	{ .name = "top", .doc = "counts that make rates", .arguments = { "seconds" }, .run = control_top },
	{ .name = NULL },
};
