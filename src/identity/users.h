/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups by name, as the passwd and group of a process's own root have them.
 *
 * The files are read elsewhere (accounts_read, which may wait): until that is done a name is not known,
 * and never is one taken from another root.  NSS is not asked, for it may wait for a network.
 */
#ifndef SAKER_IDENTITY_USERS_H
#define SAKER_IDENTITY_USERS_H

#include <stdbool.h>
#include <stdint.h>

#include "identity/accounts.h"
#include "identity/mounts.h"

struct who;

enum user_part { USER_NAME, USER_LOGIN, USER_GROUP };

struct users {
	struct mounts *mounts;		/* the caller's; it has what was read */
	uint32_t host_ns;		/* mount namespace of the host's first process; 0: unknown */
	uint64_t root_dev, root_ino;	/* its root */
	unsigned next;			/* where users_next goes on */
	unsigned wanted;		/* namespaces that were asked for and not yet looked at, or more */

	/* Counters. */
	uint64_t reads;			/* files that were read */
	uint64_t failed;		/* looks that told nothing */
};

/* What is to be read, for accounts_read: through any of the processes. */
struct users_request {
	uint32_t ns;
	struct mount_pid pids[MOUNTS_PIDS];
	struct accounts before;		/* without names */
	bool has_before;
};

/* Find the host's namespace, our own where its first process may not be looked at, and read its names,
 * which takes no time to speak of.  Without them everything else works. */
void users_open(struct users *users, struct mounts *mounts, uint64_t now);

/* NULL while unknown.  who: of a record.  Good until the next answer. */
const char *users_name(struct users *users, const struct who *who, enum user_part part);

/* Something to read; now: nanoseconds since boot.  False when there is nothing for the moment. */
bool users_next(struct users *users, uint64_t now, struct users_request *request);

/* Do it: may wait, touches nothing but its arguments.  As accounts_read. */
int users_read(const struct users_request *request, struct accounts **ret);

/* What came of it; accounts, which may be NULL, is taken over. */
void users_answer(struct users *users, const struct users_request *request, int result, struct accounts *accounts,
		  uint64_t now);

#endif
