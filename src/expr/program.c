// SPDX-License-Identifier: Apache-2.0
#include "expr/program.h"

#include <errno.h>

struct builder {
	struct test *tests;
	unsigned n, id;
};

static bool always_there(const struct access *a)
{
	return !a->via && (a->get == GET_NUM || a->get == GET_HEAD4 || a->get == GET_COMM || a->get == GET_FAILED);
}

enum leaf program_leaf(const struct comparison *cmp, unsigned id, struct test *test)
{
	const struct constant *k;
	struct access access;

	if (cmp->of_event)
		return event_set_has(&cmp->events, id) ? LEAF_TRUE : LEAF_FALSE;
	if (!comparison_access(cmp, id, &access))
		return LEAF_FALSE;
	k = constant_find(cmp, &access);
	if (!k || !k->valid || (k->op == OP_IN && !k->n))
		return LEAF_FALSE;
	if (k->op == OP_EXISTS && always_there(&access))
		return LEAF_TRUE;
	test_init(test, k, &access);
	return LEAF_TEST;
}

/* --- order */

struct estimate {
	double cost;	/* nanoseconds */
	double chance;	/* to be true */
};

static struct estimate estimate_leaf(const struct comparison *cmp, const struct event_set *events)
{
	struct test test;

	for (unsigned id = 0; id < EVENT_COUNT && !cmp->of_event; id++)
		if (event_set_has(events, id) && program_leaf(cmp, id, &test) == LEAF_TEST)
			return (struct estimate){ test_cost(&test), test_chance(&test) / 100.0 };
	return (struct estimate){ 0, 0.5 };
}

/* What one pays until it decides: for "and" by being false, for "or" by being true. */
static double price(enum node_kind kind, struct estimate e)
{
	double decides = kind == NODE_and ? 1 - e.chance : e.chance;

	return e.cost / (decides + 0.01);
}

/* Behind those that are as cheap, so that equals keep the order in which they were written. */
static void insert(struct node *parent, struct node *node)
{
	struct node *after = parent->last;

	while (after && after->price > node->price)
		after = after->prev;
	node->prev = after;
	node->next = after ? after->next : parent->child;
	if (node->next)
		node->next->prev = node;
	else
		parent->last = node;
	if (after)
		after->next = node;
	else
		parent->child = node;
}

static struct estimate order(struct node *node, const struct event_set *events)
{
	struct estimate all = { 0, node->kind == NODE_or }, one = { 0 };
	struct node *child = node->child, *next;
	bool both = node->kind == NODE_and;
	double reached = 1;

	if (node->kind == NODE_comparison)
		return estimate_leaf(node->comparison, events);
	node->child = NULL;
	for (; child; child = next) {
		next = child->next;
		one = order(child, events);
		child->price = price(node->kind, one);
		insert(node, child);
		all.cost += reached * one.cost;
		reached *= both ? one.chance : 1 - one.chance;
	}
	if (node->kind == NODE_not)
		return (struct estimate){ one.cost, 1 - one.chance };
	all.chance = both ? reached : 1 - reached;
	return all;
}

void program_order(struct node *root, const struct event_set *events)
{
	order(root, events);
}

/* --- programs */

/* The label where the node is decided, when yes and no are those of what follows: made from the
 * end. */
static unsigned generate(struct builder *b, const struct node *node, unsigned yes, unsigned no)
{
	struct test *test = &b->tests[b->n];
	unsigned at = node->kind == NODE_and ? yes : no;

	switch (node->kind) {
	case NODE_not:
		return generate(b, node->child, no, yes);
	case NODE_and: case NODE_or:
		for (const struct node *n = node->last; n; n = n->prev)
			at = node->kind == NODE_and ? generate(b, n, at, no)
						    : generate(b, n, yes, at);
		return at;
	case NODE_comparison:
		break;
	}
	if (yes == no)
		return yes;
	switch (program_leaf(node->comparison, b->id, test)) {
	case LEAF_TRUE: return yes;
	case LEAF_FALSE: return no;
	case LEAF_TEST: break;
	}
	test->yes = yes;
	test->no = no;
	return b->n++;
}

static const struct program *share(struct context *c, struct expr *expr, const struct builder *b,
				   unsigned entry)
{
	struct program *p;

	for (const struct program *old = expr->programs; old; old = old->next)
		if (old->n == b->n && old->entry == entry &&
		    !memcmp(old->tests, b->tests, b->n * sizeof(*b->tests)))
			return old;
	p = context_alloc(c, sizeof(*p) + b->n * sizeof(*b->tests));
	if (!p)
		return NULL;
	p->n = b->n;
	p->entry = entry;
	memcpy(p->tests, b->tests, b->n * sizeof(*b->tests));
	p->next = expr->programs;
	return expr->programs = p;
}

int program_make(struct context *c, struct expr *expr, const struct event_set *events)
{
	struct builder b = { .tests = context_alloc(c, (c->items + 1) * sizeof(*b.tests)) };

	for (unsigned id = 0; id < EVENT_COUNT && !c->no_memory; id++) {
		unsigned entry;

		if (!event_set_has(events, id) || !schema_get(id))
			continue;
		b.id = id;
		b.n = 0;
		entry = generate(&b, expr->root, TEST_ACCEPT, TEST_REJECT);
		if (entry == TEST_REJECT)
			continue;
		if (entry == TEST_ACCEPT)
			b.n = 0;
		expr->by_event[id] = share(c, expr, &b, entry);
	}
	return c->no_memory ? -ENOMEM : 0;
}
