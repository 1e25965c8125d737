// SPDX-License-Identifier: Apache-2.0
#include "kernel/mutes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "kernel/probe.h"
#include "saker.skel.h"

static int map_of(const struct probe *p)
{
	return bpf_map__fd(p->skel->maps.mutes);
}

int mutes_set(struct probe *p, uint64_t cgroup)
{
	uint64_t none = 0;

	if (bpf_map_update_elem(map_of(p), &cgroup, &none, BPF_NOEXIST) == 0 || errno == EEXIST)
		return 0;
	return -errno;
}

void mutes_begin_anew(struct probe *p, uint64_t cgroup)
{
	uint64_t none = 0;

	bpf_map_update_elem(map_of(p), &cgroup, &none, BPF_EXIST);
}

void mutes_unset(struct probe *p, uint64_t cgroup)
{
	bpf_map_delete_elem(map_of(p), &cgroup);
}

uint64_t mutes_count(const struct probe *p, uint64_t cgroup)
{
	uint64_t n;

	return bpf_map_lookup_elem(map_of(p), &cgroup, &n) < 0 ? 0 : n;
}

void mutes_switch(struct probe *p, bool on)
{
	p->skel->bss->mutes_on = on;
}
