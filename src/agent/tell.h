/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent has to say of itself, as events. */
#ifndef SAKER_AGENT_TELL_H
#define SAKER_AGENT_TELL_H

#include <stdint.h>

struct agent;

/* Hand the record in agent->losses.build to the pipeline. */
void agent_tell(struct agent *agent);

void tell_start(struct agent *agent);
void tell_stop(struct agent *agent);

/* Records that were written, of all lanes. */
uint64_t tell_delivered(const struct agent *agent);

/* A lane's figures each, if somebody wants them. */
void tell_stats(struct agent *agent);

#endif
