// SPDX-License-Identifier: Apache-2.0
#include "agent/slots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "event/set.h"
#include "expr/expr.h"
#include "output/road.h"
#include "output/selection.h"
#include "policy/policy.h"

enum { CLOSING_MS = 500 };	/* for requests under way when the time for draining is over */

/* --- what sinks are made of */

struct source *source_new(void)
{
	struct source *s = calloc(1, sizeof(*s));

	if (s)
		s->holders = 1;
	return s;
}

void source_release(struct source *s)
{
	if (--s->holders)
		return;
	arena_fini(&s->wheres);
	config_fini(&s->config);
	free(s);
}

/* For every event, for any may come to a sink. */
int source_compile(struct source *s, struct diag *diag)
{
	struct event_set all;

	memset(&all, 0xff, sizeof(all));
	arena_init(&s->wheres, CONFIG_ARENA);
	for (unsigned i = 0; i < s->config.nsinks; i++) {
		const struct option_text *text = &s->config.sinks[i]->where;
		const struct expr_source where = { s->config.file.path, text->line, text->col, 1 };
		int r = 0;

		if (text->text)
			r = expr_compile(&s->where[i], &s->wheres, text->text, &where, NULL, &all, diag);
		if (r == 0)
			r = stream_check(&s->config.sinks[i]->stream, diag);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- planning */

static bool is_called(const struct slot *slot, const char *name)
{
	return slot && !strcmp(slot->sink->name, name);
}

static unsigned place_of(const struct slots *now, const struct slots *plan, const char *name)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (is_called(now->at[i], name))
			return i;
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (!now->at[i] && !plan->at[i])
			return i;
	return CONFIG_SINKS;
}

static struct slot *slot_new(struct source *source, const struct config_sink *c, struct log *log, int *r)
{
	struct slot *slot = calloc(1, sizeof(*slot));

	*r = slot ? sink_new(&slot->sink, c, log) : -ENOMEM;
	if (*r < 0) {
		free(slot);
		return NULL;
	}
	slot->source = source;
	source->holders++;
	return slot;
}

static void slot_free(struct slot *slot)
{
	sink_free(slot->sink);
	source_release(slot->source);
	free(slot);
}

static bool unchanged(const struct slot *slot, const struct config_sink *c)
{
	return slot && slot->sink->ops == sink_kinds[c->type] && slot->sink->hash == c->hash;
}

int slots_plan(const struct slots *now, struct slots *plan, struct source *source, struct diag *diag)
{
	int r = 0;

	for (unsigned i = 0; i < source->config.nsinks; i++) {
		const struct config_sink *c = source->config.sinks[i];
		unsigned place = place_of(now, plan, c->name);

		if (place == CONFIG_SINKS)
			return diag_set(diag, c->line, c->col, "too many sinks come and go at once");
		if (unchanged(now->at[place], c)) {
			plan->at[place] = now->at[place];
			continue;
		}
		plan->at[place] = slot_new(source, c, now->log, &r);
		if (r < 0) {
			diag_set(diag, c->line, c->col, "sinks.%s: %s", c->name, strerror(-r));
			return r;
		}
		plan->fresh[place] = true;
	}
	return 0;
}

void slots_drop(struct slots *plan)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (plan->fresh[i])
			slot_free(plan->at[i]);
}

void slots_names(const struct slots *slots, const char *names[static CONFIG_SINKS])
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		names[i] = slots->at[i] ? slots->at[i]->sink->name : "";
}

static void ask(const struct config_sink *sink, const struct expr *where, struct policy_set *policies, unsigned place)
{
	bool shows = selection_asks(&sink->stream.fields);

	for (unsigned id = 1; id < EVENT_COUNT; id++)
		if (shows || (where && expr_asks_session(where, id)))
			policy_ask_session(policies, id, place);
}

void slots_ask(const struct slots *slots, const struct source *source, struct policy_set *policies)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		for (unsigned k = 0; slots->at[i] && k < source->config.nsinks; k++)
			if (is_called(slots->at[i], source->config.sinks[k]->name))
				ask(source->config.sinks[k], source->where[k], policies, i);
}

uint64_t slots_go(const struct slots *now, const struct slots *plan, uint64_t *ret_empty)
{
	uint64_t go = 0, empty = 0;

	for (unsigned i = 0; i < CONFIG_SINKS; i++) {
		if (!now->at[i] || now->at[i] == plan->at[i])
			continue;
		go |= UINT64_C(1) << i;
		empty |= plan->at[i] ? 0 : UINT64_C(1) << i;
	}
	*ret_empty = empty;
	return go;
}

struct slots_diff slots_compare(const struct slots *now, const struct slots *plan)
{
	struct slots_diff d = { 0 };

	for (unsigned i = 0; i < CONFIG_SINKS; i++) {
		d.added += !now->at[i] && plan->at[i];
		d.removed += now->at[i] && !plan->at[i];
		d.changed += now->at[i] && plan->at[i] && now->at[i] != plan->at[i];
	}
	return d;
}

/* --- coming into force */

static void set_wheres(const struct slots *slots, const struct source *source)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		for (unsigned k = 0; slots->at[i] && k < source->config.nsinks; k++)
			if (is_called(slots->at[i], source->config.sinks[k]->name))
				slots->at[i]->sink->where = source->where[k];
}

static void add(struct slots *slots, unsigned i, struct slot *slot)
{
	if (slots->road)
		road_add(slots->road, i, slot->sink);
}

void slots_add_fresh(struct slots *now, const struct slots *plan, const struct source *source)
{
	set_wheres(plan, source);
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (plan->fresh[i] && !now->at[i])
			add(now, i, plan->at[i]);
}

static bool name_leaves(const struct slots *slots, const char *name)
{
	for (const struct slot *l = slots->leaving; l; l = l->next)
		if (is_called(l, name))
			return true;
	return false;
}

/* Open what waited for one that has closed. */
static void start_waiting(struct slots *slots)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++) {
		struct slot *slot = slots->at[i];

		if (!slot || !slot->waits || name_leaves(slots, slot->sink->name))
			continue;
		slot->waits = false;
		sink_start(slot->sink, slots->loop);
	}
}

/* Say how many events did not get where they should, and why; those that are still queued are left. */
static void tell_dropped(struct slots *slots, const struct sink *s)
{
	size_t len = 0;
	char text[200];

	for (unsigned why = 0; why < QUEUE_DROPS; why++) {
		uint64_t n = why == QUEUE_LEFT ? s->queue.lines : 0;

		for (unsigned lane = 0; lane < LANES; lane++)
			n += s->queue.counts.dropped[why][lane];
		slots->left += why == QUEUE_LEFT ? n : 0;
		if (n && len < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%llu %s", len ? ", " : "",
						(unsigned long long)n, queue_drop_names[why]);
	}
	if (len)
		log_say(slots->log, LOG_warning, "sink \"%s\" dropped events: %s", s->name, text);
}

static void on_closed(struct sink *s)
{
	struct slot *slot = s->owner, **at = &slot->slots->leaving;
	struct slots *slots = slot->slots;

	while (*at != slot)
		at = &(*at)->next;
	*at = slot->next;
	tell_dropped(slots, s);
	slot_free(slot);
	start_waiting(slots);
}

const struct slot *slots_leaving(const struct slots *slots, unsigned n)
{
	const struct slot *l = slots->leaving;

	for (; l && n > 0; n--)
		l = l->next;
	return l;
}

static bool label_leaves(const struct slots *slots, const char *label)
{
	for (const struct slot *l = slots->leaving; l; l = l->next)
		if (!strcmp(l->label, label))
			return true;
	return false;
}

/* A name in the figures beside that of its successor, which may have to leave, too, before it has. */
static void set_label(const struct slots *slots, struct slot *slot)
{
	unsigned n = 1;

	snprintf(slot->label, sizeof(slot->label), "%s (draining)", slot->sink->name);
	while (label_leaves(slots, slot->label))
		snprintf(slot->label, sizeof(slot->label), "%s (draining %u)", slot->sink->name, ++n);
}

static void leave(struct slots *slots, unsigned i, uint64_t ms)
{
	struct slot *slot = slots->at[i];

	set_label(slots, slot);
	slots->at[i] = NULL;
	slot->next = slots->leaving;
	slots->leaving = slot;
	if (slots->road)
		road_remove(slots->road, i);
	sink_drain(slot->sink, ms, on_closed, slot);
}

void slots_apply(struct slots *now, const struct slots *plan, const struct source *source)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++) {
		bool replaced = now->at[i] && now->at[i] != plan->at[i];

		if (replaced)
			leave(now, i, now->drain_ms);
		now->at[i] = plan->at[i];
		if (!plan->fresh[i])
			continue;
		now->at[i]->slots = now;
		now->at[i]->waits = true;
		if (replaced)
			add(now, i, now->at[i]);
	}
	set_wheres(now, source);
	if (now->loop)
		start_waiting(now);
}

void slots_start(struct slots *slots, struct road *road, uv_loop_t *loop)
{
	slots->road = road;
	slots->loop = loop;
	uv_timer_init(loop, &slots->patience);
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (slots->at[i])
			add(slots, i, slots->at[i]);
	start_waiting(slots);
}

void slots_reopen(struct slots *slots)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (slots->at[i])
			sink_reopen(slots->at[i]->sink);
}

/* --- the end */

static void on_patience(uv_timer_t *timer)
{
	/* Only wakes the loop. */
}

static void hurry_all(struct slots *slots)
{
	for (struct slot *l = slots->leaving, *next; l; l = next) {
		next = l->next;
		sink_hurry(l->sink);
	}
}

bool slots_finish(struct slots *slots, uint64_t ms, const bool *hurry)
{
	uint64_t end = clock_boot() + (ms + CLOSING_MS) * 1000000, now;

	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (slots->at[i])
			leave(slots, i, ms);
	if (!slots->loop)
		return true;
	while (slots->leaving && !*hurry && (now = clock_boot()) < end) {
		uv_timer_start(&slots->patience, on_patience, (end - now) / 1000000 + 1, 0);
		uv_run(slots->loop, UV_RUN_ONCE);
	}
	hurry_all(slots);
	for (unsigned i = 0; slots->leaving && i < 8; i++)
		uv_run(slots->loop, UV_RUN_NOWAIT);
	uv_timer_stop(&slots->patience);
	for (const struct slot *l = slots->leaving; l; l = l->next)
		tell_dropped(slots, l->sink);
	return !slots->leaving;
}

void slots_free(struct slots *slots)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (slots->at[i])
			slot_free(slots->at[i]);
	memset(slots->at, 0, sizeof(slots->at));
}
