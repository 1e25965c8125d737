/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of each sink, for the table of figures.h. */
#ifndef SAKER_AGENT_FIGURES_SINK_H
#define SAKER_AGENT_FIGURES_SINK_H

#include <stdint.h>

#include "output/queue.h"
#include "output/road.h"
#include "shared.h"

struct figures;
struct histogram;

/* Those that get records, and some of those that drain. */
enum { FIGURE_SINKS = ROAD_SINKS + 16 };

const char *figure_sink_label(const struct figures *f, unsigned i);	/* NULL: no sink has this place */
const char *figure_sink_kind(const struct figures *f, unsigned i);
const struct histogram *figure_sink_latency(const struct figures *f, unsigned i);

#define SINK_VALUES(value)									\
	value(offered) value(unwanted) value(rejected) value(limited) value(truncated) value(unencoded)		\
	value(retries) value(opened) value(up) value(sent) value(written) value(written_bytes)	\
	value(waiting) value(waiting_bytes) value(in_flight) value(memory) value(memory_most)

#define SINK_VALUE(name) uint64_t figure_sink_##name(const struct figures *f, unsigned i);
SINK_VALUES(SINK_VALUE)
#undef SINK_VALUE

/* Lines of a lane: that were queued; that were dropped, for each reason. */
#define SINK_LANES(value) value(critical) value(normal) value(bulk)
#define SINK_DROPS(value) \
	value(REFUSED) value(DISPLACED) value(NO_MEMORY) value(UNSENDABLE) value(LEFT)

#define SINK_QUEUED(lane) uint64_t figure_sink_queued_##lane(const struct figures *f, unsigned i);
SINK_LANES(SINK_QUEUED)
#undef SINK_QUEUED

#define SINK_DROPPED(why)								\
	uint64_t figure_sink_##why##_critical(const struct figures *f, unsigned i);	\
	uint64_t figure_sink_##why##_normal(const struct figures *f, unsigned i);	\
	uint64_t figure_sink_##why##_bulk(const struct figures *f, unsigned i);
SINK_DROPS(SINK_DROPPED)
#undef SINK_DROPPED

#endif
