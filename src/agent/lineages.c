// SPDX-License-Identifier: Apache-2.0
#include "agent/lineages.h"

#include "agent/agent.h"
#include "expr/expr.h"
#include "identity/ancestry.h"
#include "kernel/lineage.h"

struct telling {
	struct agent *agent;
	struct { uint32_t pid; uint64_t bits; } roots[FILTER_ROOTS];
	unsigned nroots, added;
};

static void collect_roots(struct telling *t, const struct push_down *of)
{
	for (unsigned i = 0; i < of->nmembers; i++)
		for (unsigned bit = 0; bit < of->nsubtrees && t->nroots < FILTER_ROOTS; bit++) {
			if (of->subtrees[bit] != of->members[i].set)
				continue;
			t->roots[t->nroots].pid = of->members[i].value;
			t->roots[t->nroots++].bits = UINT64_C(1) << bit;
		}
}

static uint64_t bits_of(const struct telling *t, const uint32_t *ids, unsigned n)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < t->nroots; i++)
		for (unsigned k = 0; k < n; k++)
			if (t->roots[i].pid == ids[k])
				bits |= t->roots[i].bits;
	return bits;
}

/* One that ended while it was told of would stay there. */
static void tell_one(void *ctx, const struct process *p)
{
	struct telling *t = ctx;
	struct agent *a = t->agent;
	uint32_t ids[ANCESTORS_MAX];
	int n;

	if (p->exited) {
		lineage_remove(&a->probe, a->lineages.generation, p->pid, p->start);
		return;
	}
	n = ancestry_ids(&a->pipeline.processes, p, ids);
	if (n >= 0)
		t->added += lineage_add(&a->probe, a->lineages.generation, p->pid, p->start, bits_of(t, ids, n)) > 0;
}

void lineages_begin(struct agent *a, const struct push_down *of, uint16_t generation)
{
	a->lineages = (struct lineages){ of, generation, lineage_kept(&a->probe, generation) };
	lineages_tell(a);
}

void lineages_tell(struct agent *a)
{
	struct telling t = { .agent = a };

	if (!a->lineages.pending)
		return;
	collect_roots(&t, a->lineages.of);
	process_each(&a->pipeline.processes, tell_one, &t);
	a->lineages.pending = t.added > 0 || !a->pipeline.processes.entries;
}
