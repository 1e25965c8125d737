/* SPDX-License-Identifier: Apache-2.0 */
/* The process tree that the kernel's filter follows: children join when they are forked, and
 * leave when they end. */
#ifndef SAKER_KERNEL_TREE_H
#define SAKER_KERNEL_TREE_H

#include <stdbool.h>
#include <stdint.h>

struct probe;

/* Follow this process and what it will fork.  0 or negative errno. */
int tree_add(struct probe *probe, uint32_t pid);

/* How many it had no room for so far: neither they nor what they fork is followed. */
uint64_t tree_unfollowed(const struct probe *probe);

/* Has every process of the tree ended? */
bool tree_empty(const struct probe *probe);

#endif
