/* SPDX-License-Identifier: Apache-2.0 */
/* What is selected, in the kernel and in the pipeline, and its replacement while records come. */
#ifndef SAKER_AGENT_SWITCH_H
#define SAKER_AGENT_SWITCH_H

#include <stdbool.h>

#include "event/set.h"

struct agent;
struct policy_set;
struct where;

/* Put policies in force in place of the ones before, without losing an event: attach what is new,
 * switch, detach what is not needed any more.  The set, from malloc, is the agent's if this succeeds;
 * the one before is asked about records that it selected, and freed a moment later.  0, or negative
 * errno with agent->error set: then nothing has changed. */
int agent_switch(struct agent *agent, struct policy_set *policies);

/* Called once the policies are in force (0), or cannot be: negative errno with agent->error set. */
typedef void switch_done(void *ctx, int r);

/* The same while the loop reads on: what takes long is done on another thread.  done is called before
 * this returns where nothing has to be loaded or attached.  agent->switching tells that one is under way,
 * and options.idle is called when it has ended; till then no other may begin.  0, or negative errno with
 * agent->error set, and done is not called. */
int agent_switch_begin(struct agent *agent, struct policy_set *policies, switch_done *done, void *ctx);

/* Read all that the policies before the last switch selected, and free them. */
void agent_settle(struct agent *agent);

/* Whether so long ago that agent_settle need not wait. */
bool agent_settled(const struct agent *agent);

/* Add the events that the process table learns from, wanted or not. */
void switch_add_identity(struct event_set *set);

/* The events that policies want, those included. */
struct event_set switch_wanted(const struct policy_set *policies);

/* Fill the kernel's filters with those of an expression.  0, or negative errno with agent->error set. */
int switch_where(struct agent *agent, const struct where *where);

#endif
