/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that ran before, as records of process_existing. */
#ifndef SAKER_KERNEL_SNAPSHOT_H
#define SAKER_KERNEL_SNAPSHOT_H

#include "kernel/lanes.h"

struct probe;

/* Hand every process to the reader.  How many, or negative errno. */
int snapshot_processes(struct probe *probe, lane_reader reader, void *ctx);

#endif
