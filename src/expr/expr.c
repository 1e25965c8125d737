// SPDX-License-Identifier: Apache-2.0
/* From text to programs: parse (lex.c, parse.c), check (operand.c, constant.c), generate
 * (program.c). */
#include "expr/expr.h"

#include <errno.h>

#include "base/diag.h"
#include "expr/program.h"

static int failed(const struct context *c)
{
	return c->no_memory && !c->diag->text[0] ? -ENOMEM : -EINVAL;
}

int expr_compile(struct expr **ret, struct arena *arena, const char *text,
		 const struct expr_source *where, const struct expr_names *names,
		 const struct event_set *events, struct diag *diag)
{
	struct context c = { .arena = arena, .names = names, .diag = diag };
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

bool expr_match(const struct expr *expr, const struct expr_view *view)
{
	const struct head *h = view->record;
	const struct program *p = expr->by_event[h->id];
	unsigned at;

	if (!p)
		return false;
	for (at = p->entry; at < TEST_REJECT;) {
		const struct test *t = &p->tests[at];

		at = t->run(t, view) ? t->yes : t->no;
	}
	return at == TEST_ACCEPT;
}

bool expr_event_possible(const struct expr *expr, unsigned id)
{
	return id < EVENT_COUNT && expr->by_event[id];
}
