/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroups that are there, by their folders; and one of them by its id. */
#ifndef SAKER_IDENTITY_CGROUP_WALK_H
#define SAKER_IDENTITY_CGROUP_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { WALK_DEPTH = 64 };

/* A cgroup that was found. */
struct walk_entry {
	uint64_t id;
	uint32_t path;		/* in texts */
	uint16_t len;
	bool of_root;		/* its folder belongs to root */
};

struct walk {
	struct walk_entry *entries;
	char *texts;
	size_t n, texts_used;
	size_t max, texts_max;
	bool cut;		/* there are more than max, or deeper ones */
};

/* All below and with the root, the outer before the inner; may take a while.  max: entries.  0 or -ENOMEM. */
int walk_cgroups(struct walk *walk, int root, size_t max);
void walk_fini(struct walk *walk);

/* The path of a cgroup by its id, below the root, and whether its folder belongs to root.  Its length, or
 * negative errno: -ENOENT or -ESTALE when there is none. */
ssize_t walk_path(int root, uint64_t id, char *path, size_t size, bool *of_root);

#endif
