// SPDX-License-Identifier: Apache-2.0
#include "agent/hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"

int hold_init(struct hold *hold)
{
	memset(hold, 0, sizeof(*hold));
	hold->records = malloc(HOLD_BYTES);
	hold->names = calloc(HOLD_NAMED, sizeof(*hold->names));
	if (hold->records && hold->names)
		return 0;
	hold_fini(hold);
	return -ENOMEM;
}

void hold_fini(struct hold *hold)
{
	free(hold->records);
	free(hold->names);
	memset(hold, 0, sizeof(*hold));
}

static struct held *at(const struct hold *hold, size_t off)
{
	return (struct held *)(hold->records + off);
}

/* The next one, or the end. */
static size_t next_of(const struct hold *hold, size_t off)
{
	off += at(hold, off)->size;
	return hold->wrap && off == hold->wrap ? 0 : off;
}

/* Give back the room of those at the beginning that are gone. */
static void advance(struct hold *hold)
{
	while (hold->begin != hold->end && at(hold, hold->begin)->gone) {
		size_t next = next_of(hold, hold->begin);

		if (next < hold->begin)
			hold->wrap = 0;
		hold->begin = next;
	}
}

/* Where so many bytes fit behind the last; SIZE_MAX when they do not.  The end never meets the beginning:
 * that is how an empty ring looks. */
static size_t place(struct hold *hold, size_t size)
{
	if (!hold->now_held)
		hold->begin = hold->end = hold->wrap = 0;
	advance(hold);
	if (hold->wrap)
		return hold->begin - hold->end > size ? hold->end : SIZE_MAX;
	if (HOLD_BYTES - hold->end >= size)
		return hold->end;
	if (hold->begin <= size)
		return SIZE_MAX;
	hold->wrap = hold->end;
	return 0;
}

bool hold_put(struct hold *hold, const struct head *h, uint64_t serial, uint64_t now)
{
	size_t size = (sizeof(struct held) + h->size + 7) & ~(size_t)7, off = place(hold, size);

	if (off == SIZE_MAX) {
		hold->unheld++;
		return false;
	}
	*at(hold, off) = (struct held){ .size = (uint32_t)size, .serial = serial, .since = now };
	memcpy(at(hold, off) + 1, h, h->size);
	hold->end = off + size;
	hold->now_held++;
	hold->held++;
	return true;
}

static const struct head *record_of(const struct held *held)
{
	return (const struct head *)(held + 1);
}

static const struct head *take(struct hold *hold, bool (*is_meant)(const struct held *held, uint64_t what), uint64_t what)
{
	if (!hold->now_held)
		return NULL;
	advance(hold);
	for (size_t off = hold->begin; off != hold->end; off = next_of(hold, off)) {
		struct held *held = at(hold, off);

		if (held->gone || !is_meant(held, what))
			continue;
		held->gone = true;
		hold->now_held--;
		return record_of(held);
	}
	return NULL;
}

static bool is_of(const struct held *held, uint64_t serial)
{
	return held->serial == serial;
}

static bool is_overdue(const struct held *held, uint64_t before)
{
	return held->since < before;
}

static bool is_selected_by(const struct held *held, uint64_t generation)
{
	return record_of(held)->policy == generation;
}

const struct head *hold_take(struct hold *hold, uint64_t serial, uint64_t before)
{
	const struct head *h = serial ? take(hold, is_of, serial) : take(hold, is_overdue, before);

	hold->overdue += h && !serial;
	return h;
}

const struct head *hold_take_of(struct hold *hold, uint16_t generation)
{
	const struct head *h = take(hold, is_selected_by, generation);

	hold->overdue += !!h;
	return h;
}

void hold_name(struct hold *hold, const struct head *h, uint64_t serial, uint64_t sinks)
{
	if (hold->nnames == HOLD_NAMED) {
		hold->unnamed++;
		return;
	}
	hold->names[hold->nnames++] = (struct hold_name){
		.serial = serial, .sinks = sinks, .seq = h->seq, .time = h->time, .cpu = h->cpu, .id = h->id,
		.slot = h->slot, .lane = h->lane,
	};
}

/* In the order in which they were shown. */
bool hold_unname(struct hold *hold, uint64_t serial, struct hold_name *ret)
{
	for (unsigned i = 0; i < hold->nnames; i++)
		if (hold->names[i].serial == serial) {
			*ret = hold->names[i];
			memmove(&hold->names[i], &hold->names[i + 1], (--hold->nnames - i) * sizeof(*ret));
			return true;
		}
	return false;
}

void hold_forget(struct hold *hold, uint64_t sinks)
{
	for (unsigned i = 0; i < hold->nnames; i++)
		hold->names[i].sinks &= ~sinks;
}
