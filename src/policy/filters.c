// SPDX-License-Identifier: Apache-2.0
/* A record has to be let through when any policy may want it: the filter of an event is an or over
 * policies of (scope and where), each as far as the kernel side can ask it.  What does not fit in a
 * filter's alternatives and terms is asked in user space alone. */
#include "policy/compile.h"

#include <errno.h>
#include <string.h>

#include "policy/policy.h"

static enum push push_down(struct policy_set *set, const struct expr *expr, unsigned id, struct event_filter *f)
{
	f->nalternatives = 0;
	return expr ? expr_push_down(expr, id, &set->shared, f) : PUSH_EVERYTHING;
}

static bool join(struct filter_alternative *to, const struct filter_alternative *a, const struct filter_alternative *b)
{
	if (a->nterms + b->nterms > FILTER_TERMS)
		return false;
	*to = *a;
	memcpy(&to->terms[a->nterms], b->terms, b->nterms * sizeof(*b->terms));
	to->nterms = a->nterms + b->nterms;
	return true;
}

/* Both have to hold: each alternative of the one with each of the other.  Where they do not fit, one
 * of them alone, which is weaker. */
static void both(struct event_filter *f, const struct event_filter *other)
{
	struct event_filter product = { 0 };

	if (f->nalternatives * other->nalternatives > FILTER_ALTERNATIVES) {
		if (other->nalternatives < f->nalternatives)
			*f = *other;
		return;
	}
	for (unsigned i = 0; i < f->nalternatives; i++)
		for (unsigned k = 0; k < other->nalternatives; k++) {
			struct filter_alternative *to = &product.alternatives[product.nalternatives++];

			if (!join(to, &f->alternatives[i], &other->alternatives[k]))
				*to = f->alternatives[i];
		}
	*f = product;
}

static enum push rule_filter(struct policy_set *set, const struct policy_rule *rule, unsigned id,
			     struct event_filter *f)
{
	struct event_filter scope;
	enum push where = push_down(set, rule->where, id, f), around = push_down(set, rule->scope, id, &scope);

	if (where == PUSH_NOTHING || around == PUSH_NOTHING)
		return PUSH_NOTHING;
	if (where == PUSH_FILTER && around == PUSH_FILTER)
		both(f, &scope);
	else if (around == PUSH_FILTER)
		*f = scope;
	return where == PUSH_FILTER || around == PUSH_FILTER ? PUSH_FILTER : PUSH_EVERYTHING;
}

/* Either may hold. */
static bool either(struct event_filter *f, const struct event_filter *other)
{
	if (f->nalternatives + other->nalternatives > FILTER_ALTERNATIVES)
		return false;
	memcpy(&f->alternatives[f->nalternatives], other->alternatives,
	       other->nalternatives * sizeof(*other->alternatives));
	f->nalternatives += other->nalternatives;
	return true;
}

static enum push event_filter(struct policy_set *set, unsigned id, struct event_filter *f)
{
	struct event_filter one;
	bool possible = false;

	memset(f, 0, sizeof(*f));
	for (unsigned i = 0; i < set->plans[id].n; i++) {
		switch (rule_filter(set, &set->plans[id].rules[i], id, &one)) {
		case PUSH_NOTHING:
			continue;
		case PUSH_FILTER:
			possible = true;
			if (either(f, &one))
				continue;
			return PUSH_EVERYTHING;
		case PUSH_EVERYTHING:
			return PUSH_EVERYTHING;
		}
	}
	return possible ? PUSH_FILTER : PUSH_NOTHING;
}

static int tables_alloc(struct policy_set *set)
{
	set->shared.max_texts = FILTER_TEXTS;
	set->shared.max_members = FILTER_SETS;
	set->shared.texts = arena_alloc(&set->arena, FILTER_TEXTS * sizeof(*set->shared.texts));
	set->shared.members = arena_alloc(&set->arena, FILTER_SETS * sizeof(*set->shared.members));
	set->filters = arena_alloc(&set->arena, FILTERS_MAX * sizeof(*set->filters));
	return set->shared.texts && set->shared.members && set->filters ? 0 : -ENOMEM;
}

int policy_filters(struct policy_set *set, struct diag *diag)
{
	int r = tables_alloc(set);

	if (r < 0)
		return diag_set(diag, 0, 0, "out of memory"), r;
	memset(set->filter_of, 0xff, sizeof(set->filter_of));	/* FILTER_UNWANTED */
	for (unsigned id = 1; id < EVENT_COUNT; id++) {
		enum push push = PUSH_NOTHING;

		if (set->plans[id].n)
			push = event_filter(set, id, &set->filters[set->nfilters]);
		if (push == PUSH_EVERYTHING || (push == PUSH_FILTER && set->nfilters + 2 >= FILTERS_MAX))
			set->filter_of[id] = FILTER_NONE;
		else if (push == PUSH_FILTER)
			set->filter_of[id] = ++set->nfilters;
	}
	return 0;
}
