/* SPDX-License-Identifier: Apache-2.0 */
/* What the files say now, read, checked and compiled: the half of a reload that may fail.  Nothing that is
 * in force is touched, and whatever was opened for it is closed when it is dropped. */
#ifndef SAKER_AGENT_PLAN_H
#define SAKER_AGENT_PLAN_H

#include "agent/reload.h"
#include "base/diag.h"

enum { PLAN_SAID = 1024 };

struct plan {
	struct source *source;
	uint64_t hash;
	struct policy_set *policies;
	struct slots slots;			/* sinks in force, and fresh ones */
	bool listens;				/* metrics_fd is a fresh socket */
	int metrics_fd;
	bool parsed;				/* the configuration is right, whatever the policies are */
	bool asked;				/* by somebody, who is told what is wrong whenever */
	bool confirmed;				/* and who means what looks like a mistake */
	struct diag diag;
	struct reload_receipt receipt;
	uint64_t began;
	char error[480];			/* the diagnostic in one line */
	char said[PLAN_SAID];			/* and with the line that is wrong */
};

/* Tell what is wrong with a configuration that could not be read. */
void plan_tell_wrong(struct log *log, const struct config *config, const struct diag *diag);

/* Read the configuration and its policies, and make what is new of sinks and sockets.  before: policies
 * whose state goes on, NULL at start.  0; -EALREADY: all is as in force; -EBUSY: somebody writes a file, whose
 * closing will be seen; or another negative errno, what is wrong in error and said.  Drop it in any case, unless
 * it is put in force. */
int plan_make(const struct reload *reload, struct plan *plan, const struct policy_set *before);

/* Close and free what the plan still holds. */
void plan_drop(struct plan *plan);

#endif
