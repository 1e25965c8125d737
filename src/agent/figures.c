// SPDX-License-Identifier: Apache-2.0
#include "agent/figures.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/figures_sink.h"
#include "agent/reload.h"
#include "base/clock.h"
#include "base/histogram.h"
#include "base/log.h"
#include "event/schema.h"
#include "policy/policy.h"

const char *const figure_of_names[FIGURE_OFS] = {
	[FIGURE_AGENT] = "agent", [FIGURE_LANE] = "lane", [FIGURE_EVENT] = "event",
	[FIGURE_POLICY] = "policy", [FIGURE_SINK] = "sink", [FIGURE_CHECK] = "check",
	[FIGURE_CANARY] = "canary", [FIGURE_PROGRAM] = "program", [FIGURE_MAP] = "map",
	[FIGURE_SECRET] = "secret",
};

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
	return memory_resident();
}

static uint64_t said(const struct figures *f, enum log_level level)
{
	return log_of(f)->said[level];
}

static uint64_t reloads(const struct figures *f, unsigned refused)
{
	return f->reload ? refused ? f->reload->refused : f->reload->applied : 0;
}

static uint64_t descriptors(const struct figures *f, unsigned i)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 3;		/* ".", ".." and that of the folder itself */
}

static uint64_t start_time(const struct figures *f, unsigned i)
{
	return f->agent->started + clock_boot_to_wall();
}

static uint64_t reload_time(const struct figures *f, unsigned i)
{
	return f->agent->switched ? f->agent->switched + clock_boot_to_wall() : 0;
}

static const char *version(const struct figures *f, unsigned i)
{
	return SAKER_VERSION;
}

static const struct histogram *turns(const struct figures *f, unsigned i)
{
	return &f->agent->lag.turns;
}

static const struct histogram *lateness(const struct figures *f, unsigned i)
{
	return &f->agent->lag.lateness;
}

#define AGENT_VALUE(name, expression) \
	static uint64_t name(const struct figures *f, unsigned i) { return expression; }

AGENT_VALUE(generation, f->agent->generation)
AGENT_VALUE(hooks, f->agent->probe.nlinks)
AGENT_VALUE(lost, losses_total(&f->agent->losses))
AGENT_VALUE(missed, probe_missed(&f->agent->probe))
AGENT_VALUE(invalid, f->agent->pipeline.counts.invalid)
AGENT_VALUE(too_long, f->agent->pipeline.road.unencoded)
AGENT_VALUE(redaction_cut, f->agent->pipeline.road.redacted.cut)
AGENT_VALUE(redacted, f->agent->pipeline.road.redacted.found[i])
AGENT_VALUE(processes, f->agent->pipeline.processes.entries)
AGENT_VALUE(processes_evicted, f->agent->pipeline.processes.evicted)
AGENT_VALUE(processes_evicted_running, f->agent->pipeline.processes.evicted_running)
AGENT_VALUE(processes_unknown, f->agent->pipeline.processes.misses)
AGENT_VALUE(ancestors_unknown, f->agent->pipeline.processes.lost_ancestors)
AGENT_VALUE(mount_spaces, f->agent->pipeline.mounts.entries)
AGENT_VALUE(mount_spaces_evicted, f->agent->pipeline.mounts.evicted)
AGENT_VALUE(names_bytes, f->agent->pipeline.mounts.names_bytes)
AGENT_VALUE(names_read, f->agent->pipeline.users.reads)
AGENT_VALUE(names_failed, f->agent->pipeline.users.failed)
AGENT_VALUE(hashes_read, f->agent->pipeline.hashes.read)
AGENT_VALUE(hashes_failed, f->agent->pipeline.hashes.failed)
AGENT_VALUE(hashes_known, f->agent->pipeline.hashes.hits)
AGENT_VALUE(hashes_left_out, f->agent->pipeline.hashes.left_out)
AGENT_VALUE(applied, reloads(f, 0))
AGENT_VALUE(refused, reloads(f, 1))
AGENT_VALUE(watch_overflows, f->reload ? f->reload->watch.overflows : 0)
AGENT_VALUE(errors, said(f, LOG_error))
AGENT_VALUE(warnings, said(f, LOG_warning))
AGENT_VALUE(infos, said(f, LOG_info))
AGENT_VALUE(debugs, said(f, LOG_debug))
AGENT_VALUE(log_suppressed, log_of(f)->suppressed)
AGENT_VALUE(log_unwritten, log_of(f)->unwritten)
AGENT_VALUE(healthy, f->health.ok)
AGENT_VALUE(http_requests, f->reload ? f->reload->metrics.counts.requests : 0)
AGENT_VALUE(http_refused, f->reload ? f->reload->metrics.counts.refused : 0)
AGENT_VALUE(http_busy, f->reload ? f->reload->metrics.counts.busy : 0)
AGENT_VALUE(http_too_large, f->reload ? f->reload->metrics.counts.too_large : 0)
AGENT_VALUE(http_expired, f->reload ? f->reload->metrics.counts.expired : 0)
AGENT_VALUE(scrape_bytes, f->reload ? f->reload->metrics.counts.bytes : 0)

static bool has_metrics(const struct figures *f, unsigned i)
{
	return f->reload;
}

static const struct histogram *scrapes(const struct figures *f, unsigned i)
{
	return &f->reload->metrics.counts.scrapes;
}

AGENT_VALUE(caches_emptied, f->agent->memory.emptied)
AGENT_VALUE(mended, f->agent->health.mended)
AGENT_VALUE(mend_failures, f->agent->health.mend_failures)

AGENT_VALUE(cgroups, f->agent->pipeline.containers.table.cgroups.entries)
AGENT_VALUE(cgroups_removed, f->agent->pipeline.containers.table.cgroups.removed)
AGENT_VALUE(cgroups_evicted, f->agent->pipeline.containers.table.cgroups.evicted)
AGENT_VALUE(cgroups_unknown, f->agent->pipeline.containers.counts.unknown)
AGENT_VALUE(cgroups_looked_up, f->agent->pipeline.containers.counts.looked_up)
AGENT_VALUE(containers, f->agent->pipeline.containers.table.entries)
AGENT_VALUE(containers_unplaced, f->agent->pipeline.containers.table.unplaced)
AGENT_VALUE(containers_read_of, f->agent->pipeline.containers.counts.read)
AGENT_VALUE(containers_failed, f->agent->pipeline.containers.counts.failed)
AGENT_VALUE(containers_claimed, f->agent->pipeline.containers.counts.claimed)
AGENT_VALUE(held, f->agent->pipeline.hold.held)
AGENT_VALUE(held_overdue, f->agent->pipeline.hold.overdue)
AGENT_VALUE(held_refused, f->agent->pipeline.hold.unheld)
AGENT_VALUE(amend_refused, f->agent->pipeline.hold.unnamed)

/* DNS messages, by what is wrong with them. */
#define FAULT(name, text) AGENT_VALUE(dns_##name, f->agent->pipeline.dns->faults[DNS_##name])
DNS_FAULTS(FAULT)
#undef FAULT

AGENT_VALUE(dns_again, f->agent->pipeline.dns->again)
AGENT_VALUE(dns_unowned, f->agent->pipeline.dns->unowned)
AGENT_VALUE(dns_forgotten, f->agent->pipeline.dns->streams.forgotten)

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
AGENT_VALUE(lane_pending, lanes_pending(&f->agent->lanes, i))
AGENT_VALUE(lane_size, f->agent->options.probe.lane_bytes[i])
AGENT_VALUE(lane_delivered, f->agent->pipeline.counts.delivered[i])
AGENT_VALUE(lane_shed, f->agent->pipeline.counts.shed[i])
AGENT_VALUE(lane_split, f->agent->pipeline.counts.split[i])
AGENT_VALUE(lane_rejected, f->agent->pipeline.counts.unselected[i])

/* --- of an event */

AGENT_VALUE(event_filtered, f->agent->losses.now.events[i].filtered)
AGENT_VALUE(event_limited, f->agent->losses.now.events[i].limited)
AGENT_VALUE(event_muted, f->agent->losses.now.events[i].muted)
AGENT_VALUE(event_full, f->agent->losses.now.events[i].dropped[DROP_FULL])
AGENT_VALUE(event_scratch, f->agent->losses.now.events[i].dropped[DROP_SCRATCH])
AGENT_VALUE(event_read, f->agent->pipeline.counts.events[i].read)
AGENT_VALUE(event_delivered, f->agent->pipeline.counts.events[i].delivered)

AGENT_VALUE(event_hooked, f->agent->probe.rungs[i].name != NULL)

static const char *event_rung(const struct figures *f, unsigned i)
{
	return f->agent->probe.rungs[i].name;
}

static const char *event_why(const struct figures *f, unsigned i)
{
	return f->agent->probe.rungs[i].why;
}

static bool event_degraded(const struct figures *f, unsigned i)
{
	return *event_why(f, i);
}

static bool event_wanted(const struct figures *f, unsigned i)
{
	return event_set_has(&f->agent->probe.wanted, i);
}

static bool event_has_rung(const struct figures *f, unsigned i)
{
	return event_wanted(f, i) && event_rung(f, i);
}

/* --- of a policy */

static const struct policy_set *policies_before(const struct figures *f)
{
	return f->agent->pipeline.policies[!(f->agent->generation & 1)];
}

/* What policies of this name counted, also those that the last reload replaced a moment ago. */
static struct policy_counts counts_of(const struct figures *f, unsigned i)
{
	struct policy_counts counts = policies_of(f)->counts[i];

	if (policies_before(f))
		policy_add_counts(&counts, policies_before(f), policy_name(policies_of(f), i));
	return counts;
}

static struct policy_evictions evictions(const struct figures *f)
{
	struct policy_evictions sum = f->agent->evicted;

	if (policies_of(f))
		policy_add_evictions(&sum, policies_of(f), false);
	if (policies_before(f))
		policy_add_evictions(&sum, policies_before(f), true);
	return sum;
}

AGENT_VALUE(limits_evicted, evictions(f).limits)
AGENT_VALUE(caches_evicted, evictions(f).caches)

AGENT_VALUE(policy_matched, counts_of(f, i).matched)
AGENT_VALUE(policy_limited, counts_of(f, i).limited)
AGENT_VALUE(policy_deduplicated, counts_of(f, i).deduplicated)
AGENT_VALUE(policy_sampled, counts_of(f, i).sampled)
AGENT_VALUE(policy_empty, counts_of(f, i).empty)
AGENT_VALUE(policy_timed, counts_of(f, i).timed)
AGENT_VALUE(policy_spent, counts_of(f, i).spent)
AGENT_VALUE(policy_over_budget, counts_of(f, i).over_budget)

/* --- of a check, a canary */

AGENT_VALUE(check_ok, f->health.checks[i].ok)
AGENT_VALUE(canary_sent, f->agent->canaries.kinds[i].sent)
AGENT_VALUE(canary_returned, f->agent->canaries.kinds[i].returned)
AGENT_VALUE(canary_missed, f->agent->canaries.kinds[i].missed)
AGENT_VALUE(canary_silent, f->agent->canaries.kinds[i].silent)

/* --- of a program, a map */

AGENT_VALUE(program_attached, f->usage.programs[i].attached)
AGENT_VALUE(program_runs, f->usage.programs[i].runs)
AGENT_VALUE(program_time, f->usage.programs[i].run_ns)
AGENT_VALUE(program_missed, f->usage.programs[i].missed)
AGENT_VALUE(map_entries, f->usage.maps[i].entries)
AGENT_VALUE(map_max_entries, f->usage.maps[i].max_entries)
AGENT_VALUE(map_memory, f->usage.maps[i].bytes)

static bool map_counted(const struct figures *f, unsigned i)
{
	return f->usage.maps[i].counted;
}

/* Where nobody has the kernel keep statistics, all its counts are 0 and tell nothing. */
static bool runs_counted(const struct figures *f, unsigned i)
{
	for (unsigned k = 0; k < f->usage.nprograms; k++)
		if (f->usage.programs[k].runs)
			return true;
	return false;
}

#define COUNT(of_, name_, value_, help_) \
	{ .of = FIGURE_##of_, .name = name_, .value = value_, .help = help_ }
#define COUNT_BY(of_, name_, label, what, value_, help_) \
	{ .of = FIGURE_##of_, .name = name_, .detail = label, .detail_value = what, .value = value_, .help = help_ }
#define GAUGE(of_, name_, value_, help_) \
	{ .of = FIGURE_##of_, .kind = FIGURE_GAUGE, .name = name_, .value = value_, .help = help_ }

#define SINK_QUEUED(lane_) \
	COUNT_BY(SINK, "queued", "lane", #lane_, figure_sink_queued_##lane_, "Lines taken into the queue")
#define SINK_DROPPED_OF(why, reason, lane_) \
	{ .of = FIGURE_SINK, .name = "dropped", .detail = "reason", .detail_value = reason, .lane = #lane_, \
	  .value = figure_sink_##why##_##lane_, .help = "Lines that did not get where they should" }
#define SINK_DROPPED(why, reason) \
	SINK_DROPPED_OF(why, reason, critical), SINK_DROPPED_OF(why, reason, normal), SINK_DROPPED_OF(why, reason, bulk)
#define INFO(of_, name_, label, text_, help_) \
	{ .of = FIGURE_##of_, .kind = FIGURE_INFO, .name = name_, .detail = label, .text = text_, .help = help_ }

const struct figure figures[] = {
	INFO(AGENT, "build", "version", version, "What runs"),
	{ .of = FIGURE_AGENT, .kind = FIGURE_GAUGE, .name = "start_time_seconds", .per = 1000000000, .value = start_time,
	  .help = "When the agent started, since 1970" },
	{ .of = FIGURE_AGENT, .kind = FIGURE_GAUGE, .name = "uptime_seconds", .per = 1000000000, .value = uptime,
	  .help = "Since the agent started" },
	{ .of = FIGURE_AGENT, .name = "cpu_seconds", .per = 1000000, .value = cpu_time,
	  .help = "Processor time that the agent used" },
	GAUGE(AGENT, "resident_bytes", resident, "Memory of the agent, mapped lanes included"),
	GAUGE(AGENT, "open_descriptors", descriptors, "Files, sockets, programs and maps that the agent has open"),
	GAUGE(AGENT, "healthy", healthy, "Whether all checks of health are well"),
	GAUGE(AGENT, "generation", generation, "Number of the policies in force"),
	GAUGE(AGENT, "hooks", hooks, "Programs attached to the kernel"),
	COUNT(AGENT, "lost", lost, "Events that did not reach the agent, whatever the reason"),
	COUNT(AGENT, "missed", missed, "Runs of our programs that the kernel skipped"),
	COUNT(AGENT, "invalid", invalid, "Records that were malformed"),
	COUNT(AGENT, "too_long", too_long, "Records whose line did not fit"),
	COUNT(AGENT, "redaction_cut", redaction_cut, "Texts that end early, for masked secrets took their room"),
	GAUGE(AGENT, "processes", processes, "Processes in the table"),
	COUNT(AGENT, "processes_evicted", processes_evicted, "Processes thrown out of the table for want of room"),
	COUNT(AGENT, "processes_evicted_running", processes_evicted_running, "Of these, processes that still ran"),
	COUNT(AGENT, "caches_emptied", caches_emptied, "Times that caches were emptied because agent.memory_limit was near"),
	COUNT(AGENT, "processes_unknown", processes_unknown, "Records whose process was not in the table"),
	COUNT(AGENT, "ancestors_unknown", ancestors_unknown, "Ancestors that were asked for and were not in the table"),
	GAUGE(AGENT, "cgroups", cgroups, "Cgroups in the table"),
	GAUGE(AGENT, "cgroups_removed", cgroups_removed, "Of these, cgroups that were removed a while ago"),
	COUNT(AGENT, "cgroups_evicted", cgroups_evicted, "Cgroups thrown out of the table for want of room"),
	COUNT(AGENT, "cgroups_unknown", cgroups_unknown, "Records whose cgroup nobody could tell"),
	COUNT(AGENT, "cgroups_looked_up", cgroups_looked_up, "Cgroups of which no record came, looked up by id"),
	GAUGE(AGENT, "containers", containers, "Containers in the table"),
	COUNT(AGENT, "containers_unplaced", containers_unplaced, "Containers for which the table had no room"),
	COUNT(AGENT, "containers_read", containers_read_of, "Containers of which runtimes' files told"),
	COUNT(AGENT, "containers_failed", containers_failed, "Containers of which they told nothing after the last try"),
	COUNT(AGENT, "containers_claimed", containers_claimed, "Containers that nobody but themselves answers for"),
	COUNT(AGENT, "held", held, "Records that waited for their container to be read of"),
	COUNT(AGENT, "held_overdue", held_overdue, "Of these, records that waited in vain"),
	COUNT(AGENT, "held_refused", held_refused, "Records that should have waited, for which there was no room"),
	COUNT(AGENT, "amend_refused", amend_refused, "Records shown as pending that will not be amended for want of room"),
	GAUGE(AGENT, "mount_namespaces", mount_spaces, "Mount namespaces of which a process is known"),
	COUNT(AGENT, "mount_namespaces_evicted", mount_spaces_evicted, "Mount namespaces forgotten for want of room"),
	GAUGE(AGENT, "names_bytes", names_bytes, "Size of the names of users and groups of all roots"),
	COUNT(AGENT, "names_read", names_read, "Times that a root's passwd and group were read"),
	COUNT(AGENT, "names_failed", names_failed, "Times that they could not be"),
	COUNT(AGENT, "hashes_read", hashes_read, "Executables that were hashed"),
	COUNT(AGENT, "hashes_failed", hashes_failed, "Executables that could not be hashed"),
	COUNT(AGENT, "hashes_known", hashes_known, "Events whose executable's hash was known already"),
	COUNT(AGENT, "hashes_left_out", hashes_left_out, "Events not amended with a hash, for too many waited"),
	COUNT_BY(AGENT, "reloads", "result", "applied", applied, "Reloads of the configuration and policies"),
	COUNT_BY(AGENT, "reloads", "result", "refused", refused, "Reloads of the configuration and policies"),
	{ .of = FIGURE_AGENT, .kind = FIGURE_GAUGE, .name = "reload_time_seconds", .per = 1000000000,
	  .value = reload_time, .help = "When the policies in force took over, since 1970" },
	COUNT(AGENT, "limit_keys_evicted", limits_evicted, "Keys of policies' limits forgotten for want of room"),
	COUNT(AGENT, "dedup_keys_evicted", caches_evicted, "Keys of policies' deduplication forgotten for want of room"),
#define FAULT(name_, text_) \
	COUNT_BY(AGENT, "dns_messages", "malformed", sizeof(text_) > 1 ? text_ : "no", dns_##name_, \
		 "DNS messages, by what is wrong with them"),
	DNS_FAULTS(FAULT)
#undef FAULT
	COUNT(AGENT, "dns_segments_again", dns_again, "Segments of TCP with DNS messages that were seen before and are not told again"),
	COUNT(AGENT, "dns_unowned", dns_unowned, "DNS packets of sockets whose owner is not known"),
	COUNT(AGENT, "dns_streams_forgotten", dns_forgotten, "Connections with DNS messages forgotten for want of room"),
	COUNT(AGENT, "watch_overflows", watch_overflows, "Times when changes of files outran us and all was read"),
	COUNT_BY(AGENT, "messages", "level", "error", errors, "Messages in the agent's own log"),
	COUNT_BY(AGENT, "messages", "level", "warning", warnings, "Messages in the agent's own log"),
	COUNT_BY(AGENT, "messages", "level", "info", infos, "Messages in the agent's own log"),
	COUNT_BY(AGENT, "messages", "level", "debug", debugs, "Messages in the agent's own log"),
	COUNT(AGENT, "messages_suppressed", log_suppressed, "Messages left out because there were too many alike"),
	COUNT(AGENT, "messages_unwritten", log_unwritten, "Messages that standard error did not take"),
	COUNT(AGENT, "hooks_mended", mended, "Hooks that were found detached and attached again"),
	COUNT(AGENT, "hook_mend_failures", mend_failures, "Times when a detached hook could not be attached again"),
	{ .of = FIGURE_AGENT, .kind = FIGURE_HISTOGRAM, .name = "loop_turn_seconds", .histogram = turns,
	  .help = "How long the loop was busy before it looked again at what came" },
	{ .of = FIGURE_AGENT, .kind = FIGURE_HISTOGRAM, .name = "loop_lag_seconds", .histogram = lateness,
	  .help = "How late a timer was, twice a second" },
	COUNT(AGENT, "http_requests", http_requests, "Requests for metrics and health that were answered"),
	COUNT_BY(AGENT, "http_refused", "reason", "request", http_refused, "Requests and connections that were refused"),
	COUNT_BY(AGENT, "http_refused", "reason", "busy", http_busy, "Requests and connections that were refused"),
	COUNT_BY(AGENT, "http_refused", "reason", "size", http_too_large, "Requests and connections that were refused"),
	COUNT_BY(AGENT, "http_refused", "reason", "time", http_expired, "Requests and connections that were refused"),
	GAUGE(AGENT, "scrape_bytes", scrape_bytes, "Size of the last answer with all metrics"),
	{ .of = FIGURE_AGENT, .kind = FIGURE_HISTOGRAM, .name = "scrape_seconds", .histogram = scrapes,
	  .there = has_metrics, .help = "How long the making of an answer with all metrics took" },

	COUNT(LANE, "seen", lane_seen, "Events that hooks saw"),
	COUNT(LANE, "filtered", lane_filtered, "Events that the kernel's filters left out"),
	COUNT(LANE, "limited", lane_limited, "Events that the kernel's limits left out"),
	COUNT(LANE, "muted", lane_muted, "Events left out because their cgroup is muted"),
	COUNT(LANE, "submitted", lane_submitted, "Records put in the lane"),
	COUNT_BY(LANE, "dropped", "reason", "full", lane_full, "Events lost in the kernel"),
	COUNT_BY(LANE, "dropped", "reason", "scratch", lane_scratch, "Events lost in the kernel"),
	COUNT(LANE, "read", lane_read, "Records taken from the lane"),
	COUNT(LANE, "read_bytes", lane_bytes, "Their size"),
	GAUGE(LANE, "pending_bytes", lane_pending, "What is in the lane now"),
	GAUGE(LANE, "size_bytes", lane_size, "Size of the lane; with perf buffers, for each processor"),
	COUNT(LANE, "delivered", lane_delivered, "Records given to sinks"),
	COUNT(LANE, "split", lane_split, "Records that others became: messages of one packet, beyond the first"),
	COUNT(LANE, "rejected", lane_rejected, "Records that no policy wanted"),
	COUNT(LANE, "shed", lane_shed, "Of those: left out because agent.memory_limit was reached"),

	COUNT(EVENT, "filtered", event_filtered, "Events that the kernel's filters left out"),
	COUNT(EVENT, "limited", event_limited, "Events that the kernel's limits left out"),
	COUNT(EVENT, "muted", event_muted, "Events left out because their cgroup is muted"),
	COUNT_BY(EVENT, "dropped", "reason", "full", event_full, "Events lost in the kernel"),
	COUNT_BY(EVENT, "dropped", "reason", "scratch", event_scratch, "Events lost in the kernel"),
	COUNT(EVENT, "read", event_read, "Records taken from the lanes"),
	COUNT(EVENT, "delivered", event_delivered, "Records given to sinks"),
	{ .of = FIGURE_EVENT, .kind = FIGURE_GAUGE, .name = "hooked", .value = event_hooked, .there = event_wanted,
	  .help = "Whether a wanted event can be had on this kernel" },
	{ .of = FIGURE_EVENT, .kind = FIGURE_INFO, .name = "hook", .detail = "rung", .text = event_rung,
	  .there = event_has_rung, .help = "The kind of hook that shows the event" },
	{ .of = FIGURE_EVENT, .kind = FIGURE_INFO, .name = "degraded", .detail = "why", .text = event_why,
	  .there = event_degraded, .help = "Why the event has no better hook, or none at all" },

	COUNT(POLICY, "matched", policy_matched, "Records that the policy wanted"),
	COUNT(POLICY, "limited", policy_limited, "Records that a limit of the policy left out"),
	COUNT(POLICY, "deduplicated", policy_deduplicated, "Records left out as repetitions"),
	COUNT(POLICY, "sampled", policy_sampled, "Records left out by taking only a share"),
	COUNT(POLICY, "empty", policy_empty, "Records left out because a field was empty"),
	COUNT(POLICY, "timed", policy_timed, "Decisions of which the time was measured: those on one record in 64"),
	{ .of = FIGURE_POLICY, .name = "timed_seconds", .per = 1000000000, .value = policy_spent,
	  .help = "What these took, by the clock" },
	COUNT(POLICY, "over_budget", policy_over_budget, "Of these, the ones that took over 50 us"),

	INFO(SINK, "kind", "type", figure_sink_kind, "The kind of the sink"),
	GAUGE(SINK, "up", figure_sink_up, "Whether the sink is open and takes lines"),
	COUNT(SINK, "offered", figure_sink_offered, "Records delivered while the sink was there"),
	COUNT(SINK, "unwanted", figure_sink_unwanted, "Records that policies want in other sinks"),
	COUNT(SINK, "rejected", figure_sink_rejected, "Records that the sink's own expression kept back"),
	COUNT(SINK, "limited", figure_sink_limited, "Records that the sink's own limit kept back"),
	COUNT(SINK, "truncated", figure_sink_truncated, "Lines whose end is missing, for a message may not be so long"),
	COUNT(SINK, "unencoded", figure_sink_unencoded, "Records whose line did not fit, or found no memory"),
	SINK_QUEUED(critical), SINK_QUEUED(normal), SINK_QUEUED(bulk),
	SINK_DROPPED(REFUSED, "refused"), SINK_DROPPED(DISPLACED, "displaced"), SINK_DROPPED(NO_MEMORY, "no_memory"),
	SINK_DROPPED(UNSENDABLE, "unsendable"), SINK_DROPPED(LEFT, "left"),
	COUNT(SINK, "sent", figure_sink_sent, "Lines given to the system, again after a connection broke"),
	COUNT(SINK, "written", figure_sink_written, "Lines that the sink wrote, or its peer acknowledged"),
	COUNT(SINK, "written_bytes", figure_sink_written_bytes, "Bytes that the sink wrote"),
	COUNT(SINK, "retries", figure_sink_retries, "Times when the sink failed and was to be opened anew"),
	COUNT(SINK, "opened", figure_sink_opened, "Times when it was opened: all but the first are reconnects"),
	GAUGE(SINK, "waiting", figure_sink_waiting, "Lines that are not done yet"),
	GAUGE(SINK, "waiting_bytes", figure_sink_waiting_bytes, "Their text"),
	GAUGE(SINK, "in_flight", figure_sink_in_flight, "Lines that were sent and are not done yet"),
	GAUGE(SINK, "queue_bytes", figure_sink_memory, "Memory of the queue"),
	GAUGE(SINK, "queue_limit_bytes", figure_sink_memory_most, "Its bound"),
	{ .of = FIGURE_SINK, .kind = FIGURE_HISTOGRAM, .name = "latency_seconds", .histogram = figure_sink_latency,
	  .help = "From the event to when its line was written or acknowledged" },

	COUNT(SECRET, "redacted", redacted, "Times when a secret of this name was masked, in a process once"),
	GAUGE(CHECK, "ok", check_ok, "Whether this check of health is well"),
	COUNT(CANARY, "sent", canary_sent, "Times when the agent did something that the hook must see"),
	COUNT(CANARY, "returned", canary_returned, "Times when the hook saw it"),
	COUNT(CANARY, "missed", canary_missed, "Times when the hook did not see it within two seconds"),
	GAUGE(CANARY, "silent", canary_silent, "Whether the last one was missed"),

	GAUGE(PROGRAM, "attached", program_attached, "Whether the BPF program is attached now"),
	{ .of = FIGURE_PROGRAM, .name = "runs", .value = program_runs, .there = runs_counted,
	  .help = "Runs of the BPF program, where the kernel keeps statistics (metrics.bpf_stats)" },
	{ .of = FIGURE_PROGRAM, .name = "run_seconds", .per = 1000000000, .value = program_time, .there = runs_counted,
	  .help = "Their time" },
	COUNT(PROGRAM, "missed", program_missed, "Runs that the kernel skipped because a program interrupted itself"),
	{ .of = FIGURE_MAP, .kind = FIGURE_GAUGE, .name = "entries", .value = map_entries, .there = map_counted,
	  .help = "Entries of a BPF hash table, where there are not too many to count" },
	GAUGE(MAP, "max_entries", map_max_entries, "Entries that fit in the BPF map; bytes, of a ring"),
	GAUGE(MAP, "memory_bytes", map_memory, "Kernel memory of the BPF map, as far as the kernel tells"),
	{ .name = NULL },
};

int figures_read(struct figures *f)
{
	health_check(f->agent, &f->health);
	usage_read(&f->agent->probe, &f->usage);
	return losses_read(&f->agent->losses);
}

bool figure_there(const struct figure *figure, const struct figures *f, unsigned i)
{
	return !figure->there || figure->there(f, i);
}

char *figure_metric(const struct figure *figure, char *to, size_t size)
{
	bool agent = figure->of == FIGURE_AGENT;

	snprintf(to, size, "saker_%s%s%s", agent ? "" : figure_of_names[figure->of], agent ? "" : "_", figure->name);
	return to;
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
		return FIGURE_SINKS;
	case FIGURE_CHECK:
		return HEALTH_CHECKS;
	case FIGURE_CANARY:
		return CANARY_KINDS;
	case FIGURE_PROGRAM:
		return f->usage.nprograms;
	case FIGURE_MAP:
		return f->usage.nmaps;
	case FIGURE_SECRET:
		return f->agent->pipeline.road.redacted.n;
	case FIGURE_AGENT:
	case FIGURE_OFS:
		break;
	}
	return 1;
}

/* System calls that only another architecture has were asked for by nobody. */
static const char *event_label(const struct figures *f, unsigned id)
{
	const struct schema *s = schema_get(id);

	if (!s)
		return NULL;
	return f->agent->probe.rungs[id].name || (id < EVENT_SYSCALL && event_wanted(f, id)) ? s->name : NULL;
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
		return figure_sink_label(f, i);
	case FIGURE_CHECK:
		return f->health.checks[i].name;
	case FIGURE_CANARY:
		return f->agent->canaries.kinds[i].sent ? canary_name(i) : NULL;
	case FIGURE_PROGRAM:
		return f->usage.programs[i].name;
	case FIGURE_MAP:
		return f->usage.maps[i].name;
	case FIGURE_SECRET:
		return f->agent->pipeline.road.redacted.names[i];
	case FIGURE_AGENT:
	case FIGURE_OFS:
		break;
	}
	return "";
}
