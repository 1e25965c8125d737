// SPDX-License-Identifier: Apache-2.0
#include "agent/fingerprint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/key.h"

bool fingerprint_counts(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (*name == '.' || *name == '#' || !dot)
		return false;
	return !strcmp(dot, ".yaml") || !strcmp(dot, ".yml");
}

/* A lease for reading is refused while a file is open for writing.  Who opens it while we have the
 * lease waits until we close, and we are sent a signal, by default the deadly SIGIO. */
int fingerprint_writing(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY), r;

	if (fd < 0)
		return -errno;
	r = fcntl(fd, F_SETSIG, SIGURG);
	if (r == 0)
		r = fcntl(fd, F_SETLEASE, F_RDLCK);
	r = r == 0 ? 0 : errno == EAGAIN ? 1 : -errno;
	close(fd);
	return r;
}

static int64_t nanoseconds(struct timespec t)
{
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* The sum does not depend on the order in which a folder is read. */
static void add(struct fingerprint *f, const char *path, const struct stat *st, bool times)
{
	static const struct key_seed seed;
	struct key_state s;

	key_begin(&s, &seed);
	key_bytes(&s, path, strlen(path));
	key_word(&s, st->st_dev);
	key_word(&s, st->st_ino);
	key_word(&s, st->st_mode);
	key_word(&s, (uint64_t)st->st_uid << 32 | st->st_gid);
	if (times) {
		key_word(&s, st->st_size);
		key_word(&s, nanoseconds(st->st_mtim));
		key_word(&s, nanoseconds(st->st_ctim));
		if (nanoseconds(st->st_ctim) > f->newest)
			f->newest = nanoseconds(st->st_ctim);
	}
	f->hash += key_end(&s).hi;
}

static void add_file(struct fingerprint *f, const char *path, const struct stat *st, bool ask)
{
	int r = 0;

	add(f, path, st, true);
	if (ask && S_ISREG(st->st_mode))
		r = fingerprint_writing(path);
	f->writing |= r > 0;
	f->unsure |= r < 0;
}

static void add_entry(struct fingerprint *f, const char *folder, const char *name, bool ask)
{
	char path[PATH_MAX];
	struct stat st = { 0 };

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return;
	/* A link that leads nowhere counts as well. */
	if (stat(path, &st) == 0 || lstat(path, &st) == 0)
		add_file(f, path, &st, ask);
}

/* The folder's own times change with every file in it that does not count. */
static void add_folder(struct fingerprint *f, const char *path, const struct stat *st, bool ask)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	unsigned n = 0;

	add(f, path, st, false);
	if (!dir)
		return;
	while (n < FINGERPRINT_ENTRIES && (e = readdir(dir))) {
		n++;
		if (fingerprint_counts(e->d_name))
			add_entry(f, path, e->d_name, ask);
	}
	f->cut |= n == FINGERPRINT_ENTRIES;
	closedir(dir);
}

void fingerprint_take(struct fingerprint *ret, const char *const *paths, size_t n, bool ask)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		if (stat(paths[i], &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			add_folder(ret, paths[i], &st, ask);
		else
			add_file(ret, paths[i], &st, ask);
	}
}
