/* SPDX-License-Identifier: Apache-2.0 */
/* How the agent is, as JSON for the control socket. */
#ifndef SAKER_AGENT_CONTROL_STATUS_H
#define SAKER_AGENT_CONTROL_STATUS_H

#include <jansson.h>

struct control;

/* Put everything about the agent as a whole into an object. */
void status_fill(struct control *control, json_t *to);

/* An array of the sinks. */
json_t *status_sinks(struct control *control);

#endif
