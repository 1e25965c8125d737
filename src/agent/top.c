// SPDX-License-Identifier: Apache-2.0
#include "agent/top.h"

#include <string.h>

void top_want(struct top *t, uint64_t now, unsigned seconds)
{
	uint64_t until = now + (seconds > TOP_SECONDS_MIN ? seconds : TOP_SECONDS_MIN) * UINT64_C(1000000000);

	t->until = until > t->until ? until : t->until;
}

void top_tick(struct top *t, uint64_t now)
{
	if (!t->until || now < t->until)
		return;
	t->until = 0;
	memset(t->entries, 0, sizeof(t->entries));
}

/* The entry of the key, or the one with the fewest, which a free one has. */
static struct top_entry *find(struct top_entry *entries, uint64_t key)
{
	struct top_entry *least = &entries[0];

	for (unsigned i = 0; i < TOP_ENTRIES; i++) {
		if (entries[i].key == key && entries[i].pid)
			return &entries[i];
		if (entries[i].count < least->count)
			least = &entries[i];
	}
	return least;
}

static void count(struct top *t, enum top_kind kind, uint64_t key, const struct who *who)
{
	struct top_entry *e = find(t->entries[kind], key);

	if (e->key != key || !e->pid) {
		e->key = key;
		e->excess = e->count;
		e->since = ++t->newcomers;
	}
	e->pid = who->host_pid;
	e->name = who->proc_name;
	e->count++;
}

void top_count(struct top *t, const struct who *who)
{
	if (!who->host_pid)
		return;
	count(t, TOP_PROCESSES, who->proc_leader_start ^ (uint64_t)who->host_pid << 40, who);
	count(t, TOP_CGROUPS, who->proc_cgroup, who);
}
