// SPDX-License-Identifier: Apache-2.0
#include "identity/accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity/proc.h"

/* NAME:PASSWORD:ID:..; false when it is none. */
static bool parse_line(const char *line, const char *end, size_t *len, uint32_t *id)
{
	const char *colon = memchr(line, ':', end - line), *second;
	uint64_t value = 0;

	if (!colon)
		return false;
	*len = colon - line;
	second = memchr(colon + 1, ':', end - colon - 1);
	if (!second || *len == 0 || *len > ACCOUNTS_NAME_MAX)
		return false;
	for (const char *p = line; p < colon; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	for (line = second + 1; line < end && *line >= '0' && *line <= '9' && value < UINT32_MAX; line++)
		value = 10 * value + *line - '0';
	*id = value;
	return line > second + 1 && (line == end || *line == ':') && value < UINT32_MAX;
}

/* Those that are alike keep their order in the file by where their name is. */
static int by_id(const void *a, const void *b)
{
	const struct account_name *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static int shrink(struct account_names *ret)
{
	struct account_name *names = realloc(ret->names, (ret->n + 1) * sizeof(*names));
	char *text = realloc(ret->text, ret->text_len + 1);

	ret->names = names ? names : ret->names;
	ret->text = text ? text : ret->text;
	return 0;
}

int account_names_parse(struct account_names *ret, const char *text, size_t len)
{
	const char *end = text + len, *next;
	size_t lines = 1, n;

	for (const char *p = text; p < end; p++)
		lines += *p == '\n';
	lines = lines < ACCOUNTS_NAMES_MAX ? lines : ACCOUNTS_NAMES_MAX;
	*ret = (struct account_names){ .names = calloc(lines, sizeof(*ret->names)), .text = malloc(len + lines) };
	if (!ret->names || !ret->text) {
		account_names_fini(ret);
		return -ENOMEM;
	}
	for (; text < end; text = next + 1) {
		struct account_name *name = &ret->names[ret->n];

		next = memchr(text, '\n', end - text);
		next = next ? next : end;
		if (next == text || *text == '#')
			continue;
		if (ret->n == lines || !parse_line(text, next, &n, &name->id)) {
			ret->skipped++;
			continue;
		}
		name->name = ret->text_len;
		memcpy(ret->text + ret->text_len, text, n);
		ret->text[ret->text_len + n] = 0;
		ret->text_len += n + 1;
		ret->n++;
	}
	qsort(ret->names, ret->n, sizeof(*ret->names), by_id);
	return shrink(ret);
}

void account_names_fini(struct account_names *names)
{
	free(names->names);
	free(names->text);
	*names = (struct account_names){ 0 };
}

int account_maps_parse(struct account_maps *ret, const char *text)
{
	struct account_map m;
	int len;

	ret->n = 0;
	for (; sscanf(text, "%u %u %u%n", &m.inside, &m.outside, &m.count, &len) == 3; text += len) {
		if (ret->n == ACCOUNTS_MAPS_MAX)
			return -E2BIG;
		ret->maps[ret->n++] = m;
	}
	return 0;
}

static bool inside(const struct account_maps *maps, uint32_t *id)
{
	for (unsigned i = 0; i < maps->n; i++) {
		const struct account_map *m = &maps->maps[i];

		if (*id - m->outside >= m->count)
			continue;
		*id = m->inside + (*id - m->outside);
		return true;
	}
	return false;
}

/* The first of those that have the id. */
static const char *find(const struct account_names *names, const struct account_maps *maps, uint32_t id)
{
	uint32_t low = 0, high = names->n;

	if (!inside(maps, &id))
		return NULL;
	while (low < high) {
		uint32_t half = low + (high - low) / 2;

		if (names->names[half].id < id)
			low = half + 1;
		else
			high = half;
	}
	return low < names->n && names->names[low].id == id ? names->text + names->names[low].name : NULL;
}

const char *account_user(const struct accounts *a, uint32_t uid)
{
	return find(&a->users, &a->uids, uid);
}

const char *account_group(const struct accounts *a, uint32_t gid)
{
	return find(&a->groups, &a->gids, gid);
}

static size_t names_bytes(const struct account_names *names)
{
	return names->n * sizeof(*names->names) + names->text_len;
}

size_t accounts_bytes(const struct accounts *a)
{
	return sizeof(*a) + names_bytes(&a->users) + names_bytes(&a->groups);
}

void accounts_free(struct accounts *a)
{
	if (!a)
		return;
	account_names_fini(&a->users);
	account_names_fini(&a->groups);
	free(a);
}

/* --- files */

static bool same_file(const struct account_file *a, const struct account_file *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->mtime.tv_sec == b->mtime.tv_sec &&
	       a->mtime.tv_nsec == b->mtime.tv_nsec && a->ctime.tv_sec == b->ctime.tv_sec &&
	       a->ctime.tv_nsec == b->ctime.tv_nsec;
}

/* -ENOENT when there is none: a root without the file is one without names. */
static int open_file(int root, const char *path, struct account_file *ret)
{
	int fd = proc_open_below(root, path);
	struct stat st;

	*ret = (struct account_file){ 0 };
	if (fd < 0)
		return fd == -ENOTDIR ? -ENOENT : fd;
	if (fstat(fd, &st) == 0)
		*ret = (struct account_file){ st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim };
	return fd;
}

static int read_names(int fd, struct account_names *ret)
{
	char *text = malloc(ACCOUNTS_FILE_MAX + 1);
	size_t len = 0;
	ssize_t n = 0;
	int r;

	if (!text)
		return -ENOMEM;
	while (len <= ACCOUNTS_FILE_MAX && (n = read(fd, text + len, ACCOUNTS_FILE_MAX + 1 - len)) > 0)
		len += n;
	r = n < 0 ? -errno : len > ACCOUNTS_FILE_MAX ? -EFBIG : account_names_parse(ret, text, len);
	free(text);
	return r;
}

static int read_maps(int proc, const char *name, struct account_maps *ret)
{
	char buf[4096];
	ssize_t n = proc_read(proc, name, buf, sizeof(buf));

	return n < 0 ? n : account_maps_parse(ret, buf);
}

/* What is open is read where it is not what was read before. */
static int read_changed(struct accounts **ret, struct accounts *now, const struct accounts *before, int passwd,
			int group)
{
	struct accounts *a;
	int r;

	*ret = NULL;
	if (before && same_file(&now->passwd, &before->passwd) && same_file(&now->group, &before->group) &&
	    !memcmp(&now->uids, &before->uids, sizeof(now->uids)) && !memcmp(&now->gids, &before->gids, sizeof(now->gids)) &&
	    now->root_dev == before->root_dev && now->root_ino == before->root_ino)
		return 0;
	a = malloc(sizeof(*a));
	if (!a)
		return -ENOMEM;
	*a = *now;
	r = passwd < 0 ? 0 : read_names(passwd, &a->users);
	if (r == 0 && group >= 0)
		r = read_names(group, &a->groups);
	if (r == 0)
		*ret = a;
	else
		accounts_free(a);
	return r;
}

static int read_below(struct accounts **ret, struct accounts *now, const struct accounts *before, int root)
{
	int passwd = open_file(root, "etc/passwd", &now->passwd);
	int group = open_file(root, "etc/group", &now->group);
	int r = passwd < 0 && passwd != -ENOENT ? passwd : group < 0 && group != -ENOENT ? group : 0;

	if (r == 0)
		r = read_changed(ret, now, before, passwd, group);

	if (passwd >= 0)
		close(passwd);
	if (group >= 0)
		close(group);
	return r;
}

static int read_through(struct accounts **ret, const struct accounts *before, int proc, uint32_t mnt_ns)
{
	struct accounts now = { 0 };
	struct stat st;
	int root = proc_root(proc), r;

	if (root < 0)
		return root;
	r = read_maps(proc, "uid_map", &now.uids);
	r = r < 0 ? r : read_maps(proc, "gid_map", &now.gids);
	if (r == 0 && !proc_root_is_local(proc, root))
		r = -EREMOTE;
	if (r == 0 && fstat(root, &st) < 0)
		r = -errno;
	if (r == 0) {
		now.root_dev = st.st_dev;
		now.root_ino = st.st_ino;
		r = read_below(ret, &now, before, root);
	}
	/* Asked last: the root was that of this namespace all the time. */
	if (r == 0 && proc_link_inode(proc, "ns/mnt") != mnt_ns) {
		accounts_free(*ret);
		*ret = NULL;
		r = -ESRCH;
	}
	close(root);
	return r;
}

int accounts_read(struct accounts **ret, const struct accounts *before, uint32_t pid, uint64_t start, uint32_t mnt_ns)
{
	int proc = proc_open(pid, start), r;

	*ret = NULL;
	if (proc < 0)
		return proc;
	r = read_through(ret, before, proc, mnt_ns);
	close(proc);
	return r;
}
