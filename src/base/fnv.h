/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a: tells contents apart that nobody gains by making alike. */
#ifndef SAKER_BASE_FNV_H
#define SAKER_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>

/* The hash of what gave hash with n bytes more; begin with hash 0. */
static inline uint64_t fnv64(uint64_t hash, const void *bytes, size_t n)
{
	hash = hash ? hash : UINT64_C(0xcbf29ce484222325);
	for (const unsigned char *p = bytes, *end = p + n; p < end; p++)
		hash = (hash ^ *p) * UINT64_C(0x100000001b3);
	return hash;
}

#endif
