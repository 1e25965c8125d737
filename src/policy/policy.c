// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "identity/container.h"
#include "identity/process.h"
#include "policy/compile.h"
#include "policy/sample.h"
#include "policy/state.h"

const char *policy_name(const struct policy_set *set, unsigned n)
{
	return set->files.files[n]->name.text;
}

void policy_set_fini(struct policy_set *set)
{
	for (unsigned i = 0; i < set->nstates; i++)
		policy_state_drop(set->states[i]);
	policy_file_set_fini(&set->files);
	arena_fini(&set->arena);
	set->nstates = 0;
}

static bool all_empty(const struct policy_rule *rule, const struct expr_view *view)
{
	for (unsigned i = 0; i < rule->nunless_empty; i++)
		if (!key_field_empty(view, &rule->unless_empty[i]))
			return false;
	return rule->nunless_empty > 0;
}

static bool expressions_hold(const struct policy_rule *rule, const struct expr_view *view)
{
	return (!rule->where || expr_match(rule->where, view)) && (!rule->scope || expr_match(rule->scope, view));
}

static bool sampled(const struct policy_rule *rule, const struct head *h)
{
	const struct policy_sample *s = &rule->entry->sample;

	return s->whole && !sample_share(h->time, h->seq, s->share, s->whole);
}

static bool deduplicated(struct policy_set *set, const struct policy_rule *rule, const struct expr_view *view)
{
	const struct head *h = view->record;
	struct key key;

	if (!rule->ndedup)
		return false;
	key = key_fields(&set->seed, view, rule->dedup, rule->ndedup);
	return !dedup_pass(&rule->state->dedup, h->who.proc_cgroup, h->id, &key, h->time);
}

static bool limited(struct policy_set *set, const struct policy_rule *rule, const struct expr_view *view,
		    uint64_t *suppressed)
{
	const struct head *h = view->record;
	struct limiter *l;
	const struct container *container = view->subject.container;
	/* Apart from ids of cgroups, which stand for what is in no container. */
	uint64_t key, serial = container && container->serial ? container->serial | UINT64_C(1) << 63 : 0;

	if (!rule->entry->limit.rate.count)
		return false;
	l = &rule->state->limiter;
	key = key_identity(&set->seed, l->spec.key, &h->who, view->subject.process ? view->subject.process->exe : "",
			   serial);
	if (!limiter_pass(l, key, h->time))
		return true;
	*suppressed += limiter_suppressed(l, key);
	return false;
}

/* Whether this policy wants the record.  Cheap and without memory first; a limit last, so that only
 * what would have been told uses it up. */
static bool rule_takes(struct policy_set *set, const struct policy_rule *rule, const struct expr_view *view,
		       uint64_t *suppressed)
{
	struct policy_counts *c = &set->counts[rule->policy];

	if (!expressions_hold(rule, view))
		return false;
	if (all_empty(rule, view))
		return c->empty++, false;
	if (sampled(rule, view->record))
		return c->sampled++, false;
	if (deduplicated(set, rule, view))
		return c->deduplicated++, false;
	if (limited(set, rule, view, suppressed))
		return c->limited++, false;
	c->matched++;
	return true;
}

static bool timed_takes(struct policy_set *set, const struct policy_rule *rule, const struct expr_view *view,
			uint64_t *suppressed)
{
	struct policy_counts *c = &set->counts[rule->policy];
	uint64_t begin = clock_boot(), spent;
	bool takes = rule_takes(set, rule, view, suppressed);

	spent = clock_boot() - begin;
	c->timed++;
	c->spent += spent;
	c->over_budget += spent > POLICY_BUDGET_NS;
	return takes;
}

struct policy_verdict policy_match(struct policy_set *set, const struct expr_view *view)
{
	const struct head *h = view->record;
	const struct policy_plan *plan = &set->plans[h->id];
	bool timed = ++set->untimed == POLICY_TIMED;
	struct policy_verdict v = { 0 };

	if (timed)
		set->untimed = 0;
	for (unsigned i = 0; i < plan->n; i++) {
		const struct policy_rule *rule = &plan->rules[i];

		if ((timed ? timed_takes : rule_takes)(set, rule, view, &v.suppressed)) {
			v.policies |= UINT64_C(1) << rule->policy;
			v.sinks |= rule->sinks;
			v.hash |= rule->entry->capture.hash;
		}
	}
	return v;
}

void policy_ask_session(struct policy_set *set, unsigned id, unsigned sink)
{
	const struct policy_plan *plan = &set->plans[id];

	for (unsigned i = 0; i < plan->n; i++)
		if (plan->rules[i].sinks >> sink & 1)
			event_set_add(&set->sessions, id);
}

static bool asks(const struct expr *expr, unsigned id)
{
	return expr && expr_asks_files(expr, id);
}

bool policy_waits(const struct policy_set *set, unsigned id)
{
	const struct policy_plan *plan = &set->plans[id];

	for (unsigned i = 0; i < plan->n; i++)
		if (plan->rules[i].entry->enrich == POLICY_WAIT || asks(plan->rules[i].where, id) ||
		    asks(plan->rules[i].scope, id))
			return true;
	return false;
}

void policy_forget(struct policy_set *set, uint64_t cgroup)
{
	for (unsigned i = 0; i < set->nstates; i++)
		policy_state_forget(set->states[i], cgroup);
}

void policy_forget_repetitions(struct policy_set *set)
{
	for (unsigned i = 0; i < set->nstates; i++)
		policy_state_empty(set->states[i]);
}

static const struct policy_file *file_named(const struct policy_set *set, const char *name)
{
	for (unsigned i = 0; i < set->files.n; i++)
		if (!strcmp(policy_name(set, i), name))
			return set->files.files[i];
	return NULL;
}

static bool same_text(const struct policy_file *a, const struct policy_file *b)
{
	return a->file.len == b->file.len && !memcmp(a->file.text, b->file.text, a->file.len);
}

bool policy_has(const struct policy_set *set, const struct policy_file *file)
{
	const struct policy_file *old = set ? file_named(set, file->name.text) : NULL;

	return old && same_text(old, file);
}

struct policy_diff policy_compare(const struct policy_set *before, const struct policy_set *after)
{
	struct policy_diff d = { 0 };

	for (unsigned i = 0; i < after->files.n; i++) {
		const struct policy_file *old = before ? file_named(before, policy_name(after, i)) : NULL;

		if (!old)
			d.added++;
		else if (same_text(old, after->files.files[i]))
			d.same++;
		else
			d.changed++;
	}
	for (unsigned i = 0; before && i < before->files.n; i++)
		d.removed += !file_named(after, policy_name(before, i));
	return d;
}

void policy_add_counts(struct policy_counts *to, const struct policy_set *set, const char *name)
{
	for (unsigned i = 0; i < set->files.n; i++) {
		const struct policy_counts *c = &set->counts[i];

		if (strcmp(policy_name(set, i), name) != 0)
			continue;
		to->matched += c->matched;
		to->limited += c->limited;
		to->deduplicated += c->deduplicated;
		to->sampled += c->sampled;
		to->empty += c->empty;
		to->timed += c->timed;
		to->spent += c->spent;
		to->over_budget += c->over_budget;
	}
}

void policy_add_evictions(struct policy_evictions *to, const struct policy_set *set, bool alone)
{
	for (unsigned i = 0; i < set->nstates; i++) {
		const struct policy_state *s = set->states[i];

		if (alone && s->users > 1)
			continue;
		if (s->limits)
			to->limits += s->limiter.evicted;
		if (s->dedups)
			to->caches += s->dedup.evicted + s->dedup.caches_evicted;
	}
}

static void explain_rule(const struct policy_set *set, const struct policy_rule *rule, unsigned id, FILE *to)
{
	fprintf(to, "%s: %s\n", policy_name(set, rule->policy), schema_get(id)->name);
	if (rule->scope)
		expr_explain(rule->scope, id, to);
	if (rule->where)
		expr_explain(rule->where, id, to);
	if (!rule->scope && !rule->where)
		fprintf(to, "  everything\n");
}

void policy_explain(const struct policy_set *set, FILE *to)
{
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		for (unsigned i = 0; i < set->plans[id].n; i++)
			explain_rule(set, &set->plans[id].rules[i], id, to);
}
