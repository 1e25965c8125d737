// SPDX-License-Identifier: Apache-2.0
#include "kernel/lineage.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "kernel/probe.h"
#include "saker.skel.h"

bool lineage_kept(const struct probe *p, uint16_t generation)
{
	return p->skel->bss->lineage_of[generation & 1] == generation + 1u;
}

int lineage_add(struct probe *p, uint16_t generation, uint32_t pid, uint64_t start, uint64_t bits)
{
	const struct lineage key = { .pid = pid, .generation = generation, .start = start };

	if (bpf_map_update_elem(bpf_map__fd(p->skel->maps.lineages), &key, &bits, BPF_NOEXIST) == 0)
		return 1;
	return errno == EEXIST ? 0 : -errno;
}

void lineage_remove(struct probe *p, uint16_t generation, uint32_t pid, uint64_t start)
{
	const struct lineage key = { .pid = pid, .generation = generation, .start = start };

	bpf_map_delete_elem(bpf_map__fd(p->skel->maps.lineages), &key);
}

/* A key that stays is where the search for the next one goes on.  Should it end meanwhile, the search begins
 * anew, and so it has an end of its own. */
void lineage_sweep(struct probe *p)
{
	struct lineage at, next;
	int fd = bpf_map__fd(p->skel->maps.lineages);
	bool first = true;

	for (unsigned i = 0; i < 2 * LINEAGES_MAX && bpf_map_get_next_key(fd, first ? NULL : &at, &next) == 0; i++) {
		if (lineage_kept(p, next.generation)) {
			at = next;
			first = false;
		} else {
			bpf_map_delete_elem(fd, &next);
		}
	}
}
