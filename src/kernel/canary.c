// SPDX-License-Identifier: Apache-2.0
#include "kernel/canary.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "kernel/perf_event.h"
#include "kernel/probe.h"
#include "kernel/rungs.h"
#include "saker.skel.h"

uint64_t canary_seen(const struct probe *p, unsigned canary)
{
	return canary < CANARIES ? __atomic_load_n(&p->skel->bss->canaries[canary], __ATOMIC_RELAXED) : 0;
}

static bool attached(const struct probe *p, bool (*is)(const struct bpf_program *))
{
	for (unsigned i = 0; i < p->nlinks; i++)
		if (is(p->programs[i]))
			return true;
	return false;
}

bool canary_expected(const struct probe *p, unsigned canary)
{
	if (canary == CANARY_EXIT)
		return attached(p, rungs_for_exit);
	if (canary == CANARY_ENTRY)
		return attached(p, rungs_for_entry);
	return p->nlinks && event_set_has(&p->wanted, canary) && p->rungs[canary].name;
}

bool canary_generation(const struct probe *p, uint16_t generation)
{
	return p->skel->bss->policy_generation == generation;
}

bool canary_listens(const struct probe *p, uint32_t self)
{
	return !p->skel->bss->filter.paused && p->skel->bss->filter.self == self;
}

/* A hook of an old kernel without links has no id, and is not looked at. */
static bool broken(const struct probe *p, unsigned i)
{
	return p->link_ids[i] && probe_link_id(p->links[i]) != p->link_ids[i];
}

const char *canary_broken_link(const struct probe *p)
{
	for (unsigned i = 0; i < p->nlinks; i++)
		if (broken(p, i))
			return bpf_program__name(p->programs[i]);
	return NULL;
}

/* The number of its descriptor may be somebody else's by now: it is not closed. */
static int attach_again(struct probe *p, unsigned i)
{
	struct bpf_link *link = perf_event_attach(&p->options.perf, p->programs[i]);

	if (!link)
		return -errno;
	bpf_link__disconnect(p->links[i]);
	bpf_link__destroy(p->links[i]);
	p->links[i] = link;
	p->link_ids[i] = probe_link_id(link);
	return 0;
}

int canary_mend(struct probe *p)
{
	int n = 0, r = 0;

	for (unsigned i = 0; i < p->nlinks && r == 0; i++)
		if (broken(p, i)) {
			r = attach_again(p, i);
			n++;
		}
	return r < 0 ? r : n;
}
