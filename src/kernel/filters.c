// SPDX-License-Identifier: Apache-2.0
#include "kernel/filters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "kernel/lineage.h"
#include "kernel/probe.h"
#include "saker.skel.h"

static int fill_array(struct bpf_map *map, unsigned first, const void *values, size_t size, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t key = first + i;

		if (bpf_map_update_elem(bpf_map__fd(map), &key, (const char *)values + i * size, BPF_ANY) < 0)
			return -errno;
	}
	return 0;
}

static int fill_members(struct probe *p, uint16_t generation, const struct filter_image *image)
{
	const uint8_t one = 1;

	for (unsigned i = 0; i < image->nmembers; i++) {
		struct filter_member key = image->members[i];

		key.generation = generation;
		if (bpf_map_update_elem(bpf_map__fd(p->skel->maps.filter_members), &key, &one, BPF_ANY) < 0)
			return -errno;
	}
	return 0;
}

/* The subtrees that begin with the processes of a set, as bits. */
static uint64_t subtrees_of(const struct filter_image *image, unsigned set)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < image->nsubtrees; i++)
		if (image->subtrees[i] == set)
			bits |= UINT64_C(1) << i;
	return bits;
}

/* From then on forks pass on who descends from whom. */
static int fill_roots(struct probe *p, uint16_t generation, const struct filter_image *image)
{
	int fd = bpf_map__fd(p->skel->maps.lineage_roots);

	for (unsigned i = 0; i < image->nmembers && image->nsubtrees; i++) {
		struct lineage_root key = { .pid = image->members[i].value, .generation = generation };
		uint64_t bits = subtrees_of(image, image->members[i].set), other;

		if (!bits)
			continue;
		if (bpf_map_lookup_elem(fd, &key, &other) == 0)
			bits |= other;
		if (bpf_map_update_elem(fd, &key, &bits, BPF_ANY) < 0)
			return -errno;
	}
	/* Of ids in another namespace the kernel side knows nothing. */
	if (image->nsubtrees && !p->skel->rodata->home_pid_ns)
		__atomic_store_n(&p->skel->bss->lineage_of[generation & 1], generation + 1u, __ATOMIC_SEQ_CST);
	return 0;
}

static void forget_roots(struct probe *p, uint16_t generation, const struct filter_image *image)
{
	int fd = bpf_map__fd(p->skel->maps.lineage_roots);

	for (unsigned i = 0; i < image->nmembers && image->nsubtrees; i++) {
		struct lineage_root key = { .pid = image->members[i].value, .generation = generation };

		if (subtrees_of(image, image->members[i].set))
			bpf_map_delete_elem(fd, &key);
	}
}

/* No fork passes them on any more. */
static void keep_no_lineages(struct probe *p, unsigned bank)
{
	__atomic_store_n(&p->skel->bss->lineage_of[bank], 0, __ATOMIC_SEQ_CST);
}

int filters_fill(struct probe *p, uint16_t generation, const struct filter_image *image)
{
	unsigned bank = generation & 1;
	int r;

	if (image->nfilters >= FILTERS_MAX || image->ntexts > FILTER_TEXTS || image->nmembers > FILTER_SETS)
		return -E2BIG;
	r = fill_array(p->skel->maps.filters, bank * FILTERS_MAX + 1, image->filters, sizeof(*image->filters),
		       image->nfilters);
	if (r == 0)
		r = fill_array(p->skel->maps.filter_texts, bank * FILTER_TEXTS, image->texts, sizeof(*image->texts),
			       image->ntexts);
	if (r == 0)
		r = fill_members(p, generation, image);
	if (r == 0)
		r = fill_roots(p, generation, image);
	if (r < 0) {
		filters_forget(p, generation, image);
		return r;
	}
	memcpy(p->skel->bss->filter_of[bank], image->filter_of, sizeof(image->filter_of));
	for (unsigned i = 0; i < EVENTS_MAX / 64; i++) {
		p->skel->bss->stacks_wanted[bank][i] = image->stacks.bits[i] | p->options.stacks.bits[i];
		p->skel->bss->sessions_wanted[bank][i] = image->sessions.bits[i] | p->options.sessions.bits[i];
	}
	return 0;
}

void filters_switch(struct probe *p, uint16_t generation)
{
	__atomic_store_n(&p->skel->bss->policy_generation, generation, __ATOMIC_SEQ_CST);
	keep_no_lineages(p, !(generation & 1));
}

void filters_forget(struct probe *p, uint16_t generation, const struct filter_image *image)
{
	if (lineage_kept(p, generation))
		keep_no_lineages(p, generation & 1);
	forget_roots(p, generation, image);
	if (image->nsubtrees)
		lineage_sweep(p);
	for (unsigned i = 0; i < image->nmembers; i++) {
		struct filter_member key = image->members[i];

		key.generation = generation;
		bpf_map_delete_elem(bpf_map__fd(p->skel->maps.filter_members), &key);
	}
}
