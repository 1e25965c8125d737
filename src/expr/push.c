// SPDX-License-Identifier: Apache-2.0
/*
 * What follows from an expression for the kernel side: a condition that holds whenever the
 * expression does.  A comparison of something that may be missing is false then, and its opposite
 * true; a term is false then, too, so its negation lets the record through.
 *
 * Registers of 32-bit callers hold arguments of which user space only looks at the low half, so for
 * types as wide as registers only what is true of both is asked.
 */
#include "expr/push.h"

#include <string.h>

#include "event/schema.h"
#include "expr/program.h"

enum { SET_MAX = 1024, ERRNO_MAX = 4095 };

struct filter_term push_term(const struct push_context *c, const struct access *a)
{
	bool call = schema_get(c->id)->syscall && a->class == CLASS_NUM;
	bool half = a->get == GET_HEAD4 || a->get == GET_ASKED || (a->bits && a->bits <= 32);

	return (struct filter_term){
		.off = a->off,
		.width = a->get == GET_COMM ? sizeof(wire_comm) : half ? 4 : 8,
		.is_signed = a->class == CLASS_NUM && a->sign,
		.late = a->off >= sizeof(struct head) && !call,
	};
}

void push_number(struct filter_term term, unsigned op, uint64_t value, bool negate, bool exact,
		 struct dnf *ret)
{
	term.op = op;
	term.value = value;
	term.negate = negate;
	dnf_term(ret, &term, exact);
}

void push_chain(struct dnf *ret, const struct dnf *step, bool any)
{
	if (any)
		dnf_or(ret, step);
	else
		dnf_and(ret, step);
}

void push_chain_begin(struct dnf *ret, bool any)
{
	if (any)
		dnf_nothing(ret);
	else
		dnf_everything(ret, true);
}

/* --- bits of a number */

/* (value & mask) == want, or any bit of the mask when want is 0 and any is asked for. */
static void masked(const struct push_context *c, const struct access *a, unsigned op, uint64_t mask,
		   bool negate, struct dnf *ret)
{
	struct filter_term term = push_term(c, a);
	bool low = mask <= UINT32_MAX;

	term.width = low ? 4 : 8;
	term.is_signed = false;
	if (!low && !a->bits && negate)
		dnf_everything(ret, false);
	else
		push_number(term, op, mask, negate, low || a->bits, ret);
}

/* (value & part) == choice. */
static void choice(const struct push_context *c, const struct access *a, uint64_t part,
		   uint64_t value, bool negate, struct dnf *ret)
{
	struct dnf one;

	push_chain_begin(ret, negate);
	if (value) {
		masked(c, a, TERM_ALL, value, negate, &one);
		push_chain(ret, &one, negate);
	}
	if (part & ~value) {
		masked(c, a, TERM_ANY, part & ~value, !negate, &one);
		push_chain(ret, &one, negate);
	}
}

static void flags_one(const struct push_context *c, const struct access *a,
		      const struct constant_flags *want, bool negate, struct dnf *ret)
{
	struct dnf one;

	choice(c, a, want->part, want->choice, negate, ret);
	if (!want->flags)
		return;
	masked(c, a, TERM_ALL, want->flags, negate, &one);
	if (!want->part)
		*ret = one;
	else
		push_chain(ret, &one, negate);
}

static bool single(const struct constant_flags *want)
{
	return !want->part && !(want->flags & (want->flags - 1));
}

static void flags(const struct push_context *c, const struct access *a, const struct constant *k,
		  bool negate, struct dnf *ret)
{
	uint64_t mask = 0;
	struct dnf one;

	push_chain_begin(ret, !negate);
	for (size_t i = 0; i < k->n; i++) {
		if (single(&k->flags[i])) {
			mask |= k->flags[i].flags;
			continue;
		}
		flags_one(c, a, &k->flags[i], negate, &one);
		push_chain(ret, &one, !negate);
	}
	if (!mask)
		return;
	masked(c, a, TERM_ANY, mask, negate, &one);
	push_chain(ret, &one, !negate);
}

/* --- numbers */

void push_members(const struct push_context *c, struct filter_term term, const uint64_t *values,
		  size_t n, bool negate, bool exact, struct dnf *ret)
{
	int number = n <= SET_MAX ? push_set(c->shared, values, n) : -1;

	if (number < 0)
		dnf_everything(ret, false);
	else
		push_number(term, TERM_IN, number, negate, exact, ret);
}

unsigned push_order(enum op op)
{
	return op == OP_LT ? TERM_LT : op == OP_LE ? TERM_LE : op == OP_GT ? TERM_GT : TERM_GE;
}

/* All bits of the field count: the term is the comparison. */
static void number_whole(const struct push_context *c, const struct test *t, bool negate,
			 struct dnf *ret)
{
	const struct constant *k = t->constant;
	struct filter_term term = push_term(c, &t->access);

	if (t->op == OP_EQ || t->op == OP_NE || (t->op == OP_IN && k->n == 1))
		push_number(term, TERM_EQ, k->numbers[0], negate != (t->op == OP_NE), true, ret);
	else if (t->op == OP_IN)
		push_members(c, term, k->numbers, k->n, negate, true, ret);
	else
		push_number(term, push_order(t->op), k->numbers[0], negate, true, ret);
}

/* What is above the low 16 bits is not looked at. */
static void number_short(const struct push_context *c, const struct test *t, bool negate,
			 struct dnf *ret)
{
	const struct constant *k = t->constant;
	bool equal = t->op == OP_EQ || t->op == OP_NE;
	struct dnf one;

	dnf_everything(ret, false);
	negate ^= t->op == OP_NE;
	if (equal || (t->op == OP_IN && k->n <= FILTER_ALTERNATIVES)) {
		push_chain_begin(ret, !negate);
		for (size_t i = 0; i < k->n; i++) {
			choice(c, &t->access, 0xffff, k->numbers[i] & 0xffff, negate, &one);
			push_chain(ret, &one, !negate);
		}
	} else if ((t->op == OP_GT || t->op == OP_GE) && !negate && !t->access.sign) {
		push_number(push_term(c, &t->access), push_order(t->op), k->numbers[0], false, false,
			    ret);
	}
}

/* As wide as registers: equal numbers have equal low halves, and the whole register is not less. */
static void number_register(const struct push_context *c, const struct test *t, bool negate,
			    struct dnf *ret)
{
	const struct constant *k = t->constant;
	struct filter_term term = push_term(c, &t->access);
	uint64_t low[SET_MAX];

	dnf_everything(ret, false);
	if (t->op == OP_NE)
		negate = !negate;
	if (negate)
		return;
	if (t->op == OP_EQ || t->op == OP_NE || t->op == OP_IN) {
		if (k->n > SET_MAX)
			return;
		for (size_t i = 0; i < k->n; i++)
			low[i] = (uint32_t)k->numbers[i];
		term.width = 4;
		term.is_signed = false;
		if (k->n == 1)
			push_number(term, TERM_EQ, low[0], false, false, ret);
		else
			push_members(c, term, low, k->n, false, false, ret);
	} else if ((t->op == OP_GT || t->op == OP_GE) && !t->access.sign) {
		push_number(term, push_order(t->op), k->numbers[0], false, false, ret);
	}
}

static void number(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	if (t->op == OP_CONTAINS || t->op == OP_INTERSECTS)
		flags(c, &t->access, t->constant, negate, ret);
	else if (t->access.get == GET_HEAD4 || t->access.get == GET_ASKED || t->access.bits >= 32)
		number_whole(c, t, negate, ret);
	else if (t->access.bits == 16)
		number_short(c, t, negate, ret);
	else
		number_register(c, t, negate, ret);
}

/* --- results */

static struct filter_term ret_term(void)
{
	return (struct filter_term){ .off = offsetof(struct event_syscall, ret),
				     .width = 8,
				     .is_signed = 1 };
}

/* The error is missing when the call did not fail. */
static void error(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	const struct constant *k = t->constant;
	uint64_t results[64];

	dnf_everything(ret, false);
	if (t->op == OP_EXISTS && !negate)
		push_number(ret_term(), TERM_LT, 0, false, false, ret);
	if (t->op == OP_EXISTS || (t->op == OP_NE && negate) || k->n > 64)
		return;
	for (size_t i = 0; i < k->n; i++) {
		if (!k->numbers[i] || k->numbers[i] > ERRNO_MAX)
			return;
		results[i] = -k->numbers[i];
	}
	if (k->n == 1)
		push_number(ret_term(), TERM_EQ, results[0], negate != (t->op == OP_NE),
			    t->op != OP_NE, ret);
	else
		push_members(c, ret_term(), results, k->n, negate, true, ret);
}

/* = true, = false and their opposites; false when it is none of these. */
static bool asks_true(const struct test *t, bool negate, bool *ret)
{
	if ((t->op != OP_EQ && t->op != OP_NE) || t->constant->numbers[0] > 1)
		return false;
	*ret = (t->constant->numbers[0] == 1) != (negate != (t->op == OP_NE));
	return true;
}

static void has_failed(const struct test *t, bool negate, struct dnf *ret)
{
	struct dnf one;
	bool want;

	dnf_everything(ret, false);
	if (!asks_true(t, negate, &want))
		return;
	push_number(ret_term(), TERM_LT, 0, !want, true, ret);
	push_number(ret_term(), TERM_GE, (uint64_t)-ERRNO_MAX, !want, true, &one);
	push_chain(ret, &one, !want);
}

static void opens(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	struct constant_flags modes[2] = { { 0, 3, 2 }, { 0, 3, t->access.arg == 1 ? 0 : 1 } };
	struct constant k = { .n = 2, .flags = modes };
	struct access a = t->access;
	bool want;

	dnf_everything(ret, false);
	a.get = GET_NUM;
	if (a.bits == 32 && asks_true(t, negate, &want))
		flags(c, &a, &k, !want, ret);
}

/* --- everything */

void push_test(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	dnf_everything(ret, false);
	if (schema_made_later(c->id, t->access.off) || t->access.dated || t->access.via ||
	    t->constant->has_right)
		return;
	switch ((enum get)t->access.get) {
	case GET_HEAD4: case GET_NUM: number(c, t, negate, ret); break;
	case GET_ASKED:	/* who is filtered by it is told it */
		if (t->op != OP_EXISTS && c->id != EVENT_net_packet_dns)	/* of an owner it was read before */
			number(c, t, negate, ret);
		break;
	case GET_ERRNO: error(c, t, negate, ret); break;
	case GET_FAILED: has_failed(t, negate, ret); break;
	case GET_OPEN: opens(c, t, negate, ret); break;
	case GET_END: push_end(c, t, negate, ret); break;
	case GET_WIRE_ADDR: case GET_SOCKADDR:
		if (t->access.class == CLASS_ADDR)
			push_addr(c, t, negate, ret);
		break;
	case GET_FD: push_fd(c, t, negate, ret); break;
	case GET_COMM: push_texts(c, t, push_term(c, &t->access), negate, ret); break;
	case GET_SPAN:
		if (t->access.class == CLASS_TEXT)
			push_texts(c, t, push_term(c, &t->access), negate, ret);
		break;
	case GET_PROCESS: push_process(c, t, negate, ret); break;
	case GET_CGROUP: push_cgroup(c, t, negate, ret); break;
	case GET_ANCESTOR: case GET_ANCESTORS: push_lineage(c, t, negate, ret); break;
	case GET_PARENT: case GET_SINCE: case GET_FIGURE:
	case GET_USER: case GET_UNIT: case GET_CONTAINER: case GET_EVENT: case GET_CATEGORY: case GET_DIRECTION:
	case GET_SEQ: case GET_NEST: case GET_TOLD: case GET_SHOWN: case GET_ABI: case GET_LANE: case GET_HOSTNAME: case GET_FLAWS:
	case GET_ARG: case GET_RET: break;
	}
}

static void push_leaf(const struct push_context *c, const struct comparison *cmp, bool negate,
		      struct dnf *ret)
{
	struct test test;
	enum leaf leaf = program_leaf(cmp, c->id, &test);

	if (leaf == LEAF_TEST)
		push_test(c, &test, negate, ret);
	else if ((leaf == LEAF_TRUE) != negate)
		dnf_everything(ret, true);
	else
		dnf_nothing(ret);
}

void push_node(const struct push_context *c, const struct node *node, bool negate, struct dnf *ret)
{
	bool any = (node->kind == NODE_or) != negate;
	struct dnf one;

	if (node->kind == NODE_comparison) {
		push_leaf(c, node->comparison, negate, ret);
		return;
	}
	if (node->kind == NODE_not) {
		push_node(c, node->child, !negate, ret);
		return;
	}
	push_chain_begin(ret, any);
	for (const struct node *n = node->child; n; n = n->next) {
		push_node(c, n, negate, &one);
		push_chain(ret, &one, any);
	}
}

enum push expr_push_down(const struct expr *expr, unsigned id, struct push_down *shared,
			 struct event_filter *filter)
{
	struct push_context c = { shared, id };
	struct dnf all;

	if (!expr_event_possible(expr, id))
		dnf_nothing(&all);
	else
		push_node(&c, expr->root, false, &all);
	*filter = all.f;
	if (!all.f.nalternatives)
		return PUSH_NOTHING;
	return dnf_is_everything(&all) ? PUSH_EVERYTHING : PUSH_FILTER;
}
