/* SPDX-License-Identifier: Apache-2.0 */
/* One comparison as the kernel side can ask it. */
#ifndef SAKER_EXPR_PUSH_H
#define SAKER_EXPR_PUSH_H

#include "expr/dnf.h"
#include "expr/test.h"

struct push_context {
	struct push_down *shared;
	unsigned id;
};

/* A necessary condition of a node, or of its opposite. */
void push_node(const struct push_context *c, const struct node *node, bool negate, struct dnf *ret);

/* Of one test: numbers and addresses here, texts in push_text.c. */
void push_test(const struct push_context *c, const struct test *test, bool negate, struct dnf *ret);
void push_texts(const struct push_context *c, const struct test *test, bool negate,
		struct dnf *ret);

/* The term for an operand, its op and value yet to be set. */
struct filter_term push_term(const struct push_context *c, const struct access *access);

#endif
