/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fixed number of slots, each under a key of two words; the least recently used gives way.
 * What a slot stands for is kept by the caller under the slot's number; slot 0 is none.
 */
#ifndef SAKER_BASE_LRU_H
#define SAKER_BASE_LRU_H

#include <stddef.h>
#include <stdint.h>

struct lru_entry {
	uint64_t hi, lo;
	uint32_t older, newer;
};

struct lru {
	struct lru_entry *entries;	/* a ring; from entry 0 newer leads to the oldest */
	uint32_t *index;		/* open addressing by hi; slot numbers, 0 is empty */
	uint32_t mask;			/* of the index */
	uint32_t size;			/* slots */
	uint32_t handed;		/* slots ever handed out */
	uint32_t unused;		/* head of the slots given back, linked by newer */
	uint32_t count;			/* slots in use */
};

/* Bytes of memory that so many slots take, a multiple of 8. */
size_t lru_bytes(uint32_t size);

/* Use zeroed memory of lru_bytes(size), which stays the caller's and is not touched before it is
 * needed. */
void lru_place(struct lru *lru, void *memory, uint32_t size);

/* The slot of a key, 0 if it has none. */
uint32_t lru_find(const struct lru *lru, uint64_t hi, uint64_t lo);

/* A slot of any key with this hi, 0 if there is none. */
uint32_t lru_find_hi(const struct lru *lru, uint64_t hi);

/* The slot that lru_add would take from another key, 0 while there is room. */
uint32_t lru_victim(const struct lru *lru);

/* A slot for a key that has none; what was in it is the caller's to clear. */
uint32_t lru_add(struct lru *lru, uint64_t hi, uint64_t lo);

/* The slot was used just now. */
void lru_touch(struct lru *lru, uint32_t slot);

void lru_remove(struct lru *lru, uint32_t slot);
void lru_clear(struct lru *lru);

#endif
