// SPDX-License-Identifier: Apache-2.0
/*
 * A program is walked as if it were asked of every record at once: at each test both ways are gone, and what
 * was assumed on the way is kept.  A way ends where assumptions about one operand exclude each other.
 */
#include "expr/satisfy.h"

#include <string.h>

#include "expr/program.h"

enum {
	ASSUMED_MAX = 256,	/* on one way */
	WALK_STEPS = 20000,	/* of one question */
};

/* A test was true, or was not. */
struct assumed { const struct test *test; bool yes; };

/* What shall come of a program. */
struct goal { const struct program *program; bool accept; };

struct walk {
	const struct goal *goals;
	unsigned ngoals;
	bool present;			/* records have what is asked for */
	struct assumed assumed[ASSUMED_MAX];
	unsigned n, steps;
	bool lost;			/* it took too much */
};

/* The assumptions about one operand, whose value is there. */
struct group { const struct assumed *all[ASSUMED_MAX]; unsigned n; };

static void spend(struct walk *w, size_t steps)
{
	w->steps -= steps < w->steps ? steps : w->steps;
}

/* --- what two tests have to do with each other */

static bool same_key(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* bits of GET_CONTAINER tell how it is asked, not what. */
static bool same_operand(const struct access *a, const struct access *b)
{
	return a->class == b->class && a->type == b->type && a->get == b->get && a->arg == b->arg &&
	       a->sign == b->sign && a->dated == b->dated && a->via == b->via && a->event == b->event && a->depth == b->depth && a->off == b->off && a->remote == b->remote &&
	       (a->bits == b->bits || a->get == GET_CONTAINER) && same_key(a->key, b->key);
}

static bool same_texts(const struct constant *a, const struct constant *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->texts[i].len != b->texts[i].len || memcmp(a->texts[i].s, b->texts[i].s, a->texts[i].len) != 0)
			return false;
	return true;
}

static bool same_nets(const struct constant *a, const struct constant *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->nets[i].family != b->nets[i].family || a->nets[i].bits != b->nets[i].bits ||
		    a->nets[i].has_port != b->nets[i].has_port || a->nets[i].port != b->nets[i].port ||
		    memcmp(a->nets[i].addr, b->nets[i].addr, sizeof(a->nets[i].addr)) != 0)
			return false;
	return true;
}

static bool same_flags(const struct constant *a, const struct constant *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->flags[i].flags != b->flags[i].flags || a->flags[i].part != b->flags[i].part ||
		    a->flags[i].choice != b->flags[i].choice)
			return false;
	return true;
}

static bool same_constant(const struct constant *a, const struct constant *b)
{
	if (a == b)
		return true;
	if (a->op != b->op || a->class != b->class || a->type != b->type || a->n != b->n)
		return false;
	if (a->op == OP_EXISTS)
		return true;
	if (a->texts && b->texts)
		return same_texts(a, b);
	if (a->flags && b->flags)
		return same_flags(a, b);
	if (a->nets && b->nets)
		return same_nets(a, b);
	return a->numbers && b->numbers && !memcmp(a->numbers, b->numbers, a->n * sizeof(*a->numbers));
}

/* --- one value */

static bool has_one_value(const struct access *a)
{
	return (a->class == CLASS_NUM || a->class == CLASS_TEXT) && a->get != GET_ANCESTORS && a->get != GET_END &&
	       a->get != GET_TOLD;
}

static bool is_always_there(const struct access *a)
{
	return !a->via && (a->get == GET_HEAD4 || a->get == GET_NUM || a->get == GET_COMM);
}

/* What is asked when the value is there: "not <" is ">=". */
static enum op asked(const struct assumed *a)
{
	static const uint8_t opposite[OPS] = {
		[OP_EQ] = OP_NE, [OP_NE] = OP_EQ, [OP_LT] = OP_GE, [OP_LE] = OP_GT, [OP_GT] = OP_LE, [OP_GE] = OP_LT,
	};
	unsigned op = a->test->op;

	if (a->yes)
		return op;
	return op <= OP_GE ? opposite[op] : OPS;
}

static bool is_finite(const struct assumed *a)
{
	enum op op = asked(a);
	const struct constant *k = a->test->constant;

	return (op == OP_EQ || op == OP_IN) && (k->numbers || k->texts);
}

/* Whether the n-th value of one agrees with the other. */
static bool takes(const struct assumed *a, const struct constant *values, size_t n)
{
	bool holds = a->test->access.class == CLASS_NUM
			     ? test_number(a->test, values->numbers[n])
			     : test_text(a->test->constant, values->texts[n].s, values->texts[n].len);

	return holds == a->yes;
}

static bool some_value(struct walk *w, const struct group *g, const struct assumed *finite)
{
	const struct constant *k = finite->test->constant;

	for (size_t v = 0; v < k->n; v++) {
		unsigned i = 0;

		spend(w, g->n * (k->texts ? 1 + k->texts[v].len / 64 : 1));
		while (i < g->n && takes(g->all[i], k, v))
			i++;
		if (i == g->n)
			return true;
	}
	return false;
}

/* Numbers from and to which it asks for, as they sort: signed ones have their sign turned over.  False: for
 * none. */
static bool bounds(const struct assumed *a, uint64_t *from, uint64_t *to)
{
	uint64_t turn = a->test->access.sign ? UINT64_C(1) << 63 : 0, value;
	enum op op = asked(a);

	*from = 0;
	*to = UINT64_MAX;
	if (op < OP_LT || op > OP_GE || a->test->access.class != CLASS_NUM)
		return true;
	value = a->test->constant->numbers[0] ^ turn;
	if ((op == OP_LT && value == 0) || (op == OP_GT && value == UINT64_MAX))
		return false;
	if (op == OP_LT || op == OP_LE)
		*to = value - (op == OP_LT);
	else
		*from = value + (op == OP_GT);
	return true;
}

static bool within_bounds(const struct group *g)
{
	uint64_t from = 0, to = UINT64_MAX, low, high;

	for (unsigned i = 0; i < g->n; i++) {
		if (!bounds(g->all[i], &low, &high))
			return false;
		from = low > from ? low : from;
		to = high < to ? high : to;
	}
	return from <= to;
}

/* Beginnings or ends: one is that of the other, or no text has both. */
static bool text_exclude(const struct test *a, const struct test *b)
{
	const struct constant_text *x = a->constant->texts, *y = b->constant->texts;
	size_t n;

	if (a->access.class != CLASS_TEXT || a->op != b->op || (a->op != OP_STARTSWITH && a->op != OP_ENDSWITH))
		return false;
	n = x->len < y->len ? x->len : y->len;
	if (a->op == OP_STARTSWITH)
		return memcmp(x->s, y->s, n) != 0;
	return memcmp(x->s + x->len - n, y->s + y->len - n, n) != 0;
}

/* What begins so begins, or is, also otherwise. */
static bool text_implies(const struct test *a, const struct test *b)
{
	if (a->access.class != CLASS_TEXT || (a->op != OP_STARTSWITH && a->op != OP_ENDSWITH && a->op != OP_CONTAINS))
		return false;
	return (b->op == a->op || b->op == OP_CONTAINS) &&
	       test_text(b->constant, a->constant->texts->s, a->constant->texts->len);
}

/* Of values that may be several: only what holds for any number of them. */
static bool exclude(const struct assumed *a, const struct assumed *b)
{
	bool same = same_constant(a->test->constant, b->test->constant);

	if (a->yes && b->yes)
		return (a->test->op == OP_EQ && b->test->op == OP_NE && a->test->constant->n == 1 &&
			a->test->constant->texts && b->test->constant->texts &&
			same_texts(a->test->constant, b->test->constant)) ||
		       (has_one_value(&a->test->access) && text_exclude(a->test, b->test));
	return a->yes && !b->yes && (same || b->test->op == OP_EXISTS ||
				     (has_one_value(&a->test->access) && text_implies(a->test, b->test)));
}

static bool pairs_agree(struct walk *w, const struct group *g)
{
	for (unsigned i = 0; i < g->n; i++)
		for (unsigned k = 0; k < g->n; k++) {
			spend(w, 1);
			if (i != k && exclude(g->all[i], g->all[k]))
				return false;
		}
	return true;
}

/* --- all that was assumed about the operand of the last */

static bool agrees(struct walk *w)
{
	const struct access *last = &w->assumed[w->n - 1].test->access;
	bool there = w->present || is_always_there(last);
	struct group g = { .n = 0 };

	for (unsigned i = 0; i < w->n; i++)
		if (same_operand(&w->assumed[i].test->access, last)) {
			g.all[g.n++] = &w->assumed[i];
			there |= w->assumed[i].yes;
		}
	if (!there || last->event)
		return true;
	for (unsigned i = 0; i < g.n; i++) {
		if (!g.all[i]->yes && g.all[i]->test->op == OP_EXISTS)
			return false;
		if (has_one_value(last) && is_finite(g.all[i]))
			return some_value(w, &g, g.all[i]);
	}
	return pairs_agree(w, &g) && (!has_one_value(last) || within_bounds(&g));
}

/* --- the ways */

static bool reach(struct walk *w, unsigned goal, unsigned at);

/* Whether the end is reached when the test is true, or when it is not. */
static bool assume(struct walk *w, unsigned goal, const struct test *test, bool yes)
{
	bool reached;

	if (w->n == ASSUMED_MAX || w->steps == 0) {
		w->lost = true;
		return true;
	}
	spend(w, 1 + w->n / 8);
	w->assumed[w->n++] = (struct assumed){ test, yes };
	reached = agrees(w) && reach(w, goal, yes ? test->yes : test->no);
	w->n--;
	return reached;
}

static bool reach(struct walk *w, unsigned goal, unsigned at)
{
	const struct goal *g = &w->goals[goal];

	if (at == TEST_ACCEPT || at == TEST_REJECT) {
		if ((at == TEST_ACCEPT) != g->accept)
			return false;
		return goal + 1 == w->ngoals || reach(w, goal + 1, w->goals[goal + 1].program->entry);
	}
	return assume(w, goal, &g->program->tests[at], true) || assume(w, goal, &g->program->tests[at], false);
}

/* Whether some record may bring all of it; true also when that takes too long to find out. */
static bool may_be(const struct goal *goals, unsigned n, bool present, unsigned *steps)
{
	unsigned most = *steps < WALK_STEPS ? *steps : WALK_STEPS;
	struct walk w;
	bool reached;

	w.goals = goals;
	w.ngoals = n;
	w.present = present;
	w.n = 0;
	w.steps = most;
	w.lost = false;
	reached = reach(&w, 0, goals[0].program->entry);
	*steps -= most - w.steps;
	return reached || w.lost;
}

bool expr_contradict(const struct expr *a, const struct expr *b, unsigned id, unsigned *steps)
{
	const struct goal goals[] = { { a->by_event[id], true }, { b ? b->by_event[id] : NULL, true } };

	if (!goals[0].program || (b && !goals[1].program))
		return true;
	return !may_be(goals, b ? 2 : 1, false, steps);
}

bool expr_always(const struct expr *expr, unsigned id, unsigned *steps)
{
	const struct goal goal = { expr->by_event[id], false };

	return goal.program && !may_be(&goal, 1, true, steps);
}

/* --- the same */

static bool same_test(const struct test *a, const struct test *b)
{
	return a->op == b->op && a->yes == b->yes && a->no == b->no && same_operand(&a->access, &b->access) &&
	       same_constant(a->constant, b->constant);
}

bool expr_same(const struct expr *a, const struct expr *b, unsigned id)
{
	const struct program *x = a ? a->by_event[id] : NULL, *y = b ? b->by_event[id] : NULL;

	if (!a || !b || !x || !y)
		return a == b || (a && b && x == y);
	if (x->n != y->n || x->entry != y->entry)
		return false;
	for (unsigned i = 0; i < x->n; i++)
		if (!same_test(&x->tests[i], &y->tests[i]))
			return false;
	return true;
}
