// SPDX-License-Identifier: Apache-2.0
#include "output/writer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int writer_init(struct writer *w, int fd)
{
	*w = (struct writer){ .fd = fd };
	w->buf = malloc(WRITER_FLUSH + WRITER_ROOM);
	return w->buf ? 0 : -ENOMEM;
}

void writer_fini(struct writer *w)
{
	free(w->buf);
	w->buf = NULL;
}

/* A terminal or pipe that somebody else made non-blocking. */
static int wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

static int write_some(struct writer *w, size_t *done)
{
	ssize_t n = write(w->fd, w->buf + *done, w->len - *done);

	if (n >= 0) {
		*done += n;
		return 0;
	}
	if (errno == EINTR)
		return 0;
	return errno == EAGAIN ? wait_writable(w->fd) : -errno;
}

int writer_flush(struct writer *w)
{
	size_t done = 0;

	while (!w->error && done < w->len)
		w->error = write_some(w, &done);
	w->bytes += done;
	w->len = 0;
	return w->error;
}

void writer_add(struct writer *w, size_t len)
{
	w->len += len;
	if (w->len >= WRITER_FLUSH)
		writer_flush(w);
}
