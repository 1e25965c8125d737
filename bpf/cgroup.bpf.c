// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Cgroups come and go, and processes move between them. */
#include "emit.h"

enum { CGROUP_PATH_MAX = 4096 };

struct cgroup_root { int hierarchy_id; } __attribute__((preserve_access_index));
struct cgroup___root { struct cgroup_root *root; } __attribute__((preserve_access_index));

/* 0 is the version 2 hierarchy: its root has number 1 before mounts and the kernel's default
 * root is cgrp_dfl_root, whose hierarchy_id is 0 (kernel/cgroup/cgroup.c, cgroup_init). */
static __always_inline s64 cgroup_hierarchy(struct cgroup *cgroup)
{
	return BPF_CORE_READ((struct cgroup___root *)cgroup, root, hierarchy_id);
}

/* A cgroup's begin and its end say the same of it. */
_Static_assert(sizeof(struct event_cgroup_mkdir) == sizeof(struct event_cgroup_rmdir) &&
	       (int)BIT_cgroup_mkdir_path == (int)BIT_cgroup_rmdir_path, "cgroup_mkdir, cgroup_rmdir");

static __always_inline int cgroup_emit(void *ctx, struct event_cgroup_mkdir *e, struct cgroup *cgroup,
				       const char *path)
{
	if (!e)
		return 0;
	record_current(&e->head);
	e->id = BPF_CORE_READ(cgroup, kn, id);
	e->hierarchy = cgroup_hierarchy(cgroup);
	e->level = cgroup->level;
	put_str(&e->head, &e->path, path, KERNEL, CGROUP_PATH_MAX, BIT_cgroup_mkdir_path);
	return record_end(ctx, &e->head);
}

/* What is begun in a muted cgroup is muted from its first moment. */
static __always_inline void mute_inherit(struct cgroup *cgroup)
{
	u64 id = BPF_CORE_READ(cgroup, kn, id), none = 0;
	u64 parent = BPF_CORE_READ(cgroup, self.parent, cgroup, kn, id);

	if (bpf_map_lookup_elem(&mutes, &parent))
		bpf_map_update_elem(&mutes, &id, &none, BPF_NOEXIST);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_mkdir__tp, struct cgroup *cgroup, const char *path)
{
	if (mutes_on)
		mute_inherit(cgroup);
	if (!identity_wanted(EVENT_cgroup_mkdir))
		return 0;
	return cgroup_emit(ctx, RECORD(cgroup_mkdir, critical), cgroup, path);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_rmdir__tp, struct cgroup *cgroup, const char *path)
{
	if (!identity_wanted(EVENT_cgroup_rmdir))
		return 0;
	return cgroup_emit(ctx, (void *)RECORD(cgroup_rmdir, critical), cgroup, path);
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attach_task__tp, struct cgroup *cgroup, const char *path, struct task_struct *task,
	     bool whole)
{
	struct event_cgroup_attach_task *e;

	if (!event_wanted(EVENT_cgroup_attach_task))
		return 0;
	e = RECORD(cgroup_attach_task, critical);
	if (!e)
		return 0;
	record_current(&e->head);
	e->id = BPF_CORE_READ(cgroup, kn, id);
	e->hierarchy = cgroup_hierarchy(cgroup);
	e->pid = task->tgid;
	e->tid = task->pid;
	e->group = whole;
	bpf_probe_read_kernel_str(&e->name, sizeof(e->name), &task->comm);
	put_str(&e->head, &e->path, path, KERNEL, CGROUP_PATH_MAX, BIT_cgroup_attach_task_path);
	return record_end(ctx, &e->head);
}
