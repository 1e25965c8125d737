/* SPDX-License-Identifier: Apache-2.0 */
/* From the expressions of all policies to one filter an event for the kernel side. */
#ifndef SAKER_POLICY_COMPILE_H
#define SAKER_POLICY_COMPILE_H

struct diag;
struct policy_set;

/* Make filter_of, filters and shared of a set whose plans are complete.  -ENOMEM, or -E2BIG with words
 * in diag. */
int policy_filters(struct policy_set *set, struct diag *diag);

#endif
