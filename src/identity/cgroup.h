/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroups that are there, and those that were removed a while ago, by id. */
#ifndef SAKER_IDENTITY_CGROUP_H
#define SAKER_IDENTITY_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CGROUPS_DEFAULT = 65536, CGROUPS_MIN = 64, CGROUP_PATH_MAX = 4096 };

struct cgroup {
	uint64_t id;		/* 0: a free slot */
	uint64_t made;		/* nanoseconds since boot; 0: before anybody looked */
	uint64_t removed;	/* nanoseconds since boot; 0: it is there */
	uint32_t path, path_size;	/* in the table's texts; cgroup_path has it */
	uint32_t container;	/* for the owner of the table: whose it is, 0: nobody's */
	uint8_t kind;		/* enum cgroup_kind, likewise */
	bool used;		/* since the search for a victim came by */
	bool unknown;		/* nobody could tell its path; made is when that was */
	uint32_t older, newer;	/* among the removed; newer also links free slots */
};

/* An entry costs its struct, eight bytes of index and its path. */
struct cgroup_table {
	struct cgroup *slots;	/* slot 0 is none */
	uint32_t nslots, handed, unused;
	uint32_t *index;	/* open addressing by id; slot numbers, 0 is empty */
	uint32_t mask;
	char *texts;		/* paths one after the other; compacted when full */
	size_t texts_size, texts_used, texts_live;
	uint32_t oldest, newest;	/* of the removed */
	uint32_t hand;		/* where the search for a victim goes on */
	uint64_t stamp;		/* another number whenever some id has another path; never 0 */

	/* Counters. */
	uint64_t entries, removed;	/* held now; of these, removed */
	uint64_t evicted;		/* thrown out for want of room; counted by who drops the victim */
};

/* Memory for so many, at least CGROUPS_MIN, is reserved and touched when needed.  -ENOMEM, -EINVAL. */
int cgroup_table_init(struct cgroup_table *table, uint32_t max);
void cgroup_table_fini(struct cgroup_table *table);

/* The cgroup of an id, NULL if it is not known. */
struct cgroup *cgroup_find(struct cgroup_table *table, uint64_t id);

/* The one that must be dropped before another with a path of so many bytes has room; NULL: there is
 * room.  Removed ones go first, the oldest before, then those that nobody asked for. */
struct cgroup *cgroup_victim(struct cgroup_table *table, size_t path_len);

/* A new one; there is room, and the id is not there.  len is less than CGROUP_PATH_MAX. */
struct cgroup *cgroup_add(struct cgroup_table *table, uint64_t id, const char *path, size_t len, uint64_t made);

/* Its path, "" if unknown.  Good until the next cgroup_add. */
const char *cgroup_path(const struct cgroup_table *table, const struct cgroup *cgroup);

/* It was removed at this time, which never goes back. */
void cgroup_removed(struct cgroup_table *table, struct cgroup *cgroup, uint64_t time);

/* The one that was removed first, NULL if none is. */
struct cgroup *cgroup_first_removed(struct cgroup_table *table);

/* Forget it. */
void cgroup_drop(struct cgroup_table *table, struct cgroup *cgroup);

#endif
