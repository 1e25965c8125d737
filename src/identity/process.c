// SPDX-License-Identifier: Apache-2.0
/*
 * Entries are slots of one array, found through an index with open addressing by pid (the entries of
 * one pid, told apart by their start, are neighbours there).  The strings of an entry are an image:
 * one block in a log that grows upwards, and that is compacted when its end is reached.  A child
 * refers to its parent's image until it executes something itself.
 */
#include "identity/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"

enum {
	NONE = 0,		/* slot 0 is never used */
	SLOT_SHARE = 512,	/* bytes of the limit for each slot, images included */
	TRIES_MAX = 2,
};

#define KEPT_NS (5 * 1000000000ULL)	/* an ended process is known for so long */

/* What an exec gives a process.  Followed by exe, cwd, each with its NUL, and the arguments. */
struct image {
	uint32_t size;		/* of all of it, a multiple of 8 */
	uint32_t refs;		/* 0: garbage */
	uint32_t moved;		/* bytes it is about to move down; while compacting only */
	uint32_t exe_len, cwd_len, args_len;
};

struct image_source { const char *exe, *cwd, *args; uint32_t exe_len, cwd_len, args_len; };

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
	for (uint32_t i = table->nslots - 1; i > NONE; i--) {
		table->slots[i].newer = table->unused;
		table->unused = i;
	}
	return 0;
}

void process_table_fini(struct process_table *table)
{
	free(table->slots);
	free(table->index);
	free(table->images);
	memset(table, 0, sizeof(*table));
}

static uint32_t home(const struct process_table *t, uint32_t pid)
{
	return (pid * 2654435769u >> 7) & t->index_mask;
}

static struct process *lookup(const struct process_table *t, uint32_t pid, uint64_t start)
{
	for (uint32_t i = home(t, pid); t->index[i]; i = (i + 1) & t->index_mask) {
		struct process *p = &t->slots[t->index[i]];

		if (p->pid == pid && p->start == start)
			return p;
	}
	return NULL;
}

static void index_add(struct process_table *t, const struct process *p)
{
	uint32_t i = home(t, p->pid);

	while (t->index[i])
		i = (i + 1) & t->index_mask;
	t->index[i] = p - t->slots;
}

/* Close the gap with later entries that may stand in it, so that no probe ends too early. */
static void index_remove(struct process_table *t, const struct process *p)
{
	uint32_t slot = p - t->slots, gap = home(t, p->pid);

	while (t->index[gap] != slot)
		gap = (gap + 1) & t->index_mask;
	for (uint32_t i = (gap + 1) & t->index_mask; t->index[i]; i = (i + 1) & t->index_mask) {
		uint32_t want = home(t, t->slots[t->index[i]].pid);

		if (((i - want) & t->index_mask) >= ((i - gap) & t->index_mask)) {
			t->index[gap] = t->index[i];
			gap = i;
		}
	}
	t->index[gap] = NONE;
}

static void list_append(struct process_table *t, struct process_list *list, struct process *p)
{
	uint32_t slot = p - t->slots;

	p->older = list->newest;
	p->newer = NONE;
	if (list->newest)
		t->slots[list->newest].newer = slot;
	else
		list->oldest = slot;
	list->newest = slot;
}

static void list_remove(struct process_table *t, struct process_list *list, struct process *p)
{
	if (p->older)
		t->slots[p->older].newer = p->newer;
	else
		list->oldest = p->newer;
	if (p->newer)
		t->slots[p->newer].older = p->older;
	else
		list->newest = p->older;
}

static void touch(struct process_table *t, struct process *p)
{
	p->stamp = ++t->stamp;
}

static bool lacks_args(const struct process *p)
{
	return !p->args_known && !p->exited && p->tries < TRIES_MAX;
}

static void image_unref(struct process_table *t, struct process *p)
{
	if (p->image && --p->image->refs == 0)
		t->images_live -= p->image->size;
	p->image = NULL;
	p->exe = p->cwd = p->args = "";
	p->args_len = 0;
}

static void image_use(struct process *p, struct image *image)
{
	p->image = image;
	p->exe = (const char *)(image + 1);
	p->cwd = p->exe + image->exe_len + 1;
	p->args = p->cwd + image->cwd_len + 1;
	p->args_len = image->args_len;
	image->refs++;
}

static void process_remove(struct process_table *t, struct process *p)
{
	t->lacking -= lacks_args(p);
	list_remove(t, p->exited ? &t->ended : &t->running, p);
	index_remove(t, p);
	image_unref(t, p);
	memset(p, 0, sizeof(*p));
	p->newer = t->unused;
	t->unused = p - t->slots;
	t->entries--;
}

/* Throw out one entry other than keep; false when there is no other. */
static bool evict(struct process_table *t, const struct process *keep)
{
	uint32_t slot = t->ended.oldest ? t->ended.oldest : t->running.oldest;

	if (keep && slot == keep - t->slots) {
		slot = keep->newer;
		if (!slot && keep->exited)
			slot = t->running.oldest;
	}
	if (!slot)
		return false;
	process_remove(t, &t->slots[slot]);
	t->evicted++;
	return true;
}

/* Move the images that are used down over those that are not. */
static void images_compact(struct process_table *t)
{
	size_t to = 0;

	for (size_t at = 0; at < t->images_used; ) {
		struct image *image = (struct image *)(t->images + at);

		image->moved = at - to;
		at += image->size;
		if (image->refs)
			to += image->size;
	}
	for (uint32_t i = 1; i < t->nslots; i++) {
		struct process *p = &t->slots[i];
		size_t down = p->image ? p->image->moved : 0;

		if (!p->image)
			continue;
		p->image = (struct image *)((char *)p->image - down);
		p->exe -= down;
		p->cwd -= down;
		p->args -= down;
	}
	for (size_t at = 0; at < t->images_used; ) {
		struct image *image = (struct image *)(t->images + at);
		size_t size = image->size;

		if (image->refs)
			memmove(t->images + at - image->moved, image, size);
		at += size;
	}
	t->images_used = to;
}

/* Room for so many bytes at the end of the log.  A quarter is kept free, so that compacting is rare. */
static void images_room(struct process_table *t, size_t size, const struct process *keep)
{
	if (t->images_size - t->images_used >= size)
		return;
	while (t->images_live + size > t->images_size / 4 * 3 && evict(t, keep))
		;
	images_compact(t);
}

static char *put(char *to, const char *from, size_t len)
{
	if (len)
		memcpy(to, from, len);
	to[len] = 0;
	return to + len + 1;
}

/* Give the process an image of its own.  The source must not lie in the table. */
static void image_set(struct process_table *t, struct process *p, const struct image_source *from)
{
	size_t size = sizeof(struct image) + from->exe_len + from->cwd_len + from->args_len + 3;
	struct image *image;
	char *text;

	size = (size + 7) & ~(size_t)7;
	image_unref(t, p);
	images_room(t, size, p);
	image = (struct image *)(t->images + t->images_used);
	*image = (struct image){
		.size = size,
		.exe_len = from->exe_len, .cwd_len = from->cwd_len, .args_len = from->args_len,
	};
	text = put((char *)(image + 1), from->exe, from->exe_len);
	text = put(text, from->cwd, from->cwd_len);
	put(text, from->args, from->args_len);
	t->images_used += size;
	t->images_live += size;
	image_use(p, image);
	touch(t, p);
}

static void process_end(struct process_table *t, struct process *p, uint64_t time)
{
	if (p->exited)
		return;
	t->lacking -= lacks_args(p);
	list_remove(t, &t->running, p);
	p->exited = true;
	p->ended = time;
	list_append(t, &t->ended, p);
	touch(t, p);
}

/* Its end was not seen if another process has its pid now. */
static void end_predecessors(struct process_table *t, uint32_t pid, uint64_t start, uint64_t time)
{
	for (uint32_t i = home(t, pid); t->index[i]; i = (i + 1) & t->index_mask) {
		struct process *p = &t->slots[t->index[i]];

		if (p->pid == pid && p->start < start)
			process_end(t, p, time);
	}
}

static void expire(struct process_table *t, uint64_t time)
{
	while (t->ended.oldest && t->slots[t->ended.oldest].ended + KEPT_NS < time)
		process_remove(t, &t->slots[t->ended.oldest]);
}

static struct process *process_get(struct process_table *t, uint32_t pid, uint64_t start, uint64_t time,
				   const struct process *keep)
{
	struct process *p = lookup(t, pid, start);

	if (p)
		return p;
	end_predecessors(t, pid, start, time);
	if (!t->unused)
		evict(t, keep);
	p = &t->slots[t->unused];
	t->unused = p->newer;
	*p = (struct process){ .pid = pid, .start = start, .exe = "", .cwd = "", .args = "" };
	list_append(t, &t->running, p);
	index_add(t, p);
	touch(t, p);
	t->entries++;
	t->lacking++;
	return p;
}

static void args_known(struct process_table *t, struct process *p, bool known)
{
	t->lacking -= lacks_args(p);
	p->args_known = known;
	t->lacking += lacks_args(p);
}

static void observe_fork(struct process_table *t, const struct event_process_fork *e)
{
	const struct who *who = &e->head.who;
	struct process *parent, *child;

	if (e->pid != e->tid)
		return;
	parent = lookup(t, who->host_pid, who->proc_leader_start);
	child = process_get(t, e->pid, e->start, e->head.time, parent);
	child->ppid = e->parent;
	if (!parent || parent == child || child->image || !parent->image)
		return;
	image_use(child, parent->image);
	child->args_truncated = parent->args_truncated;
	args_known(t, child, parent->args_known);
	touch(t, child);
}

static uint32_t text_len(const void *record, const struct span *at)
{
	return at->len ? strnlen((const char *)record + at->off, PROCESS_PATH_MAX - 1) : 0;
}

/* path, argv and cwd of a record become the image of the process that did it. */
static void observe_image(struct process_table *t, const void *record, const struct span *path,
			  const struct span *argv, const struct span *cwd, unsigned argv_bit)
{
	const struct head *h = record;
	const char *base = record;
	struct process *p = process_get(t, h->who.host_pid, h->who.proc_leader_start, h->time, NULL);
	struct image_source from = {
		.exe = base + path->off, .exe_len = text_len(record, path),
		.cwd = base + cwd->off, .cwd_len = text_len(record, cwd),
		.args = base + argv->off,
		.args_len = argv->len < PROCESS_ARGS_MAX ? argv->len : PROCESS_ARGS_MAX,
	};

	p->ppid = h->who.host_ppid;
	p->args_truncated = argv->len > PROCESS_ARGS_MAX || (h->truncated & 1u << argv_bit);
	image_set(t, p, &from);
	args_known(t, p, argv->len > 0);
}

static void observe_existing(struct process_table *t, const struct event_process_existing *e)
{
	struct process *p = lookup(t, e->head.who.host_pid, e->head.who.proc_leader_start);

	if (p && p->image)
		return;		/* a live record came first and knows more */
	observe_image(t, e, &e->path, &e->argv, &e->cwd, 1);
	if (e->kernel)
		args_known(t, lookup(t, e->head.who.host_pid, e->head.who.proc_leader_start), true);
}

void process_observe(struct process_table *table, const void *record)
{
	const struct head *h = record;
	const struct event_process_exec *exec = record;
	struct process *p;

	if (h->id > EVENT_process_existing)
		return;
	expire(table, h->time);
	if (h->id == EVENT_process_fork) {
		observe_fork(table, record);
	} else if (h->id == EVENT_process_exec) {
		observe_image(table, record, &exec->path, &exec->argv, &exec->cwd, 2);
	} else if (h->id == EVENT_process_existing) {
		observe_existing(table, record);
	} else if (h->id == EVENT_process_exit && ((const struct event_process_exit *)record)->group) {
		p = lookup(table, h->who.host_pid, h->who.proc_leader_start);
		if (p)
			process_end(table, p, h->time);
	}
}

const struct process *process_find(struct process_table *table, const struct who *who)
{
	const struct process *p = lookup(table, who->host_pid, who->proc_leader_start);

	table->misses += !p;
	return p;
}

static ssize_t read_proc(uint32_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

/* Field 22 of stat is the start in clock ticks.  The name in field 2 may hold anything, even ')'. */
static bool same_process(const struct process *p)
{
	char buf[1024], *s;
	ssize_t n = read_proc(p->pid, "stat", buf, sizeof(buf) - 1);
	uint64_t tick = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK), shown, ours = p->start / tick;

	if (n <= 0)
		return false;
	buf[n] = 0;
	s = strrchr(buf, ')');
	for (int field = 2; s && field < 22; field++)
		s = strchr(s + 1, ' ');
	if (!s)
		return false;
	shown = strtoull(s + 1, NULL, 10);
	return shown + 1 >= ours && shown <= ours + 1;
}

static uint32_t read_link(uint32_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	n = readlink(path, buf, size);
	return n < 0 ? 0 : n;
}

/* The arguments are read first: who has the pid and the right start after that had it before. */
static bool fill(struct process_table *t, struct process *p)
{
	char args[PROCESS_ARGS_MAX + 1], exe[PROCESS_PATH_MAX], cwd[PROCESS_PATH_MAX];
	ssize_t n = read_proc(p->pid, "cmdline", args, sizeof(args));
	struct image_source from = { .exe = exe, .cwd = cwd, .args = args };

	if (n < 0)
		return false;
	from.exe_len = p->image ? p->image->exe_len : 0;
	from.cwd_len = p->image ? p->image->cwd_len : 0;
	memcpy(exe, p->exe, from.exe_len);
	memcpy(cwd, p->cwd, from.cwd_len);
	if (!from.exe_len)
		from.exe_len = read_link(p->pid, "exe", exe, sizeof(exe) - 1);
	if (!from.cwd_len)
		from.cwd_len = read_link(p->pid, "cwd", cwd, sizeof(cwd) - 1);
	if (!same_process(p))
		return false;
	p->args_truncated = n > PROCESS_ARGS_MAX;
	if (n > PROCESS_ARGS_MAX)
		n = PROCESS_ARGS_MAX;
	/* A process that wrote a title over its arguments leaves NULs behind. */
	while (n > 1 && !args[n - 1] && !args[n - 2])
		n--;
	from.args_len = n;
	image_set(t, p, &from);
	return true;
}

static void fill_slot(struct process_table *t, struct process *p)
{
	bool known = fill(t, p);

	t->lacking -= lacks_args(p);
	p->tries++;
	p->args_known = known;
	t->lacking += lacks_args(p);
}

unsigned process_fill_args(struct process_table *table, unsigned max)
{
	unsigned n = 0;

	for (uint32_t seen = 0; seen < table->nslots && table->lacking && n < max; seen++) {
		struct process *p;

		table->fill_next = (table->fill_next + 1) % table->nslots;
		p = &table->slots[table->fill_next];
		if (!p->start || !lacks_args(p))
			continue;
		fill_slot(table, p);
		n++;
	}
	return n;
}
