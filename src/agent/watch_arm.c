// SPDX-License-Identifier: Apache-2.0
/*
 * Each path is followed name by name, as the kernel does.  The folders of all links on the way are
 * watched for the link's name, since it may be made to lead elsewhere; the last folder for the last
 * name; and where a name is missing, the folder that it will appear in.  Folders on the way that
 * are no links are not watched: they would wake us for every file made in / or /etc.
 */
#include "agent/watch_arm.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/fingerprint.h"
#include "agent/watch.h"
#include "base/fnv.h"

enum {
	MASK = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB |
	       IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK,
	LINKS_MAX = 40,		/* as the kernel */
};

struct walk {
	char done[PATH_MAX];	/* without links; "" is the root */
	char rest[PATH_MAX];
	unsigned links;
};

void watch_degrade(struct watch *w, const char *fmt, ...)
{
	size_t len;
	va_list args;

	if (*w->degraded)
		return;
	va_start(args, fmt);
	vsnprintf(w->degraded, sizeof(w->degraded) - 64, fmt, args);
	va_end(args);
	len = strlen(w->degraded);
	snprintf(w->degraded + len, sizeof(w->degraded) - len,
		 "; changes are looked for every %g s", w->times.poll_ms / 1000.0);
}

uint64_t watch_name_hash(const char *name)
{
	uint64_t h = fnv64(0, name, strlen(name));

	return h ? h : 1;
}

static void refused(struct watch *w, const char *dir, int err)
{
	if (err == ENOENT || err == ENOTDIR)
		return;
	watch_degrade(w, "cannot watch %s: %s", dir,
		      err == ENOSPC ? "fs.inotify.max_user_watches is reached" : strerror(err));
}

static void mark(struct watch *w, const char *dir, const char *name)
{
	uint64_t hash = name ? watch_name_hash(name) : 0;
	int wd;

	if (w->fd < 0)
		return;
	if (w->nmarks == WATCH_MARKS) {
		watch_degrade(w, "more than %u files and links to watch", WATCH_MARKS);
		return;
	}
	dir = *dir ? dir : "/";
	wd = inotify_add_watch(w->fd, dir, MASK);
	if (wd < 0) {
		refused(w, dir, errno);
		return;
	}
	for (unsigned i = 0; i < w->nmarks; i++)
		if (w->marks[i].wd == wd && w->marks[i].name == hash)
			return;
	w->marks[w->nmarks++] = (struct watch_mark){ .wd = wd, .name = hash };
}

/* Take the next name off the rest; false at its end. */
static bool next_name(struct walk *k, char name[NAME_MAX + 1])
{
	const char *from = k->rest + strspn(k->rest, "/");
	size_t len = strcspn(from, "/");

	if (len == 0 || len > NAME_MAX)
		return false;
	memcpy(name, from, len);
	name[len] = 0;
	memmove(k->rest, from + len, strlen(from + len) + 1);
	return true;
}

static bool follow(struct walk *k, const char *link)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n <= 0 || ++k->links > LINKS_MAX)
		return false;
	target[n] = 0;
	if (snprintf(rest, sizeof(rest), "%s/%s", target, k->rest) >= (int)sizeof(rest))
		return false;
	memcpy(k->rest, rest, strlen(rest) + 1);
	if (*target == '/')
		*k->done = 0;
	return true;
}

static void go_up(struct walk *k)
{
	char *slash = strrchr(k->done, '/');

	if (slash)
		*slash = 0;
}

/* False where the way ends before its last name. */
static bool step(struct watch *w, struct walk *k, const char *name)
{
	char full[PATH_MAX];
	struct stat st;

	if (!strcmp(name, "."))
		return true;
	if (!strcmp(name, "..")) {
		go_up(k);
		return true;
	}
	if (snprintf(full, sizeof(full), "%s/%s", k->done, name) >= (int)sizeof(full))
		return false;
	if (lstat(full, &st) < 0) {
		mark(w, k->done, name);
		/* It may have appeared before the watch did. */
		if (lstat(full, &st) < 0)
			return false;
	}
	if (S_ISLNK(st.st_mode) || !k->rest[strspn(k->rest, "/")])
		mark(w, k->done, name);
	if (S_ISLNK(st.st_mode))
		return follow(k, full);
	memcpy(k->done, full, strlen(full) + 1);
	return true;
}

/* Leaves where the path leads in k->done; false if it leads nowhere. */
static bool arm_path(struct watch *w, struct walk *k, const char *folder, const char *entry)
{
	char name[NAME_MAX + 1];

	k->links = 0;
	*k->done = 0;
	if (snprintf(k->rest, sizeof(k->rest), "%s/%s", folder, entry) >= (int)sizeof(k->rest))
		return false;
	while (next_name(k, name))
		if (!step(w, k, name))
			return false;
	return true;
}

/* Links in a folder lead to files that are written elsewhere. */
static void arm_links(struct watch *w, const char *folder)
{
	struct walk k;
	DIR *dir = opendir(folder);
	const struct dirent *e;

	if (!dir)
		return;
	for (unsigned n = 0; n < FINGERPRINT_ENTRIES && (e = readdir(dir)); n++) {
		bool link = e->d_type == DT_LNK || e->d_type == DT_UNKNOWN;

		if (link && fingerprint_counts(e->d_name))
			arm_path(w, &k, folder, e->d_name);
	}
	closedir(dir);
}

static void arm_one(struct watch *w, const char *path)
{
	struct walk k;
	struct stat st;

	if (!arm_path(w, &k, path, "") || stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return;
	mark(w, k.done, NULL);
	arm_links(w, k.done);
}

static bool wanted(const struct watch *w, int wd)
{
	for (unsigned i = 0; i < w->nmarks; i++)
		if (w->marks[i].wd == wd)
			return true;
	return false;
}

void watch_arm(struct watch *w)
{
	int before[WATCH_MARKS];
	unsigned n = w->nmarks;

	for (unsigned i = 0; i < n; i++)
		before[i] = w->marks[i].wd;
	w->nmarks = 0;
	*w->degraded = 0;
	for (size_t i = 0; i < w->npaths; i++)
		arm_one(w, w->paths[i]);
	for (unsigned i = 0; i < n; i++)
		if (!wanted(w, before[i]))
			inotify_rm_watch(w->fd, before[i]);
}
