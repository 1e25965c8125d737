// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <time.h>

enum { LOOKS = 5 };

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

uint64_t clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

/* Between two looks at one clock something else may run: the look at the other clock that took the
 * least time in between is the truest. */
int64_t clock_boot_to_wall(void)
{
	uint64_t best = UINT64_MAX;
	int64_t offset = 0;

	for (int i = 0; i < LOOKS; i++) {
		uint64_t before = clock_boot(), wall = read_clock(CLOCK_REALTIME), after = clock_boot();

		if (after - before < best) {
			best = after - before;
			offset = wall - (before + best / 2);
		}
	}
	return offset;
}
