/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of the kernel side joined by and, or; what does not fit makes them weaker, never
 * stronger. */
#ifndef SAKER_EXPR_DNF_H
#define SAKER_EXPR_DNF_H

#include <stdint.h>

#include "expr/expr.h"

struct dnf {
	struct event_filter f;
	bool exact;	/* it says the same as the expression, not only less */
};

void dnf_everything(struct dnf *d, bool exact);
void dnf_nothing(struct dnf *d);

/* One term. */
void dnf_term(struct dnf *d, const struct filter_term *term, bool exact);

bool dnf_is_everything(const struct dnf *d);

/* The result is in a. */
void dnf_and(struct dnf *a, const struct dnf *b);
void dnf_or(struct dnf *a, const struct dnf *b);

/* The number of a text or set in the tables, equal ones once; -1 when there is no room. */
int push_text(struct push_down *shared, const void *bytes, size_t len);
int push_set(struct push_down *shared, const uint64_t *values, size_t n);

/* The number of the subtrees that begin with these processes, *set their set; -1 when there is no room. */
int push_subtree(struct push_down *shared, const uint64_t *pids, size_t n, int *set);

#endif
