// SPDX-License-Identifier: Apache-2.0
#include "agent/figures_sink.h"

#include "agent/agent.h"
#include "agent/figures.h"
#include "agent/reload.h"
#include "output/sink.h"

/* Behind those that get records: those that drain. */
static const struct slot *slot_of(const struct figures *f, unsigned i)
{
	return f->reload && i >= ROAD_SINKS ? slots_leaving(&f->reload->slots, i - ROAD_SINKS) : NULL;
}

static const struct sink *sink_of(const struct figures *f, unsigned i)
{
	const struct slot *slot = slot_of(f, i);

	return i < ROAD_SINKS ? f->agent->pipeline.road.sinks[i] : slot ? slot->sink : NULL;
}

static struct sink_stats stats_of(const struct figures *f, unsigned i)
{
	struct sink_stats stats;

	sink_stats(sink_of(f, i), &stats);
	return stats;
}

const char *figure_sink_label(const struct figures *f, unsigned i)
{
	const struct slot *slot = slot_of(f, i);

	if (slot)
		return slot->label;
	return sink_of(f, i) ? sink_of(f, i)->name : NULL;
}

const char *figure_sink_kind(const struct figures *f, unsigned i)
{
	return stats_of(f, i).kind;
}

const struct histogram *figure_sink_latency(const struct figures *f, unsigned i)
{
	return &sink_of(f, i)->queue.counts.latency;
}

#define VALUE(name, expression) \
	uint64_t figure_sink_##name(const struct figures *f, unsigned i) { return expression; }

VALUE(offered, sink_of(f, i)->counts.offered)
VALUE(unwanted, sink_of(f, i)->counts.unwanted)
VALUE(rejected, sink_of(f, i)->counts.rejected)
VALUE(limited, sink_of(f, i)->counts.limited)
VALUE(truncated, sink_of(f, i)->counts.truncated)
VALUE(unencoded, sink_of(f, i)->counts.unencoded)
VALUE(retries, sink_of(f, i)->counts.retries)
VALUE(opened, sink_of(f, i)->counts.opened)
VALUE(up, sink_of(f, i)->state == SINK_UP)
VALUE(sent, sink_of(f, i)->queue.counts.sent)
VALUE(written, sink_of(f, i)->queue.counts.done)
VALUE(written_bytes, sink_of(f, i)->queue.counts.done_bytes)
VALUE(waiting, stats_of(f, i).waiting)
VALUE(waiting_bytes, stats_of(f, i).waiting_bytes)
VALUE(in_flight, stats_of(f, i).in_flight)
VALUE(memory, stats_of(f, i).memory)
VALUE(memory_most, stats_of(f, i).memory_most)

#define QUEUED(lane) VALUE(queued_##lane, sink_of(f, i)->queue.counts.queued[LANE_##lane])
SINK_LANES(QUEUED)

#define DROPPED(why, lane) VALUE(why##_##lane, sink_of(f, i)->queue.counts.dropped[QUEUE_##why][LANE_##lane])
#define DROPPED_LANES(why) DROPPED(why, critical) DROPPED(why, normal) DROPPED(why, bulk)
SINK_DROPS(DROPPED_LANES)
