// SPDX-License-Identifier: Apache-2.0
/*
 * Entries are slots of one array, found through an index with open addressing by pid (the entries of
 * one pid, told apart by their start, are neighbours there).  The strings of an entry are an image:
 * one block in a log that grows upwards, and that is compacted when its end is reached.  A child
 * refers to its parent's image until it executes something itself.
 *
 * An entry is in the list of its class.  When room is short the lists are emptied one after the
 * other: what a fork bomb leaves goes before what did something, and parents go last.
 */
#include "identity/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "identity/process_own.h"

enum { SLOT_SHARE = 512 };	/* bytes of the limit for each slot, images included */

#define KEPT_NS (5 * 1000000000ULL)	/* an ended process is known for so long, and while it has children */

int process_table_init(struct process_table *table, size_t bytes)
{
	size_t index = 4;

	memset(table, 0, sizeof(*table));
	if (bytes < PROCESS_BYTES_MIN || bytes > UINT32_MAX)
		return -EINVAL;
	table->nslots = bytes / SLOT_SHARE;
	while (index < 2 * (size_t)table->nslots)
		index *= 2;
	table->index_mask = index - 1;
	table->images_size = bytes - table->nslots * sizeof(*table->slots) - index * sizeof(uint32_t);
	table->images_size &= ~(size_t)7;
	table->slots = calloc(table->nslots, sizeof(*table->slots));
	table->index = calloc(index, sizeof(*table->index));
	table->images = malloc(table->images_size);
	if (!table->slots || !table->index || !table->images) {
		process_table_fini(table);
		return -ENOMEM;
	}
	table->touched = NONE + 1;
	return 0;
}

void process_table_fini(struct process_table *table)
{
	free(table->slots);
	free(table->index);
	free(table->images);
	memset(table, 0, sizeof(*table));
}

struct process *process_lookup(const struct process_table *t, uint32_t pid, uint64_t start)
{
	for (uint32_t i = process_home(t, pid); t->index[i]; i = (i + 1) & t->index_mask) {
		struct process *p = &t->slots[t->index[i]];

		if (p->pid == pid && p->start == start)
			return p;
	}
	return NULL;
}

static void index_add(struct process_table *t, const struct process *p)
{
	uint32_t i = process_home(t, p->pid);

	while (t->index[i])
		i = (i + 1) & t->index_mask;
	t->index[i] = p - t->slots;
}

/* Close the gap with later entries that may stand in it, so that no probe ends too early. */
static void index_remove(struct process_table *t, const struct process *p)
{
	uint32_t slot = p - t->slots, gap = process_home(t, p->pid);

	while (t->index[gap] != slot)
		gap = (gap + 1) & t->index_mask;
	for (uint32_t i = (gap + 1) & t->index_mask; t->index[i]; i = (i + 1) & t->index_mask) {
		uint32_t want = process_home(t, t->slots[t->index[i]].pid);

		if (((i - want) & t->index_mask) >= ((i - gap) & t->index_mask)) {
			t->index[gap] = t->index[i];
			gap = i;
		}
	}
	t->index[gap] = NONE;
}

static void list_append(struct process_table *t, struct process *p)
{
	struct process_list *list = &t->lists[p->class];
	uint32_t slot = p - t->slots;

	p->older = list->newest;
	p->newer = NONE;
	if (list->newest)
		t->slots[list->newest].newer = slot;
	else
		list->oldest = slot;
	list->newest = slot;
}

static void list_remove(struct process_table *t, struct process *p)
{
	struct process_list *list = &t->lists[p->class];

	if (p->older)
		t->slots[p->older].newer = p->newer;
	else
		list->oldest = p->newer;
	if (p->newer)
		t->slots[p->newer].older = p->older;
	else
		list->newest = p->older;
}

static void list_move(struct process_table *t, struct process *p, enum process_class class)
{
	if (p->class == class)
		return;
	list_remove(t, p);
	p->class = class;
	list_append(t, p);
}

void process_sort(struct process_table *t, struct process *p)
{
	if (p->exited)
		list_move(t, p, p->class == PROCESS_KEPT ? PROCESS_KEPT : PROCESS_ENDED);
	else
		list_move(t, p, p->children ? PROCESS_PARENT : p->executed ? PROCESS_LEAF : PROCESS_FORKED);
}

/* Forget one entry; the one it was born to if that was kept for it alone, NULL else. */
static struct process *remove_one(struct process_table *t, struct process *p)
{
	struct process *origin = p->linked ? process_lookup(t, p->origin, p->origin_start) : NULL;

	t->lacking -= process_lacks_args(p);
	if (p->children)
		t->tree_stamp = ++t->stamp;
	list_remove(t, p);
	index_remove(t, p);
	image_unref(t, p);
	memset(p, 0, sizeof(*p));
	p->newer = t->unused;
	t->unused = p - t->slots;
	t->entries--;
	if (!origin || !origin->children)
		return NULL;
	origin->children--;
	process_sort(t, origin);
	return origin->class == PROCESS_KEPT && !origin->children ? origin : NULL;
}

static void process_remove(struct process_table *t, struct process *p)
{
	while (p)
		p = remove_one(t, p);
}

static bool evict(struct process_table *t, const uint8_t order[static PROCESS_CLASSES], const struct process *keep)
{
	for (unsigned i = 0; i < PROCESS_CLASSES; i++) {
		uint32_t slot = t->lists[order[i]].oldest;

		if (slot && &t->slots[slot] == keep)
			slot = keep->newer;
		if (!slot)
			continue;
		t->evicted++;
		t->evicted_running += !t->slots[slot].exited;
		process_remove(t, &t->slots[slot]);
		return true;
	}
	return false;
}

bool process_evict(struct process_table *t, const struct process *keep)
{
	static const uint8_t order[PROCESS_CLASSES] = {
		PROCESS_ENDED, PROCESS_KEPT, PROCESS_FORKED, PROCESS_LEAF, PROCESS_PARENT,
	};

	return evict(t, order, keep);
}

/* Those that only share an image give nothing back. */
bool process_evict_image(struct process_table *t, const struct process *keep)
{
	static const uint8_t order[PROCESS_CLASSES] = {
		PROCESS_ENDED, PROCESS_KEPT, PROCESS_LEAF, PROCESS_FORKED, PROCESS_PARENT,
	};

	return evict(t, order, keep);
}

void process_forget_ended(struct process_table *t)
{
	for (uint32_t slot; (slot = t->lists[PROCESS_ENDED].oldest);) {
		t->evicted++;
		process_remove(t, &t->slots[slot]);
	}
	process_images_trim(t);
}

void process_end(struct process_table *t, struct process *p, uint64_t time)
{
	if (p->exited)
		return;
	t->lacking -= process_lacks_args(p);
	t->orphans |= p->children > 0;
	p->exited = true;
	p->ended = time;
	p->stamp = ++t->stamp;
	process_sort(t, p);
}

/* Its end was not seen if another process has its pid now. */
static void end_predecessors(struct process_table *t, uint32_t pid, uint64_t start, uint64_t time)
{
	for (uint32_t i = process_home(t, pid); t->index[i]; i = (i + 1) & t->index_mask) {
		struct process *p = &t->slots[t->index[i]];

		if (p->pid == pid && p->start < start)
			process_end(t, p, time);
	}
}

void process_expire(struct process_table *t, uint64_t time)
{
	struct process *p = &t->slots[t->lists[PROCESS_ENDED].oldest];

	for (; p != t->slots && p->ended + KEPT_NS < time; p = &t->slots[t->lists[PROCESS_ENDED].oldest])
		if (p->children)
			list_move(t, p, PROCESS_KEPT);
		else
			process_remove(t, p);
}

/* One that was in use before, if there is one, so that no more memory is touched than is needed. */
static struct process *slot_take(struct process_table *t, const struct process *keep)
{
	struct process *p;

	if (!t->unused && t->touched < t->nslots)
		return &t->slots[t->touched++];
	if (!t->unused)
		process_evict(t, keep);
	p = &t->slots[t->unused];
	t->unused = p->newer;
	return p;
}

struct process *process_get(struct process_table *t, uint32_t pid, uint64_t start, uint64_t time,
			    const struct process *keep)
{
	struct process *p = process_lookup(t, pid, start);

	if (p)
		return p;
	end_predecessors(t, pid, start, time);
	p = slot_take(t, keep);
	*p = (struct process){
		.pid = pid, .start = start, .exe = "", .cwd = "", .args = "", .class = PROCESS_FORKED,
	};
	list_append(t, p);
	index_add(t, p);
	p->stamp = ++t->stamp;
	t->entries++;
	t->lacking++;
	return p;
}

void process_set_args_known(struct process_table *t, struct process *p, bool known)
{
	t->lacking -= process_lacks_args(p);
	p->args_known = known;
	t->lacking += process_lacks_args(p);
}

void process_born_to(struct process_table *t, struct process *p, uint32_t pid, uint64_t start)
{
	struct process *parent = pid ? process_lookup(t, pid, start) : NULL;

	p->origin = p->ppid = pid;
	p->origin_start = p->parent_start = start;
	if (!parent || parent == p)
		return;
	p->linked = true;
	parent->children++;
	process_sort(t, parent);
}

void process_rename(struct process_table *t, struct process *p, const char *name, uint64_t time)
{
	if (p->exited || time < p->named)
		return;
	p->named = time;
	if (!memcmp(p->name, name, PROCESS_NAME))
		return;
	memcpy(p->name, name, PROCESS_NAME);
	process_touch(t, p);
}

const struct process *process_find(struct process_table *table, const struct who *who)
{
	const struct process *p = process_lookup(table, who->host_pid, who->proc_leader_start);

	table->misses += !p;
	return p;
}

void process_each(const struct process_table *t, void (*visit)(void *ctx, const struct process *p), void *ctx)
{
	for (uint32_t i = NONE + 1; i < t->touched; i++)
		if (t->slots[i].pid)
			visit(ctx, &t->slots[i]);
}
