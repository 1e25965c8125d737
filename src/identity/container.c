// SPDX-License-Identifier: Apache-2.0
#include "identity/container.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "identity/container_meta.h"

const struct container container_host = { .id = "host", .state = CONTAINER_KNOWN, .stamp = 1 };

/* Names of executables, the beginning of them with a * at the end. */
static const struct { const char *name; enum vouch vouch; } makers[] = {
	{ "runc", VOUCH_OCI }, { "runc-*", VOUCH_OCI }, { "crun", VOUCH_OCI }, { "crun-*", VOUCH_OCI },
	{ "youki", VOUCH_OCI }, { "runsc", VOUCH_OCI }, { "docker-runc", VOUCH_OCI }, { "nvidia-container-runtime", VOUCH_OCI },
	{ "systemd", VOUCH_RUNTIME }, { "containerd*", VOUCH_RUNTIME }, { "dockerd*", VOUCH_RUNTIME },
	{ "crio", VOUCH_RUNTIME }, { "conmon*", VOUCH_RUNTIME }, { "podman", VOUCH_RUNTIME },
	{ "buildah", VOUCH_RUNTIME }, { "buildkitd", VOUCH_RUNTIME }, { "lxc-*", VOUCH_RUNTIME },
	{ "lxd*", VOUCH_RUNTIME }, { "incusd*", VOUCH_RUNTIME }, { "forkproc", VOUCH_RUNTIME },
	{ "systemd-nspawn", VOUCH_RUNTIME }, { "systemd-machined", VOUCH_RUNTIME }, { "libvirt*", VOUCH_RUNTIME },
	{ "virtlxcd", VOUCH_RUNTIME }, { "kubelet", VOUCH_RUNTIME }, { "k3s*", VOUCH_RUNTIME }, { "k0s*", VOUCH_RUNTIME },
	{ "kubelite", VOUCH_RUNTIME }, { "gdn", VOUCH_RUNTIME }, { "guardian", VOUCH_RUNTIME }, { "bpm", VOUCH_RUNTIME },
	{ "mesos-agent", VOUCH_RUNTIME }, { "kata-runtime", VOUCH_RUNTIME }, { "cri-dockerd", VOUCH_RUNTIME },
};

enum vouch container_maker(const char *exe)
{
	const char *slash = strrchr(exe, '/'), *name = slash ? slash + 1 : exe;

	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
		size_t len = strcspn(makers[i].name, "*");

		if (!strncmp(name, makers[i].name, len) && (makers[i].name[len] || !name[len]))
			return makers[i].vouch;
	}
	return VOUCH_NOBODY;
}

int container_table_init(struct container_table *t, uint32_t max_cgroups)
{
	uint32_t max = max_cgroups / CONTAINER_SHARE, index = 4;
	int r;

	memset(t, 0, sizeof(*t));
	r = cgroup_table_init(&t->cgroups, max_cgroups);
	if (r < 0)
		return r;
	max = max > CONTAINERS_MAX ? CONTAINERS_MAX : max;
	while (index < 2 * max)
		index *= 2;
	t->nslots = max + 1;
	t->mask = index - 1;
	t->slots = calloc(t->nslots, sizeof(*t->slots));
	t->by_path = calloc(index, sizeof(*t->by_path));
	if (t->slots && t->by_path)
		return 0;
	container_table_fini(t);
	return -ENOMEM;
}

static void contents_free(struct container *c)
{
	container_meta_free(c->meta);
	free(c->path);
}

void container_table_fini(struct container_table *t)
{
	for (uint32_t i = 1; t->slots && i <= t->handed; i++)
		contents_free(&t->slots[i]);
	free(t->slots);
	free(t->by_path);
	cgroup_table_fini(&t->cgroups);
	memset(t, 0, sizeof(*t));
}

static void touch(struct container_table *t, struct container *c)
{
	c->stamp = ++t->stamp + 1;
}

/* --- by the path of the own cgroup */

/* Who can choose paths gains nothing: they are compared, and the index is small. */
static uint32_t path_hash(const char *path, size_t len)
{
	return (uint32_t)fnv64(0, path, len);
}

static uint32_t path_find(const struct container_table *t, const char *path, size_t len)
{
	for (uint32_t i = path_hash(path, len) & t->mask; t->by_path[i]; i = (i + 1) & t->mask) {
		const struct container *c = &t->slots[t->by_path[i]];

		if (c->path_len == len && !memcmp(c->path, path, len))
			return t->by_path[i];
	}
	return 0;
}

static void path_add(struct container_table *t, const struct container *c)
{
	uint32_t i = path_hash(c->path, c->path_len) & t->mask;

	while (t->by_path[i])
		i = (i + 1) & t->mask;
	t->by_path[i] = c - t->slots;
}

static void path_remove(struct container_table *t, const struct container *c)
{
	uint32_t slot = c - t->slots, gap = path_hash(c->path, c->path_len) & t->mask;

	while (t->by_path[gap] && t->by_path[gap] != slot)
		gap = (gap + 1) & t->mask;
	if (!t->by_path[gap])
		return;		/* it was removed, and another one may have its path */
	for (uint32_t i = (gap + 1) & t->mask; t->by_path[i]; i = (i + 1) & t->mask) {
		const struct container *other = &t->slots[t->by_path[i]];
		uint32_t wants = path_hash(other->path, other->path_len) & t->mask;

		if (((i - wants) & t->mask) >= ((i - gap) & t->mask)) {
			t->by_path[gap] = t->by_path[i];
			gap = i;
		}
	}
	t->by_path[gap] = 0;
}

/* The innermost known container whose cgroup this is, or is below of. */
static uint32_t path_around(const struct container_table *t, const char *path, size_t len)
{
	for (uint32_t slot; len > 1; len--) {
		if (path[len - 1] == '/')
			continue;
		slot = path_find(t, path, len);
		if (slot)
			return slot;
		while (len > 1 && path[len - 1] != '/')
			len--;
	}
	return 0;
}

/* --- coming */

static bool is_full(const struct container_table *t)
{
	return !t->unused && t->handed + 1 == t->nslots;
}

struct cgroup *container_in_the_way(struct container_table *t, uint64_t id, const char *path, size_t len,
				    uint64_t made)
{
	struct cgroup *same = cgroup_find(&t->cgroups, id), *victim;

	if (same && (same->unknown || same->removed || (same->made && made > same->made) ||
		     strncmp(cgroup_path(&t->cgroups, same), path, len) || cgroup_path(&t->cgroups, same)[len]))
		return same;
	if (same)
		return NULL;
	victim = cgroup_victim(&t->cgroups, len);
	if (!victim && is_full(t))
		victim = cgroup_first_removed(&t->cgroups);
	t->cgroups.evicted += victim != NULL;
	return victim;
}

static struct container *slot_take(struct container_table *t)
{
	struct container *c;

	if (t->unused) {
		c = &t->slots[t->unused];
		t->unused = c->newer;
	} else {
		c = &t->slots[++t->handed];
	}
	*c = (struct container){ .serial = ++t->serial };
	t->entries++;
	touch(t, c);
	return c;
}

static void container_free(struct container_table *t, struct container *c)
{
	path_remove(t, c);
	contents_free(c);
	*c = (struct container){ .newer = t->unused };
	t->unused = c - t->slots;
	t->entries--;
}

/* NULL without room or memory. */
static struct container *container_new(struct container_table *t, const struct cgroup_class *class, const char *path,
				       enum vouch vouch)
{
	struct container *c;
	char *own;

	if (is_full(t))
		return NULL;
	own = strndup(path, class->own);
	if (!own)
		return NULL;
	c = slot_take(t);
	memcpy(c->id, class->container, sizeof(c->id));
	memcpy(c->outer, class->outer, sizeof(c->outer));
	memcpy(c->pod, class->pod, sizeof(c->pod));
	c->runtime = class->runtime;
	c->qos = class->qos;
	c->state = vouch == VOUCH_NOBODY ? CONTAINER_CLAIMED : CONTAINER_PENDING;
	c->path = own;
	c->path_len = class->own;
	path_add(t, c);
	return c;
}

/* A runtime made it only to have a place for the container's own cgroup below: it is no container. */
static void container_demote(struct container_table *t, struct container *c)
{
	struct cgroup *cgroup = cgroup_find(&t->cgroups, c->cgroup);

	if (!cgroup || c->cgroups != 1)
		return;
	cgroup->container = 0;
	cgroup->kind = KIND_other;
	container_free(t, c);
}

/* Whose cgroup it is; NULL for the host, unplaced when there is no room for it. */
static struct container *container_place(struct container_table *t, struct cgroup_class *class, const char *path,
					 size_t len, enum vouch vouch, bool *unplaced)
{
	uint32_t slot = path_around(t, path, len);
	struct container *c = slot ? &t->slots[slot] : NULL;

	if (!*class->container || (c && c->path_len >= class->own))
		return class->kind == KIND_monitor ? NULL : c;
	if (c && c->vouched && !c->started && vouch != VOUCH_NOBODY) {
		container_demote(t, c);
		*class->outer = 0;
	}
	/* What is in another container nobody outside of it answers for. */
	c = container_new(t, class, path, *class->outer ? VOUCH_NOBODY : vouch);
	*unplaced = !c;
	t->unplaced += !c;
	return c;
}

struct cgroup *container_learn(struct container_table *t, uint64_t id, const char *path, size_t len, uint64_t made,
			       enum vouch vouch)
{
	struct cgroup_class class;
	struct container *c;
	struct cgroup *cgroup;
	bool unplaced = false, vouched = false;

	cgroup_classify(&class, path, len);
	if (vouch == VOUCH_OCI && !*class.container && class.kind != KIND_monitor)
		vouched = cgroup_class_vouched(&class, path, len, RUNTIME_oci);
	c = container_place(t, &class, path, len, vouch, &unplaced);
	cgroup = cgroup_add(&t->cgroups, id, path, len, made);
	cgroup->kind = class.kind;
	cgroup->unknown = unplaced;
	if (!c)
		return cgroup;
	cgroup->container = c - t->slots;
	c->vouched = vouched || (c->vouched && c->cgroups);
	c->cgroups++;
	if (c->path_len == len && !c->cgroup) {
		c->cgroup = id;
		c->made = made;
		c->existing = !made;
		touch(t, c);
	}
	return cgroup;
}

struct container *container_at(struct container_table *t, const struct cgroup *cgroup)
{
	return cgroup->container ? &t->slots[cgroup->container] : NULL;
}

void container_made(struct container_table *t, struct cgroup *cgroup, uint64_t made)
{
	struct container *c = container_at(t, cgroup);

	if (cgroup->made || !made)
		return;
	cgroup->made = made;
	if (!c || c->cgroup != cgroup->id)
		return;
	c->made = made;
	c->existing = false;
	touch(t, c);
}

struct cgroup *container_unknown(struct container_table *t, uint64_t id, uint64_t now)
{
	struct cgroup *cgroup = cgroup_add(&t->cgroups, id, "", 0, now);

	cgroup->unknown = true;
	return cgroup;
}

/* --- asking */

const struct container *container_of_cgroup(const struct container_table *t, const struct cgroup *cgroup)
{
	if (cgroup->unknown)
		return NULL;
	return cgroup->container ? &t->slots[cgroup->container] : &container_host;
}

/* --- what becomes of it */

void container_describe(struct container_table *t, struct container *c, const struct container_meta *meta)
{
	container_meta_free(c->meta);
	c->meta = meta;
	c->state = meta ? CONTAINER_KNOWN : CONTAINER_FAILED;
	if (meta && meta->runtime != RUNTIME_unknown)
		c->runtime = meta->runtime;
	touch(t, c);
}

void container_begins(struct container_table *t, struct container *c, uint64_t time)
{
	c->started = time;
	touch(t, c);
}

struct container *container_removed(struct container_table *t, struct cgroup *cgroup, uint64_t time)
{
	struct container *c = container_at(t, cgroup);

	cgroup_removed(&t->cgroups, cgroup, time);
	if (!c || c->cgroup != cgroup->id || c->removed)
		return NULL;
	c->removed = time;
	path_remove(t, c);
	touch(t, c);
	return c;
}

void container_forget(struct container_table *t, struct cgroup *cgroup)
{
	struct container *c = container_at(t, cgroup);

	cgroup_drop(&t->cgroups, cgroup);
	if (!c || --c->cgroups)
		return;
	container_free(t, c);
}
