/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel side's counters of system calls by cgroup, read and set to nothing. */
#ifndef SAKER_KERNEL_STATS_H
#define SAKER_KERNEL_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared.h"

struct probe;
struct stats_reader;

/* A buffer for stats_read; NULL when out of memory. */
struct stats_reader *stats_reader_new(const struct probe *probe);
void stats_reader_free(struct stats_reader *reader);

/* Whether the counters run. */
bool stats_there(const struct probe *probe);

/* Take the next batch of counters, each of which begins at 0 again: 1 when there are more, 0 at the
 * end, when the next call begins anew, or negative errno. */
int stats_read(struct stats_reader *reader, void (*each)(void *ctx, const struct call_key *key,
							 const struct call_count *count), void *ctx);

/* All calls since the counters began to run. */
uint64_t stats_seen(struct stats_reader *reader);

#endif
