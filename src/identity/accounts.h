/* SPDX-License-Identifier: Apache-2.0 */
/* Names of users and groups from the files passwd and group of one root, by the ids of the host. */
#ifndef SAKER_IDENTITY_ACCOUNTS_H
#define SAKER_IDENTITY_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
	ACCOUNTS_FILE_MAX = 1 << 20,	/* bytes of passwd, and of group */
	ACCOUNTS_NAMES_MAX = 16384,	/* of each */
	ACCOUNTS_NAME_MAX = 64,		/* bytes of a name; longer ones are left out */
	ACCOUNTS_MAPS_MAX = 16,		/* lines of uid_map; with more nothing is known */
};

/* One of a user namespace's ranges. */
struct account_map { uint32_t inside, outside, count; };

struct account_maps {
	struct account_map maps[ACCOUNTS_MAPS_MAX];
	unsigned n;
};

/* By id, the lowest first. */
struct account_names {
	struct account_name { uint32_t id, name; } *names;	/* name: where in text */
	char *text;
	uint32_t n, text_len;
	uint32_t skipped;		/* lines that tell no name, or are beyond the limits */
};

/* What tells whether a file is the same as before. */
struct account_file { uint64_t dev, ino, size; struct timespec mtime, ctime; };

struct accounts {
	struct account_names users, groups;
	struct account_maps uids, gids;
	struct account_file passwd, group;	/* all 0: there is none */
	uint64_t root_dev, root_ino;
};

/* Names from lines NAME:PASSWORD:ID:.., the first for an id.  0 or -ENOMEM. */
int account_names_parse(struct account_names *ret, const char *text, size_t len);
void account_names_fini(struct account_names *names);

/* The text of uid_map or gid_map.  -E2BIG. */
int account_maps_parse(struct account_maps *ret, const char *text);

/* The name of an id of the host; NULL if it has none. */
const char *account_user(const struct accounts *accounts, uint32_t uid);
const char *account_group(const struct accounts *accounts, uint32_t gid);

size_t accounts_bytes(const struct accounts *accounts);
void accounts_free(struct accounts *accounts);

/* Read the files as this process sees them: its root, its user namespace.  May wait for a disk, so not
 * on the loop.  before: what was read last, NULL if nothing was; when it still holds, *ret is NULL and
 * the result 0.  mnt_ns: where the process must be.  -ESRCH when it is gone or elsewhere, -EREMOTE when
 * its root could keep us waiting forever, -errno. */
int accounts_read(struct accounts **ret, const struct accounts *before, uint32_t pid, uint64_t start, uint32_t mnt_ns);

#endif
