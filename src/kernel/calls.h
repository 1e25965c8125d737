/* SPDX-License-Identifier: Apache-2.0 */
/* The table of system calls as the kernel side reads it. */
#ifndef SAKER_KERNEL_CALLS_H
#define SAKER_KERNEL_CALLS_H

#include <stdbool.h>

#include "event/schema.h"
#include "event/set.h"

struct probe;

/* The call by which the agent sees that the hooks of system calls run: one that hardly anybody makes,
 * that changes nothing and that seccomp filters let through. */
enum { CALLS_CANARY = EVENT_call_get_robust_list };

/* Write the rows of these system calls; opens: file_open is produced by the exit of open, .. */
void calls_write(struct probe *probe, const struct event_set *wanted, bool opens);

#endif
