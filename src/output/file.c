// SPDX-License-Identifier: Apache-2.0
#include "output/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE_MOST = 1 << 20,	/* as far back as the end of a line is looked for */
	TRIES = 100,
	OLD_MOST = 65536,	/* rotated files that are looked at */
};

/* --- names */

struct place {
	int folder;		/* -1: not open */
	const char *name;
};

static int place_open(struct place *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	if (strlen(path) >= sizeof(folder))
		return -ENAMETOOLONG;
	p->name = slash ? slash + 1 : path;
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	p->folder = open(*folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->folder < 0 ? -errno : 0;
}

static void place_close(struct place *p)
{
	close(p->folder);
}

/* --- opening */

static struct file_error failed(int err)
{
	return (struct file_error){ .r = -err, .text = err == ELOOP ? "it is a symbolic link" : NULL };
}

static const char *kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFIFO:
		return "it is a FIFO, want a regular file";
	case S_IFCHR:
	case S_IFBLK:
		return "it is a device, want a regular file";
	case S_IFDIR:
		return "it is a directory, want a regular file";
	case S_IFSOCK:
		return "it is a socket, want a regular file";
	case S_IFLNK:
		return "it is a symbolic link";
	}
	return "it is no regular file";
}

/* A device is not opened even to look at it: opening may do something. */
static struct file_error open_any(const struct file_spec *spec, const struct place *p, int *fd, bool *made)
{
	int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	struct stat st;

	if (fstatat(p->folder, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
		return (struct file_error){ -EINVAL, kind_of(st.st_mode) };
	*made = false;
	*fd = openat(p->folder, p->name, flags);
	if (*fd < 0 && errno == ENOENT) {
		*fd = openat(p->folder, p->name, flags | O_CREAT | O_EXCL, spec->mode);
		*made = *fd >= 0;
	}
	return *fd < 0 ? failed(errno) : (struct file_error){ 0 };
}

/* The mode of what is made does not depend on the umask. */
static int set_owner(const struct file_spec *spec, int fd, const struct stat *st, bool made)
{
	bool owner = spec->owner != (uid_t)FILE_UNCHANGED && spec->owner != st->st_uid;
	bool group = spec->group != (gid_t)FILE_UNCHANGED && spec->group != st->st_gid;

	if ((owner || group) && fchown(fd, spec->owner, spec->group) < 0)
		return -errno;
	if ((made || spec->mode_given) && (st->st_mode & 07777) != spec->mode && fchmod(fd, spec->mode) < 0)
		return -errno;
	return 0;
}

/* How many bytes follow the last end of a line; negative errno; -ENODATA: it is too far. */
static int64_t tail_of(int fd, uint64_t size)
{
	char buf[4096];
	uint64_t at = size;

	while (at > 0 && size - at < LINE_MOST) {
		size_t want = at < sizeof(buf) ? at : sizeof(buf);
		ssize_t n = pread(fd, buf, want, (off_t)(at - want));
		const char *end;

		if (n != (ssize_t)want)
			return n < 0 ? -errno : -EIO;
		end = memrchr(buf, '\n', want);
		at -= want;
		if (end)
			return (int64_t)(size - at) - (end - buf) - 1;
	}
	return at == 0 ? (int64_t)size : -ENODATA;
}

static int mend(int fd, uint64_t *size)
{
	int64_t tail = tail_of(fd, *size);

	if (tail == 0)
		return 0;
	if (tail == -ENODATA) {
		if (write(fd, "\n", 1) != 1)
			return -errno;
		*size += 1;
		return 0;
	}
	if (tail < 0)
		return (int)tail;
	*size -= (uint64_t)tail;
	return ftruncate(fd, (off_t)*size) < 0 ? -errno : 0;
}

static uint64_t ns_of(int64_t sec, uint32_t nsec)
{
	return (uint64_t)sec * 1000000000 + nsec;
}

static uint64_t born(int fd)
{
	struct statx x;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME | STATX_CTIME, &x) < 0)
		return 0;
	return x.stx_mask & STATX_BTIME ? ns_of(x.stx_btime.tv_sec, x.stx_btime.tv_nsec)
					: ns_of(x.stx_ctime.tv_sec, x.stx_ctime.tv_nsec);
}

static struct file_error look(const struct file_spec *spec, int fd, bool made, struct file_now *now)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return failed(errno);
	if (!S_ISREG(st.st_mode))
		return (struct file_error){ -EINVAL, kind_of(st.st_mode) };
	*now = (struct file_now){ fd, st.st_dev, st.st_ino, (uint64_t)st.st_size, born(fd) };
	r = set_owner(spec, fd, &st, made);
	r = r < 0 ? r : mend(fd, &now->size);
	return (struct file_error){ r, NULL };
}

struct file_error file_open(const struct file_spec *spec, struct file_now *now)
{
	struct file_error e;
	struct place p;
	bool made;
	int fd, r = place_open(&p, spec->path);

	now->fd = -1;
	if (r < 0)
		return failed(-r);
	e = open_any(spec, &p, &fd, &made);
	if (e.r == 0) {
		e = look(spec, fd, made, now);
		if (e.r == 0 && made && spec->sync)
			fsync(p.folder);
		if (e.r < 0) {
			close(fd);
			now->fd = -1;
		}
	}
	place_close(&p);
	return e;
}

bool file_moved(const struct file_spec *spec, const struct file_now *now)
{
	struct stat st;

	return lstat(spec->path, &st) < 0 || st.st_dev != now->dev || st.st_ino != now->ino;
}

/* It may have been truncated by others meanwhile. */
int file_cut(struct file_now *now, uint64_t part)
{
	struct stat st;

	if (fstat(now->fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < part)
		return 0;
	now->size = (uint64_t)st.st_size - part;
	return part && ftruncate(now->fd, (off_t)now->size) < 0 ? -errno : 0;
}

/* --- rotating */

/* A name that sorts behind those before it. */
static void rotated_name(const char *name, unsigned try, char *to, size_t size)
{
	struct timespec t;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += try * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	gmtime_r(&t.tv_sec, &tm);
	snprintf(to, size, "%s.%04d%02d%02dT%02d%02d%02d.%06ldZ", name, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		 tm.tm_hour, tm.tm_min, tm.tm_sec, t.tv_nsec % 1000000000 / 1000);
}

static int rename_to_free(const struct place *p)
{
	char to[NAME_MAX + 64];

	for (unsigned try = 0; try < TRIES; try++) {
		rotated_name(p->name, try, to, sizeof(to));
		if (renameat2(p->folder, p->name, p->folder, to, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno == EINVAL && faccessat(p->folder, to, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return renameat(p->folder, p->name, p->folder, to) < 0 ? -errno : 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int file_rotate(const struct file_spec *spec, const struct file_now *now)
{
	struct place p;
	struct stat st;
	int r = place_open(&p, spec->path);

	if (r < 0)
		return r;
	if (fstatat(p.folder, p.name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != now->dev || st.st_ino != now->ino)
		r = -ESTALE;
	else
		r = rename_to_free(&p);
	if (r == 0 && spec->sync && fsync(p.folder) < 0)
		r = -errno;
	place_close(&p);
	return r;
}

/* --- tidying up */

/* Whether a name is base.20261123T100000.123456Z, and what follows. */
static bool is_rotated(const char *name, const char *base, const char **rest)
{
	static const char form[] = "00000000T000000.000000Z";
	size_t len = strlen(base);

	if (strncmp(name, base, len) != 0 || name[len] != '.')
		return false;
	name += len + 1;
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '0' ? name[i] < '0' || name[i] > '9' : name[i] != form[i])
			return false;
	*rest = name + sizeof(form) - 1;
	return true;
}

struct old_files {
	char **names;
	size_t n, room;
};

static int old_add(struct old_files *f, const char *name)
{
	if (f->n == f->room) {
		size_t room = f->room ? f->room * 2 : 64;
		char **names = realloc(f->names, room * sizeof(*names));

		if (!names || room > OLD_MOST)
			return -ENOMEM;
		f->names = names;
		f->room = room;
	}
	f->names[f->n] = strdup(name);
	return f->names[f->n++] ? 0 : -ENOMEM;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What a crash left half compressed is removed on the way. */
static int old_list(struct old_files *f, const struct place *p)
{
	int fd = openat(p->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;
	const char *rest;

	if (!dir) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (d = readdir(dir))) {
		if (!is_rotated(d->d_name, p->name, &rest))
			continue;
		if (!strcmp(rest, ".gz.tmp"))
			unlinkat(p->folder, d->d_name, 0);
		else if (!*rest || !strcmp(rest, ".gz"))
			r = old_add(f, d->d_name);
	}
	closedir(dir);
	if (f->n)
		qsort(f->names, f->n, sizeof(*f->names), by_name);
	return r;
}

static void old_free(struct old_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->names[i]);
	free(f->names);
}

static bool is_packed(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && !strcmp(name + len - 3, ".gz");
}

/* The oldest go first; then the others are compressed, the oldest first. */
int file_tidy(const struct file_spec *spec, const atomic_bool *stop)
{
	struct old_files old = { 0 };
	struct place p;
	size_t first;
	int r = place_open(&p, spec->path), e;

	if (r < 0)
		return r;
	r = old_list(&old, &p);
	first = old.n > spec->keep ? old.n - spec->keep : 0;
	for (size_t i = 0; r == 0 && i < first; i++)
		if (unlinkat(p.folder, old.names[i], 0) < 0 && errno != ENOENT)
			r = -errno;
	for (size_t i = first; spec->compress && r != -ECANCELED && i < old.n; i++) {
		e = is_packed(old.names[i]) ? 0 : file_pack(p.folder, old.names[i], stop);
		r = r ? r : e;
	}
	old_free(&old);
	place_close(&p);
	return r;
}
