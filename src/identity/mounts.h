/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes by mount namespace, a few of each and the oldest first: through any of them its files can
 * be reached, also when the one that is asked for has ended.
 *
 * Only processes that executed something within the namespace are taken: what a container runtime does
 * before, its root is still the host's.
 */
#ifndef SAKER_IDENTITY_MOUNTS_H
#define SAKER_IDENTITY_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

struct accounts;

enum { MOUNTS_MAX = 2048, MOUNTS_PIDS = 5 };

/* start 0: empty; there is none behind it.  Ids are the host's. */
struct mount_pid { uint32_t pid; uint64_t start; };

struct mount_space {
	uint32_t ns;			/* 0: free */
	uint64_t used;			/* turn of the table */
	uint64_t since;			/* record time of the first process that was noted */
	struct mount_pid pids[MOUNTS_PIDS];

	/* The business of users.h. */
	struct accounts *accounts;	/* from malloc; NULL: not known */
	uint64_t due;			/* nanoseconds since boot; when they are to be looked at (again) */
	uint8_t tries;			/* in a row that failed */
	bool wanted;			/* somebody asked */
	bool usable;			/* names may be given */
	bool host_root;			/* its root is that of the host */
};

struct mounts {
	struct mount_space *spaces;
	uint16_t *index;		/* open addressing by ns; numbers of spaces and 1 */
	unsigned next;			/* where a free one is looked for */
	uint64_t turn;
	uint64_t stamp;			/* another number whenever names may have changed, or can be asked for */

	uint64_t names_bytes;			/* of all accounts */

	/* Counters. */
	uint64_t entries;
	uint64_t evicted;			/* namespaces forgotten for want of room */
	uint64_t full;				/* processes not noted, for others of their namespace are */
};

/* -ENOMEM. */
int mounts_init(struct mounts *mounts);
void mounts_fini(struct mounts *mounts);

/* Learn from a valid record. */
void mounts_observe(struct mounts *mounts, const void *record);

/* Note a process that was there before. */
void mounts_add(struct mounts *mounts, uint32_t ns, struct mount_pid one, uint64_t since);

/* Put them in place of what was known, NULL too. */
void mounts_set_accounts(struct mounts *mounts, struct mount_space *space, struct accounts *accounts);

/* NULL when no process in it is known. */
struct mount_space *mounts_find(const struct mounts *mounts, uint32_t ns);

#endif
