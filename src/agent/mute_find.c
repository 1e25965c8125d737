// SPDX-License-Identifier: Apache-2.0
/* A cgroup's id is the inode of its folder (fs/kernfs/inode.c, kernfs_init_inode). */
#include "agent/mute_find.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity/cgroup_root.h"

enum { DEPTH = 16 };

static int folder_open(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* From the hierarchy's root: paths begin with a slash. */
static int path_open(const struct cgroup_root *root, const char *path)
{
	return root->fd < 0 ? -1 : folder_open(root->fd, path[1] ? path + 1 : ".");
}

static uint64_t id_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

static DIR *folder_enter(int fd)
{
	DIR *dir = fdopendir(fd);

	if (!dir)
		close(fd);
	return dir;
}

static bool is_child(const struct dirent *e)
{
	return e->d_type == DT_DIR && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

void mute_find_below(const struct cgroup_root *root, const char *path, void (*each)(void *ctx, uint64_t cgroup),
		     void *ctx)
{
	DIR *stack[DEPTH];
	unsigned depth = 0;
	int fd = path_open(root, path);

	if (fd < 0)
		return;
	each(ctx, id_of(fd));
	stack[0] = folder_enter(fd);
	depth = stack[0] != NULL;
	while (depth > 0) {
		const struct dirent *e = readdir(stack[depth - 1]);

		if (!e) {
			closedir(stack[--depth]);
			continue;
		}
		fd = is_child(e) ? folder_open(dirfd(stack[depth - 1]), e->d_name) : -1;
		if (fd < 0)
			continue;
		each(ctx, id_of(fd));
		if (depth == DEPTH) {
			close(fd);
			continue;
		}
		stack[depth] = folder_enter(fd);
		depth += stack[depth] != NULL;
	}
}

uint64_t mute_find_above(const struct cgroup_root *root, const char *path)
{
	const char *slash = strrchr(path, '/');
	char above[PATH_MAX];
	uint64_t id;
	int fd;

	if (!slash || slash - path + 2 > (ptrdiff_t)sizeof(above))
		return 0;
	memcpy(above, path, slash - path);
	above[slash - path] = 0;
	fd = path_open(root, slash == path ? "/" : above);
	if (fd < 0)
		return 0;
	id = id_of(fd);
	close(fd);
	return id;
}
