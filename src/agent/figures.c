// SPDX-License-Identifier: Apache-2.0
#include "agent/figures.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/reload.h"
#include "base/clock.h"
#include "base/log.h"
#include "event/schema.h"
#include "policy/policy.h"

const char *const figure_of_names[FIGURE_OFS] = {
	[FIGURE_AGENT] = "agent", [FIGURE_LANE] = "lane", [FIGURE_EVENT] = "event",
	[FIGURE_POLICY] = "policy", [FIGURE_SINK] = "sink",
};

static const char *const lane_names[LANES] = { "critical", "normal", "bulk" };

static const struct lane_account *account_of(const struct figures *f, unsigned lane)
{
	return &f->agent->losses.now.lanes[lane];
}

static const struct policy_set *policies_of(const struct figures *f)
{
	return f->agent->pipeline.policies[f->agent->generation & 1];
}

static const struct log *log_of(const struct figures *f)
{
	return f->agent->options.log;
}

/* --- of the agent */

static uint64_t uptime(const struct figures *f, unsigned i)
{
	return clock_boot() - f->agent->started;
}

static uint64_t cpu_time(const struct figures *f, unsigned i)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * UINT64_C(1000000) + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static uint64_t resident(const struct figures *f, unsigned i)
{
	unsigned long size, pages = 0;
	FILE *statm = fopen("/proc/self/statm", "re");

	if (!statm)
		return 0;
	if (fscanf(statm, "%lu %lu", &size, &pages) != 2)
		pages = 0;
	fclose(statm);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t said(const struct figures *f, enum log_level level)
{
	return log_of(f)->said[level];
}

static uint64_t reloads(const struct figures *f, unsigned refused)
{
	return f->reload ? refused ? f->reload->refused : f->reload->applied : 0;
}

#define AGENT_VALUE(name, expression) \
	static uint64_t name(const struct figures *f, unsigned i) { return expression; }

AGENT_VALUE(generation, f->agent->generation)
AGENT_VALUE(hooks, f->agent->probe.nlinks)
AGENT_VALUE(lost, losses_total(&f->agent->losses))
AGENT_VALUE(missed, probe_missed(&f->agent->probe))
AGENT_VALUE(invalid, f->agent->pipeline.counts.invalid)
AGENT_VALUE(too_long, f->agent->pipeline.road.unencoded)
AGENT_VALUE(processes, f->agent->pipeline.processes.entries)
AGENT_VALUE(processes_evicted, f->agent->pipeline.processes.evicted)
AGENT_VALUE(processes_evicted_running, f->agent->pipeline.processes.evicted_running)
AGENT_VALUE(processes_unknown, f->agent->pipeline.processes.misses)
AGENT_VALUE(ancestors_unknown, f->agent->pipeline.processes.lost_ancestors)
AGENT_VALUE(applied, reloads(f, 0))
AGENT_VALUE(refused, reloads(f, 1))
AGENT_VALUE(watch_overflows, f->reload ? f->reload->watch.overflows : 0)
AGENT_VALUE(errors, said(f, LOG_error))
AGENT_VALUE(warnings, said(f, LOG_warning))
AGENT_VALUE(infos, said(f, LOG_info))
AGENT_VALUE(debugs, said(f, LOG_debug))
AGENT_VALUE(log_suppressed, log_of(f)->suppressed)
AGENT_VALUE(log_unwritten, log_of(f)->unwritten)

/* --- of a lane */

AGENT_VALUE(lane_seen, account_seen(account_of(f, i)))
AGENT_VALUE(lane_filtered, account_of(f, i)->filtered)
AGENT_VALUE(lane_limited, account_of(f, i)->limited)
AGENT_VALUE(lane_muted, account_of(f, i)->muted)
AGENT_VALUE(lane_submitted, account_of(f, i)->numbered - account_of(f, i)->dropped[DROP_FULL])
AGENT_VALUE(lane_full, account_of(f, i)->dropped[DROP_FULL])
AGENT_VALUE(lane_scratch, account_of(f, i)->dropped[DROP_SCRATCH])
AGENT_VALUE(lane_read, f->agent->lanes.source[i].read)
AGENT_VALUE(lane_bytes, f->agent->lanes.source[i].bytes)
AGENT_VALUE(lane_size, f->agent->options.probe.lane_bytes[i])
AGENT_VALUE(lane_delivered, f->agent->pipeline.counts.delivered[i])
AGENT_VALUE(lane_rejected, f->agent->pipeline.counts.unselected[i])

/* --- of an event */

AGENT_VALUE(event_filtered, f->agent->losses.now.events[i].filtered)
AGENT_VALUE(event_limited, f->agent->losses.now.events[i].limited)
AGENT_VALUE(event_muted, f->agent->losses.now.events[i].muted)
AGENT_VALUE(event_full, f->agent->losses.now.events[i].dropped[DROP_FULL])
AGENT_VALUE(event_scratch, f->agent->losses.now.events[i].dropped[DROP_SCRATCH])
AGENT_VALUE(event_read, f->agent->pipeline.counts.events[i].read)
AGENT_VALUE(event_delivered, f->agent->pipeline.counts.events[i].delivered)

/* --- of a policy */

AGENT_VALUE(policy_matched, policies_of(f)->counts[i].matched)
AGENT_VALUE(policy_limited, policies_of(f)->counts[i].limited)
AGENT_VALUE(policy_deduplicated, policies_of(f)->counts[i].deduplicated)
AGENT_VALUE(policy_sampled, policies_of(f)->counts[i].sampled)
AGENT_VALUE(policy_empty, policies_of(f)->counts[i].empty)

/* --- of a sink */

static const struct sink *sink_of(const struct figures *f, unsigned i)
{
	return f->agent->pipeline.road.sinks[i];
}

AGENT_VALUE(sink_written, sink_of(f, i)->queue.counts.done)
AGENT_VALUE(sink_rejected, sink_of(f, i)->counts.rejected)
AGENT_VALUE(sink_bytes, sink_of(f, i)->queue.counts.done_bytes)

#define COUNT(of_, name_, value_, help_) \
	{ .of = FIGURE_##of_, .name = name_, .value = value_, .help = help_ }
#define COUNT_BY(of_, name_, label, what, value_, help_) \
	{ .of = FIGURE_##of_, .name = name_, .detail = label, .detail_value = what, .value = value_, .help = help_ }
#define GAUGE(of_, name_, value_, help_) \
	{ .of = FIGURE_##of_, .kind = FIGURE_GAUGE, .name = name_, .value = value_, .help = help_ }

const struct figure figures[] = {
	{ .of = FIGURE_AGENT, .kind = FIGURE_GAUGE, .name = "uptime_seconds", .per = 1000000000, .value = uptime,
	  .help = "Since the agent started" },
	{ .of = FIGURE_AGENT, .name = "cpu_seconds", .per = 1000000, .value = cpu_time,
	  .help = "Processor time that the agent used" },
	GAUGE(AGENT, "resident_bytes", resident, "Memory of the agent, mapped lanes included"),
	GAUGE(AGENT, "generation", generation, "Number of the policies in force"),
	GAUGE(AGENT, "hooks", hooks, "Programs attached to the kernel"),
	COUNT(AGENT, "lost", lost, "Events that did not reach the agent, whatever the reason"),
	COUNT(AGENT, "missed", missed, "Runs of our programs that the kernel skipped"),
	COUNT(AGENT, "invalid", invalid, "Records that were malformed"),
	COUNT(AGENT, "too_long", too_long, "Records whose line did not fit"),
	GAUGE(AGENT, "processes", processes, "Processes in the table"),
	COUNT(AGENT, "processes_evicted", processes_evicted, "Processes thrown out of the table for want of room"),
	COUNT(AGENT, "processes_evicted_running", processes_evicted_running, "Of these, processes that still ran"),
	COUNT(AGENT, "processes_unknown", processes_unknown, "Records whose process was not in the table"),
	COUNT(AGENT, "ancestors_unknown", ancestors_unknown, "Ancestors that were asked for and were not in the table"),
	COUNT_BY(AGENT, "reloads", "result", "applied", applied, "Reloads of the configuration and policies"),
	COUNT_BY(AGENT, "reloads", "result", "refused", refused, "Reloads of the configuration and policies"),
	COUNT(AGENT, "watch_overflows", watch_overflows, "Times when changes of files outran us and all was read"),
	COUNT_BY(AGENT, "messages", "level", "error", errors, "Messages in the agent's own log"),
	COUNT_BY(AGENT, "messages", "level", "warning", warnings, "Messages in the agent's own log"),
	COUNT_BY(AGENT, "messages", "level", "info", infos, "Messages in the agent's own log"),
	COUNT_BY(AGENT, "messages", "level", "debug", debugs, "Messages in the agent's own log"),
	COUNT(AGENT, "messages_suppressed", log_suppressed, "Messages left out because there were too many alike"),
	COUNT(AGENT, "messages_unwritten", log_unwritten, "Messages that standard error did not take"),

	COUNT(LANE, "seen", lane_seen, "Events that hooks saw"),
	COUNT(LANE, "filtered", lane_filtered, "Events that the kernel's filters left out"),
	COUNT(LANE, "limited", lane_limited, "Events that the kernel's limits left out"),
	COUNT(LANE, "muted", lane_muted, "Events left out because their cgroup is muted"),
	COUNT(LANE, "submitted", lane_submitted, "Records put in the lane"),
	COUNT_BY(LANE, "dropped", "reason", "full", lane_full, "Events lost in the kernel"),
	COUNT_BY(LANE, "dropped", "reason", "scratch", lane_scratch, "Events lost in the kernel"),
	COUNT(LANE, "read", lane_read, "Records taken from the lane"),
	COUNT(LANE, "read_bytes", lane_bytes, "Their size"),
	GAUGE(LANE, "size_bytes", lane_size, "Size of the lane; with perf buffers, for each processor"),
	COUNT(LANE, "delivered", lane_delivered, "Records given to sinks"),
	COUNT(LANE, "rejected", lane_rejected, "Records that no policy wanted"),

	COUNT(EVENT, "filtered", event_filtered, "Events that the kernel's filters left out"),
	COUNT(EVENT, "limited", event_limited, "Events that the kernel's limits left out"),
	COUNT(EVENT, "muted", event_muted, "Events left out because their cgroup is muted"),
	COUNT_BY(EVENT, "dropped", "reason", "full", event_full, "Events lost in the kernel"),
	COUNT_BY(EVENT, "dropped", "reason", "scratch", event_scratch, "Events lost in the kernel"),
	COUNT(EVENT, "read", event_read, "Records taken from the lanes"),
	COUNT(EVENT, "delivered", event_delivered, "Records given to sinks"),

	COUNT(POLICY, "matched", policy_matched, "Records that the policy wanted"),
	COUNT(POLICY, "limited", policy_limited, "Records that a limit of the policy left out"),
	COUNT(POLICY, "deduplicated", policy_deduplicated, "Records left out as repetitions"),
	COUNT(POLICY, "sampled", policy_sampled, "Records left out by taking only a share"),
	COUNT(POLICY, "empty", policy_empty, "Records left out because a field was empty"),

	COUNT(SINK, "written", sink_written, "Lines that the sink wrote, or its peer acknowledged"),
	COUNT(SINK, "rejected", sink_rejected, "Records that the sink's own expression kept back"),
	COUNT(SINK, "written_bytes", sink_bytes, "Bytes that the sink wrote"),
	{ .name = NULL },
};

int figures_read(const struct figures *f)
{
	return losses_read(&f->agent->losses);
}

unsigned figures_count(const struct figures *f, enum figure_of of)
{
	switch (of) {
	case FIGURE_LANE:
		return LANES;
	case FIGURE_EVENT:
		return EVENT_COUNT;
	case FIGURE_POLICY:
		return policies_of(f) ? policies_of(f)->files.n : 0;
	case FIGURE_SINK:
		return ROAD_SINKS;
	case FIGURE_AGENT:
	case FIGURE_OFS:
		break;
	}
	return 1;
}

static const char *event_label(const struct figures *f, unsigned id)
{
	const struct schema *s = schema_get(id);

	return s && f->agent->probe.rungs[id].name ? s->name : NULL;
}

const char *figures_label(const struct figures *f, enum figure_of of, unsigned i)
{
	switch (of) {
	case FIGURE_LANE:
		return lane_names[i];
	case FIGURE_EVENT:
		return event_label(f, i);
	case FIGURE_POLICY:
		return policy_name(policies_of(f), i);
	case FIGURE_SINK:
		return sink_of(f, i) ? sink_of(f, i)->name : NULL;
	case FIGURE_AGENT:
	case FIGURE_OFS:
		break;
	}
	return "";
}
