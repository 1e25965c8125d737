/* SPDX-License-Identifier: Apache-2.0 */
/* What is read off the loop, in threads, because a disk may keep it waiting. */
#ifndef SAKER_AGENT_LOOKUPS_H
#define SAKER_AGENT_LOOKUPS_H

#include <stdbool.h>
#include <uv.h>

#include "identity/file_hash.h"
#include "identity/users.h"

struct agent;

enum { HASH_JOBS = 2 };

/* Names of users of one root. */
struct names_job {
	uv_work_t work;
	struct users_request request;
	struct accounts *accounts;
	int result;
	bool busy;
};

struct hash_job {
	uv_work_t work;
	struct file_hash_request request;
	uint8_t bytes[FILE_HASH_BYTES];
	int result;
	bool busy;
};

struct lookups {
	struct names_job names;
	struct hash_job hashes[HASH_JOBS];
};

/* Have read what the pipeline lacks, if anything.  The loop must be open.  Returns at once. */
void lookups_start(struct agent *agent);

/* Wait for what events are to be amended with, at most so long. */
void lookups_finish(struct agent *agent, unsigned ms);

#endif
