/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is freed whole: for what is read at start and on reload. */
#ifndef SAKER_BASE_ARENA_H
#define SAKER_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;	/* the newest first */
	size_t used, limit;		/* bytes taken from the system, and how many may be */
};

void arena_init(struct arena *arena, size_t limit);

/* Zeroed, aligned to 8 bytes, not NULL for 0 bytes; NULL beyond the limit or without memory. */
void *arena_alloc(struct arena *arena, size_t n);

/* A copy of n bytes and a NUL behind them; NULL as above. */
char *arena_copy(struct arena *arena, const void *bytes, size_t n);

char *arena_strdup(struct arena *arena, const char *text);

/* Also of a zeroed arena, and again; then it may be used anew with the same limit. */
void arena_fini(struct arena *arena);

#endif
