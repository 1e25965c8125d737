/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who descends from whom, for filters that ask for an ancestor (proc.apid).
 *
 * A subtree is a set of process ids that a filter asks for, a bit of 64 in its generation.  The map of
 * lineages has an entry for each process whose ancestors are all known: the bits of those among them
 * that a subtree names.  A process without an entry is one that nobody knows of, and it passes.
 *
 * A child has its parent's bits and those of its parent's own id, before it runs; if the parent has no
 * entry, the child has none.  So all that is right for a process that runs stays right for all that it
 * will fork, and entries never change: user space adds those of what ran before (src/agent/lineages.c),
 * whose forks are either seen here by their parent's entry or have none until user space has read of them.
 *
 * Entries are of a generation.  While policies are replaced those of the old one and of the new one are
 * there, and forks add to both; a record asks the one that it was selected by, and when that was forgotten
 * meanwhile it passes. */
#ifndef SAKER_BPF_LINEAGE_H
#define SAKER_BPF_LINEAGE_H

#include "emit.h"

static __always_inline void lineage_inherit(struct lineage *child, struct lineage *parent, u32 generation)
{
	struct lineage_root root = { .pid = parent->pid, .generation = generation };
	u64 bits, *known, *own;

	parent->generation = child->generation = generation;
	known = bpf_map_lookup_elem(&lineages, parent);
	if (!known)
		return;
	bits = *known;
	own = bpf_map_lookup_elem(&lineage_roots, &root);
	if (own)
		bits |= *own;
	bpf_map_update_elem(&lineages, child, &bits, BPF_ANY);
}

/* Of CLONE_PARENT the caller's parent is the parent. */
static __always_inline void lineage_fork(struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, real_parent, group_leader);
	struct lineage child = { .pid = task->pid, .start = task->start_boottime };
	struct lineage parent = { .pid = BPF_CORE_READ(leader, tgid), .start = BPF_CORE_READ(leader, start_boottime) };

	if (task->pid != task->tgid)
		return;
	for (u32 i = 0; i < 2; i++)
		if (lineage_of[i])
			lineage_inherit(&child, &parent, lineage_of[i] - 1);
}

/* The last of its threads ends. */
static __always_inline void lineage_end(struct task_struct *task)
{
	struct lineage key = { .pid = task->tgid, .start = BPF_CORE_READ(task, group_leader, start_boottime) };

	for (u32 i = 0; i < 2; i++) {
		if (!lineage_of[i])
			continue;
		key.generation = lineage_of[i] - 1;
		bpf_map_delete_elem(&lineages, &key);
	}
}

#endif
