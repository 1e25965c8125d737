/* SPDX-License-Identifier: Apache-2.0 */
/* Run the agent until it ends, and tell how it went. */
#ifndef CMD_WATCH_H
#define CMD_WATCH_H

struct agent_options;

/* The exit status: that of the followed command, if there was one. */
int watch(const struct agent_options *options);

#endif
