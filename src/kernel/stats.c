// SPDX-License-Identifier: Apache-2.0
#include "kernel/stats.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "kernel/probe.h"
#include "saker.skel.h"

enum { BATCH = 512 };	/* more than a bucket of the map ever has */

struct stats_reader {
	const struct probe *probe;
	unsigned cpus;
	bool begun;
	uint32_t at;			/* where the next batch begins, once begun */
	struct call_key *keys;
	struct call_count *counts;	/* of every cpu */
	uint64_t *seen;			/* likewise */
};

struct stats_reader *stats_reader_new(const struct probe *probe)
{
	struct stats_reader *r = calloc(1, sizeof(*r));
	int cpus = libbpf_num_possible_cpus();

	if (!r || cpus < 0) {
		free(r);
		return NULL;
	}
	*r = (struct stats_reader){ .probe = probe, .cpus = cpus };
	r->keys = calloc(BATCH, sizeof(*r->keys));
	r->counts = calloc((size_t)BATCH * cpus, sizeof(*r->counts));
	r->seen = calloc(cpus, sizeof(*r->seen));
	if (r->keys && r->counts && r->seen)
		return r;
	stats_reader_free(r);
	return NULL;
}

void stats_reader_free(struct stats_reader *r)
{
	if (!r)
		return;
	free(r->keys);
	free(r->counts);
	free(r->seen);
	free(r);
}

/* The maps are those of the skeleton that was loaded with the program. */
static int map_fd(const struct probe *p, const char *name)
{
	int fd = bpf_map__fd(bpf_object__find_map_by_name(p->skel->obj, name));

	for (unsigned i = 0; i < p->nextras && fd < 0; i++)
		fd = bpf_map__fd(bpf_object__find_map_by_name(p->extras[i]->obj, name));
	return fd;
}

bool stats_there(const struct probe *p)
{
	return event_set_has(&p->wanted, EVENT_syscall_stats) && map_fd(p, "call_counts") >= 0;
}

static struct call_count sum(const struct stats_reader *r, unsigned i)
{
	struct call_count all = { 0 };

	for (unsigned cpu = 0; cpu < r->cpus; cpu++) {
		all.count += r->counts[(size_t)i * r->cpus + cpu].count;
		all.errors += r->counts[(size_t)i * r->cpus + cpu].errors;
	}
	return all;
}

int stats_read(struct stats_reader *r, void (*each)(void *ctx, const struct call_key *key,
						    const struct call_count *count), void *ctx)
{
	uint32_t n = BATCH;
	int err = 0;

	if (bpf_map_lookup_and_delete_batch(map_fd(r->probe, "call_counts"), r->begun ? &r->at : NULL, &r->at, r->keys,
					    r->counts, &n, NULL) < 0)
		err = errno;
	r->begun = err == 0;
	if (err && err != ENOENT)
		return -err;
	for (uint32_t i = 0; i < n; i++) {
		struct call_count all = sum(r, i);

		each(ctx, &r->keys[i], &all);
	}
	return r->begun;
}

uint64_t stats_seen(struct stats_reader *r)
{
	uint32_t zero = 0;
	uint64_t all = 0;

	if (bpf_map_lookup_elem(map_fd(r->probe, "calls_seen"), &zero, r->seen) < 0)
		return 0;
	for (unsigned cpu = 0; cpu < r->cpus; cpu++)
		all += r->seen[cpu];
	return all;
}
