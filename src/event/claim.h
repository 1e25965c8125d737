/* SPDX-License-Identifier: Apache-2.0 */
/* Facts and claims.  A fact is proven by an object of the kernel or is what the kernel itself was
 * handed in a register; a claim was read from memory that the program, or another thread of it, may
 * have changed before or after the kernel looked. */
#ifndef SAKER_EVENT_CLAIM_H
#define SAKER_EVENT_CLAIM_H

#include "event/schema.h"

/* Whether the n-th field of an event is a claim. */
bool event_claim(const struct schema *schema, unsigned field);

#endif
