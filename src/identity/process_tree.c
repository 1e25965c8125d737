// SPDX-License-Identifier: Apache-2.0
/* The running processes as a tree, which is only built when somebody asks for it. */
#include "identity/process_own.h"

#include <errno.h>
#include <stdlib.h>

/* By slot.  Slot 0 is the parent of those whose own does not run. */
struct tree_node { uint32_t parent, child, next; };

static const struct process *parent_of(const struct process_table *t, const struct process *p)
{
	const struct process *parent = p->ppid ? process_lookup(t, p->ppid, p->parent_start) : NULL;

	return parent && !parent->exited && parent->start <= p->start && parent != p ? parent : NULL;
}

static int by_age(const void *a, const void *b, void *table)
{
	const struct process_table *t = table;
	const struct process *x = &t->slots[*(const uint32_t *)a], *y = &t->slots[*(const uint32_t *)b];

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* Slots of the running ones, the oldest first; how many. */
static uint32_t collect(const struct process_table *t, uint32_t *slots)
{
	uint32_t n = 0;

	for (unsigned class = PROCESS_FORKED; class < PROCESS_CLASSES; class++)
		for (uint32_t slot = t->lists[class].oldest; slot; slot = t->slots[slot].newer)
			slots[n++] = slot;
	qsort_r(slots, n, sizeof(*slots), by_age, (void *)t);
	return n;
}

/* The youngest is put in front first.  A parent as old as its child is none, unless it has a lower pid:
 * so nobody is its own ancestor. */
static void grow(const struct process_table *t, struct tree_node *nodes, const uint32_t *slots, uint32_t n)
{
	while (n-- > 0) {
		const struct process *p = &t->slots[slots[n]], *parent = parent_of(t, p);
		uint32_t at = parent && (parent->start < p->start || parent->pid < p->pid) ? parent - t->slots : NONE;

		nodes[slots[n]].parent = at;
		nodes[slots[n]].next = nodes[at].child;
		nodes[at].child = slots[n];
	}
}

static void climb(const struct process_table *t, const struct tree_node *nodes, process_visit *visit, void *ctx)
{
	uint32_t at = nodes[NONE].child;
	unsigned depth = 0;

	while (at) {
		visit(ctx, &t->slots[at], depth);
		if (nodes[at].child) {
			at = nodes[at].child;
			depth++;
			continue;
		}
		for (; at && !nodes[at].next; depth--)
			at = nodes[at].parent;
		at = nodes[at].next;
	}
}

int process_tree_walk(const struct process_table *t, process_visit *visit, void *ctx)
{
	struct tree_node *nodes = calloc(t->nslots, sizeof(*nodes));
	uint32_t *slots = calloc(t->nslots, sizeof(*slots)), n;

	if (!nodes || !slots) {
		free(nodes);
		free(slots);
		return -ENOMEM;
	}
	n = collect(t, slots);
	grow(t, nodes, slots, n);
	climb(t, nodes, visit, ctx);
	free(nodes);
	free(slots);
	return n;
}
