/* SPDX-License-Identifier: Apache-2.0 */
/* One of so many events, the same ones each time a recording is replayed. */
#ifndef SAKER_POLICY_SAMPLE_H
#define SAKER_POLICY_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the record of this time and seq is one of the share of whole. */
static inline bool sample_share(uint64_t time, uint64_t seq, uint32_t share, uint32_t whole)
{
	uint64_t h = time + seq * 0x9e3779b97f4a7c15u;

	/* The finalizer of SplitMix64. */
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
	h = (h ^ h >> 27) * 0x94d049bb133111ebu;
	h ^= h >> 31;
	return (h >> 32) * whole >> 32 < share;
}

/* Whether it is the one of n; always for n below 2. */
static inline bool sample_pass(uint64_t time, uint64_t seq, uint32_t n)
{
	return n < 2 || sample_share(time, seq, 1, n);
}

#endif
