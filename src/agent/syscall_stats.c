// SPDX-License-Identifier: Apache-2.0
#include "agent/syscall_stats.h"

#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/tell.h"
#include "base/clock.h"
#include "base/log.h"
#include "event/schema.h"
#include "kernel/stats.h"

enum { BATCHES = 16 };	/* a turn, of some hundred figures each */

static void skip(void *ctx, const struct call_key *key, const struct call_count *count)
{
	struct syscall_stats *s = ctx;

	s->counted += count->count;
}

/* Nobody selects it any more.  What was counted until then is thrown out now: once somebody does
 * again, it could not be told from what is counted for him. */
static void end(struct syscall_stats *s)
{
	while (s->since && stats_read(s->reader, skip, s) > 0)
		;
	s->since = 0;
	s->reading = false;
}

static const char *name_of(const struct call_key *key, char made[16])
{
	for (unsigned id = EVENT_SYSCALL; id < EVENT_COUNT; id++)
		if (schema_get(id) && schema_call_number(id, (enum abi)key->abi) == key->number)
			return schema_get(id)->name;
	snprintf(made, 16, "%u", key->number);
	return made;
}

static void tell(void *ctx, const struct call_key *key, const struct call_count *count)
{
	struct agent *a = ctx;
	struct syscall_stats *s = &a->syscall_stats;
	struct event_syscall_stats *e;
	char made[16];

	s->counted += count->count;
	e = build_begin(&a->losses.build, EVENT_syscall_stats, s->until, ++a->losses.seq);
	e->head.policy = a->generation;
	e->head.who.proc_cgroup = e->cgroup = key->cgroup;
	e->count = count->count;
	e->errors = count->errors;
	e->interval = s->until - s->since;
	e->uncounted = s->uncounted;
	build_str(&a->losses.build, &e->call, name_of(key, made));
	agent_tell(a);
}

/* What was there when the reading began has been read or was thrown out; what came meanwhile may be in
 * either, so this is the least that was lost. */
static void finish(struct syscall_stats *s)
{
	uint64_t lost = s->seen > s->counted ? s->seen - s->counted : 0;

	s->uncounted = lost > s->lost ? lost - s->lost : 0;
	s->lost += s->uncounted;
	s->since = s->until;
	s->reading = false;
}

static void read_on(struct agent *a)
{
	struct syscall_stats *s = &a->syscall_stats;
	int more = 1;

	for (unsigned i = 0; i < BATCHES && more > 0; i++)
		more = stats_read(s->reader, tell, a);
	if (more < 0)
		log_say(a->options.log, LOG_warning, "cannot read the counters of system calls: %s", strerror(-more));
	if (more <= 0)
		finish(s);
}

void syscall_stats_tick(struct agent *a)
{
	struct syscall_stats *s = &a->syscall_stats;
	uint64_t now = clock_boot();

	if (!s->interval || !stats_there(&a->probe)) {
		end(s);
		return;
	}
	if (!s->reader)
		s->reader = stats_reader_new(&a->probe);
	if (!s->reader)
		return;
	if (!s->since)
		s->since = now;
	if (!s->reading && now - s->since < s->interval)
		return;
	if (!s->reading) {
		s->until = now;
		s->seen = stats_seen(s->reader);
	}
	s->reading = true;
	read_on(a);
}

void syscall_stats_close(struct syscall_stats *s)
{
	stats_reader_free(s->reader);
	s->reader = NULL;
}
