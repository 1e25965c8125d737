// SPDX-License-Identifier: Apache-2.0
/* Images lie in a log that grows upwards and is compacted when its end is reached, or sooner, when most of
 * it is garbage: no more memory is touched than what is needed at once needs. */
#include "identity/process_own.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GARBAGE_MIN = 64 << 10 };	/* bytes of garbage below which compacting does not pay */

void image_unref(struct process_table *t, struct process *p)
{
	if (p->image && --p->image->refs == 0)
		t->images_live -= p->image->size;
	p->image = NULL;
	p->exe = p->cwd = p->args = "";
	p->args_len = 0;
}

void image_use(struct process *p, struct image *image)
{
	p->image = image;
	p->exe = (const char *)(image + 1);
	p->cwd = p->exe + image->exe_len + 1;
	p->args = p->cwd + image->cwd_len + 1;
	p->args_len = image->args_len;
	image->refs++;
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
	for (uint32_t i = NONE + 1; i < t->touched; i++) {
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

void process_images_trim(struct process_table *t)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from, to;

	images_compact(t);
	from = ((uintptr_t)t->images + t->images_used + page - 1) & -page;
	to = ((uintptr_t)t->images + t->images_size) & -page;
	if (from < to)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

static bool mostly_garbage(const struct process_table *t)
{
	size_t garbage = t->images_used - t->images_live;

	return garbage >= GARBAGE_MIN && garbage >= t->images_live;
}

/* Room for so many bytes at the end of the log.  A quarter is kept free, so that compacting is rare. */
static void images_room(struct process_table *t, size_t size, const struct process *keep)
{
	if (mostly_garbage(t))
		images_compact(t);
	if (t->images_size - t->images_used >= size)
		return;
	while (t->images_live + size > t->images_size / 4 * 3 && process_evict_image(t, keep))
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

void image_set(struct process_table *t, struct process *p, const struct image_source *from)
{
	size_t size = sizeof(struct image) + from->exe_len + from->cwd_len + from->args_len + from->chain_len +
		      from->tty_len + 5;
	struct image *image;
	char *text;

	size = (size + 7) & ~(size_t)7;
	image_unref(t, p);
	images_room(t, size, p);
	image = (struct image *)(t->images + t->images_used);
	*image = (struct image){
		.size = size,
		.exe_len = from->exe_len, .cwd_len = from->cwd_len, .args_len = from->args_len,
		.chain_len = from->chain_len, .tty_len = from->tty_len, .file = from->file,
	};
	text = put((char *)(image + 1), from->exe, from->exe_len);
	text = put(text, from->cwd, from->cwd_len);
	text = put(text, from->args, from->args_len);
	text = put(text, from->chain, from->chain_len);
	put(text, from->tty, from->tty_len);
	t->images_used += size;
	t->images_live += size;
	image_use(p, image);
	process_touch(t, p);
}

const struct process_file *process_file(const struct process *p)
{
	return p->image ? &p->image->file : NULL;
}

const char *process_tty(const struct process *p)
{
	const struct image *image = p->image;

	if (!image || !image->file.flagged)
		return NULL;
	return (const char *)(image + 1) + image->exe_len + image->cwd_len + image->args_len + image->chain_len + 4;
}

const char *process_chain(const struct process *p, uint32_t *len)
{
	const struct image *image = p->image;

	*len = image && p->executed ? image->chain_len : 0;
	return *len ? (const char *)(image + 1) + image->exe_len + image->cwd_len + image->args_len + 3 : "";
}
