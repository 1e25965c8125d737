/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the kernel side is as we left it: hooks run, links hold, the settings are ours. */
#ifndef SAKER_KERNEL_CANARY_H
#define SAKER_KERNEL_CANARY_H

#include <stdbool.h>
#include <stdint.h>

struct probe;

/* How often the agent's own acts were seen.  canary: an event's id, CANARY_EXIT or CANARY_ENTRY. */
uint64_t canary_seen(const struct probe *probe, unsigned canary);

/* Whether a hook is attached that would see such an act. */
bool canary_expected(const struct probe *probe, unsigned canary);

/* Whether the kernel side selects by this generation. */
bool canary_generation(const struct probe *probe, uint16_t generation);

/* Whether it lets records through, and leaves out this process. */
bool canary_listens(const struct probe *probe, uint32_t self);

/* The first program whose link is not ours any more, NULL while all hold.  A system call a link. */
const char *canary_broken_link(const struct probe *probe);

/* Attach again what broke.  How many programs, or negative errno. */
int canary_mend(struct probe *probe);

#endif
