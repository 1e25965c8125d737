/* SPDX-License-Identifier: Apache-2.0 */
/* What is read off the loop, in a thread, because a disk may keep it waiting. */
#ifndef SAKER_AGENT_LOOKUPS_H
#define SAKER_AGENT_LOOKUPS_H

#include <stdbool.h>
#include <uv.h>

#include "identity/users.h"

/* One request at a time. */
struct lookups {
	uv_work_t names;
	struct users *users;
	struct users_request request;
	struct accounts *accounts;
	int result;
	bool busy;
};

/* Have read what the pipeline lacks, if anything.  The loop must be open.  Returns at once. */
void lookups_start(struct lookups *lookups, uv_loop_t *loop, struct users *users);

#endif
