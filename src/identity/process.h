/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that live, and those that ended a moment ago. */
#ifndef SAKER_IDENTITY_PROCESS_H
#define SAKER_IDENTITY_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct who;
struct image;

enum {
	PROCESS_BYTES_DEFAULT = 4 << 20,
	PROCESS_BYTES_MIN = 256 << 10,
	PROCESS_PATH_MAX = 4096,	/* bytes kept of exe and cwd, NUL included */
	PROCESS_ARGS_MAX = 6144,	/* bytes kept of the arguments */
};

/* Its strings are good until the table is told of the next record or fills arguments. */
struct process {
	uint32_t pid, ppid;	/* ppid at birth, or as of the last exec */
	uint64_t start;		/* of the leader, nanoseconds since boot; with pid the key */
	uint64_t stamp;		/* another number whenever anything here changed; never 0 */
	uint64_t ended;		/* record time of its end, 0 while it runs */
	const char *exe, *cwd;	/* as of its last exec, "" if unknown */
	const char *args;	/* argument vector, each with its NUL */
	uint32_t args_len;	/* 0 if there are none or they are unknown */
	bool exited;
	bool args_known;
	bool args_truncated;	/* args is shorter than the vector was */
	uint8_t tries;		/* of process_fill_args */
	struct image *image;	/* holds the strings, shared with children until they exec */
	uint32_t older, newer;	/* in the list of the running or of the ended */
};

struct process_list { uint32_t oldest, newest; };

struct process_table {
	struct process *slots;
	uint32_t nslots, unused;	/* unused: head of the free slots, linked by newer */
	uint32_t *index;		/* open addressing by pid; slot numbers, 0 is empty */
	uint32_t index_mask;
	struct process_list running, ended;
	char *images;			/* images one after the other; compacted when full */
	size_t images_size, images_used;
	size_t images_live;		/* bytes of images_used that somebody refers to */
	uint64_t stamp;
	uint32_t lacking;		/* running entries whose arguments are not known */
	uint32_t fill_next;		/* where process_fill_args goes on */

	/* Counters. */
	uint64_t entries;		/* held now */
	uint64_t evicted;		/* thrown out for want of room, not because they ended */
	uint64_t misses;		/* process_find found nothing */
};

/* All memory the table will ever have.  -ENOMEM; -EINVAL below PROCESS_BYTES_MIN. */
int process_table_init(struct process_table *table, size_t bytes);
void process_table_fini(struct process_table *table);

/* Learn from a valid record; to be called with each, before anyone asks who did it. */
void process_observe(struct process_table *table, const void *record);

/* The process of a record's head, NULL if unknown.  Good until the next process_observe. */
const struct process *process_find(struct process_table *table, const struct who *who);

/* Read what the running entries lack from /proc, for at most max of them, and only where /proc shows
 * the same process.  The number of entries looked at; 0 when nothing is lacking. */
unsigned process_fill_args(struct process_table *table, unsigned max);

#endif
