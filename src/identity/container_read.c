// SPDX-License-Identifier: Apache-2.0
/*
 * A file is opened below its root only: no symbolic link on the way is followed, and what is no regular
 * file of root's, or too large, is left alone.  So nobody inside a container, whatever it may write in
 * its own files, makes us read another's.
 */
#include "identity/container_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity/below.h"
#include "identity/container_meta.h"
#include "identity/container_parse.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

enum {
	FILE_MAX = 8 << 20,	/* bytes of one; a larger one is left alone */
	FOLDERS_MAX = 64,	/* namespaces looked into */
	PATH_ROOM = 512,
};

const struct read_places read_places_usual = {
	.roots = {
		[ROOT_containerd] = { "/run/containerd/io.containerd.runtime.v2.task",
				      "/run/docker/containerd/daemon/io.containerd.runtime.v2.task",
				      "/run/k3s/containerd/io.containerd.runtime.v2.task",
				      "/var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task" },
		[ROOT_docker] = { "/var/lib/docker/containers", "/var/snap/docker/common/var-lib-docker/containers" },
		[ROOT_storage] = { "/run/containers/storage/overlay-containers",
				   "/var/lib/containers/storage/overlay-containers",
				   "/var/lib/containers/storage/vfs-containers" },
		[ROOT_runc] = { "/run/runc", "/run/containerd/runc", "/run/docker/runtime-runc" },
		[ROOT_crun] = { "/run/crun" },
		[ROOT_pod_logs] = { "/var/log/pods" },
	},
};

/* In the order in which their word counts.  * is any folder, % the container's id. */
static const struct {
	enum read_root root;
	const char *file;
	container_parser *parse;
	enum container_runtime runtime;	/* that files of this kind prove, unknown if several write them */
} sources[] = {
	{ ROOT_docker, "%/config.v2.json", parse_docker, RUNTIME_docker },
	{ ROOT_docker, "%/hostconfig.json", parse_docker_host, RUNTIME_docker },
	{ ROOT_containerd, "*/%/config.json", parse_oci, RUNTIME_containerd },
	{ ROOT_storage, "%/userdata/config.json", parse_oci, RUNTIME_unknown },
	{ ROOT_storage, "containers.json", parse_storage, RUNTIME_unknown },
	{ ROOT_storage, "volatile-containers.json", parse_storage, RUNTIME_unknown },
	{ ROOT_runc, "%/state.json", parse_runc, RUNTIME_unknown },
	{ ROOT_runc, "*/%/state.json", parse_runc, RUNTIME_unknown },
	{ ROOT_crun, "%/config.json", parse_oci, RUNTIME_unknown },
};

static int open_root(const struct read_places *places, const char *root)
{
	char path[2 * PATH_ROOM];

	snprintf(path, sizeof(path), "%s%s", places->prefix ? places->prefix : "", root);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int open_below(int root, const char *path, int flags)
{
	return below_open(root, path, flags | O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
			  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

/* Files that others could write tell nothing. */
static bool file_fits(int fd, size_t *size)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > FILE_MAX)
		return false;
	*size = st.st_size;
	return (st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & S_IWOTH);
}

/* The whole file, to be freed; NULL if it is not there or not to be read. */
static char *slurp(int fd, size_t *len)
{
	size_t size, n = 0;
	ssize_t got = 1;
	char *text;

	if (!file_fits(fd, &size))
		return NULL;
	text = malloc(size);
	while (text && n < size && (got = read(fd, text + n, size - n)) > 0)
		n += got;
	*len = n;
	return text;
}

static bool read_one(struct meta_draft *d, int root, const char *path, container_parser *parse, const char *id)
{
	int fd = open_below(root, path, 0);
	bool parsed = false;
	size_t len;
	char *text;

	if (fd < 0)
		return false;
	text = slurp(fd, &len);
	if (text)
		parsed = parse(d, text, len, id);
	free(text);
	close(fd);
	d->found |= parsed;
	return parsed;
}

/* The folders in a folder, one after the other. */
static DIR *folder_open(int root, const char *path)
{
	int fd = open_below(root, path, O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

static const char *folder_next(DIR *dir)
{
	const struct dirent *e;

	while ((e = readdir(dir)))
		if (e->d_name[0] != '.' && (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN))
			return e->d_name;
	return NULL;
}

/* A pattern with its * and % filled in. */
static void fill(char path[PATH_ROOM], const char *pattern, const char *folder, const char *id)
{
	size_t n = 0;

	for (; *pattern && n < PATH_ROOM - 1; pattern++) {
		const char *part = *pattern == '*' ? folder : *pattern == '%' ? id : NULL;

		if (part)
			n += snprintf(path + n, PATH_ROOM - n, "%s", part);
		else
			path[n++] = *pattern;
	}
	path[n < PATH_ROOM ? n : PATH_ROOM - 1] = 0;
}

static bool read_source(struct meta_draft *d, int root, size_t i, const char *id)
{
	char path[PATH_ROOM];
	const char *folder;
	bool found = false;
	unsigned n = 0;
	DIR *dir;

	if (*sources[i].file != '*') {
		fill(path, sources[i].file, "", id);
		return read_one(d, root, path, sources[i].parse, id);
	}
	dir = folder_open(root, ".");
	while (dir && !found && n++ < FOLDERS_MAX && (folder = folder_next(dir))) {
		fill(path, sources[i].file, folder, id);
		found = read_one(d, root, path, sources[i].parse, id);
		if (found && sources[i].root == ROOT_containerd && d->meta.runtime == RUNTIME_unknown)
			d->meta.runtime = strcmp(folder, "moby") ? RUNTIME_containerd : RUNTIME_docker;
	}
	if (dir)
		closedir(dir);
	return found;
}

static void read_sources(struct meta_draft *d, const struct read_places *places, const char *id)
{
	for (size_t i = 0; i < LEN(sources); i++) {
		bool found = false;

		for (size_t k = 0; !found && k < READ_ROOTS && places->roots[sources[i].root][k]; k++) {
			int root = open_root(places, places->roots[sources[i].root][k]);

			if (root < 0)
				continue;
			found = read_source(d, root, i, id);
			close(root);
		}
		if (found && d->meta.runtime == RUNTIME_unknown)
			d->meta.runtime = sources[i].runtime;
	}
}

/* NAMESPACE_NAME_UID: neither namespaces nor names of pods have a _. */
static bool pod_folder(struct meta_draft *d, const char *name, const char *uid)
{
	const char *first = strchr(name, '_'), *last = strrchr(name, '_');

	if (!first || last == first || strcmp(last + 1, uid) != 0)
		return false;
	meta_text_n(d, META_namespace, name, first - name);
	meta_text_n(d, META_pod, first + 1, last - first - 1);
	return true;
}

static void read_pod_logs(struct meta_draft *d, const struct read_places *places, const char *uid)
{
	for (size_t k = 0; k < READ_ROOTS && places->roots[ROOT_pod_logs][k]; k++) {
		int root = open_root(places, places->roots[ROOT_pod_logs][k]);
		DIR *dir = root < 0 ? NULL : fdopendir(root);
		const char *name;
		bool found = false;

		while (dir && !found && (name = folder_next(dir)))
			found = pod_folder(d, name, uid);
		d->found |= found;
		if (dir)
			closedir(dir);
		else if (root >= 0)
			close(root);
	}
}

static void read_pods(struct meta_draft *d, const struct read_places *places, const char *uid)
{
	char path[2 * PATH_ROOM];
	size_t len;
	char *text;
	int fd;

	if (!places->pods)
		return;
	snprintf(path, sizeof(path), "%s", places->pods);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	text = fd < 0 ? NULL : slurp(fd, &len);
	if (text && parse_pods(d, text, len, uid))
		d->found = true;
	free(text);
	if (fd >= 0)
		close(fd);
}

/* Runtimes whose containers have a name for an id, and nothing else that we could read. */
static bool named_by_id(enum container_runtime runtime)
{
	return runtime == RUNTIME_lxc || runtime == RUNTIME_nspawn || runtime == RUNTIME_libvirt;
}

static void read_item(struct meta_draft *d, const struct read_places *places, struct read_item *item)
{
	const char *uid;

	meta_begin(d);
	read_sources(d, places, item->id);
	uid = d->meta.texts[META_pod_uid] ? d->meta.texts[META_pod_uid] : item->pod;
	if (*uid) {
		read_pods(d, places, uid);
		if (!d->meta.texts[META_pod])
			read_pod_logs(d, places, uid);
	}
	if (named_by_id(item->runtime)) {
		meta_text(d, META_name, item->id);
		d->found = true;
	}
	item->meta = meta_finish(d);
}

void read_containers(struct read_batch *b)
{
	for (unsigned i = 0; i < b->n; i++)
		read_item(b->draft, b->places, &b->items[i]);
}

/* --- all there are */

struct ids { char **names; size_t n, max; };

static void ids_add(struct ids *ids, const char *name)
{
	char *copy = ids->n < ids->max && container_id_valid(name, strlen(name)) ? strdup(name) : NULL;

	if (copy)
		ids->names[ids->n++] = copy;
}

/* Folders that hold the file are containers'. */
static void ids_in(struct ids *ids, int root, const char *path, bool deeper, const char *file)
{
	DIR *dir = folder_open(root, path);
	const char *name;
	char inner[PATH_ROOM];

	while (dir && (name = folder_next(dir))) {
		snprintf(inner, sizeof(inner), "%.200s/%s", name, file);
		if (deeper)
			ids_in(ids, root, name, false, file);
		else if (faccessat(dirfd(dir), inner, F_OK, 0) == 0)
			ids_add(ids, name);
	}
	if (dir)
		closedir(dir);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t read_ids(const struct read_places *places, char ***ret, size_t max)
{
	static const struct { enum read_root root; bool deeper; const char *file; } where[] = {
		{ ROOT_containerd, true, "config.json" }, { ROOT_runc, false, "state.json" },
		{ ROOT_runc, true, "state.json" }, { ROOT_crun, false, "status" },
	};
	struct ids ids = { calloc(max, sizeof(char *)), 0, max };

	for (size_t i = 0; ids.names && i < LEN(where); i++)
		for (size_t k = 0; k < READ_ROOTS && places->roots[where[i].root][k]; k++) {
			int root = open_root(places, places->roots[where[i].root][k]);

			if (root < 0)
				continue;
			ids_in(&ids, root, ".", where[i].deeper, where[i].file);
			close(root);
		}
	if (ids.n)
		qsort(ids.names, ids.n, sizeof(*ids.names), by_name);
	*ret = ids.names;
	return ids.n;
}

void read_ids_free(char **ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(ids[i]);
	free(ids);
}
