/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server behind metrics.h. */
#ifndef SAKER_AGENT_METRICS_SERVER_H
#define SAKER_AGENT_METRICS_SERVER_H

struct agent;
struct metrics_counts;
struct metrics_server;
struct reload;

/* Serve on a listening socket, which is taken over if this succeeds, on the agent's loop.  All that
 * is given outlives the server.  0 or negative errno. */
int metrics_server_open(struct metrics_server **ret, int fd, struct metrics_counts *counts, struct agent *agent,
			const struct reload *reload);

/* Close all connections.  It is freed when the loop runs once more. */
void metrics_server_close(struct metrics_server *server);

#endif
