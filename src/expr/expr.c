// SPDX-License-Identifier: Apache-2.0
/* From text to programs: parse (lex.c, parse.c), check (operand.c, constant.c), generate
 * (program.c). */
#include "expr/expr.h"

#include <errno.h>

#include "base/diag.h"
#include "expr/program.h"
#include "identity/container.h"

static int failed(const struct context *c)
{
	return c->no_memory && !c->diag->text[0] ? -ENOMEM : -EINVAL;
}

int expr_compile(struct expr **ret, struct arena *arena, const char *text,
		 const struct expr_source *where, const struct expr_names *names,
		 const struct event_set *events, struct diag *diag)
{
	struct context c = { .arena = arena, .names = names, .diag = diag, .effort = { arena, EFFORT } };
	struct expr *expr = context_alloc(&c, sizeof(*expr));
	struct node *root = expr ? parse(&c, text, where) : NULL;
	int r;

	if (!root || check(&c, root, events) || c.no_memory)
		return failed(&c);
	program_order(root, events);
	expr->root = root;
	r = program_make(&c, expr, events);
	if (r)
		return r;
	*ret = expr;
	return 0;
}

static bool test_asks_files(const struct test *t)
{
	return access_asks_files(&t->access) || (t->constant->has_right && access_asks_files(&t->constant->right));
}

/* Tests lead to tests made before them, so one pass downwards reaches all that can be reached. */
static bool may_match(const struct program *p, const struct expr_view *view)
{
	uint64_t reached[EXPR_ITEMS_MAX / 64 + 1] = { 0 };
	bool accepted = p->entry == TEST_ACCEPT;

	if (p->entry < TEST_REJECT)
		reached[p->entry / 64] |= UINT64_C(1) << p->entry % 64;
	for (unsigned i = p->n; i-- > 0 && !accepted; ) {
		const struct test *t = &p->tests[i];
		bool open = test_asks_files(t), yes = !open && t->run(t, view);
		const uint16_t next[] = { open || yes ? t->yes : t->no, open ? t->no : yes ? t->yes : t->no };

		if (!(reached[i / 64] >> i % 64 & 1))
			continue;
		for (unsigned k = 0; k < 2; k++)
			if (next[k] < TEST_REJECT)
				reached[next[k] / 64] |= UINT64_C(1) << next[k] % 64;
			else
				accepted |= next[k] == TEST_ACCEPT;
	}
	return accepted;
}

bool expr_asks_files(const struct expr *expr, unsigned id)
{
	const struct program *p = expr->by_event[id];

	for (unsigned i = 0; p && i < p->n; i++)
		if (test_asks_files(&p->tests[i]))
			return true;
	return false;
}

bool expr_asks_session(const struct expr *expr, unsigned id)
{
	const struct program *p = expr->by_event[id];

	for (unsigned i = 0; p && i < p->n; i++)
		if (p->tests[i].access.get == GET_ASKED ||
		    (p->tests[i].constant->has_right && p->tests[i].constant->right.get == GET_ASKED))
			return true;
	return false;
}

bool expr_match(const struct expr *expr, const struct expr_view *view)
{
	const struct head *h = view->record;
	const struct program *p = expr->by_event[h->id];
	unsigned at;

	if (!p)
		return false;
	if (view->subject.container && view->subject.container->state == CONTAINER_PENDING)
		return may_match(p, view);
	for (at = p->entry; at < TEST_REJECT;) {
		const struct test *t = &p->tests[at];

		at = t->run(t, view) ? t->yes : t->no;
	}
	return at == TEST_ACCEPT;
}

static bool asks_empty(const struct node *node)
{
	const struct comparison *cmp = node->comparison;

	if (node->kind == NODE_comparison)
		return !cmp->nvalues && !cmp->right.field && cmp->op != OP_EXISTS;
	for (const struct node *n = node->child; n; n = n->next)
		if (asks_empty(n))
			return true;
	return false;
}

bool expr_asks_empty(const struct expr *expr)
{
	return asks_empty(expr->root);
}

bool expr_event_possible(const struct expr *expr, unsigned id)
{
	return id < EVENT_COUNT && expr->by_event[id];
}
