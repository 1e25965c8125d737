/* SPDX-License-Identifier: Apache-2.0 */
/* Policies that look like a mistake: in force only when somebody confirmed them, and told in any case. */
#ifndef SAKER_AGENT_DOUBTS_H
#define SAKER_AGENT_DOUBTS_H

#include <stdbool.h>

struct config;
struct diag;
struct log;
struct policy_set;

enum { DOUBTS_KEPT = 8, DOUBT_BYTES = 400 };

struct doubts {
	unsigned n;				/* of them the first DOUBTS_KEPT are kept */
	char texts[DOUBTS_KEPT][DOUBT_BYTES];	/* "file:line:col: text" */
};

/* Note what is doubtful in the policies that shall follow those before.  At start (before is NULL) nothing is
 * refused: to watch by doubtful policies is better than not to watch.  Nor is what was in force before, or any of it
 * when all is confirmed.  0, or -EINVAL with the first that is refused in diag. */
int doubts_judge(struct doubts *doubts, const struct policy_set *before, const struct policy_set *after,
		 const struct config *config, bool confirmed, struct diag *diag);

/* As warnings. */
void doubts_log(const struct doubts *doubts, struct log *log);

#endif
