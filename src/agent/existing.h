/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of processes that ran before: their iterator cannot read another one's memory on
 * all kernels, so they are taken from /proc while the process's record passes. */
#ifndef SAKER_AGENT_EXISTING_H
#define SAKER_AGENT_EXISTING_H

#include "event/build.h"
#include "kernel/lanes.h"

/* Where completed records go; build is room for one of them. */
struct existing {
	lane_reader reader;
	void *ctx;
	struct build *build;
};

/* A lane_reader: hands on the record, with args.argv where /proc has it. */
void existing_record(void *existing, const void *record, size_t len);

#endif
