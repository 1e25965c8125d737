/* SPDX-License-Identifier: Apache-2.0 */
/* What saker top shows, for the control socket. */
#ifndef SAKER_AGENT_CONTROL_TOP_H
#define SAKER_AGENT_CONTROL_TOP_H

#include "agent/request.h"

/* Counts so far, of which two in a row make rates; processes and cgroups are counted from the first
 * question on, and for the time that "seconds" says is until the next. */
int control_top(struct control *control, struct request *request, json_t *reply);

#endif
