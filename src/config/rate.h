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

/* Take what follows the rate in a text, to its end; to is what rate_read_as fills. */
typedef bool rate_rest(const char *p, void *to);

/* A rate with more: a text of a rate and rest, or a map of rows.  to begins with a struct rate and has
 * its defaults; its burst becomes count where none is given.  0, -EINVAL or -ENOMEM with words in
 * cx->diag; to is written in any case. */
int rate_read_as(const struct option_context *cx, const struct option_row *row, const struct node *node,
		 const struct option_row *rows, rate_rest *rest, void *to);

/* The option_parser of the row "rate" of such a map. */
int rate_read_row(const struct option_context *cx, const struct option_row *row, const struct node *node, void *to);

/* An option_parser: "5/s burst 10", or a map of rate and burst.  to is a struct rate. */
int rate_read(const struct option_context *cx, const struct option_row *row, const struct node *node, void *to);

#endif
