/* SPDX-License-Identifier: Apache-2.0 */
/* Which file lies at an address of a process: read from /proc/PID/maps when a stack is first seen. */
#ifndef SAKER_IDENTITY_MAPPING_H
#define SAKER_IDENTITY_MAPPING_H

#include <stddef.h>
#include <stdint.h>

#include "shared.h"

struct process;

enum {
	MAPPING_READS = 32,		/* of /proc/PID/maps between two calls of mapping_refill */
	MAPPING_NAMES = 4096,		/* bytes of all names of one stack */
};

struct frame {
	uint64_t address;
	uint64_t offset;		/* in the file */
	const char *file;		/* NULL: not known.  Good until the next mapping_resolve. */
};

struct stack {
	struct frame frames[STACK_FRAMES];
	unsigned n;			/* the innermost first */
};

struct mapped_process;

struct mapping_table {
	struct mapped_process *processes;	/* from malloc with the first stack; NULL before */
	uint64_t turn;
	unsigned reads_left;
	struct stack stack;

	/* Counters. */
	uint64_t reads;			/* of /proc/PID/maps */
	uint64_t unknown;		/* stacks left without files: the process was gone, or too many were asked for */
};

void mapping_table_init(struct mapping_table *table);
void mapping_table_fini(struct mapping_table *table);

/* Time has passed: as many reads as before may be done again. */
void mapping_refill(struct mapping_table *table);

/* The files of n addresses in the memory of a process, which may be NULL.  Good until the next call. */
const struct stack *mapping_resolve(struct mapping_table *table, const struct process *process,
				    const uint64_t *addresses, size_t n);

#endif
