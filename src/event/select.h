/* SPDX-License-Identifier: Apache-2.0 */
/* The language of -e: which events a person asks for.
 *
 * A list of words separated by commas, read from left to right.  A word is the name of an event, an
 * alias, a category (fs_read_write), the parent of categories (fs), "syscalls", "all" (everything
 * but what the agent tells of itself) or a glob over names (open*); a - before it takes away.
 * Where a category is called like an event (time, ipc) the category is meant; it has the event. */
#ifndef SAKER_EVENT_SELECT_H
#define SAKER_EVENT_SELECT_H

#include "event/set.h"

struct select_error { char text[256]; };

/* What a person wants to see first. */
void select_default(struct event_set *set);

/* Change the set as the list says.  Begin with a zeroed set, and give each list of the command line
 * in turn: a list that takes away from nothing takes away from the default.  The agent's own lost,
 * agent_start and agent_stop are always in; stats and process_existing only by their own names.
 * 0, or -EINVAL with words about the one that is unknown; then the set is unchanged. */
int select_parse(struct event_set *set, const char *list, struct select_error *error);

/* Add every event one word stands for, without a - and without exceptions.  How many; 0 when it
 * is unknown. */
unsigned select_word(struct event_set *set, const char *word);

/* Say that a word is unknown, and which one may have been meant. */
void select_unknown(struct select_error *error, const char *word);

#endif
