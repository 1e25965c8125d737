// SPDX-License-Identifier: Apache-2.0
#include "kernel/tree.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/probe.h"
#include "saker.skel.h"

int tree_add(struct probe *p, uint32_t pid)
{
	uint32_t one = 1;

	return bpf_map_update_elem(bpf_map__fd(p->skel->maps.tree), &pid, &one, BPF_ANY);
}

uint64_t tree_unfollowed(const struct probe *p)
{
	return __atomic_load_n(&p->skel->bss->unfollowed, __ATOMIC_RELAXED);
}

bool tree_empty(const struct probe *p)
{
	uint32_t pid;

	return bpf_map_get_next_key(bpf_map__fd(p->skel->maps.tree), NULL, &pid) < 0;
}
