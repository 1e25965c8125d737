// SPDX-License-Identifier: Apache-2.0
/*
 * Ancestors by their process id.  The kernel side knows which processes descend from those that are asked
 * for, be they its parent or far away, so of the n-th ancestor it is asked whether it is any of them.
 * Nothing follows from an opposite: user space may have forgotten an ancestor.
 */
#include "expr/push.h"

/* No process has the id 0, but one whose id is not known is said to have it. */
static bool can_be(const struct constant *k)
{
	for (size_t i = 0; i < k->n; i++)
		if (!k->numbers[i] || k->numbers[i] > INT32_MAX)
			return false;
	return k->n > 0;
}

void push_lineage(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	const struct constant *k = t->constant;
	struct filter_term term = { .from = FROM_LINEAGE, .width = 8 };
	int set, subtree;

	dnf_everything(ret, false);
	if (negate || (t->op != OP_EQ && t->op != OP_IN) || t->access.arg != PART_PID || !can_be(k))
		return;
	if (t->access.get == GET_ANCESTOR && !t->access.depth)
		return;
	subtree = push_subtree(c->shared, k->numbers, k->n, &set);
	if (subtree < 0)
		return;
	term.off = subtree;
	push_number(term, TERM_IN, set, false, false, ret);
}
