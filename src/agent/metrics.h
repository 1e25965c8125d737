/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's figures and health over HTTP, for Prometheus and probes: /metrics, /healthz, /readyz. */
#ifndef SAKER_AGENT_METRICS_H
#define SAKER_AGENT_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/histogram.h"
#include "config/endpoint.h"

struct agent;
struct log;
struct metrics_server;
struct reload;

enum {
	METRICS_CONNECTIONS = 32,	/* at once; then those that dawdle must make place */
	METRICS_SECONDS = 10,		/* in which a connection must have its answer and have read it */
	METRICS_BODIES = 8,		/* answers that are on their way at once, beside small ones */
	METRICS_BYTES = 1 << 20,	/* of an answer at most */
};

struct metrics_counts {
	uint64_t requests;
	uint64_t refused;		/* for their method or path */
	uint64_t busy;			/* because too many answers were on their way */
	uint64_t too_large;		/* answers that did not fit */
	uint64_t expired;		/* connections that took too long, or had to make place */
	uint64_t bytes;			/* of the last answer with all figures */
	struct histogram scrapes;	/* the making of one */
};

struct metrics {
	struct endpoint address;		/* len 0: none is offered */
	int fd;				/* listening there, unless the server has it */
	struct metrics_server *server;	/* NULL: it does not run */
	int stats;			/* has the kernel count runs of programs; 0: nothing does */
	struct metrics_counts counts;
};


/* A socket that listens, or negative errno. */
int metrics_listen(const struct endpoint *address);

/* Offer them there from now on, and not where it was before; fd is taken over.  A zeroed address is
 * nowhere. */
void metrics_move(struct metrics *metrics, const struct endpoint *address, int fd);

/* Have the kernel count runs and times of programs, or not any more. */
void metrics_count_runs(struct metrics *metrics, bool wanted, struct log *log);

/* Answer, on the agent's loop; nothing to do if it does already or no address is set.  0 or negative
 * errno. */
int metrics_start(struct metrics *metrics, struct agent *agent, const struct reload *reload);

/* Stop answering; the loop must run once more before it is closed. */
void metrics_stop(struct metrics *metrics);

#endif
