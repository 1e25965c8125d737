/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry of a policy remembers from event to event.  Shared by the sets of two generations
 * while one takes over from the other. */
#ifndef SAKER_POLICY_STATE_H
#define SAKER_POLICY_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/dedup.h"
#include "policy/limit.h"

struct policy_file_entry;

struct policy_state {
	uint64_t identity;	/* hash of the policy's name and of all that the entry says */
	unsigned users;
	bool limits, dedups;
	struct limiter limiter;
	struct dedup dedup;
};

/* The identity of an entry of the policy of this name. */
uint64_t policy_state_identity(const char *policy, const struct policy_file_entry *entry);

/* A fresh one with one user.  0 or negative errno. */
int policy_state_new(struct policy_state **ret, uint64_t identity, const struct policy_file_entry *entry);

/* One user less; freed with the last. */
void policy_state_drop(struct policy_state *state);

void policy_state_forget(struct policy_state *state, uint64_t cgroup);

/* Forget the keys that dedup remembers; what it counted stays. */
void policy_state_empty(struct policy_state *state);

#endif
