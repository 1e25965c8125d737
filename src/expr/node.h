/* SPDX-License-Identifier: Apache-2.0 */
/* An expression as it was written: what the files of this folder hand to each other. */
#ifndef SAKER_EXPR_NODE_H
#define SAKER_EXPR_NODE_H

#include <stdint.h>

#include "event/set.h"
#include "expr/dfa.h"
#include "expr/expr.h"

enum op {
	OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_IN, OP_CONTAINS, OP_ICONTAINS, OP_STARTSWITH,
	OP_ENDSWITH, OP_GLOB, OP_IGLOB, OP_REGEX, OP_PMATCH, OP_INTERSECTS, OP_BCONTAINS, OP_BSTARTSWITH, OP_EXISTS, OPS
};

extern const char *const op_names[OPS];

/* A place in a text. */
struct place {
	const struct expr_source *source;
	const char *text, *p;
};

/* A value as it was written, without quotes; ends with a NUL that len does not count. */
struct literal {
	const char *s;
	size_t len;
	struct place at;
	bool quoted;
};

struct constant;

struct comparison {
	const char *field;
	struct place at, op_at;
	enum op op;
	struct literal *values;
	size_t nvalues;
	struct event_set events;	/* evt.type and evt.category: true for these */
	bool of_event;
	const struct operand *operand;
	const char *arg;		/* NAME of args.NAME */
	uint16_t via;			/* functions of the field, see transform.h */
	struct {			/* a field in place of values; field NULL: none */
		const char *field, *arg;
		struct place at;
		const struct operand *operand;
		uint16_t via;
	} right;
	struct constant *constants;	/* one for each type the field has in some event */
};

enum node_kind { NODE_and, NODE_or, NODE_not, NODE_comparison };

struct node {
	enum node_kind kind;
	struct node *child, *next;
	struct node *last, *prev;		/* set by program_order */
	struct comparison *comparison;
	const char *from, *to;		/* its text */
	double price;			/* among its neighbours, set by program_order */
};

struct context {
	struct arena *arena;
	const struct expr_names *names;
	struct diag *diag;
	unsigned items, values;
	bool no_memory;
	struct effort effort;		/* on patterns */
};

__attribute__((format(printf, 3, 4)))
int place_error(struct context *c, const struct place *at, const char *fmt, ...);

/* As arena_alloc, and remembers failure. */
void *context_alloc(struct context *c, size_t n);

struct node *parse(struct context *c, const char *text, const struct expr_source *where);

/* Find fields, read values.  -EINVAL with the first error. */
int check(struct context *c, struct node *root, const struct event_set *events);

#endif
