/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One agent a host: a folder of its own with a lock, which the kernel lets go when the process ends,
 * however it ends.  The control socket lies beside the lock.
 */
#ifndef SAKER_AGENT_INSTANCE_H
#define SAKER_AGENT_INSTANCE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct option_text;

struct instance {
	char path[PATH_MAX];	/* of the folder */
	const char *shown;	/* the same for people, unless it is a secret */
	int dir, lock;		/* -1: none */
	gid_t group;		/* of the folder: who may look through the control socket */
	bool made;		/* the folder is ours, and goes with us */
	char error[PATH_MAX + 256];
};

/* Take the folder, made with mode 0750 if it is not there.  path without text: $RUNTIME_DIRECTORY, which
 * systemd sets, or else /run/saker; group without text: as it is.  0, -EBUSY when another one runs, or
 * negative errno; then with instance->error set. */
int instance_open(struct instance *instance, const struct option_text *path, const struct option_text *group);

/* Remove the lock, and the folder if it was made for it; also after a failed open. */
void instance_close(struct instance *instance);

#endif
