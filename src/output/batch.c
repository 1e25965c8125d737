// SPDX-License-Identifier: Apache-2.0
#include "output/batch.h"

#include <string.h>
#include <sys/mman.h>

#include "base/text.h"

enum { PAGE = 4096 };

/* Blocks come from mmap: what is given back is gone at once, and a block that was never filled
 * takes only the pages that were touched. */
static struct batch *map(struct batch_pool *pool, uint32_t size)
{
	struct batch *b = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (b == MAP_FAILED) {
		pool->failed++;
		return NULL;
	}
	b->pool = pool;
	b->size = size;
	pool->blocks++;
	pool->bytes += size;
	return b;
}

static void unmap(struct batch *b)
{
	b->pool->blocks--;
	b->pool->bytes -= b->size;
	munmap(b, b->size);
}

uint32_t batch_size_for(uint32_t len)
{
	uint32_t size = sizeof(struct batch) + len + sizeof(struct mark);

	return size <= BATCH_BYTES ? BATCH_BYTES : (size + PAGE - 1) / PAGE * PAGE;
}

struct batch *batch_new(struct batch_pool *pool, uint32_t len)
{
	struct batch *b = pool->spare;
	uint32_t size = batch_size_for(len);

	if (b && size == BATCH_BYTES) {
		pool->spare = b->next;
		pool->nspare--;
		if (pool->nspare < pool->idle)
			pool->idle = pool->nspare;
	} else {
		b = map(pool, size);
	}
	if (!b)
		return NULL;
	b->next = NULL;
	b->owners = 1;
	b->bytes = b->n = 0;
	memset(b->lane_lines, 0, sizeof(b->lane_lines));
	memset(b->lane_bytes, 0, sizeof(b->lane_bytes));
	return b;
}

void batch_own(struct batch *b)
{
	b->owners++;
}

void batch_disown(struct batch *b)
{
	struct batch_pool *pool = b->pool;

	if (--b->owners)
		return;
	if (b->size != BATCH_BYTES || pool->nspare >= BATCH_POOL_SPARE) {
		unmap(b);
		return;
	}
	b->next = pool->spare;
	pool->spare = b;
	pool->nspare++;
}

void batch_added(struct batch *b, const struct mark *mark, uint32_t len)
{
	struct mark *m = batch_mark(b, b->n);

	*m = *mark;
	b->bytes += len;
	m->end = b->bytes;
	b->n++;
	b->lane_lines[m->lane]++;
	b->lane_bytes[m->lane] += len;
}

void batch_copy(struct batch *to, const struct batch *from, uint32_t i)
{
	uint32_t begin = batch_begin(from, i), len = batch_mark(from, i)->end - begin;

	text_copy(to->text + to->bytes, from->text + begin, len);
	batch_added(to, batch_mark(from, i), len);
}

/* The marks stand at the end: they move with it. */
void batch_trim(struct batch *b)
{
	uint32_t size = batch_size_for(b->bytes + b->n * (uint32_t)sizeof(struct mark));
	char *end = (char *)b + b->size;

	if (size >= b->size)
		return;
	memmove((char *)b + size - b->n * sizeof(struct mark), end - b->n * sizeof(struct mark),
		b->n * sizeof(struct mark));
	munmap((char *)b + size, b->size - size);
	b->pool->bytes -= b->size - size;
	b->size = size;
}

/* The blocks that were given back first were needed least. */
static void shrink(struct batch_pool *pool, unsigned keep)
{
	struct batch **at = &pool->spare, *b;

	for (unsigned i = 0; i < keep; i++)
		at = &(*at)->next;
	while ((b = *at)) {
		*at = b->next;
		unmap(b);
	}
	pool->nspare = keep;
}

void batch_pool_trim(struct batch_pool *pool)
{
	shrink(pool, pool->nspare - pool->idle);
	pool->idle = pool->nspare;
}

void batch_pool_fini(struct batch_pool *pool)
{
	shrink(pool, 0);
	pool->idle = 0;
}
