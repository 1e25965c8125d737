/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as it is in force, and its replacement while the agent runs: all or nothing. */
#ifndef AGENT_RELOAD_H
#define AGENT_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/agent.h"
#include "agent/watch.h"
#include "base/arena.h"
#include "config/config.h"
#include "output/sink.h"

struct log;

/* What the files say, read and checked, but not yet in force. */
struct plan;

struct reload {
	const char *path;		/* of saker.yaml; borrowed */
	struct log *log;		/* the caller's */
	struct agent *agent;		/* NULL until reload_watch */
	struct config config;		/* in force */
	struct arena wheres;		/* of the sinks' expressions */
	uint64_t hash;			/* of all contents in force */
	struct sink *sinks[CONFIG_SINKS];	/* a sink keeps its place as long as its name is there */
	struct watch watch;
	struct plan *plan;		/* that is being put in force; NULL: none */
	bool again;			/* something changed meanwhile */
	uint64_t applied, refused;	/* reloads */
};

/* Read the configuration and its policies and open the sinks; what is wrong is told in the
 * log.  The policies are compiled into *ret, from malloc.  0 or negative errno. */
int reload_open(struct reload *reload, const char *path, struct log *log, struct policy_set **ret);

/* Tell what is wrong with a configuration that could not be read. */
void reload_tell_wrong(struct log *log, const struct config *config, const struct diag *diag);

/* Watch the files from now on, and what they bring put in force in the agent.  0 or negative errno. */
int reload_watch(struct reload *reload, struct agent *agent);

/* Read everything again, now: on SIGHUP, or because a file changed. */
void reload_now(void *reload);

/* The agent can take policies again: what came meanwhile is read now. */
void reload_idle(void *reload);

/* Close the sinks; the watch has been stopped with the agent's loop. */
void reload_close(struct reload *reload);

#endif
