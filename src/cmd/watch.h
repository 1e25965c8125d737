/* SPDX-License-Identifier: Apache-2.0 */
/* Run the agent until it ends, and tell how it went. */
#ifndef SAKER_CMD_WATCH_H
#define SAKER_CMD_WATCH_H

struct agent;
struct agent_options;

/* Tell why the agent could not be opened or run, and the way out.  The exit status. */
int watch_failed(const struct agent *agent, int r);

/* The exit status: that of the followed command, if there was one. */
int watch(const struct agent_options *options);

#endif
