// SPDX-License-Identifier: Apache-2.0
#include "agent/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/option.h"

enum { TRIES = 8, GROUP_BYTES = 16384 };

#define DEFAULT_PATH "/run/saker"

/* What the lock says of who holds it. */
struct holder {
	long pid;
	long long since;	/* seconds since 1970 */
	int made;		/* it made the folder */
};

__attribute__((format(printf, 3, 4)))
static int fail(struct instance *i, int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(i->error, sizeof(i->error), format, args);
	va_end(args);
	return r;
}

static int fail_at(struct instance *i, const char *what)
{
	int r = -errno;

	return fail(i, r, "cannot %s %s: %s", what, i->shown, strerror(-r));
}

/* systemd names several folders with colons between them. */
static void choose_path(struct instance *i, const struct option_text *option)
{
	const char *path = option->text, *given = path ? path : getenv("RUNTIME_DIRECTORY");

	given = given && *given ? given : DEFAULT_PATH;
	snprintf(i->path, sizeof(i->path), "%.*s", path ? (int)strlen(given) : (int)strcspn(given, ":"), given);
	i->shown = option->secret ? option_shown(option) : i->path;
}

static int group_id(struct instance *i, const struct option_text *option, gid_t *ret)
{
	const char *name = option->text;
	char buf[GROUP_BYTES], *end;
	struct group g, *found;
	int r;

	*ret = strtoul(name, &end, 10);
	if (*name && !*end)
		return 0;
	r = getgrnam_r(name, &g, buf, sizeof(buf), &found);
	if (!found)
		return fail(i, r ? -r : -ENOENT, "agent.group: there is no group \"%.64s\"", option_shown(option));
	*ret = found->gr_gid;
	return 0;
}

/* Whoever could write the folder could put another lock or socket in place. */
static int open_dir(struct instance *i, const struct option_text *group)
{
	struct stat st;
	int r;

	i->made = mkdir(i->path, 0750) == 0;
	if (!i->made && errno != EEXIST)
		return fail_at(i, "make");
	i->dir = open(i->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (i->dir < 0 || fstat(i->dir, &st) < 0)
		return fail_at(i, "open");
	if ((st.st_uid && st.st_uid != geteuid()) || st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(i, -EPERM, "%s: others could write it. Let it belong to root, with mode 0750", i->shown);
	i->group = st.st_gid;
	r = group->text ? group_id(i, group, &i->group) : 0;
	if (r < 0)
		return r;
	if (i->group != st.st_gid && fchown(i->dir, -1, i->group) < 0) {
		r = -errno;
		return fail(i, r, "cannot give %s to the group \"%.64s\": %s%s", i->shown, option_shown(group), strerror(-r),
			    r == -EPERM ? ". Who is not root must be in it: SupplementaryGroups= in the unit" : "");
	}
	return i->made && fchmod(i->dir, 0750) < 0 ? fail_at(i, "change the mode of") : 0;
}

static struct holder holder_of(int lock)
{
	struct holder h = { 0 };
	char text[64] = "";

	if (pread(lock, text, sizeof(text) - 1, 0) > 0 &&
	    sscanf(text, "%ld %lld %d", &h.pid, &h.since, &h.made) < 2)
		h = (struct holder){ 0 };
	return h;
}

static int is_held(struct instance *i)
{
	struct holder h = holder_of(i->lock);
	time_t since = h.since;
	char when[32] = "";
	struct tm tm;

	if (localtime_r(&since, &tm))
		strftime(when, sizeof(when), "%F %T", &tm);
	return fail(i, -EBUSY, "another saker runs already: process %ld, since %s, holds %s/lock. Stop it, or give this "
		    "one another agent.run_dir", h.pid, when, i->shown);
}

/* The one before may have removed the file between our opening and locking it. */
static bool is_there(const struct instance *i)
{
	struct stat file, name;

	return fstat(i->lock, &file) == 0 && fstatat(i->dir, "lock", &name, AT_SYMLINK_NOFOLLOW) == 0 &&
	       file.st_ino == name.st_ino && file.st_dev == name.st_dev;
}

/* Nobody else may open it, or they could hold the lock. */
static int take_lock(struct instance *i)
{
	for (unsigned n = 0; n < TRIES; n++) {
		i->lock = openat(i->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
		if (i->lock < 0)
			return fail_at(i, "make the lock in");
		if (flock(i->lock, LOCK_EX | LOCK_NB) < 0)
			return errno == EWOULDBLOCK ? is_held(i) : fail_at(i, "lock");
		if (is_there(i))
			return 0;
		close(i->lock);
		i->lock = -1;
	}
	return fail(i, -EBUSY, "%s/lock comes and goes", i->shown);
}

/* The folder of one that was killed is ours to remove. */
static int sign(struct instance *i)
{
	char text[64];
	int n;

	i->made = i->made || holder_of(i->lock).made;
	n = snprintf(text, sizeof(text), "%d %lld %d\n", (int)getpid(), (long long)time(NULL), i->made);
	return ftruncate(i->lock, 0) < 0 || pwrite(i->lock, text, n, 0) != n ? fail_at(i, "write the lock in") : 0;
}

int instance_open(struct instance *i, const struct option_text *path, const struct option_text *group)
{
	int r;

	*i = (struct instance){ .dir = -1, .lock = -1 };
	choose_path(i, path);
	r = open_dir(i, group);
	if (r == 0)
		r = take_lock(i);
	if (r < 0) {
		/* It is another one's. */
		if (i->lock >= 0)
			close(i->lock);
		i->lock = -1;
		return r;
	}
	return sign(i);
}

void instance_close(struct instance *i)
{
	if (i->lock >= 0) {
		unlinkat(i->dir, "lock", 0);
		close(i->lock);
		if (i->made)
			rmdir(i->path);
	}
	if (i->dir >= 0)
		close(i->dir);
	i->lock = i->dir = -1;
}
