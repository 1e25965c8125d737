/* SPDX-License-Identifier: Apache-2.0 */
/* Lines on their way to a file descriptor: collected, written in big pieces. */
#ifndef OUTPUT_WRITER_H
#define OUTPUT_WRITER_H

#include <stddef.h>
#include <stdint.h>

enum {
	WRITER_ROOM = 344 << 10,	/* the longest line */
	WRITER_FLUSH = 128 << 10,	/* collected bytes that are written at once */
};

struct writer {
	int fd;			/* the caller's */
	int error;		/* first failure, negative errno; nothing is written after it */
	char *buf;
	size_t len;
	uint64_t bytes;		/* written */
};

/* -ENOMEM */
int writer_init(struct writer *writer, int fd);

/* Frees the buffer; flush before. */
void writer_fini(struct writer *writer);

/* Room for WRITER_ROOM bytes, to be filled and then given to writer_add. */
static inline char *writer_room(struct writer *w)
{
	return w->buf + w->len;
}

/* So many bytes of the room were filled. */
void writer_add(struct writer *writer, size_t len);

/* Write what was collected.  0 or the error. */
int writer_flush(struct writer *writer);

#endif
