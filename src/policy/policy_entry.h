/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a policy file and what is asked of each. */
#ifndef SAKER_POLICY_POLICY_ENTRY_H
#define SAKER_POLICY_POLICY_ENTRY_H

#include "config/option.h"
#include "policy/policy_file.h"

/* The options of an event. */
extern const struct option_row policy_entry_rows[];

/* Read "events:" into file->entries.  0, -EINVAL or -ENOMEM with words in cx->diag. */
int policy_entries_read(const struct option_context *cx, const struct node *node,
			struct policy_file *file);

/* "5/s burst 1 per cgroup", "1 per 15s", or a map of rate, burst and per.  to is a policy_limit. */
int policy_limit_read(const struct option_context *cx, const struct option_row *row,
		      const struct node *node, void *to);

/* "1/100" or "2.5%".  to is a policy_sample. */
int policy_sample_read(const struct option_context *cx, const struct option_row *row,
		       const struct node *node, void *to);

/* What the limit's map has. */
extern const struct option_row policy_limit_rows[];

#endif
