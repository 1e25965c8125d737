/* SPDX-License-Identifier: Apache-2.0 */
/* One expression over events, as a person types it: what user space asks, and what of it the kernel
 * side can ask before. */
#ifndef SAKER_POLICY_WHERE_H
#define SAKER_POLICY_WHERE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "event/set.h"
#include "expr/expr.h"
#include "filter.h"
#include "shared.h"

struct where {
	struct arena arena;		/* has all that is pointed to */
	struct expr *expr;
	struct event_set events;	/* of those given, the ones it can be true for */
	struct event_set sessions;	/* of these, the ones whose session is asked for */
	uint16_t filter_of[EVENTS_MAX];	/* as struct filter_image of kernel/filters.h has it */
	struct event_filter *filters;
	struct push_down shared;
	unsigned nfilters;
};

/* Compile a text for these events.  0, or negative errno with words in diag. */
int where_compile(struct where *where, const char *text, const struct event_set *events, struct diag *diag);

/* Also after a failure, and of a zeroed one. */
void where_fini(struct where *where);

#endif
