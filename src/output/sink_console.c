// SPDX-License-Identifier: Apache-2.0
/* Standard output for trace and replay: the queue is written as soon as there is something in it,
 * and the agent waits meanwhile. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "output/sink.h"

enum { PIECES = 8 };

static void console_open(struct sink *s)
{
	sink_up(s);
}

/* A terminal or pipe that somebody else made non-blocking. */
static int wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

static int write_all(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, text, len);
		int r = 0;

		if (n < 0 && errno != EINTR)
			r = errno == EAGAIN ? wait_writable(STDOUT_FILENO) : -errno;
		if (r < 0)
			return r;
		if (n > 0) {
			text += n;
			len -= n;
		}
	}
	return 0;
}

static void console_wake(struct sink *s)
{
	struct queue_piece piece;

	while (queue_next(&s->queue, &piece, 1)) {
		int r = write_all(piece.text, piece.bytes);

		if (r < 0) {
			sink_gone(s, r);
			return;
		}
		queue_sent(&s->queue, piece.n);
		sink_done(s, piece.n);
	}
}

static void console_close(struct sink *s)
{
	sink_closed(s);
}

const struct sink_ops sink_console = {
	.kind = { .name = "console", .doc = "lines on standard output, which is waited for" },
	.open = console_open,
	.wake = console_wake,
	.close = console_close,
};
