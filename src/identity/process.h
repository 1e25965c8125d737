/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes that live, those that ended a moment ago, and those that ended but started one that
 * lives.
 *
 * A process has two parents: the one it was born to, which names its ancestors whatever became of
 * them, and the one it has now, another when the first ended and init or a subreaper adopted it.
 */
#ifndef SAKER_IDENTITY_PROCESS_H
#define SAKER_IDENTITY_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct head;
struct image;
struct who;

enum {
	PROCESS_BYTES_DEFAULT = 4 << 20,
	PROCESS_BYTES_MIN = 256 << 10,
	PROCESS_PATH_MAX = 4096,	/* bytes kept of exe and cwd, NUL included */
	PROCESS_ARGS_MAX = 6144,	/* bytes kept of the arguments */
	PROCESS_TTY_MAX = 64,		/* likewise, of the name of the terminal */
	PROCESS_CHAIN_MAX = 1024,	/* bytes kept of what it executed before */
	PROCESS_NAME = 16,		/* bytes of a task name, the NUL included if it is shorter */
};

/* In the order in which they are thrown out when room is short, the oldest of each first. */
enum process_class {
	PROCESS_ENDED,
	PROCESS_KEPT,		/* ended a while ago, but it started one that is here */
	PROCESS_FORKED,		/* runs, and has nothing yet that its parent has not */
	PROCESS_LEAF,		/* runs, and executed something */
	PROCESS_PARENT,		/* runs, and started one that is here */
	PROCESS_CLASSES,
};

/* Its strings are good until the table is told of the next record or fills arguments. */
struct process {
	uint32_t pid;
	uint32_t ppid;		/* the parent it has now, as far as records told; 0: none */
	uint64_t cgroup;	/* id, as of the last record */
	uint64_t start;		/* of the leader, nanoseconds since boot; with pid the key */
	uint64_t parent_start;	/* with ppid the parent's key */
	uint64_t origin_start;	/* with origin the key of the parent it was born to */
	uint32_t origin;	/* 0: none */
	uint32_t shown_pid;	/* in the namespace whose ids are shown; 0: not in it, or not known yet */
	uint32_t children;	/* entries that were born to it */
	uint64_t stamp;		/* another number whenever anything here changed; never 0 */
	union {
		uint64_t ended;	/* record time of its end, once exited */
		uint64_t named;	/* record time of its name, before */
	};
	char name[PROCESS_NAME];	/* of the leader's task */
	const char *exe, *cwd;	/* as of its last exec, "" if unknown */
	const char *args;	/* argument vector, each with its NUL */
	uint32_t args_len;	/* 0 if there are none or they are unknown */
	bool exited;
	bool args_known;
	bool args_truncated;	/* args is shorter than the vector was */
	uint8_t tries;		/* of process_fill_args */
	uint8_t class;		/* enum process_class */
	bool executed;		/* its image is its own, not the one it was born with */
	bool linked;		/* the parent it was born to counts it */
	struct image *image;	/* holds the strings, shared with children until they exec */
	uint32_t older, newer;	/* in the list of its class */
};

/* The file of an executable. */
struct process_file {
	uint64_t inode;
	uint64_t ctime;		/* nanoseconds since 1970; 0: unknown */
	uint32_t dev;		/* as in records */
	bool deleted, memfd, upper;	/* as in process_exec */
	bool flagged;		/* the three are known */
};

struct process_list { uint32_t oldest, newest; };

struct process_table {
	struct process *slots;
	uint32_t nslots;
	uint32_t touched;		/* slots from here on were never used */
	uint32_t unused;		/* head of those that are free again, linked by newer */
	uint32_t *index;		/* open addressing by pid; slot numbers, 0 is empty */
	uint32_t index_mask;
	struct process_list lists[PROCESS_CLASSES];
	char *images;			/* images one after the other; compacted when most is garbage */
	size_t images_size, images_used;
	size_t images_live;		/* bytes of images_used that somebody refers to */
	uint64_t stamp;
	uint64_t tree_stamp;		/* another number whenever an ancestor of anyone may have changed */
	uint32_t lacking;		/* running entries whose arguments are not known */
	uint32_t fill_next, adopt_next;	/* where process_fill_args, process_fill_parents go on */
	bool orphans;			/* some running ones may have a parent that ended */

	/* Counters. */
	uint64_t entries;		/* held now */
	uint64_t evicted;		/* thrown out for want of room, not because they ended */
	uint64_t evicted_running;	/* of these */
	uint64_t misses;		/* process_find found nothing */
	uint64_t lost_ancestors;	/* somebody asked for one that is not here */
};

/* Forget those that ended, and give back what their strings took. */
void process_forget_ended(struct process_table *table);

/* All memory the table will ever have.  -ENOMEM; -EINVAL below PROCESS_BYTES_MIN. */
int process_table_init(struct process_table *table, size_t bytes);
void process_table_fini(struct process_table *table);

/* Learn from a valid record; to be called with each, before anyone asks who did it. */
void process_observe(struct process_table *table, const void *record);

/* The process of a record's head, NULL if unknown.  Good until the next process_observe. */
const struct process *process_find(struct process_table *table, const struct who *who);

/* The same, and learn from the head what its name and parent are by now. */
const struct process *process_of(struct process_table *table, const struct head *head);

/* What it runs; NULL while unknown. */
const struct process_file *process_file(const struct process *p);

/* Its controlling terminal as of its last exec, "" if it had none; NULL while unknown. */
const char *process_tty(const struct process *p);

/* The executables it ran before by exec, the latest first, each with its NUL.  Bytes in *len. */
const char *process_chain(const struct process *p, uint32_t *len);

/* Read what the running entries lack from /proc, for at most max of them, and only where /proc shows
 * the same process.  The number of entries looked at; 0 when nothing is lacking. */
unsigned process_fill_args(struct process_table *table, unsigned max);

/* Who adopted those whose parent ended, likewise.  The number of entries looked at. */
unsigned process_fill_parents(struct process_table *table, unsigned max);

/* Call with each entry, be it of one that runs or has ended, in no order. */
void process_each(const struct process_table *table, void (*visit)(void *ctx, const struct process *p), void *ctx);

/* Call with each running process, a parent before its children and children by age; those whose
 * parent does not run begin at depth 0.  Their number, or -ENOMEM. */
typedef void process_visit(void *ctx, const struct process *p, unsigned depth);
int process_tree_walk(const struct process_table *table, process_visit *visit, void *ctx);

#endif
