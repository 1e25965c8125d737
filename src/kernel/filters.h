/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel side's filters, in two banks: one in force, one to be filled for the next generation.
 * Writing one number puts the other in force, for all events at once. */
#ifndef SAKER_KERNEL_FILTERS_H
#define SAKER_KERNEL_FILTERS_H

#include <stdint.h>

#include "event/set.h"
#include "filter.h"
#include "shared.h"

struct probe;

/* What one generation asks of records.  The arrays are the caller's. */
struct filter_image {
	uint16_t filter_of[EVENTS_MAX];	/* 1 + index in filters; FILTER_NONE, FILTER_UNWANTED */
	struct event_set sessions;	/* records that have the session and the process group */
	struct event_set stacks;	/* records that have the caller's stack */
	const struct event_filter *filters;
	const struct filter_text *texts;
	const struct filter_member *members;
	const unsigned *subtrees;	/* sets of processes that are asked for as ancestors */
	unsigned nfilters, ntexts, nmembers, nsubtrees;
};

/* Fill the bank that is not in force.  Generations count up by one, from the one in force.
 * 0, or negative errno: then nothing that is in force has changed. */
int filters_fill(struct probe *probe, uint16_t generation, const struct filter_image *image);

/* Put it in force. */
void filters_switch(struct probe *probe, uint16_t generation);

/* Forget the sets of a generation that is not in force: one that was left, or that failed. */
void filters_forget(struct probe *probe, uint16_t generation, const struct filter_image *image);

#endif
