/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as text. */
#ifndef SAKER_OUTPUT_STAMP_H
#define SAKER_OUTPUT_STAMP_H

#include <stdint.h>

enum {
	STAMP_SECOND = 20,	/* bytes of 2026-11-23T10:00:00. */
	STAMP_LEN = 30,		/* bytes of 2026-11-23T10:00:00.123456789Z */
};

/* Write STAMP_SECOND bytes; years from 1970 to 9999. */
void stamp_second(char *to, uint64_t seconds);

/* Write nine digits. */
void stamp_fraction(char *to, uint32_t ns);

/* Write STAMP_LEN bytes of RFC 3339 in UTC, from nanoseconds since 1970. */
void stamp_wall(char *to, uint64_t ns);

#endif
