/* SPDX-License-Identifier: Apache-2.0 */
/* The table of system calls as the kernel side reads it. */
#ifndef KERNEL_CALLS_H
#define KERNEL_CALLS_H

#include <stdbool.h>

#include "event/set.h"

struct probe;

/* Write the rows of these system calls; opens: file_open is produced by the exit of open, .. */
void calls_write(struct probe *probe, const struct event_set *wanted, bool opens);

#endif
