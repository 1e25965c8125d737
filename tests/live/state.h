/* SPDX-License-Identifier: Apache-2.0 */
/* All that a reload may change of a running agent, and that one that is refused must not: its
 * descriptors with the kernel's numbers of links, programs and maps, what the kernel's filters in force
 * say, policies and sinks. */
#ifndef SAKER_TESTS_LIVE_STATE_H
#define SAKER_TESTS_LIVE_STATE_H

#include <jansson.h>
#include <stdbool.h>

/* New.  Waits until the policies before those in force are forgotten, their hooks are gone and nothing
 * changes any more. */
json_t *state_take(void);

/* The state is this one still, or is again within a moment.  If not the test fails and tells what
 * differs after what. */
bool state_is(json_t *before, const char *after);

/* New: the same without the kernel's numbers and the generation, which another agent with the same
 * configuration would have, too. */
json_t *state_shape(json_t *state);

/* Note what differs. */
void state_tell(json_t *before, json_t *after);

#endif
