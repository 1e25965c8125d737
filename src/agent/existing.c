// SPDX-License-Identifier: Apache-2.0
#include "agent/existing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARGV_MAX = 6144 };	/* bytes, as of an exec's record */

/* How many bytes of a process's arguments there are, 0 if none, at most max. */
static size_t read_arguments(uint32_t pid, char *to, size_t max)
{
	char path[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, to, max);
	close(fd);
	return n > 0 ? n : 0;
}

void existing_record(void *ctx, const void *record, size_t len)
{
	struct existing *x = ctx;
	struct event_process_existing *e = (void *)x->build->record;
	size_t off = (len + 7) & ~(size_t)7, n;

	if (len < sizeof(*e) || off + ARGV_MAX > RECORD_MAX) {
		x->reader(x->ctx, record, len);
		return;
	}
	memcpy(e, record, len);
	n = e->kernel ? 0 : read_arguments(e->head.who.host_pid, x->build->record + off, ARGV_MAX);
	if (n) {
		if (n == ARGV_MAX)
			e->head.truncated |= 1u << BIT_process_existing_argv;
		x->build->record[off + n - 1] = 0;
		e->argv = (struct span){ off, n };
		e->head.size = off + n;
	}
	x->reader(x->ctx, e, e->head.size);
}
