/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel side does with a filter, in plain C: its program is written after this one, and
 * tests hold both to what expressions mean. */
#ifndef SAKER_EXPR_KERNEL_MODEL_H
#define SAKER_EXPR_KERNEL_MODEL_H

#include "expr/expr.h"

/* What the kernel knows of the process's executable. */
struct model_exe {
	const char *path;
	__u64 dev, ino;
};

/* What it knows of who did it. */
struct model_task {
	const struct model_exe *exe;	/* NULL: not known */
	const char *cgroup;		/* path; NULL: not known */
	const __u32 *ancestors;		/* their process ids; NULL: not known */
	unsigned nancestors;
};

/* Whether a valid record passes the filter.  task: NULL when nothing of it is known. */
bool model_match(const struct event_filter *filter, const struct push_down *shared,
		 const void *record, const struct model_task *task);

#endif
