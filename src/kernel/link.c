// SPDX-License-Identifier: Apache-2.0
#include "kernel/link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "kernel/probe.h"

struct bpf_link *link_attach(const struct probe *p, const struct bpf_program *prog)
{
	if (!strncmp(bpf_program__section_name(prog), "cgroup", 6))
		return bpf_program__attach_cgroup(prog, p->options.cgroup_sockets);
	return perf_event_attach(&p->options.perf, prog);
}

uint32_t probe_link_id(const struct bpf_link *link)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &len) == 0 ? info.id : 0;
}
