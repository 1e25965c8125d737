/* SPDX-License-Identifier: Apache-2.0 */
/* How long things took: counts by powers of two. */
#ifndef SAKER_BASE_HISTOGRAM_H
#define SAKER_BASE_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 28 };

/* Bucket n has what took less than histogram_bound(n) and was not counted in one before; the last
 * has the rest. */
struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t sum;	/* nanoseconds */
};

/* 1.024 us, 2.048 us, ..: nanoseconds. */
static inline uint64_t histogram_bound(unsigned bucket)
{
	return UINT64_C(1024) << bucket;
}

static inline void histogram_add(struct histogram *h, uint64_t ns)
{
	unsigned i = ns >> 10 ? 64 - (unsigned)__builtin_clzll(ns >> 10) : 0;

	h->counts[i < HISTOGRAM_BUCKETS ? i : HISTOGRAM_BUCKETS - 1]++;
	h->sum += ns;
}

#endif
