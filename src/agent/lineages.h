/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters of the kernel side that ask for ancestors have to know who descends from whom.  A fork passes that
 * on there; what ran before, and what was forked by somebody who was not known there yet, is told here, from
 * the process table.
 */
#ifndef SAKER_AGENT_LINEAGES_H
#define SAKER_AGENT_LINEAGES_H

#include <stdbool.h>
#include <stdint.h>

struct agent;
struct push_down;

struct lineages {
	const struct push_down *of;	/* of the generation below; borrowed */
	uint16_t generation;
	bool pending;			/* somebody may not be known there yet */
};

/* The kernel side is about to ask for the ancestors that these filters name, or for none. */
void lineages_begin(struct agent *agent, const struct push_down *of, uint16_t generation);

/* Tell of those that it does not know; call it every now and then.  What the process table learns late, of
 * forks that were under way, is told the next time. */
void lineages_tell(struct agent *agent);

#endif
