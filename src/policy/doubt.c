// SPDX-License-Identifier: Apache-2.0
#include "policy/doubt.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "event/schema.h"
#include "expr/satisfy.h"
#include "policy/policy.h"

struct look {
	const struct policy_set *set;
	void (*seen)(void *ctx, const struct policy_doubt *doubt);
	void *ctx;
	unsigned steps;
};

static const char *const words[] = {
	[DOUBT_NEVER] = "never", [DOUBT_FLOOD] = "flood", [DOUBT_SHADOW] = "shadow",
};

static bool confirmed(const struct policy_file *f, enum policy_doubt_kind kind)
{
	switch (kind) {
	case DOUBT_NEVER: return f->confirm.never;
	case DOUBT_FLOOD: return f->confirm.flood;
	case DOUBT_SHADOW: return f->confirm.shadow;
	}
	return false;
}

__attribute__((format(printf, 3, 4)))
static void tell(const struct look *l, struct policy_doubt *d, const char *fmt, ...)
{
	va_list args;
	size_t n;

	d->confirmed = confirmed(d->file, d->kind);
	va_start(args, fmt);
	vsnprintf(d->text, sizeof(d->text), fmt, args);
	va_end(args);
	n = strlen(d->text);
	if (d->confirmed)
		snprintf(d->text + n, sizeof(d->text) - n, " (confirmed)");
	else
		snprintf(d->text + n, sizeof(d->text) - n, "; if that is meant, add confirm: [%s] to the policy", words[d->kind]);
	l->seen(l->ctx, d);
}

/* --- one entry */

/* What this policy asks of an event; NULL: nothing. */
static const struct policy_rule *rule_of(const struct policy_set *set, unsigned policy, unsigned id)
{
	for (unsigned i = 0; i < set->plans[id].n; i++)
		if (set->plans[id].rules[i].policy == policy)
			return &set->plans[id].rules[i];
	return NULL;
}

static const char *other_events(const struct expr *expr)
{
	return expr_asks_empty(expr) ? "it asks for a member of an empty list" : "scope or where ask for other events";
}

/* Why no record of the event can match; NULL: one may. */
static const char *impossible(struct look *l, const struct policy_rule *r, unsigned id)
{
	if (r->where && !expr_event_possible(r->where, id))
		return other_events(r->where);
	if (r->scope && !expr_event_possible(r->scope, id))
		return other_events(r->scope);
	if (r->where && expr_contradict(r->where, NULL, id, &l->steps))
		return "what its where asks cannot be true at once";
	if (r->scope && expr_contradict(r->scope, NULL, id, &l->steps))
		return "what the scope asks cannot be true at once";
	if (r->where && r->scope && expr_contradict(r->scope, r->where, id, &l->steps))
		return "scope and where contradict each other";
	return NULL;
}

/* Why no event of the entry can match; NULL: one may. */
static const char *never(struct look *l, unsigned policy, const struct policy_file_entry *e)
{
	const struct policy_rule *last = NULL;
	const char *why = NULL;

	if (!e->where.text && !l->set->files.files[policy]->scope.text)
		return NULL;
	for (unsigned id = 1; id < EVENT_COUNT; id++) {
		const struct policy_rule *r = event_set_has(&e->events, id) ? rule_of(l->set, policy, id) : NULL;

		if (!r)
			continue;
		why = impossible(l, r, id);
		if (!why)
			return NULL;
		last = r;
	}
	return last ? why : NULL;
}

static bool holds_always(struct look *l, const struct expr *expr, unsigned id)
{
	return !expr || expr_always(expr, id, &l->steps);
}

/* An event that comes at a high rate and that this entry takes from everybody; NULL: there is none. */
static const char *floods(struct look *l, unsigned policy, const struct policy_file_entry *e)
{
	if (e->limit.rate.count || e->sample.whole || e->dedup.key.n)
		return NULL;
	for (unsigned id = 1; id < EVENT_COUNT; id++) {
		const struct policy_rule *r = event_set_has(&e->events, id) ? rule_of(l->set, policy, id) : NULL;

		if (r && schema_lane(id) == LANE_bulk && holds_always(l, r->where, id) && holds_always(l, r->scope, id))
			return schema_get(id)->name;
	}
	return NULL;
}

static bool same_list(const struct option_list *a, const struct option_list *b)
{
	for (unsigned i = 0; i < a->n && i < b->n; i++)
		if (strcmp(a->items[i].text, b->items[i].text) != 0)
			return false;
	return a->n == b->n;
}

/* All but what is asked of the events. */
static bool same_options(const struct policy_file_entry *a, const struct policy_file_entry *b)
{
	return a->limit.rate.count == b->limit.rate.count && a->limit.rate.interval == b->limit.rate.interval &&
	       a->limit.rate.burst == b->limit.rate.burst && a->limit.per == b->limit.per &&
	       same_list(&a->dedup.key, &b->dedup.key) && a->dedup.size == b->dedup.size && a->dedup.ttl == b->dedup.ttl &&
	       a->sample.share == b->sample.share && a->sample.whole == b->sample.whole &&
	       same_list(&a->unless_empty, &b->unless_empty) && a->need == b->need && a->enrich == b->enrich &&
	       !memcmp(&a->capture, &b->capture, sizeof(a->capture)) && same_list(&a->sinks, &b->sinks);
}

static bool same_where(const struct policy_file_entry *a, const struct policy_file_entry *b)
{
	return a->where.text == b->where.text ||
	       (a->where.text && b->where.text && !strcmp(a->where.text, b->where.text));
}

static unsigned count(const struct event_set *set)
{
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(set->bits) / sizeof(*set->bits); i++)
		n += __builtin_popcountll(set->bits[i]);
	return n;
}

static void look_at_entry(struct look *l, unsigned policy, const struct policy_file_entry *e)
{
	const struct policy_file *f = l->set->files.files[policy];
	struct policy_doubt d = { .file = f, .line = e->line, .col = e->col };
	const struct policy_file_entry *other = e->lost_to;
	const char *what = never(l, policy, e);

	if (what) {
		d.kind = DOUBT_NEVER;
		tell(l, &d, "\"%.63s\" never matches: %s", e->selector, what);
	} else if ((what = floods(l, policy, e))) {
		d.kind = DOUBT_FLOOD;
		tell(l, &d, "\"%.63s\" takes every %.63s of every process; scope, where, limit, sample and dedup take fewer",
		     e->selector, what);
	}
	if (other && !(same_options(e, other) && same_where(e, other))) {
		d.kind = DOUBT_SHADOW;
		tell(l, &d, "\"%.63s\" does not get %u of its %u events: they are those of \"%.63s\" in line %u, which comes "
		     "first", e->selector, e->lost, e->lost + count(&e->events), other->selector, other->line);
	}
}

/* --- one policy and those before it */

static bool same_rules(const struct policy_set *set, unsigned a, unsigned b)
{
	for (unsigned id = 1; id < EVENT_COUNT; id++) {
		const struct policy_rule *x = rule_of(set, a, id), *y = rule_of(set, b, id);

		if (!x && !y)
			continue;
		if (!x || !y || !same_options(x->entry, y->entry) || !expr_same(x->where, y->where, id) ||
		    !expr_same(x->scope, y->scope, id))
			return false;
	}
	return true;
}

static void look_for_twin(struct look *l, unsigned policy)
{
	const struct policy_file *f = l->set->files.files[policy];
	struct policy_doubt d = {
		.kind = DOUBT_SHADOW, .file = f, .line = f->name.line, .col = f->name.col, .together = true,
	};

	for (unsigned i = 0; i < policy; i++)
		if (same_rules(l->set, i, policy)) {
			tell(l, &d, "policy \"%.63s\" asks the same as policy \"%.63s\" and adds nothing to it", f->name.text,
			     policy_name(l->set, i));
			return;
		}
}

void policy_doubts(const struct policy_set *set, void (*seen)(void *ctx, const struct policy_doubt *doubt), void *ctx)
{
	struct look l = { set, seen, ctx, SATISFY_STEPS };

	for (unsigned i = 0; i < set->files.n; i++) {
		const struct policy_file *f = set->files.files[i];

		for (unsigned k = 0; k < f->nentries; k++)
			look_at_entry(&l, i, &f->entries[k]);
		look_for_twin(&l, i);
	}
}

/* --- before and after */

static unsigned count_entries(const struct policy_set *set)
{
	unsigned n = 0;

	for (unsigned i = 0; i < set->files.n; i++)
		n += set->files.files[i]->nentries;
	return n;
}

bool policy_removes_most(const struct policy_set *before, const struct policy_set *after, unsigned *had, unsigned *left)
{
	*had = count_entries(before);
	*left = count_entries(after);
	return 2 * *left < *had;
}
