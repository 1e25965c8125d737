// SPDX-License-Identifier: Apache-2.0
#include "kernel/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "event.h"

int ring_open(struct ring *r, int map, size_t size)
{
	void *consumer, *producer;

	*r = (struct ring){ .size = size, .page = sysconf(_SC_PAGESIZE) };
	r->wrapped = malloc(RECORD_MAX + BPF_RINGBUF_HDR_SZ);
	if (!r->wrapped)
		return -ENOMEM;
	consumer = mmap(NULL, r->page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	r->consumer = consumer;
	producer = mmap(NULL, r->page + size, PROT_READ, MAP_SHARED, map, r->page);
	if (producer == MAP_FAILED)
		return -errno;
	r->producer = producer;
	r->data = (const char *)producer + r->page;
	r->at = r->end = *r->consumer;
	return 0;
}

void ring_close(struct ring *r)
{
	if (r->producer)
		munmap((void *)r->producer, r->page + r->size);
	if (r->consumer)
		munmap(r->consumer, r->page);
	free(r->wrapped);
	*r = (struct ring){ 0 };
}

/* A record that begins near the end of the data goes on at its begin. */
static const void *unwrap(struct ring *r, size_t off, size_t len)
{
	size_t first = r->size - off;

	if (len <= first)
		return r->data + off;
	memcpy(r->wrapped, r->data + off, first);
	memcpy(r->wrapped + first, r->data, len - first);
	return r->wrapped;
}

const void *ring_peek(struct ring *r, size_t *len)
{
	size_t off;
	uint32_t header;

	if (r->at == r->end) {
		r->end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
		if (r->at == r->end)
			return NULL;
	}
	off = r->at & (r->size - 1);
	header = __atomic_load_n((const uint32_t *)(r->data + off), __ATOMIC_ACQUIRE);
	if (header & BPF_RINGBUF_BUSY_BIT)
		return NULL;
	*len = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	r->taken = (*len + BPF_RINGBUF_HDR_SZ + 7) & ~(size_t)7;
	return unwrap(r, (off + BPF_RINGBUF_HDR_SZ) & (r->size - 1), *len);
}

void ring_take(struct ring *r)
{
	r->at += r->taken;
}

size_t ring_pending(const struct ring *r)
{
	return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - r->at;
}

void ring_release(struct ring *r)
{
	__atomic_store_n(r->consumer, r->at, __ATOMIC_RELEASE);
}
