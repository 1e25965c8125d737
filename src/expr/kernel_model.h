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

/* Whether a valid record passes the filter.  exe: NULL when it is not known. */
bool model_match(const struct event_filter *filter, const struct push_down *shared,
		 const void *record, const struct model_exe *exe);

#endif
