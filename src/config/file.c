// SPDX-License-Identifier: Apache-2.0
/* The way to a file is walked folder by folder and link by link with open descriptors, so that what
 * was looked at is what is used. */
#include "config/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "config/yaml.h"

enum { LINKS_MAX = 40 };

struct walk {
	const char *path;	/* as it was given */
	struct diag *diag, *doubt;
	int dir;		/* where we are */
	char rest[PATH_MAX];	/* the way that is still ahead */
	unsigned links;
};

static int whole(struct diag *diag, const char *path, int error, const char *what)
{
	if (!diag->text[0])
		diag->file = path;
	diag_set(diag, 0, 0, "%s%s%s", what, error ? ": " : "", error ? strerror(error) : "");
	return error ? -error : -EINVAL;
}

static int fail(struct walk *w, int error, const char *what)
{
	return whole(w->diag, w->path, error, what);
}

__attribute__((format(printf, 2, 3)))
static int mistrust(struct walk *w, const char *fmt, ...)
{
	struct diag *to = w->doubt ? w->doubt : w->diag;
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!to->text[0])
		to->file = w->path;
	diag_set(to, 0, 0, "%s", text);
	return w->doubt ? 0 : -EPERM;
}

static bool read_only(int fd)
{
	struct statvfs fs;

	return fstatvfs(fd, &fs) == 0 && fs.f_flag & ST_RDONLY;
}

static int check_owner(struct walk *w, const char *what, const struct stat *st)
{
	if (st->st_uid == 0 || st->st_uid == geteuid())
		return 0;
	return mistrust(w, "%s belongs to user %u; want root or user %u", what, st->st_uid,
			geteuid());
}

static int check_trust(struct walk *w, const char *what, int fd, const struct stat *st,
		       bool sticky_will_do)
{
	int r = check_owner(w, what, st);

	if (r < 0 || !(st->st_mode & (S_IWGRP | S_IWOTH)) ||
	    (sticky_will_do && st->st_mode & S_ISVTX) || read_only(fd))
		return r;
	return mistrust(w, "%s can be written by %s (mode %04o); want chmod go-w", what,
			st->st_mode & S_IWOTH ? "everybody" : "its group", st->st_mode & 07777);
}

/* The folder we are in; own: the file lies in it. */
static int check_folder(struct walk *w, bool own)
{
	struct stat st;

	if (fstat(w->dir, &st) < 0)
		return fail(w, errno, "cannot look at its folder");
	return check_trust(w, own ? "its folder" : "a folder above it", w->dir, &st, !own);
}

static void step_into(struct walk *w, int fd)
{
	close(w->dir);
	w->dir = fd;
}

static int to_root(struct walk *w)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail(w, errno, "cannot open /");
	step_into(w, fd);
	return 0;
}

/* Cut the next name off the way ahead; "" at its end.  *last: nothing comes behind it. */
static const char *next_name(struct walk *w, char name[static NAME_MAX + 1], bool *last)
{
	char *p = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(p, "/");

	snprintf(name, NAME_MAX + 1, "%.*s", (int)len, p);
	memmove(w->rest, p + len, strlen(p + len) + 1);
	*last = !w->rest[strspn(w->rest, "/")];
	return len > NAME_MAX ? NULL : name;
}

static int follow(struct walk *w, int link, const struct stat *st)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);
	int r = check_owner(w, "a symbolic link on the way", st);

	if (r < 0)
		return r;
	if (n <= 0 || ++w->links > LINKS_MAX)
		return fail(w, n < 0 ? errno : ELOOP, "cannot follow a symbolic link");
	target[n] = 0;
	memcpy(rest, w->rest, sizeof(rest));
	if ((size_t)snprintf(w->rest, sizeof(w->rest), "%s/%s", target, rest) >= sizeof(w->rest))
		return fail(w, ENAMETOOLONG, "cannot follow a symbolic link");
	return target[0] == '/' ? to_root(w) : 0;
}

static const char *kind_of(const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return "is a folder; want a file";
	if (S_ISFIFO(st->st_mode))
		return "is a FIFO; want a regular file";
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		return "is a device; want a regular file";
	return "is no regular file";
}

static int check_type(struct walk *w, const struct stat *st, bool folder)
{
	if (folder ? S_ISDIR(st->st_mode) : S_ISREG(st->st_mode))
		return 0;
	return fail(w, 0, folder ? "is no folder" : kind_of(st));
}

/* Open the last name.  What took the place of what step saw opens without waiting, is refused. */
static int arrive(struct walk *w, const char *name, int flags, struct stat *st)
{
	bool folder = flags & O_DIRECTORY;
	int fd, r;

	flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	fd = openat(w->dir, name, flags);

	if (fd < 0)
		return fail(w, errno, "cannot open");
	r = fstat(fd, st) < 0 ? fail(w, errno, "cannot look at it") : 0;
	if (r == 0)
		r = check_type(w, st, folder);
	if (r == 0)
		r = check_trust(w, folder ? "the folder" : "the file", fd, st, false);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

/* One name of the way.  *fd is set at its end. */
static int step(struct walk *w, int flags, struct stat *st, int *fd)
{
	char name[NAME_MAX + 1];
	bool last, up;
	int next, r;

	if (!next_name(w, name, &last))
		return fail(w, ENAMETOOLONG, "cannot open");
	if (!*name)
		snprintf(name, sizeof(name), ".");
	up = !strcmp(name, ".") || !strcmp(name, "..");
	next = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0)
		return fail(w, errno, "cannot open");
	r = fstat(next, st) < 0 ? fail(w, errno, "cannot look at it") : 0;
	if (r == 0)
		r = check_folder(w, last && !up && !(flags & O_DIRECTORY) && !S_ISLNK(st->st_mode));
	if (r == 0 && S_ISLNK(st->st_mode)) {
		r = follow(w, next, st);
	} else if (r == 0 && (!last || up)) {
		step_into(w, next);
		next = -1;
	}
	if (next >= 0)
		close(next);
	if (r == 0 && last && !S_ISLNK(st->st_mode))
		r = check_type(w, st, flags & O_DIRECTORY);
	if (r == 0 && last && !S_ISLNK(st->st_mode))
		r = *fd = arrive(w, up ? "." : name, flags, st);
	return r < 0 ? r : 0;
}

static int begin(struct walk *w, const char *path, struct diag *diag, struct diag *doubt)
{
	char here[PATH_MAX] = "";

	w->path = path;
	w->diag = diag;
	w->doubt = doubt;
	w->links = 0;
	w->dir = -1;
	if (!*path)
		return fail(w, ENOENT, "cannot open");
	if (*path != '/' && !getcwd(here, sizeof(here)))
		return fail(w, errno, "cannot tell the current folder");
	if ((size_t)snprintf(w->rest, sizeof(w->rest), "%s/%s", here, path) >= sizeof(w->rest))
		return fail(w, ENAMETOOLONG, "cannot open");
	return to_root(w);
}

/* A descriptor of what path leads to, or negative errno. */
static int walk(const char *path, int flags, struct diag *diag, struct diag *doubt, struct stat *st)
{
	struct walk w;
	int fd = -1, r = begin(&w, path, diag, doubt);

	while (r == 0 && fd < 0)
		r = step(&w, flags, st, &fd);
	if (w.dir >= 0)
		close(w.dir);
	return r < 0 ? r : fd;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* All bytes of an open file into to, which has room for size.  How many, or negative errno. */
static ssize_t read_all(int fd, char *to, size_t size)
{
	size_t n = 0;
	ssize_t r;

	while ((r = read(fd, to + n, size - n)) != 0) {
		if (r < 0 && errno != EINTR)
			return -errno;
		n += r > 0 ? (size_t)r : 0;
	}
	return (ssize_t)n;
}

static int read_open(struct file_text *ret, int fd, const struct stat *st, struct arena *arena,
		     struct diag *diag)
{
	struct stat after;
	char *text;
	ssize_t n;

	if (st->st_size > YAML_BYTES)
		return whole(diag, ret->path, 0, "larger than 1M");
	text = arena_alloc(arena, (size_t)st->st_size + 1);
	if (!text)
		return whole(diag, ret->path, ENOMEM, "cannot read");
	n = read_all(fd, text, (size_t)st->st_size);
	if (n < 0)
		return whole(diag, ret->path, (int)-n, "cannot read");
	if (n != st->st_size || fstat(fd, &after) < 0 || !same(st, &after))
		return whole(diag, ret->path, 0, "was written to while it was read");
	ret->text = text;
	ret->len = (size_t)n;
	return 0;
}

int file_read(struct file_text *ret, const char *path, struct arena *arena, struct diag *diag,
	      struct diag *doubt)
{
	struct file_text file = { .path = path };
	struct stat st;
	int fd = walk(path, 0, diag, doubt, &st), r;

	if (fd < 0)
		return fd;
	r = read_open(&file, fd, &st, arena, diag);
	close(fd);
	if (r == 0)
		*ret = file;
	return r;
}

/* Hidden files and editors' #copies# begin with . or #, their backups~ end otherwise. */
static bool wanted(const char *name)
{
	const char *dot = strrchr(name, '.');

	return *name != '.' && *name != '#' && dot &&
	       (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *join(struct arena *arena, const char *folder, size_t len, const char *name)
{
	bool slash = len > 0 && folder[len - 1] != '/';
	size_t size = len + slash + strlen(name) + 1;
	char *path = arena_alloc(arena, size);

	if (path)
		snprintf(path, size, "%.*s%s%s", (int)len, folder, slash ? "/" : "", name);
	return path;
}

static int list_open(struct file_list *list, DIR *dir, const char *path, struct arena *arena,
		     struct diag *diag)
{
	unsigned seen = 0;

	list->paths = arena_alloc(arena, FILE_LIST_MAX * sizeof(*list->paths));
	if (!list->paths)
		return whole(diag, path, ENOMEM, "cannot read the folder");
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (++seen > FILE_LIST_MAX)
			return whole(diag, path, 0, "the folder has more than 1024 entries");
		if (!wanted(entry->d_name))
			continue;
		list->paths[list->n] = join(arena, path, strlen(path), entry->d_name);
		if (!list->paths[list->n++])
			return whole(diag, path, ENOMEM, "cannot read the folder");
	}
	qsort(list->paths, list->n, sizeof(*list->paths), by_name);
	return 0;
}

int file_list(struct file_list *ret, const char *path, struct arena *arena, struct diag *diag,
	      struct diag *doubt)
{
	struct file_list list = { 0 };
	struct stat st;
	int fd = walk(path, O_DIRECTORY, diag, doubt, &st), r;
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		r = whole(diag, path, errno, "cannot read the folder");
		close(fd);
		return r;
	}
	r = list_open(&list, dir, path, arena, diag);
	closedir(dir);
	if (r == 0)
		*ret = list;
	return r;
}

bool file_is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *file_beside(struct arena *arena, const char *base, const char *path)
{
	const char *slash = base ? strrchr(base, '/') : NULL;

	if (*path == '/' || !slash)
		return arena_strdup(arena, path);
	return join(arena, base, (size_t)(slash - base) + 1, path);
}
