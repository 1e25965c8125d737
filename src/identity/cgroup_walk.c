// SPDX-License-Identifier: Apache-2.0
#include "identity/cgroup_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity/cgroup.h"

enum { PATH_AVERAGE = 128, FILEID_KERNFS_ = 0xfe /* include/linux/exportfs.h */ };

static bool entry_add(struct walk *w, uint64_t id, const char *path, size_t len, bool of_root)
{
	if (w->n == w->max || w->texts_max - w->texts_used < len) {
		w->cut = true;
		return false;
	}
	w->entries[w->n++] = (struct walk_entry){ id, (uint32_t)w->texts_used, (uint16_t)len, of_root };
	memcpy(w->texts + w->texts_used, path, len);
	w->texts_used += len;
	return true;
}

/* path is that of the folder, and has room for one more name.  The inode of a cgroup's folder is its id. */
static void walk_folder(struct walk *w, int fd, char path[CGROUP_PATH_MAX], size_t len, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *e;

	if (!dir) {
		close(fd);
		return;
	}
	while (!w->cut && (e = readdir(dir))) {
		size_t name = strlen(e->d_name);
		struct stat st;
		int below;

		if (e->d_type != DT_DIR || !strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (depth == WALK_DEPTH || len + 1 + name >= CGROUP_PATH_MAX) {
			w->cut = true;
			break;
		}
		below = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0)
			continue;
		if (fstat(below, &st) < 0) {
			close(below);
			continue;
		}
		path[len] = '/';
		memcpy(path + len + 1, e->d_name, name);
		if (entry_add(w, st.st_ino, path, len + 1 + name, st.st_uid == 0))
			walk_folder(w, below, path, len + 1 + name, depth + 1);
		else
			close(below);
	}
	closedir(dir);
}

int walk_cgroups(struct walk *w, int root, size_t max)
{
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[CGROUP_PATH_MAX];
	struct stat st;

	*w = (struct walk){ .max = max, .texts_max = max * PATH_AVERAGE };
	w->entries = malloc(max * sizeof(*w->entries));
	w->texts = malloc(w->texts_max);
	if (!w->entries || !w->texts || fd < 0) {
		if (fd >= 0)
			close(fd);
		return w->entries && w->texts ? 0 : -ENOMEM;
	}
	if (fstat(fd, &st) == 0)
		entry_add(w, st.st_ino, "/", 1, st.st_uid == 0);
	walk_folder(w, fd, path, 0, 0);
	return 0;
}

void walk_fini(struct walk *w)
{
	free(w->entries);
	free(w->texts);
	*w = (struct walk){ 0 };
}

/* What /proc shows of a descriptor begins with the mount's own path, where it has one. */
static ssize_t path_below(int root, int fd, char *path, size_t size)
{
	char link[64], prefix[CGROUP_PATH_MAX];
	ssize_t n, before;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", root);
	before = readlink(link, prefix, sizeof(prefix));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, size);
	if (n < 0 || before < 0)
		return -errno;
	if (before == 1)
		before = 0;	/* mounted for us alone: "/" */
	if (n < before || memcmp(path, prefix, before) != 0 || (size_t)n == size)
		return -ENAMETOOLONG;
	if (n == before) {
		path[0] = '/';
		return 1;
	}
	memmove(path, path + before, n - before);
	return n - before;
}

ssize_t walk_path(int root, uint64_t id, char *path, size_t size, bool *of_root)
{
	struct { struct file_handle h; uint64_t id; } handle = {
		.h = { .handle_bytes = sizeof(handle.id), .handle_type = FILEID_KERNFS_ }, .id = id,
	};
	int fd = open_by_handle_at(root, &handle.h, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = fstat(fd, &st) < 0 || st.st_nlink == 0 ? -ENOENT : path_below(root, fd, path, size);
	*of_root = st.st_uid == 0;
	close(fd);
	return n;
}
