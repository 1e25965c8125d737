// SPDX-License-Identifier: Apache-2.0
/* gzip of a rotated file.  It appears under its name when it is whole and on the disk; only then does
 * the other one go. */
#include "output/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK = 64 << 10, LEVEL = 4, GZIP = 15 + 16, MEMORY = 8 };

struct pack {
	int from, to;
	z_stream z;
	unsigned char in[CHUNK], out[CHUNK];
};

static int write_all(int fd, const unsigned char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* All that the stream has for now. */
static int drain(struct pack *p, int flush)
{
	int r = 0;

	do {
		p->z.next_out = p->out;
		p->z.avail_out = CHUNK;
		if (deflate(&p->z, flush) == Z_STREAM_ERROR)
			return -EIO;
		r = write_all(p->to, p->out, CHUNK - p->z.avail_out);
	} while (r == 0 && p->z.avail_out == 0);
	return r;
}

static int copy(struct pack *p, const atomic_bool *stop)
{
	ssize_t n;
	int r = 0;

	do {
		if (atomic_load(stop))
			return -ECANCELED;
		n = read(p->from, p->in, CHUNK);
		if (n < 0)
			return -errno;
		p->z.next_in = p->in;
		p->z.avail_in = (unsigned)n;
		r = drain(p, n ? Z_NO_FLUSH : Z_FINISH);
	} while (r == 0 && n);
	return r;
}

static int deflate_file(int from, int to, const atomic_bool *stop)
{
	struct pack *p = calloc(1, sizeof(*p));
	int r;

	if (!p || deflateInit2(&p->z, LEVEL, Z_DEFLATED, GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(p);
		return -ENOMEM;
	}
	p->from = from;
	p->to = to;
	r = copy(p, stop);
	deflateEnd(&p->z);
	free(p);
	return r == 0 && fsync(to) < 0 ? -errno : r;
}

/* The same owner and mode. */
static int make_like(int folder, const char *name, int from)
{
	struct stat st;
	int fd;

	if (fstat(from, &st) < 0)
		return -errno;
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (fchown(fd, st.st_uid, st.st_gid) == 0 && fchmod(fd, st.st_mode & 07777) == 0)
		return fd;
	close(fd);
	unlinkat(folder, name, 0);
	return -EPERM;
}

static int publish(int folder, const char *name, const char *temporary)
{
	char packed[NAME_MAX + 8];

	snprintf(packed, sizeof(packed), "%s.gz", name);
	if (renameat(folder, temporary, folder, packed) < 0 || fsync(folder) < 0 || unlinkat(folder, name, 0) < 0)
		return -errno;
	return 0;
}

int file_pack(int folder, const char *name, const atomic_bool *stop)
{
	int from = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), to, r;
	char temporary[NAME_MAX + 16];

	if (from < 0)
		return -errno;
	snprintf(temporary, sizeof(temporary), "%s.gz.tmp", name);
	to = make_like(folder, temporary, from);
	r = to < 0 ? to : deflate_file(from, to, stop);
	if (to >= 0) {
		close(to);
		r = r < 0 ? r : publish(folder, name, temporary);
		if (r < 0)
			unlinkat(folder, temporary, 0);
	}
	close(from);
	return r;
}
