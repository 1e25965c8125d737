/* SPDX-License-Identifier: Apache-2.0 */
/* Records made in user space: what the agent has to say goes the same road as the rest. */
#ifndef SAKER_EVENT_BUILD_H
#define SAKER_EVENT_BUILD_H

#include <stdint.h>

#include "event.h"

struct build { _Alignas(8) char record[RECORD_MAX]; };

/* An empty record of this event, to be filled in by the caller through the returned pointer. */
void *build_begin(struct build *build, unsigned id, uint64_t time, uint64_t seq);

/* Append a string; cut when the record is full. */
void build_str(struct build *build, struct span *at, const char *text);

/* Append one more string to a vector.  Nothing else may be appended between those of one vector. */
void build_strv(struct build *build, struct span *at, const char *text);

#endif
