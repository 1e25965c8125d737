/* SPDX-License-Identifier: Apache-2.0 */
/* Whose ancestors the kernel side knows, for filters that ask for them: see bpf/lineage.h. */
#ifndef SAKER_KERNEL_LINEAGE_H
#define SAKER_KERNEL_LINEAGE_H

#include <stdbool.h>
#include <stdint.h>

struct probe;

/* Whether it keeps lineages for the subtrees of this generation. */
bool lineage_kept(const struct probe *probe, uint16_t generation);

/* Add a process whose ancestors are known: bits of the subtrees it is in.  1; 0 if it is there already;
 * or negative errno, then its events pass. */
int lineage_add(struct probe *probe, uint16_t generation, uint32_t pid, uint64_t start, uint64_t bits);

/* Remove one that has ended, should it be there. */
void lineage_remove(struct probe *probe, uint16_t generation, uint32_t pid, uint64_t start);

/* Remove all of generations whose lineages are not kept any more. */
void lineage_sweep(struct probe *probe);

#endif
