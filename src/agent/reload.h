/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as it is in force, and its replacement while the agent runs: all or nothing. */
#ifndef SAKER_AGENT_RELOAD_H
#define SAKER_AGENT_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/agent.h"
#include "agent/doubts.h"
#include "agent/metrics.h"
#include "agent/slots.h"
#include "agent/watch.h"
#include "config/config.h"

struct log;

/* What the files say, read and checked, but not yet in force. */
struct plan;

/* What became of a reload. */
struct reload_receipt {
	uint64_t run;		/* its number */
	int result;		/* 0: applied; -EALREADY: nothing new; -EBUSY: a file is being written; else refused */
	unsigned generation, added, removed, changed, same;
	struct slots_diff sinks;
	unsigned hooks, hooks_before;
	uint64_t elapsed;	/* nanoseconds */
	char waiting[256];	/* options that take effect when the agent is started again */
	char error[480];	/* why it was refused, in one line */
	struct doubts doubts;	/* that it was applied with */
};

/* What the files say now and is not in force. */
struct reload_refusal {
	uint64_t at;		/* since boot; 0: what they say is in force */
	unsigned generation;	/* that it would have been */
	char error[480];
};

/* Who wants to know of each run. */
struct reload_listener {
	void (*begun)(void *ctx);	/* of one asked for, or that changes something; NULL: only of its end */
	void (*over)(void *ctx, const struct reload_receipt *receipt);	/* NULL: nobody at this place */
	void *ctx;
};

enum { RELOAD_LISTENERS = 2 };

struct reload {
	const char *path;		/* of saker.yaml; borrowed */
	struct log *log;		/* the caller's */
	struct agent *agent;		/* NULL until reload_attach */
	struct source *source;		/* in force */
	struct config config;		/* the source's */
	uint64_t hash;			/* of all contents in force */
	struct slots slots;
	struct watch watch;
	uv_work_t first;		/* makes the threads that later work is done on */
	struct source *started;		/* what was said at start; options of the agent borrow from it */
	char waiting[256];		/* options that wait for the next start; "": none */
	struct plan *plan;		/* that is being put in force; NULL: none */
	bool again, again_asked, again_confirmed;	/* something changed meanwhile; or somebody asked, or confirmed it */
	uint64_t runs;			/* begun so far */
	struct metrics metrics;
	uint64_t applied, refused;	/* reloads */
	struct reload_refusal refusal;
	uint64_t wrong;			/* hash of contents that were refused last, and why; 0: none */
	struct reload_listener listeners[RELOAD_LISTENERS];
};

/* Read the configuration and its policies and make the sinks; what is wrong is told in the
 * log.  The policies are compiled into *ret, from malloc.  0 or negative errno. */
int reload_open(struct reload *reload, const char *path, struct log *log, struct policy_set **ret);

/* Give the sinks a loop and records. */
void reload_attach(void *reload, struct agent *agent);

/* Watch the files from now on, and what they bring put in force in the agent.  0 or negative errno. */
int reload_watch(struct reload *reload, struct agent *agent);

/* Read everything again, now, because somebody asks: what is wrong is told, be it told before.  confirmed: what
 * looks like a mistake is meant so.  Listeners are told, perhaps at once, when the run is over whose number is one more than that of
 * the last; it may not be the next to be over. */
void reload_ask(struct reload *reload, bool confirmed);

/* Tell this one of each run from now on; there must be a place.  Or no more. */
void reload_listen(struct reload *reload, const struct reload_listener *listener);
void reload_unlisten(struct reload *reload, const void *ctx);

/* The agent can take policies again: what came meanwhile is read now. */
void reload_idle(void *reload);

/* SIGHUP: read everything again, and have the sinks open their files anew. */
void reload_hangup(void *reload);

/* Send what the sinks have queued, for what is left of drain_timeout since the agent stopped, and
 * close them.  Whether all has closed: a write that hangs may not, and then the loop must not be
 * closed. */
bool reload_finish(struct reload *reload);

/* Free what was opened; the watch has been stopped with the agent's loop. */
void reload_close(struct reload *reload);

#endif
