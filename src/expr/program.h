/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compiled expression: for each event a row of tests, each with the one that is next when it is
 * true and when it is false.  Events for which the rows are the same share one.
 */
#ifndef SAKER_EXPR_PROGRAM_H
#define SAKER_EXPR_PROGRAM_H

#include "event/schema.h"
#include "expr/test.h"

struct program {
	const struct program *next;	/* another one of the same expression */
	uint16_t n, entry;		/* entry: a test, TEST_ACCEPT or TEST_REJECT */
	struct test tests[];
};

struct expr {
	const struct node *root;
	const struct program *programs;
	const struct program *by_event[EVENT_COUNT];	/* NULL: never true */
};

enum leaf { LEAF_FALSE, LEAF_TRUE, LEAF_TEST };

/* What a comparison comes to in the records of an event. */
enum leaf program_leaf(const struct comparison *cmp, unsigned id, struct test *test);

/* Put operands of "and" and "or" in the order that decides soonest. */
void program_order(struct node *root, const struct event_set *events);

/* Programs for all events; -ENOMEM. */
int program_make(struct context *c, struct expr *expr, const struct event_set *events);

#endif
