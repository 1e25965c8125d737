/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The cgroup of a task, in the one hierarchy whose ids records name. */
#ifndef CGROUP_H
#define CGROUP_H

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

#endif
