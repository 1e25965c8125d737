/* SPDX-License-Identifier: Apache-2.0 */
/* Two answers to "top" as lines of a screen. */
#ifndef SAKER_CMD_TOP_VIEW_H
#define SAKER_CMD_TOP_VIEW_H

#include <jansson.h>
#include <stddef.h>

/* The rates between two answers, as lines of at most columns printable characters; at most rows lines,
 * 0: the first ten of each kind.  From malloc, NULL when out of memory. */
char *top_view(const json_t *before, const json_t *now, unsigned rows, unsigned columns);

#endif
