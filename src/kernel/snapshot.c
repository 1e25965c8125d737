// SPDX-License-Identifier: Apache-2.0
#include "kernel/snapshot.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"
#include "kernel/probe.h"
#include "saker.skel.h"

enum { CHUNK = 4 * RECORD_MAX };

/* Hand out the whole records of buf; how many bytes they were. */
static size_t hand_out(const char *buf, size_t len, lane_reader reader, void *ctx, int *n)
{
	size_t done = 0;

	while (len - done >= sizeof(struct head)) {
		const struct head *h = (const void *)(buf + done);

		if (h->size < sizeof(*h) || h->size > len - done)
			break;
		reader(ctx, h, h->size);
		done += h->size;
		++*n;
	}
	return done;
}

static int read_all(int fd, char *buf, lane_reader reader, void *ctx)
{
	size_t len = 0;
	int n = 0;

	for (;;) {
		ssize_t r = read(fd, buf + len, CHUNK - len);
		size_t done;

		if (r < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (r <= 0)
			return r < 0 ? -errno : n;
		len += r;
		done = hand_out(buf, len, reader, ctx, &n);
		memmove(buf, buf + done, len - done);
		len -= done;
	}
}

int snapshot_processes(struct probe *p, lane_reader reader, void *ctx)
{
	struct bpf_link *link = bpf_program__attach_iter(p->skel->progs.process_existing__iter, NULL);
	char *buf;
	int fd, r;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	buf = malloc(CHUNK);
	if (fd < 0)
		r = -errno;
	else
		r = buf ? read_all(fd, buf, reader, ctx) : -ENOMEM;
	free(buf);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return r;
}
