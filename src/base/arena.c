// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16384 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;	/* of bytes */
	_Alignas(8) char bytes[];
};

void arena_init(struct arena *arena, size_t limit)
{
	*arena = (struct arena){ .limit = limit };
}

/* A block with room for n bytes.  What is large gets one for itself, behind the one in use. */
static struct arena_block *grow(struct arena *arena, size_t n)
{
	size_t size = n > BLOCK_BYTES / 4 ? n : BLOCK_BYTES,
	       total = size + sizeof(struct arena_block);
	struct arena_block *block, **at = &arena->blocks;

	if (total > arena->limit - arena->used)
		return NULL;
	block = calloc(1, total);
	if (!block)
		return NULL;
	if (size != BLOCK_BYTES && *at)
		at = &(*at)->next;
	block->size = size;
	block->next = *at;
	*at = block;
	arena->used += total;
	return block;
}

void *arena_alloc(struct arena *arena, size_t n)
{
	struct arena_block *block = arena->blocks;
	void *ret;

	if (n > arena->limit)
		return NULL;
	n = n ? (n + 7) & ~(size_t)7 : 8;
	if (!block || block->size - block->used < n)
		block = grow(arena, n);
	if (!block)
		return NULL;
	ret = block->bytes + block->used;
	block->used += n;
	return ret;
}

char *arena_copy(struct arena *arena, const void *bytes, size_t n)
{
	char *copy = n < arena->limit ? arena_alloc(arena, n + 1) : NULL;

	if (copy && n)
		memcpy(copy, bytes, n);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text));
}

void arena_fini(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used = 0;
}
