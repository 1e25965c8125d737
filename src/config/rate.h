/* SPDX-License-Identifier: Apache-2.0 */
/* How often: "5/s", "1 per 15s", as limits are written. */
#ifndef SAKER_CONFIG_RATE_H
#define SAKER_CONFIG_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/option.h"

enum { RATE_WORD = 24, RATE_COUNT_MAX = 1000000 };

/* At most count in each interval, burst at once.  count 0: no limit. */
struct rate {
	uint64_t count, interval;	/* interval in ms */
	uint64_t burst;
};

/* Cut the next word off; "" at the end.  What is too long is no word of ours. */
void rate_word(const char **p, char word[static RATE_WORD]);

/* A number from 1 to RATE_COUNT_MAX. */
bool rate_count(const char *word, uint64_t *ret);

/* "5/s" or "1 per 15s" at the beginning of a text. */
bool rate_take(const char **p, uint64_t *count, uint64_t *interval);

/* Whether a bucket can count burst for so long an interval, which it does in nanoseconds; if not,
 * the largest burst that it can, else 0. */
uint64_t rate_burst_over(uint64_t burst, uint64_t interval);

/* An option_parser: "5/s burst 10", or a map of rate and burst.  to is a struct rate. */
int rate_read(const struct option_context *cx, const struct option_row *row, const struct node *node, void *to);

/* What the map has. */
extern const struct option_row rate_rows[];

#endif
