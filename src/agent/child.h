/* SPDX-License-Identifier: Apache-2.0 */
/* The command that is run and followed: forked early, so that its process id can be put in the
 * filter, and let go when the probes are attached. */
#ifndef SAKER_AGENT_CHILD_H
#define SAKER_AGENT_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;		/* 0: none */
	int go, failed;		/* ends of pipes: let it exec; why it could not */
	int status;		/* as of waitpid */
	bool ended;
};

/* Fork it; it waits.  0 or negative errno. */
int child_fork(struct child *child, char **argv);

/* Let it exec.  0, or negative errno of its exec. */
int child_go(struct child *child);

/* Has it ended?  Does not wait. */
bool child_ended(struct child *child);

/* Its exit status as a shell would tell it: 128 + signal when a signal ended it. */
int child_exit_status(const struct child *child);

#endif
