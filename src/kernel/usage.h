/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of our programs and maps. */
#ifndef SAKER_KERNEL_USAGE_H
#define SAKER_KERNEL_USAGE_H

#include <stdbool.h>
#include <stdint.h>

struct probe;

enum {
	USAGE_PROGRAMS = 96,
	USAGE_MAPS = 64,
	USAGE_COUNTED = 4096,	/* of a map with more entries they are not counted */
};

struct program_usage {
	const char *name;	/* borrowed from the probe */
	uint64_t runs, run_ns;	/* 0 unless the kernel keeps statistics */
	uint64_t missed;	/* runs that the kernel skipped */
	bool attached;
};

struct map_usage {
	const char *name;	/* borrowed from the probe */
	bool counted;		/* entries is known */
	uint64_t entries, max_entries;
	uint64_t bytes;		/* memory, as far as the kernel tells */
};

struct usage {
	struct program_usage programs[USAGE_PROGRAMS];
	struct map_usage maps[USAGE_MAPS];
	unsigned nprograms, nmaps;
};

/* Ask about all that is loaded: a system call a program, five a map and one for each of its entries,
 * which are counted for hash tables of at most USAGE_COUNTED. */
void usage_read(const struct probe *probe, struct usage *ret);

/* Have the kernel count runs and time of all programs, which costs each run some 20 to 100 ns, until
 * the descriptor is closed.  It, or negative errno. */
int usage_enable(void);

#endif
