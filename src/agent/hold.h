/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that wait a moment for what is being read of their container, in memory of a fixed size;
 * and names of records that did not wait, so that they can be amended.
 */
#ifndef SAKER_AGENT_HOLD_H
#define SAKER_AGENT_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct head;

enum { HOLD_BYTES = 1 << 20, HOLD_NAMED = 4096, HOLD_MS = 100 };

struct held {
	uint32_t size;		/* of this and the record, a multiple of 8 */
	bool gone;
	uint64_t serial;	/* of the container */
	uint64_t since;		/* nanoseconds since boot */
};

/* A record that was shown while its container was being read of. */
struct hold_name {
	uint64_t serial;	/* of the container; 0: free */
	uint64_t sinks, seq, time;
	uint32_t cpu;
	uint16_t id, slot;
	uint8_t lane;
};

struct hold {
	char *records;		/* a ring of struct held, each with its record behind it */
	size_t begin, end, wrap;	/* wrap: where the older part ends, when end is before begin; 0: it is not */
	struct hold_name *names;
	unsigned nnames;
	uint64_t now_held;

	/* Counters. */
	uint64_t held, overdue;	/* records that waited; of these, in vain */
	uint64_t unheld;	/* for which there was no room */
	uint64_t unnamed;	/* shown without a name kept: never amended */
};

/* 0 or -ENOMEM. */
int hold_init(struct hold *hold);
void hold_fini(struct hold *hold);

/* Keep a copy of the record; false when there is no room. */
bool hold_put(struct hold *hold, const struct head *h, uint64_t serial, uint64_t now);

/* The oldest record of a container, or of any that waits since before a time (serial 0); NULL for none.  It
 * is taken out, and good until the next hold_put. */
const struct head *hold_take(struct hold *hold, uint64_t serial, uint64_t before);

/* The same of records that policies of a generation select. */
const struct head *hold_take_of(struct hold *hold, uint16_t generation);

/* Remember that it was shown to these sinks. */
void hold_name(struct hold *hold, const struct head *h, uint64_t serial, uint64_t sinks);

/* Take one of the names of a container; false when there is none left. */
bool hold_unname(struct hold *hold, uint64_t serial, struct hold_name *ret);

/* These sinks are gone, and their bits may come to mean others. */
void hold_forget(struct hold *hold, uint64_t sinks);

#endif
