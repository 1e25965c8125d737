/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups in the mounted hierarchy. */
#ifndef SAKER_AGENT_MUTE_FIND_H
#define SAKER_AGENT_MUTE_FIND_H

#include <stdint.h>

struct cgroup_root;

/* The ids of the cgroup of this path and of those below it, as far as they can be seen. */
void mute_find_below(const struct cgroup_root *root, const char *path, void (*each)(void *ctx, uint64_t cgroup),
		     void *ctx);

/* The id of the cgroup that has this one in it; 0 when it cannot be seen. */
uint64_t mute_find_above(const struct cgroup_root *root, const char *path);

#endif
