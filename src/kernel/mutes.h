/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroups whose events the kernel side leaves out. */
#ifndef SAKER_KERNEL_MUTES_H
#define SAKER_KERNEL_MUTES_H

#include <stdbool.h>
#include <stdint.h>

struct probe;

/* Mute a cgroup, or go on counting one that is muted.  0 or negative errno. */
int mutes_set(struct probe *probe, uint64_t cgroup);

/* Count from 0 what is left out of one that is muted. */
void mutes_begin_anew(struct probe *probe, uint64_t cgroup);

/* Its events are told again, if it was muted at all. */
void mutes_unset(struct probe *probe, uint64_t cgroup);

/* How many of its events were left out since it was muted. */
uint64_t mutes_count(const struct probe *probe, uint64_t cgroup);

/* Whether any cgroup may be muted: without, muting costs nothing. */
void mutes_switch(struct probe *probe, bool on);

#endif
