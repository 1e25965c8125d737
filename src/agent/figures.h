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
#ifndef SAKER_AGENT_FIGURES_H
#define SAKER_AGENT_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/health.h"
#include "kernel/usage.h"

struct agent;
struct histogram;
struct reload;

/* An info is a text, its detail_value; its value is 1. */
enum figure_kind { FIGURE_COUNTER, FIGURE_GAUGE, FIGURE_INFO, FIGURE_HISTOGRAM };

/* What a figure is kept for: the agent has one of it, each lane has one, .. */
enum figure_of {
	FIGURE_AGENT, FIGURE_LANE, FIGURE_EVENT, FIGURE_POLICY, FIGURE_SINK, FIGURE_CHECK, FIGURE_CANARY,
	FIGURE_PROGRAM, FIGURE_MAP, FIGURE_SECRET, FIGURE_OFS,
};

/* Whoever asks sets the first two and calls figures_read. */
struct figures {
	struct agent *agent;
	const struct reload *reload;	/* NULL: there is no configuration */
	struct health health;
	struct usage usage;
};

struct figure {
	const char *name;		/* NULL ends the table */
	const char *detail, *detail_value;	/* a second label: "reason", "full"; NULL: none */
	const char *lane;		/* a third one; NULL: none */
	enum figure_of of;
	enum figure_kind kind;
	uint64_t per;			/* the value is this many times what the name says; 0: once */
	const char *help;
	uint64_t (*value)(const struct figures *source, unsigned i);	/* of counters and gauges */
	const char *(*text)(const struct figures *source, unsigned i);	/* of an info, its detail_value */
	const struct histogram *(*histogram)(const struct figures *source, unsigned i);
	bool (*there)(const struct figures *source, unsigned i);	/* NULL: always */
};

extern const struct figure figures[];

/* "agent", "lane", "event", "policy", ..: the name of the label, too. */
extern const char *const figure_of_names[FIGURE_OFS];

/* Have the kernel's counters read, and look at health and programs; before the figures are.  0 or
 * negative errno. */
int figures_read(struct figures *source);

/* How many places there are, and which they are; a place is empty where the label is NULL. */
unsigned figures_count(const struct figures *source, enum figure_of of);
const char *figures_label(const struct figures *source, enum figure_of of, unsigned i);

/* Whether there is such a figure of a place that is not empty. */
bool figure_there(const struct figure *figure, const struct figures *source, unsigned i);

/* The name of its metric, without what its kind appends: "saker_lane_read".  Returns to. */
char *figure_metric(const struct figure *figure, char *to, size_t size);

#endif
