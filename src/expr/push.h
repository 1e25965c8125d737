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

/* Of one test: numbers here, texts in push_text.c, descriptors, addresses and executables in push_fd.c,
 * paths of cgroups in push_cgroup.c, ancestors in push_lineage.c. */
void push_test(const struct push_context *c, const struct test *test, bool negate, struct dnf *ret);
void push_texts(const struct push_context *c, const struct test *test, struct filter_term term,
		bool negate, struct dnf *ret);
void push_fd(const struct push_context *c, const struct test *test, bool negate, struct dnf *ret);
void push_process(const struct push_context *c, const struct test *test, bool negate, struct dnf *ret);
void push_cgroup(const struct push_context *c, const struct test *test, bool negate, struct dnf *ret);
void push_lineage(const struct push_context *c, const struct test *test, bool negate, struct dnf *ret);
void push_end(const struct push_context *c, const struct test *test, bool negate, struct dnf *ret);
void push_addr(const struct push_context *c, const struct test *test, bool negate, struct dnf *ret);

/* One text; exact says that the opposite may be asked, too. */
void push_text_term(const struct push_context *c, struct filter_term term, unsigned op,
		    const struct constant_text *text, bool negate, bool exact, struct dnf *ret);

/* The term for an operand, its op and value yet to be set. */
struct filter_term push_term(const struct push_context *c, const struct access *access);

/* A comparison with one number, or with all of a set; exact: it is what the expression asks. */
void push_number(struct filter_term term, unsigned op, uint64_t value, bool negate, bool exact,
		 struct dnf *ret);
void push_members(const struct push_context *c, struct filter_term term, const uint64_t *values,
		  size_t n, bool negate, bool exact, struct dnf *ret);

/* The term of OP_LT, OP_LE, OP_GT, OP_GE. */
unsigned push_order(enum op op);

/* Join the steps of a chain: one of them has to hold when any is set, else all. */
void push_chain_begin(struct dnf *ret, bool any);
void push_chain(struct dnf *ret, const struct dnf *step, bool any);

#endif
