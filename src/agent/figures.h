/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every figure that the agent keeps of itself, once: a row each, by what it is kept for.  The
 * control socket and the metrics print them all by the same two loops:
 *
 *	for (const struct figure *f = figures; f->name; f++)
 *		for (unsigned i = 0; i < figures_count(source, f->of); i++)
 *			if (figures_label(source, f->of, i))
 *				.. f->value(source, i) ..
 */
#ifndef AGENT_FIGURES_H
#define AGENT_FIGURES_H

#include <stdint.h>

struct agent;
struct reload;

enum figure_kind { FIGURE_COUNTER, FIGURE_GAUGE };

/* What a figure is kept for: the agent has one of it, each lane has one, .. */
enum figure_of { FIGURE_AGENT, FIGURE_LANE, FIGURE_EVENT, FIGURE_POLICY, FIGURE_SINK, FIGURE_OFS };

struct figures {
	struct agent *agent;
	const struct reload *reload;	/* NULL: there is no configuration */
};

struct figure {
	const char *name;		/* NULL ends the table */
	const char *detail, *detail_value;	/* a second label: "reason", "full"; NULL: none */
	enum figure_of of;
	enum figure_kind kind;
	uint64_t per;			/* the value is this many times what the name says; 0: once */
	const char *help;
	uint64_t (*value)(const struct figures *source, unsigned i);
};

extern const struct figure figures[];

/* "agent", "lane", "event", "policy", "sink": the name of the label, too. */
extern const char *const figure_of_names[FIGURE_OFS];

/* Have the kernel's counters read; before the figures are.  0 or negative errno. */
int figures_read(const struct figures *source);

/* How many places there are, and which they are; a place is empty where the label is NULL. */
unsigned figures_count(const struct figures *source, enum figure_of of);
const char *figures_label(const struct figures *source, enum figure_of of, unsigned i);

#endif
