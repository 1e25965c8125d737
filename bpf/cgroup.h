/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The cgroup of a task, in the one hierarchy whose ids records name. */
#ifndef SAKER_BPF_CGROUP_H
#define SAKER_BPF_CGROUP_H

#include "compat.h"

/* Of version 1 a task has a cgroup for each controller.  The controller is known at load, so the
 * verifier sees a constant offset. */
static __always_inline u64 task_cgroup(struct task_struct *task, bool typed)
{
	struct css_set *set = GET(typed, task, cgroups);
	struct cgroup_subsys_state *css = 0, **at;

	if (!kernel_has.cgroup_v1)
		return GET(typed, set, dfl_cgrp, kn, id);
	at = (void *)set + bpf_core_field_offset(struct css_set, subsys) + kernel_has.controller * 8ul;
	if (typed)
		css = *at;
	else
		bpf_probe_read_kernel(&css, sizeof(css), at);
	return GET(typed, css, cgroup, kn, id);
}

/* Whose id that is, of the current task: to be read with checks. */
static __always_inline struct cgroup *current_cgroup(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = 0;
	u64 at;

	if (!kernel_has.cgroup_v1)
		return BPF_CORE_READ(set, dfl_cgrp);
	at = (u64)set + bpf_core_field_offset(struct css_set, subsys) + kernel_has.controller * 8ul;
	bpf_probe_read_kernel(&css, sizeof(css), (void *)at);
	return BPF_CORE_READ(css, cgroup);
}

#endif
