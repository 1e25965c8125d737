// SPDX-License-Identifier: Apache-2.0
#include "agent/losses.h"

#include <stdio.h>
#include <string.h>

#include "event/schema.h"
#include "kernel/probe.h"
#include "kernel/tree.h"

static const char *const reasons[DROPS] = { [DROP_FULL] = "full", [DROP_SCRATCH] = "scratch" };

int losses_init(struct losses *l, struct probe *probe, uint64_t now)
{
	memset(l, 0, sizeof(*l));
	l->probe = probe;
	l->since = now;
	l->reader = account_reader_new(probe);
	return l->reader ? losses_read(l) : -1;
}

void losses_fini(struct losses *l)
{
	account_reader_free(l->reader);
	l->reader = NULL;
}

int losses_read(struct losses *l)
{
	return account_read(l->reader, &l->now);
}

/* The events of a lane that lost for this reason, the loudest first: "openat 31, read 4". */
static void name_events(const struct losses *l, enum lane lane, enum drop reason, char *to, size_t size)
{
	struct { unsigned id; uint64_t count; } top[ACCOUNT_TOP] = { 0 };
	size_t len = 0;

	for (unsigned id = 1; id < EVENT_COUNT; id++) {
		uint64_t count = l->now.events[id].dropped[reason] - l->before.events[id].dropped[reason];

		if (!count || schema_lane(id) != lane)
			continue;
		for (unsigned i = 0; i < ACCOUNT_TOP; i++) {
			if (top[i].count >= count)
				continue;
			memmove(&top[i + 1], &top[i], (ACCOUNT_TOP - 1 - i) * sizeof(*top));
			top[i].id = id;
			top[i].count = count;
			break;
		}
	}
	*to = 0;
	for (unsigned i = 0; i < ACCOUNT_TOP && top[i].count; i++)
		len += snprintf(to + len, size - len, "%s%s %llu", i ? ", " : "", schema_get(top[i].id)->name,
				(unsigned long long)top[i].count);
}

static void name_cpus(const struct losses *l, enum lane lane, char *to, size_t size)
{
	size_t len = 0;

	*to = 0;
	for (unsigned cpu = 0; cpu < ACCOUNT_CPUS && len + 32 < size; cpu++) {
		uint32_t count = l->now.cpu_dropped[lane][cpu] - l->before.cpu_dropped[lane][cpu];

		if (count)
			len += snprintf(to + len, size - len, "%scpu%u %u", len ? ", " : "", cpu, count);
	}
}

static void name_cgroups(const struct losses *l, enum lane lane, char *to, size_t size)
{
	struct loud_cgroup top[ACCOUNT_TOP];
	unsigned n = account_loud(l->reader, lane, top);
	size_t len = 0;

	*to = 0;
	for (unsigned i = 0; i < n; i++)
		len += snprintf(to + len, size - len, "%s%llu %llu", i ? ", " : "",
				(unsigned long long)top[i].cgroup, (unsigned long long)top[i].count);
}

static struct event_lost *lost_begin(struct losses *l, uint64_t now, const char *lane, const char *reason,
				     uint64_t count, uint64_t total)
{
	struct event_lost *e = build_begin(&l->build, EVENT_lost, now, ++l->seq);

	l->last = now;
	e->count = count;
	e->total = total;
	e->since = l->since;
	e->until = now;
	build_str(&l->build, &e->lane, lane);
	build_str(&l->build, &e->reason, reason);
	return e;
}

static void report_lane(struct losses *l, enum lane lane, enum drop reason, uint64_t now, lane_reader reader, void *ctx)
{
	uint64_t total = l->now.lanes[lane].dropped[reason];
	uint64_t count = total - l->before.lanes[lane].dropped[reason];
	char text[1024];
	struct event_lost *e;

	if (!count)
		return;
	e = lost_begin(l, now, lane_names[lane], reasons[reason], count, total);
	name_cpus(l, lane, text, sizeof(text));
	build_str(&l->build, &e->cpus, text);
	name_events(l, lane, reason, text, sizeof(text));
	build_str(&l->build, &e->events, text);
	name_cgroups(l, lane, text, sizeof(text));
	build_str(&l->build, &e->cgroups, text);
	reader(ctx, e, e->head.size);
}

/* What no lane lost: nobody saw how many events those were. */
static void report_unseen(struct losses *l, const char *reason, uint64_t total, uint64_t *before, uint64_t now,
			  lane_reader reader, void *ctx)
{
	struct event_lost *e;

	if (total == *before)
		return;
	e = lost_begin(l, now, "all", reason, total - *before, total);
	*before = total;
	reader(ctx, e, e->head.size);
}

void losses_report(struct losses *l, uint64_t now, lane_reader reader, void *ctx)
{
	/* The kernel does not run a probe that would interrupt itself. */
	report_unseen(l, "missed", probe_missed(l->probe), &l->missed_before, now, reader, ctx);
	report_unseen(l, "unfollowed", tree_unfollowed(l->probe), &l->unfollowed_before, now, reader, ctx);
	if (probe_drops(l->probe) != 0 && losses_read(l) == 0) {
		for (unsigned lane = 0; lane < LANES; lane++)
			for (unsigned reason = 0; reason < DROPS; reason++)
				report_lane(l, lane, reason, now, reader, ctx);
		l->before = l->now;
	}
	l->since = now;
}

uint64_t losses_total(const struct losses *l)
{
	uint64_t sum = l->missed_before + l->unfollowed_before;

	for (unsigned lane = 0; lane < LANES; lane++)
		sum += account_dropped(&l->now.lanes[lane]);
	return sum;
}
