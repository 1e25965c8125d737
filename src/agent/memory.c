// SPDX-License-Identifier: Apache-2.0
/*
 * Every table is bounded by itself, so a limit is reached where several are full, or queues of sinks
 * grow.  From nine tenths of it on caches are emptied, not more often than every ten seconds; at the
 * limit itself the lowest lane's events are left out before they become lines, then the next one's.
 * The critical lane is never left out.
 */
#include "agent/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/clock.h"
#include "base/log.h"
#include "policy/policy.h"

#define APART_NS UINT64_C(10000000000)	/* between two times that caches are emptied */
#define UNUSED_NS UINT64_C(10000000000)	/* after which blocks that no sink needed are given back */
#define STEP_NS UINT64_C(2000000000)	/* before another lane follows, or comes back */
#define MIB (1024.0 * 1024)

enum { LARGE_BYTES = 128 << 10 };

uint64_t memory_resident(void)
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

void memory_begin(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
}

void memory_settle(void)
{
	malloc_trim(0);
}

size_t memory_for_processes(uint64_t limit)
{
	uint64_t share = limit / 16;

	if (!limit || share > PROCESS_BYTES_DEFAULT)
		return PROCESS_BYTES_DEFAULT;
	return share < PROCESS_BYTES_MIN ? PROCESS_BYTES_MIN : share;
}

static void empty_caches(struct agent *a, uint64_t now)
{
	struct memory *m = &a->memory;

	m->emptied_at = now;
	m->emptied++;
	process_forget_ended(&a->pipeline.processes);
	mapping_table_fini(&a->pipeline.mappings);
	for (unsigned i = 0; i < 2; i++)
		if (a->pipeline.policies[i])
			policy_forget_repetitions(a->pipeline.policies[i]);
	malloc_trim(0);
	log_say(a->options.log, LOG_warning, "%.1f of at most %.1f MiB are used: caches were emptied, repetitions may be "
		"told again", m->resident / MIB, m->limit / MIB);
	m->resident = memory_resident();
}

/* One lane more or less that is left out. */
static void shed(struct agent *a, uint64_t now)
{
	static const char *const names[LANES] = { "critical", "normal", "bulk" };
	struct memory *m = &a->memory;
	enum lane *from = &a->pipeline.shed_from;

	if (m->shed_at && now - m->shed_at < STEP_NS)
		return;
	if (m->limit && m->resident >= m->limit && *from > LANE_normal) {
		--*from;
		log_say(a->options.log, LOG_error, "%.1f of at most %.1f MiB are used: events of lane %s are left out",
			m->resident / MIB, m->limit / MIB, names[*from]);
	} else if (*from < LANES && m->resident < m->limit / 100 * 95 + (m->limit ? 0 : UINT64_MAX)) {
		log_say(a->options.log, LOG_warning, "events of lane %s are no longer left out", names[*from]);
		++*from;
	} else {
		return;
	}
	m->shed_at = now;
}

void memory_tick(struct agent *a)
{
	struct memory *m = &a->memory;
	uint64_t now = clock_boot();

	if (now - m->trimmed_at >= UNUSED_NS) {
		m->trimmed_at = now;
		batch_pool_trim(&a->pipeline.road.pool);
	}
	if (!m->limit && a->pipeline.shed_from == LANES)
		return;
	m->resident = memory_resident();
	if (m->limit && m->resident >= m->limit / 10 * 9 && (!m->emptied_at || now - m->emptied_at >= APART_NS))
		empty_caches(a, now);
	shed(a, now);
}
