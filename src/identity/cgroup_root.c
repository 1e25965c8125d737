// SPDX-License-Identifier: Apache-2.0
#include "identity/cgroup_root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

#define LEN(a) (sizeof(a) / sizeof(*(a)))

static const char usual[] = "/sys/fs/cgroup";

/* Runtimes put a container under every controller there is; these exist on most machines. */
static const char *const controllers[] = { "memory", "pids", "cpuset", "cpu", "devices", "freezer" };

/* The file system's kind, 0 if there is none. */
static long magic_at(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 ? (long)fs.f_type : 0;
}

/* Column of a controller in /proc/cgroups: its hierarchy's number, -1 if unknown. */
static int hierarchy_of(const char *controller)
{
	FILE *f = fopen("/proc/cgroups", "re");
	char line[256], name[64];
	int number, found = -1;

	while (f && found < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %d", name, &number) == 2 && !strcmp(name, controller))
			found = number;
	if (f)
		fclose(f);
	return found;
}

static int fail(struct cgroup_root *root, const char *what, const char *path)
{
	snprintf(root->error, sizeof(root->error), "%s%.150s", what, path);
	return -EINVAL;
}

static int use(struct cgroup_root *root, enum cgroup_version version, const char *controller, const char *path)
{
	root->version = version;
	root->hierarchy = version == CGROUP_V2 ? 0 : hierarchy_of(controller);
	if (version == CGROUP_V1 && root->hierarchy <= 0)
		return fail(root, "no such controller of cgroup version 1: ", controller);
	snprintf(root->controller, sizeof(root->controller), "%s", controller);
	snprintf(root->path, sizeof(root->path), "%s", path);
	root->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		snprintf(root->error, sizeof(root->error), "%.150s: %s", path, strerror(errno));
	return 0;
}

/* A folder with a folder for each controller, as /sys/fs/cgroup of version 1 is. */
static int use_controller_in(struct cgroup_root *root, const char *folder)
{
	char path[CGROUP_ROOT_PATH];

	for (size_t i = 0; i < LEN(controllers); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, controllers[i]);
		if (magic_at(path) == CGROUP_SUPER_MAGIC && hierarchy_of(controllers[i]) > 0)
			return use(root, CGROUP_V1, controllers[i], path);
	}
	return -ENOENT;
}

/* The octal escapes of /proc/mounts. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; to++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to = *s++;
		}
	}
	*to = 0;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == len && !strncmp(list, word, len))
			return true;
	return false;
}

/* The mount of this type, with this controller unless it is NULL; at this place unless that is NULL. */
static bool mounted(const char *type, const char *controller, const char *place, char path[CGROUP_ROOT_PATH])
{
	char *line = NULL, where[4096], is[32], options[1024];
	FILE *f = fopen("/proc/self/mounts", "re");
	bool found = false;
	size_t size = 0;

	while (f && !found && getline(&line, &size, f) > 0) {
		if (sscanf(line, "%*s %4095s %31s %1023s", where, is, options) != 3 || strcmp(is, type))
			continue;
		unescape(where);
		found = (!controller || has_word(options, controller)) && (!place || !strcmp(place, where)) &&
			strlen(where) < CGROUP_ROOT_PATH;
	}
	if (found)
		snprintf(path, CGROUP_ROOT_PATH, "%.*s", CGROUP_ROOT_PATH - 1, where);
	free(line);
	if (f)
		fclose(f);
	return found;
}

static int use_controller_anywhere(struct cgroup_root *root, const char *place)
{
	char path[CGROUP_ROOT_PATH];

	for (size_t i = 0; i < LEN(controllers); i++)
		if (mounted("cgroup", controllers[i], place, path))
			return use(root, CGROUP_V1, controllers[i], path);
	return -ENOENT;
}

/* A mount without a place: only its descriptor leads to it. */
static int mount_alone(struct cgroup_root *root)
{
	int context = fsopen("cgroup2", FSOPEN_CLOEXEC), r = context < 0 ? -errno : 0;

	root->version = CGROUP_V2;
	if (r == 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r == 0) {
		root->fd = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
		r = root->fd < 0 ? -errno : 0;
	}
	if (r < 0)
		snprintf(root->error, sizeof(root->error), "cgroup version 2 is not mounted, and mounting it for "
			 "ourselves fails: %s", strerror(-r));
	if (context >= 0)
		close(context);
	return 0;
}

static int use_v2(struct cgroup_root *root)
{
	char path[CGROUP_ROOT_PATH];

	if (magic_at(usual) == CGROUP2_SUPER_MAGIC)
		return use(root, CGROUP_V2, "", usual);
	if (mounted("cgroup2", NULL, NULL, path))
		return use(root, CGROUP_V2, "", path);
	return mount_alone(root);
}

static int use_place(struct cgroup_root *root, const struct cgroup_wish *wish)
{
	char unified[CGROUP_ROOT_PATH];
	int r = -ENOENT;

	snprintf(unified, sizeof(unified), "%s/unified", wish->root);
	if (wish->version != CGROUP_V1 && magic_at(wish->root) == CGROUP2_SUPER_MAGIC)
		return use(root, CGROUP_V2, "", wish->root);
	if (wish->version != CGROUP_V2)
		r = magic_at(wish->root) == CGROUP_SUPER_MAGIC ? use_controller_anywhere(root, wish->root)
							       : use_controller_in(root, wish->root);
	if (r == -ENOENT && wish->version != CGROUP_V1 && magic_at(unified) == CGROUP2_SUPER_MAGIC)
		return use(root, CGROUP_V2, "", unified);
	if (r == -ENOENT)
		return fail(root, wish->version == CGROUP_AUTO ? "there is no cgroup hierarchy at " :
			    wish->version == CGROUP_V1 ? "there is no cgroup hierarchy of version 1 at " :
			    "there is no cgroup hierarchy of version 2 at ", wish->root);
	return r;
}

int cgroup_root_open(struct cgroup_root *root, const struct cgroup_wish *wish)
{
	int r;

	*root = (struct cgroup_root){ .version = wish->version, .fd = -1 };
	if (wish->root)
		return use_place(root, wish);
	if (wish->version == CGROUP_V2 || (wish->version == CGROUP_AUTO && magic_at(usual) == CGROUP2_SUPER_MAGIC))
		return use_v2(root);
	r = use_controller_in(root, usual);
	if (r == -ENOENT)
		r = use_controller_anywhere(root, NULL);
	if (r != -ENOENT)
		return r;
	if (wish->version == CGROUP_V1)
		return fail(root, "no cgroup hierarchy of version 1 is mounted", "");
	return use_v2(root);
}

int cgroup_root_sibling(const struct cgroup_root *root, const char *controller)
{
	const char *slash = strrchr(root->path, '/');
	char path[2 * CGROUP_ROOT_PATH];
	int fd;

	snprintf(path, sizeof(path), "%.*s/%s", slash ? (int)(slash - root->path) : 0, root->path,
		 controller ? controller : "unified");
	if (magic_at(path) != (controller ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC) &&
	    !mounted(controller ? "cgroup" : "cgroup2", controller, NULL, path))
		return -ENOENT;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -ENOENT : fd;
}

int cgroup_root_sockets(const struct cgroup_root *root)
{
	struct cgroup_root alone = { .fd = -1 };
	int fd;

	if (root->version == CGROUP_V2 && root->fd >= 0)
		fd = fcntl(root->fd, F_DUPFD_CLOEXEC, 3);
	else
		fd = cgroup_root_sibling(root, NULL);
	if (fd >= 0)
		return fd;
	mount_alone(&alone);
	return alone.fd < 0 ? -ENOENT : alone.fd;
}

void cgroup_root_close(struct cgroup_root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
}
