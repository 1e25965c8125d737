// SPDX-License-Identifier: Apache-2.0
#include "kernel/filters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

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
	if (r < 0) {
		filters_forget(p, generation, image);
		return r;
	}
	memcpy(p->skel->bss->filter_of[bank], image->filter_of, sizeof(image->filter_of));
	memcpy(p->skel->bss->stacks_wanted[bank], image->stacks.bits, sizeof(image->stacks.bits));
	return 0;
}

void filters_switch(struct probe *p, uint16_t generation)
{
	__atomic_store_n(&p->skel->bss->policy_generation, generation, __ATOMIC_SEQ_CST);
}

void filters_forget(struct probe *p, uint16_t generation, const struct filter_image *image)
{
	for (unsigned i = 0; i < image->nmembers; i++) {
		struct filter_member key = image->members[i];

		key.generation = generation;
		bpf_map_delete_elem(bpf_map__fd(p->skel->maps.filter_members), &key);
	}
}
