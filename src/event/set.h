/* SPDX-License-Identifier: Apache-2.0 */
/* A set of events, by id. */
#ifndef SAKER_EVENT_SET_H
#define SAKER_EVENT_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "shared.h"

struct event_set { uint64_t bits[EVENTS_MAX / 64]; };

static inline bool event_set_has(const struct event_set *s, unsigned id)
{
	return id < EVENTS_MAX && s->bits[id / 64] >> (id % 64) & 1;
}

static inline void event_set_add(struct event_set *s, unsigned id)
{
	s->bits[id / 64] |= UINT64_C(1) << (id % 64);
}

static inline void event_set_remove(struct event_set *s, unsigned id)
{
	s->bits[id / 64] &= ~(UINT64_C(1) << (id % 64));
}

static inline bool event_set_empty(const struct event_set *s)
{
	for (unsigned i = 0; i < EVENTS_MAX / 64; i++)
		if (s->bits[i])
			return false;
	return true;
}

#endif
