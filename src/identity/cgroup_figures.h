/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's files say of the processor, memory, disks and tasks of one cgroup. */
#ifndef SAKER_IDENTITY_CGROUP_FIGURES_H
#define SAKER_IDENTITY_CGROUP_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#include "identity/cgroup_root.h"

/* As the fields of the event container_stats are called, in the same units. */
#define CGROUP_FIGURES(X) \
	X(cpu_usage) X(cpu_user) X(cpu_system) X(cpu_limit) X(cpu_periods) X(cpu_throttled_periods) \
	X(cpu_throttled) X(memory_usage) X(memory_limit) X(memory_peak) X(memory_anon) X(memory_file) \
	X(memory_failures) X(oom_kills) X(io_read) X(io_written) X(io_reads) X(io_writes) X(pids) \
	X(pids_limit) X(cpu_some) X(cpu_full) X(memory_some) X(memory_full) X(io_some) X(io_full)

enum cgroup_figure {
#define X(name) FIGURE_##name,
	CGROUP_FIGURES(X)
#undef X
	FIGURES_SHOWN,
	FIGURE_quota = FIGURES_SHOWN, FIGURE_period,	/* of these cpu_limit is made */
	FIGURES
};

struct cgroup_figures { uint64_t values[FIGURES]; };	/* UINT64_MAX: unknown, or no limit */

/* Hierarchies that the files are in; of version 2 one has them all, of version 1 each controller is one,
 * and pressure is told by version 2 beside them. */
enum cgroup_tree { TREE_CPU, TREE_CPUACCT, TREE_MEMORY, TREE_BLKIO, TREE_PIDS, TREE_UNIFIED, TREES };

struct cgroup_trees {
	enum cgroup_version version;
	int fds[TREES];		/* -1: not mounted; of version 2 only TREE_UNIFIED */
	int home;		/* the caller's: the hierarchy whose ids are those of cgroups */
};

enum { FIGURES_TEXT = 64 << 10 };	/* a longer file tells nothing */

/* Open what is mounted of them.  root, which is open, stays the caller's. */
void cgroup_trees_open(struct cgroup_trees *trees, const struct cgroup_root *root);
void cgroup_trees_close(struct cgroup_trees *trees);

void cgroup_figures_init(struct cgroup_figures *figures);

/* Take in what one file holds, by its name; what an earlier file told stays.  text ends with a NUL. */
void cgroup_figures_parse(struct cgroup_figures *figures, enum cgroup_version version, const char *file,
			  const char *text);

/* Make what follows from the others. */
void cgroup_figures_end(struct cgroup_figures *figures);

/* Read all files of a cgroup of this id and path, "/a/b".  buf: FIGURES_TEXT bytes for the files.  0, or
 * -ENOENT when it is gone or another one has its path. */
int cgroup_figures_read(struct cgroup_figures *figures, const struct cgroup_trees *trees, uint64_t id,
			const char *path, char *buf);

#endif
