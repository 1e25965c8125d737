/* SPDX-License-Identifier: Apache-2.0 */
/* Records of different cpus come a little out of order; a replay may begin a new boot. */
#ifndef SAKER_POLICY_BACKWARDS_H
#define SAKER_POLICY_BACKWARDS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the clock was set back from the older of two times, in nanoseconds since boot, to the
 * newer: more than records can overtake each other. */
static inline bool backwards(uint64_t now, uint64_t before)
{
	return now < before && before - now > 60 * UINT64_C(1000000000);
}

#endif
