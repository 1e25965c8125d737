// SPDX-License-Identifier: Apache-2.0
#include "output/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "event/schema.h"

enum { VERSION = 1, BUFFER_BYTES = 1 << 20 };

static const char magic[8] = "sakerrec";

/* In the byte order of the machine that wrote it: another order shows as an unknown version. */
struct header {
	char magic[8];
	uint32_t version, size;		/* size: of the header */
	uint64_t schema;
	int64_t boot_to_wall;
	uint64_t start;
	char arch[16], kernel[72], host[72];
};
_Static_assert(sizeof(struct header) == 200, "the header has no holes");

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

static bool size_possible(size_t size)
{
	return size >= sizeof(struct head) && size <= RECORD_MAX;
}

void capture_info_here(struct capture_info *info, int64_t boot_to_wall)
{
	struct utsname name;
	struct timespec now;

	memset(info, 0, sizeof(*info));
	clock_gettime(CLOCK_REALTIME, &now);
	info->start = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	info->boot_to_wall = boot_to_wall;
	if (uname(&name) < 0)
		return;
	snprintf(info->arch, sizeof(info->arch), "%.15s", name.machine);
	snprintf(info->kernel, sizeof(info->kernel), "%.71s", name.release);
	snprintf(info->host, sizeof(info->host), "%.71s", name.nodename);
}

/* --- writing */

/* Write it all, or as much as goes: how much. */
static size_t write_all(int fd, const char *data, size_t len, int *error)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(fd, data + done, len - done);

		if (n > 0) {
			done += (size_t)n;
		} else if (n < 0 && errno != EINTR) {
			*error = -errno;
			break;
		}
	}
	return done;
}

/* The whole records at the begin of what was written: their bytes, and their number. */
static size_t whole_records(const char *data, size_t len, uint64_t *records)
{
	size_t at = 0;

	*records = 0;
	while (at + sizeof(uint32_t) <= len) {
		uint32_t size;

		memcpy(&size, data + at, sizeof(size));
		if (size == 0 || padded(size) > len - at)
			break;
		at += padded(size);
		(*records)++;
	}
	return at;
}

/* The file shall end with a whole record; a pipe cannot be cut. */
static void cut(struct capture_writer *w, size_t written)
{
	uint64_t records;
	size_t whole = whole_records(w->buffer, written, &records);
	off_t end = lseek(w->fd, 0, SEEK_CUR);

	if (whole < written && end >= (off_t)(written - whole) &&
	    ftruncate(w->fd, end - (off_t)(written - whole)) == 0)
		written = whole;
	w->bytes += written;
	w->records += records;
	w->missed += w->waiting - records;
}

int capture_flush(struct capture_writer *w)
{
	size_t written;

	if (w->error || w->used == 0)
		return 0;
	written = write_all(w->fd, w->buffer, w->used, &w->error);
	if (w->error) {
		cut(w, written);
	} else {
		w->bytes += written;
		w->records += w->waiting;
	}
	w->used = 0;
	w->waiting = 0;
	return w->error;
}

static int write_header(struct capture_writer *w, const struct capture_info *info)
{
	struct header h = {
		.version = VERSION, .size = sizeof(h), .schema = schema_hash(),
		.boot_to_wall = info->boot_to_wall, .start = info->start,
	};
	size_t written;

	memcpy(h.magic, magic, sizeof(h.magic));
	memcpy(h.arch, info->arch, sizeof(h.arch));
	memcpy(h.kernel, info->kernel, sizeof(h.kernel));
	memcpy(h.host, info->host, sizeof(h.host));
	written = write_all(w->fd, (const char *)&h, sizeof(h), &w->error);
	w->bytes = written;
	return w->error;
}

static int open_file(struct capture_writer *w, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		w->made = path;
	return fd < 0 && errno == EEXIST ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : fd;
}

int capture_writer_open(struct capture_writer *w, const char *path)
{
	memset(w, 0, sizeof(*w));
	w->is_stdout = !strcmp(path, "-");
	w->fd = w->is_stdout ? dup(STDOUT_FILENO) : open_file(w, path);
	if (w->fd < 0)
		return w->error = -errno;
	w->buffer = malloc(BUFFER_BYTES);
	return w->error = w->buffer ? 0 : -ENOMEM;
}

/* Standard output is the shell's: it may append. */
int capture_writer_begin(struct capture_writer *w, const struct capture_info *info)
{
	struct stat st;

	w->made = NULL;
	if (!w->is_stdout && fstat(w->fd, &st) == 0 && S_ISREG(st.st_mode) && ftruncate(w->fd, 0) < 0)
		return w->error = -errno;
	return write_header(w, info);
}

int capture_write(struct capture_writer *w, const void *record, size_t len)
{
	uint32_t size;
	int r = 0;

	if (len < sizeof(size))
		return -EINVAL;
	memcpy(&size, record, sizeof(size));
	if (!size_possible(size) || size > len)
		return -EINVAL;
	if (w->used + padded(size) > BUFFER_BYTES)
		r = capture_flush(w);
	if (w->error) {
		w->missed++;
		return r;
	}
	memcpy(w->buffer + w->used, record, size);
	memset(w->buffer + w->used + size, 0, padded(size) - size);
	w->used += padded(size);
	w->waiting++;
	return 0;
}

int capture_writer_close(struct capture_writer *w)
{
	int r = 0;

	if (w->buffer)
		r = capture_flush(w);
	if (w->fd >= 0 && close(w->fd) < 0 && !w->error)
		r = w->error = -errno;		/* a file system may tell of a full disk only here */
	w->fd = -1;
	if (w->made)
		unlink(w->made);
	w->made = NULL;
	free(w->buffer);
	w->buffer = NULL;
	return r;
}

/* --- reading */

static int __attribute__((format(printf, 3, 4)))
fail(struct capture_reader *r, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->error, sizeof(r->error), format, args);
	va_end(args);
	return error;
}

static int read_failed(struct capture_reader *r)
{
	int error = errno ? -errno : -EIO;

	return fail(r, error, "cannot read: %s", strerror(-error));
}

/* Texts come from a file that anybody may have made: nothing but printable ASCII goes on. */
static void copy_text(char *to, const char *from, size_t len)
{
	for (size_t i = 0; i < len - 1; i++)
		to[i] = from[i] && (from[i] < ' ' || from[i] > '~') ? '?' : from[i];
	to[len - 1] = 0;
}

int capture_reader_open(struct capture_reader *r, FILE *in)
{
	struct header h;

	memset(r, 0, offsetof(struct capture_reader, record));
	r->in = in;
	errno = 0;
	if (fread(&h, 1, sizeof(h), in) != sizeof(h))
		return ferror(in) ? read_failed(r) : fail(r, -EINVAL, "not a recording of saker: too short");
	if (memcmp(h.magic, magic, sizeof(magic)))
		return fail(r, -EINVAL, "not a recording of saker");
	if (h.version != VERSION || h.size != sizeof(h))
		return fail(r, -EPROTONOSUPPORT, "a recording of format %u, but this saker reads format %u",
			    h.version, VERSION);
	r->info = (struct capture_info){ .boot_to_wall = h.boot_to_wall, .start = h.start };
	copy_text(r->info.arch, h.arch, sizeof(h.arch));
	copy_text(r->info.kernel, h.kernel, sizeof(h.kernel));
	copy_text(r->info.host, h.host, sizeof(h.host));
	if (h.schema != schema_hash())
		return fail(r, -ESTALE, "made by another version of saker, whose events differ from this one's;"
			    " replay it with that version");
	r->offset = sizeof(h);
	return 0;
}

int capture_read(struct capture_reader *r, const void **record, size_t *len)
{
	uint32_t size;
	size_t n;

	errno = 0;
	n = fread(r->record, 1, 8, r->in);
	if (n == 0 && !ferror(r->in))
		return 0;
	memcpy(&size, r->record, sizeof(size));
	if (n == 8 && !size_possible(size))
		return fail(r, -EBADMSG, "damaged at byte %llu: no record has %u bytes",
			    (unsigned long long)r->offset, size);
	if (n == 8)
		n += fread(r->record + 8, 1, padded(size) - 8, r->in);
	if (ferror(r->in))
		return read_failed(r);
	if (n < 8 || n < padded(size))
		return fail(r, -ENODATA, "the last record, at byte %llu, is not whole",
			    (unsigned long long)r->offset);
	r->records++;
	r->offset += n;
	*record = r->record;
	*len = size;
	return 1;
}
