/* SPDX-License-Identifier: Apache-2.0 */
/* The reading end of a BPF ring buffer (Documentation/bpf/ringbuf.rst).
 *
 * libbpf's reader drains one ring after the other and maps the data twice.  This one shows the
 * next record without taking it, so that several rings can be read in order of time, and maps
 * the data once: what is mapped counts as resident memory. */
#ifndef SAKER_KERNEL_RING_H
#define SAKER_KERNEL_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring {
	unsigned long *consumer;	/* page that we write */
	const unsigned long *producer;	/* page that the kernel writes, the data behind it */
	const char *data;
	size_t size, page;
	unsigned long at;		/* where we read */
	unsigned long end;		/* producer's place when it was last looked at */
	size_t taken;			/* bytes of the record that ring_peek showed */
	char *wrapped;			/* copy of a record that lies across the end */
};

/* Map the ring of a map.  0 or negative errno. */
int ring_open(struct ring *ring, int map, size_t size);
void ring_close(struct ring *ring);

/* The next record and its length, NULL if there is none.  Valid until ring_take. */
const void *ring_peek(struct ring *ring, size_t *len);

/* The record that ring_peek showed was read. */
void ring_take(struct ring *ring);

/* Give the room of what was read back to the kernel side. */
void ring_release(struct ring *ring);

/* Bytes that were written and not taken. */
size_t ring_pending(const struct ring *ring);

#endif
