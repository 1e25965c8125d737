// SPDX-License-Identifier: Apache-2.0
#include "agent/tell.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "agent/agent.h"
#include "base/clock.h"
#include "event/schema.h"
#include "identity/proc.h"

void agent_tell(struct agent *a)
{
	const struct head *h = (const void *)a->losses.build.record;

	pipeline_record(&a->pipeline, h, h->size);
}

void tell_start(struct agent *a)
{
	struct build *b = &a->losses.build;
	struct event_agent_start *e = build_begin(b, EVENT_agent_start, clock_boot(), ++a->losses.seq);
	char boot[64] = "";
	struct utsname uts;
	char text[PROBE_WHY + 64];

	uname(&uts);
	e->elapsed = clock_boot() - a->started;
	build_str(b, &e->version, SAKER_VERSION);
	build_str(b, &e->kernel, uts.release);
	if (proc_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) > 0)
		boot[strcspn(boot, "\n")] = 0;
	build_str(b, &e->boot_id, boot);
	for (unsigned id = 1; id < EVENT_COUNT; id++)
		if (event_set_has(&a->probe.wanted, id) && a->probe.rungs[id].name && id < EVENT_lost + 0u) {
			snprintf(text, sizeof(text), "%s=%s", schema_get(id)->name, a->probe.rungs[id].name);
			build_strv(b, &e->hooks, text);
		}
	for (unsigned id = EVENT_SYSCALL; id < EVENT_COUNT; id++)
		if (event_set_has(&a->probe.wanted, id) && a->probe.rungs[id].name) {
			snprintf(text, sizeof(text), "%s=%s", schema_get(id)->name, a->probe.rungs[id].name);
			build_strv(b, &e->hooks, text);
		}
	for (unsigned id = 1; id < EVENT_COUNT; id++)
		if (event_set_has(&a->probe.wanted, id) && !a->probe.rungs[id].name) {
			snprintf(text, sizeof(text), "%s: %s", schema_get(id)->name, a->probe.rungs[id].why);
			build_strv(b, &e->missing, text);
		}
	agent_tell(a);
}

uint64_t tell_delivered(const struct agent *a)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < LANES; i++)
		total += a->pipeline.counts.delivered[i];
	return total;
}

void tell_stop(struct agent *a)
{
	struct event_agent_stop *e = build_begin(&a->losses.build, EVENT_agent_stop, clock_boot(),
						 ++a->losses.seq);

	for (unsigned i = 0; i < LANES; i++)
		e->seen += account_seen(&a->losses.now.lanes[i]);
	e->delivered = tell_delivered(a);
	e->dropped = losses_total(&a->losses);
	e->queued = road_queued(&a->pipeline.road);
	build_str(&a->losses.build, &e->reason, a->stop_reason ? a->stop_reason : "closed");
	agent_tell(a);
}

void tell_stats(struct agent *a)
{
	static const char *const names[LANES] = { "critical", "normal", "bulk" };

	if (!event_set_has(&a->pipeline.options.selected, EVENT_stats) || losses_read(&a->losses) < 0)
		return;
	for (unsigned i = 0; i < LANES; i++) {
		struct event_stats *e = build_begin(&a->losses.build, EVENT_stats, clock_boot(),
						    ++a->losses.seq);
		const struct lane_account *l = &a->losses.now.lanes[i];

		build_str(&a->losses.build, &e->lane, names[i]);
		e->seen = account_seen(l);
		e->filtered = l->filtered;
		e->limited = l->limited;
		e->muted = l->muted;
		e->submitted = l->numbered - l->dropped[DROP_FULL];
		e->dropped = account_dropped(l);
		e->read = a->lanes.source[i].read;
		e->delivered = a->pipeline.counts.delivered[i];
		e->split = a->pipeline.counts.split[i];
		e->rejected = a->pipeline.counts.unselected[i];
		e->invalid = a->pipeline.counts.invalid;
		agent_tell(a);
	}
}
