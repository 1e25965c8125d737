/* SPDX-License-Identifier: Apache-2.0 */
/* What can be told of expressions without records: that they contradict each other, always hold, or ask
 * the same.  It is no proof where it says no: what takes too many steps is not told. */
#ifndef SAKER_EXPR_SATISFY_H
#define SAKER_EXPR_SATISFY_H

#include <stdbool.h>

struct expr;

/* Steps that all questions of one run may take together; each takes at most a part of them. */
enum { SATISFY_STEPS = 100000 };

/* Whether no record of this event makes both true, though each is compiled for it.  b may be NULL: a alone.
 * *steps: those that are left. */
bool expr_contradict(const struct expr *a, const struct expr *b, unsigned id, unsigned *steps);

/* Whether every record of this event that has the fields asked for makes it true. */
bool expr_always(const struct expr *expr, unsigned id, unsigned *steps);

/* Whether both ask the same of this event, in the same words or in others; NULL is everything. */
bool expr_same(const struct expr *a, const struct expr *b, unsigned id);

#endif
