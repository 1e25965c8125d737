// SPDX-License-Identifier: Apache-2.0
#include "kernel/account.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event/schema.h"
#include "kernel/probe.h"
#include "saker.skel.h"

struct account_reader {
	const struct probe *probe;
	unsigned cpus;
	struct tally *tallies;		/* one event, every cpu */
	struct numbered *numbered;	/* one slot, every cpu */
};

struct account_reader *account_reader_new(const struct probe *probe)
{
	struct account_reader *r = calloc(1, sizeof(*r));
	int cpus = libbpf_num_possible_cpus();

	if (!r || cpus < 0) {
		free(r);
		return NULL;
	}
	r->probe = probe;
	r->cpus = cpus;
	r->tallies = calloc(cpus, sizeof(*r->tallies));
	r->numbered = calloc(cpus, sizeof(*r->numbered));
	if (r->tallies && r->numbered)
		return r;
	account_reader_free(r);
	return NULL;
}

void account_reader_free(struct account_reader *r)
{
	if (!r)
		return;
	free(r->tallies);
	free(r->numbered);
	free(r);
}

static void tally_add(struct account *a, unsigned id, unsigned cpu, const struct tally *t)
{
	enum lane lane = schema_lane(id);
	struct lane_account *l = &a->lanes[lane];

	a->events[id].filtered += t->filtered;
	a->events[id].limited += t->limited;
	a->events[id].muted += t->muted;
	l->filtered += t->filtered;
	l->limited += t->limited;
	l->muted += t->muted;
	for (unsigned i = 0; i < DROPS; i++) {
		a->events[id].dropped[i] += t->dropped[i];
		l->dropped[i] += t->dropped[i];
		a->cpu_dropped[lane][cpu % ACCOUNT_CPUS] += t->dropped[i];
	}
}

/* Events that are not wanted were never counted. */
static bool counted(const struct probe *p, unsigned id)
{
	return schema_get(id) && p->rungs[id].name;
}

int account_read(struct account_reader *r, struct account *ret)
{
	int tallies = bpf_map__fd(r->probe->skel->maps.tallies), numbered = bpf_map__fd(r->probe->skel->maps.numbered);

	memset(ret, 0, sizeof(*ret));
	for (uint32_t id = 1; id < EVENT_COUNT; id++) {
		if (!counted(r->probe, id))
			continue;
		if (bpf_map_lookup_elem(tallies, &id, r->tallies) < 0)
			return -errno;
		for (unsigned cpu = 0; cpu < r->cpus; cpu++)
			tally_add(ret, id, cpu, &r->tallies[cpu]);
	}
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		if (bpf_map_lookup_elem(numbered, &slot, r->numbered) < 0)
			return -errno;
		for (unsigned cpu = 0; cpu < r->cpus; cpu++)
			for (unsigned lane = 0; lane < LANES; lane++)
				ret->lanes[lane].numbered += r->numbered[cpu].seq[lane];
	}
	return 0;
}

/* Keep the largest, in order. */
static unsigned top_insert(struct loud_cgroup *top, unsigned n, struct loud_cgroup c)
{
	unsigned at = n;

	while (at > 0 && top[at - 1].count < c.count)
		at--;
	if (at == ACCOUNT_TOP)
		return n;
	if (n < ACCOUNT_TOP)
		n++;
	memmove(&top[at + 1], &top[at], (n - 1 - at) * sizeof(*top));
	top[at] = c;
	return n;
}

unsigned account_loud(struct account_reader *r, enum lane lane, struct loud_cgroup top[ACCOUNT_TOP])
{
	int map = bpf_map__fd(r->probe->skel->maps.loud);
	struct loud key, next, *at = NULL;
	unsigned n = 0;
	uint64_t count;

	while (bpf_map_get_next_key(map, at, &next) == 0) {
		if (at && key.lane == lane)
			bpf_map_delete_elem(map, &key);
		key = next;
		at = &key;
		if (key.lane == lane && bpf_map_lookup_elem(map, &key, &count) == 0)
			n = top_insert(top, n, (struct loud_cgroup){ key.cgroup, count });
	}
	if (at && key.lane == lane)
		bpf_map_delete_elem(map, &key);
	return n;
}

uint64_t account_dropped(const struct lane_account *l)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < DROPS; i++)
		sum += l->dropped[i];
	return sum;
}

uint64_t account_seen(const struct lane_account *l)
{
	return l->filtered + l->limited + l->muted + l->numbered + account_dropped(l) - l->dropped[DROP_FULL];
}
