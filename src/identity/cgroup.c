// SPDX-License-Identifier: Apache-2.0
/*
 * Entries are slots of one array, found through an index with open addressing.  Ids of cgroups grow
 * by small steps, so they are their own hash, and only the pages of the index that are needed are
 * touched.  Paths are a log that is compacted when its end is reached.
 */
#include "identity/cgroup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SHARE = 64 };	/* bytes of the log for each entry */

/* Before each path in the log. */
struct label { uint32_t slot, size; };	/* slot 0: garbage; size of label and path, a multiple of 8 */

int cgroup_table_init(struct cgroup_table *t, uint32_t max)
{
	size_t index = 4;

	memset(t, 0, sizeof(*t));
	if (max < CGROUPS_MIN || max > 1 << 22)
		return -EINVAL;
	while (index < 2 * (size_t)max)
		index *= 2;
	t->nslots = max + 1;
	t->stamp = 1;
	t->mask = index - 1;
	t->texts_size = (size_t)max * PATH_SHARE + 4 * CGROUP_PATH_MAX;
	t->slots = calloc(t->nslots, sizeof(*t->slots));
	t->index = calloc(index, sizeof(*t->index));
	t->texts = malloc(t->texts_size);
	if (t->slots && t->index && t->texts)
		return 0;
	cgroup_table_fini(t);
	return -ENOMEM;
}

void cgroup_table_fini(struct cgroup_table *t)
{
	free(t->slots);
	free(t->index);
	free(t->texts);
	memset(t, 0, sizeof(*t));
}

/* --- the index */

static uint32_t home(const struct cgroup_table *t, uint64_t id)
{
	return (uint32_t)(id ^ id >> 32) & t->mask;
}

struct cgroup *cgroup_find(struct cgroup_table *t, uint64_t id)
{
	for (uint32_t i = home(t, id); t->index[i]; i = (i + 1) & t->mask) {
		struct cgroup *c = &t->slots[t->index[i]];

		if (c->id == id) {
			c->used = true;
			return c;
		}
	}
	return NULL;
}

static void index_add(struct cgroup_table *t, const struct cgroup *c)
{
	uint32_t i = home(t, c->id);

	while (t->index[i])
		i = (i + 1) & t->mask;
	t->index[i] = c - t->slots;
}

/* Close the gap with later entries that may stand in it. */
static void index_remove(struct cgroup_table *t, const struct cgroup *c)
{
	uint32_t slot = c - t->slots, gap = home(t, c->id);

	while (t->index[gap] != slot)
		gap = (gap + 1) & t->mask;
	for (uint32_t i = (gap + 1) & t->mask; t->index[i]; i = (i + 1) & t->mask) {
		uint32_t wants = home(t, t->slots[t->index[i]].id);

		if (((i - wants) & t->mask) >= ((i - gap) & t->mask)) {
			t->index[gap] = t->index[i];
			gap = i;
		}
	}
	t->index[gap] = 0;
}

/* --- paths */

static size_t text_size(size_t len)
{
	return (sizeof(struct label) + len + 1 + 7) & ~(size_t)7;
}

static struct label *label_of(const struct cgroup_table *t, const struct cgroup *c)
{
	return (struct label *)(t->texts + c->path - sizeof(struct label));
}

const char *cgroup_path(const struct cgroup_table *t, const struct cgroup *c)
{
	return c->path ? t->texts + c->path : "";
}

static void texts_compact(struct cgroup_table *t)
{
	size_t to = 0;

	for (size_t at = 0; at < t->texts_used; ) {
		const struct label label = *(struct label *)(t->texts + at);

		if (label.slot) {
			memmove(t->texts + to, t->texts + at, label.size);
			t->slots[label.slot].path = to + sizeof(struct label);
			to += label.size;
		}
		at += label.size;
	}
	t->texts_used = to;
}

static void text_add(struct cgroup_table *t, struct cgroup *c, const char *path, size_t len)
{
	size_t size = text_size(len);
	struct label *label;

	if (t->texts_size - t->texts_used < size)
		texts_compact(t);
	label = (struct label *)(t->texts + t->texts_used);
	*label = (struct label){ c - t->slots, size };
	c->path = t->texts_used + sizeof(*label);
	c->path_size = size;
	memcpy(t->texts + c->path, path, len);
	t->texts[c->path + len] = 0;
	t->texts_used += size;
	t->texts_live += size;
}

static void text_drop(struct cgroup_table *t, struct cgroup *c)
{
	if (!c->path)
		return;
	label_of(t, c)->slot = 0;
	t->texts_live -= c->path_size;
	c->path = 0;
}

/* --- room */

/* The next one that was not used since the hand came by; it comes by twice at most. */
static struct cgroup *unused_one(struct cgroup_table *t)
{
	for (uint32_t i = 0; i < 2 * t->nslots; i++) {
		struct cgroup *c;

		t->hand = t->hand + 1 < t->nslots ? t->hand + 1 : 1;
		c = &t->slots[t->hand];
		if (c->id && !c->used)
			return c;
		c->used = false;
	}
	return NULL;
}

/* A quarter of the log stays free, so that compacting is rare. */
struct cgroup *cgroup_victim(struct cgroup_table *t, size_t path_len)
{
	bool slot = t->unused || t->handed + 1 < t->nslots;

	if (slot && t->texts_live + text_size(path_len) <= t->texts_size / 4 * 3)
		return NULL;
	return t->oldest ? &t->slots[t->oldest] : unused_one(t);
}

struct cgroup *cgroup_add(struct cgroup_table *t, uint64_t id, const char *path, size_t len, uint64_t made)
{
	struct cgroup *c;

	if (t->unused) {
		c = &t->slots[t->unused];
		t->unused = c->newer;
	} else {
		c = &t->slots[++t->handed];
	}
	*c = (struct cgroup){ .id = id, .made = made, .used = true };
	if (len)
		text_add(t, c, path, len);
	index_add(t, c);
	t->entries++;
	t->stamp++;
	return c;
}

/* --- the removed */

static void list_remove(struct cgroup_table *t, struct cgroup *c)
{
	if (c->older)
		t->slots[c->older].newer = c->newer;
	else
		t->oldest = c->newer;
	if (c->newer)
		t->slots[c->newer].older = c->older;
	else
		t->newest = c->older;
	t->removed--;
}

void cgroup_removed(struct cgroup_table *t, struct cgroup *c, uint64_t time)
{
	uint32_t slot = c - t->slots;

	if (c->removed)
		return;
	c->removed = time;
	c->older = t->newest;
	c->newer = 0;
	if (t->newest)
		t->slots[t->newest].newer = slot;
	else
		t->oldest = slot;
	t->newest = slot;
	t->removed++;
}

struct cgroup *cgroup_first_removed(struct cgroup_table *t)
{
	return t->oldest ? &t->slots[t->oldest] : NULL;
}

void cgroup_drop(struct cgroup_table *t, struct cgroup *c)
{
	if (c->removed)
		list_remove(t, c);
	index_remove(t, c);
	text_drop(t, c);
	*c = (struct cgroup){ .newer = t->unused };
	t->unused = c - t->slots;
	t->entries--;
	t->stamp++;
}
