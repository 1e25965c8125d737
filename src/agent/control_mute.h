/* SPDX-License-Identifier: Apache-2.0 */
/* Mutes for the control socket. */
#ifndef SAKER_AGENT_CONTROL_MUTE_H
#define SAKER_AGENT_CONTROL_MUTE_H

#include "agent/request.h"

/* Without arguments the list; with kind and name, or the name of a namespace alone, a change. */
int control_mute(struct control *control, struct request *request, json_t *reply);
int control_unmute(struct control *control, struct request *request, json_t *reply);

#endif
