/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of records, which counts from boot, and its distance to the one on the wall. */
#ifndef SAKER_BASE_CLOCK_H
#define SAKER_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds since boot, suspended time included. */
uint64_t clock_boot(void);

/* What to add to that for nanoseconds since 1970. */
int64_t clock_boot_to_wall(void);

#endif
