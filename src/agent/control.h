/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket through which a running agent is asked, and told: control.sock in its run_dir.
 *
 * A client has a deadline to have asked, and as long again to have read the answer; requests are
 * bounded, and so is the number of clients, of which some places are kept for root.
 */
#ifndef SAKER_AGENT_CONTROL_H
#define SAKER_AGENT_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "agent/request.h"

struct agent;
struct instance;
struct log;
struct reload;
struct reload_receipt;

enum {
	CONTROL_CLIENTS = 16,
	CONTROL_KEPT = 4,		/* of them for root and the agent's own user */
	CONTROL_DEADLINE_MS = 5000,
	CONTROL_RELOAD_MS = 60000,	/* for a reload to be over */
};

struct control_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	bool may_ask, may_change;
};

struct control_client {
	struct control *control;
	uv_poll_t poll;
	uv_timer_t deadline;
	int fd;				/* -1: the place is free, or will be when its handles are closed */
	unsigned closing;		/* handles that are not closed yet */
	struct control_peer peer;
	char line[REQUEST_MAX];
	size_t len;			/* of what was read and not answered yet */
	char *reply;			/* being written; NULL: none */
	size_t reply_len, written;
	bool last;			/* close when it is written */
	uint64_t awaits;		/* run of the reload whose receipt it waits for; 0: none */
};

struct control {
	struct agent *agent;
	struct reload *reload;
	const struct instance *instance;
	struct log *log;
	uv_poll_t poll;
	int fd, spare;			/* spare: given up to refuse a client when there is no other */
	struct control_client clients[CONTROL_CLIENTS];
	struct control_client *asking;	/* whose request is being run */

	/* Counters. */
	uint64_t accepted, refused;	/* clients; refused for want of a place */
	uint64_t requests, wrong;	/* wrong: answered with an error */
	uint64_t denied;		/* requests and clients without the right */
	uint64_t late;			/* clients that missed their deadline */
};

/* Make the socket, before the right to give it to its group is given up; who connects waits.  All but
 * the counters of control is set by this.  0, or negative errno after telling why. */
int control_listen(struct control *control, const struct instance *instance, struct log *log);

/* Answer, from now on, on the agent's loop.  0, or negative errno with agent->error set. */
int control_open(struct control *control, struct agent *agent, struct reload *reload);

/* Remove the socket and let all clients go; takes one more turn of the loop.  Also of a zeroed one. */
void control_close(struct control *control);

/* The receipt of a reload as a line, from malloc; NULL when out of memory. */
char *control_receipt(const struct reload_receipt *receipt);

/* What it can be asked; the row without name ends it. */
extern const struct control_command control_commands[];

#endif
