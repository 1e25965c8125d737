/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the process table, shared by the files behind process.h alone. */
#ifndef SAKER_IDENTITY_PROCESS_OWN_H
#define SAKER_IDENTITY_PROCESS_OWN_H

#include "identity/process.h"

enum {
	NONE = 0,		/* slot 0 is never used */
	TRIES_MAX = 2,
};

/* What an exec gives a process.  Followed by exe, cwd, args, chain and tty, each with a NUL behind it. */
struct image {
	uint32_t size;		/* of all of it, a multiple of 8 */
	uint32_t refs;		/* 0: garbage */
	uint32_t moved;		/* bytes it is about to move down; while compacting only */
	uint32_t exe_len, cwd_len, args_len, chain_len, tty_len;
	struct process_file file;
};

struct image_source {
	const char *exe, *cwd, *args, *chain, *tty;
	uint32_t exe_len, cwd_len, args_len, chain_len, tty_len;
	struct process_file file;
};

/* Whether process_fill_args should look at it. */
static inline bool process_lacks_args(const struct process *p)
{
	return !p->args_known && !p->exited && p->tries < TRIES_MAX;
}

/* Something that is shown of it changed. */
static inline void process_touch(struct process_table *t, struct process *p)
{
	p->stamp = t->tree_stamp = ++t->stamp;
}

/* Where the index is searched for a pid from. */
static inline uint32_t process_home(const struct process_table *t, uint32_t pid)
{
	return (pid * 2654435769u >> 7) & t->index_mask;
}

struct process *process_lookup(const struct process_table *table, uint32_t pid, uint64_t start);

/* The entry of this key, made if need be at the cost of another one, but not of keep. */
struct process *process_get(struct process_table *table, uint32_t pid, uint64_t start, uint64_t time,
			    const struct process *keep);
void process_end(struct process_table *table, struct process *p, uint64_t time);

/* Put it into the list of the class that it has by now. */
void process_sort(struct process_table *table, struct process *p);

/* Both of its parents, when it is born or first seen. */
void process_born_to(struct process_table *table, struct process *p, uint32_t pid, uint64_t start);

void process_rename(struct process_table *table, struct process *p, const char *name, uint64_t time);

/* Throw out one entry other than keep; false when there is no other. */
bool process_evict(struct process_table *table, const struct process *keep);

/* Give whole pages behind the images back to the kernel. */
void process_images_trim(struct process_table *table);

/* The same for the sake of its image. */
bool process_evict_image(struct process_table *table, const struct process *keep);

/* Forget those that ended long before this time. */
void process_expire(struct process_table *table, uint64_t time);

void process_set_args_known(struct process_table *table, struct process *p, bool known);

/* Give the process an image of its own.  The source must not lie in the table. */
void image_set(struct process_table *table, struct process *p, const struct image_source *from);

/* Let the process share an image. */
void image_use(struct process *p, struct image *image);
void image_unref(struct process_table *table, struct process *p);

#endif
