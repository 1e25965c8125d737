// SPDX-License-Identifier: Apache-2.0
#include "base/lru.h"

#include <string.h>

/* At most half full, so that searches are short. */
static uint32_t index_size(uint32_t size)
{
	uint32_t n = 4;

	while (n < 2 * (uint64_t)size)
		n *= 2;
	return n;
}

size_t lru_bytes(uint32_t size)
{
	return ((size_t)size + 1) * sizeof(struct lru_entry) + index_size(size) * sizeof(uint32_t);
}

void lru_place(struct lru *lru, void *memory, uint32_t size)
{
	memset(lru, 0, sizeof(*lru));
	lru->entries = memory;
	lru->index = (void *)(lru->entries + size + 1);
	lru->mask = index_size(size) - 1;
	lru->size = size;
}

static uint32_t home(const struct lru *lru, uint64_t hi)
{
	return (hi * 0x9e3779b97f4a7c15u) >> 32 & lru->mask;
}

uint32_t lru_find(const struct lru *lru, uint64_t hi, uint64_t lo)
{
	uint32_t i = home(lru, hi), slot;

	for (; (slot = lru->index[i]); i = (i + 1) & lru->mask)
		if (lru->entries[slot].hi == hi && lru->entries[slot].lo == lo)
			break;
	return slot;
}

uint32_t lru_find_hi(const struct lru *lru, uint64_t hi)
{
	uint32_t i = home(lru, hi), slot;

	for (; (slot = lru->index[i]); i = (i + 1) & lru->mask)
		if (lru->entries[slot].hi == hi)
			break;
	return slot;
}

static void link_newest(struct lru *lru, uint32_t slot)
{
	struct lru_entry *e = lru->entries, *head = &e[0];

	e[slot].newer = 0;
	e[slot].older = head->older;
	e[head->older].newer = slot;
	head->older = slot;
}

static void unlink_slot(struct lru *lru, uint32_t slot)
{
	struct lru_entry *e = lru->entries;

	e[e[slot].older].newer = e[slot].newer;
	e[e[slot].newer].older = e[slot].older;
}

void lru_touch(struct lru *lru, uint32_t slot)
{
	if (lru->entries[0].older == slot)
		return;
	unlink_slot(lru, slot);
	link_newest(lru, slot);
}

/* Close the gap, so that every search still ends at the first empty place. */
static void index_remove(struct lru *lru, uint32_t slot)
{
	uint32_t mask = lru->mask, gap = home(lru, lru->entries[slot].hi), i;

	while (lru->index[gap] != slot)
		gap = (gap + 1) & mask;
	for (i = (gap + 1) & mask; lru->index[i]; i = (i + 1) & mask) {
		uint32_t wants = home(lru, lru->entries[lru->index[i]].hi);

		if (((i - wants) & mask) < ((i - gap) & mask))
			continue;
		lru->index[gap] = lru->index[i];
		gap = i;
	}
	lru->index[gap] = 0;
}

static void index_add(struct lru *lru, uint32_t slot)
{
	uint32_t i = home(lru, lru->entries[slot].hi);

	while (lru->index[i])
		i = (i + 1) & lru->mask;
	lru->index[i] = slot;
}

void lru_remove(struct lru *lru, uint32_t slot)
{
	index_remove(lru, slot);
	unlink_slot(lru, slot);
	lru->entries[slot].newer = lru->unused;
	lru->unused = slot;
	lru->count--;
}

uint32_t lru_victim(const struct lru *lru)
{
	return lru->count == lru->size ? lru->entries[0].newer : 0;
}

static uint32_t take_unused(struct lru *lru)
{
	uint32_t slot = lru->unused;

	if (slot)
		lru->unused = lru->entries[slot].newer;
	else
		slot = ++lru->handed;
	return slot;
}

uint32_t lru_add(struct lru *lru, uint64_t hi, uint64_t lo)
{
	uint32_t slot = lru_victim(lru);

	if (slot)
		lru_remove(lru, slot);
	slot = take_unused(lru);
	lru->entries[slot].hi = hi;
	lru->entries[slot].lo = lo;
	index_add(lru, slot);
	link_newest(lru, slot);
	lru->count++;
	return slot;
}

void lru_clear(struct lru *lru)
{
	memset(lru->index, 0, (lru->mask + (size_t)1) * sizeof(*lru->index));
	lru->entries[0] = (struct lru_entry){ 0 };
	lru->handed = lru->unused = lru->count = 0;
}
