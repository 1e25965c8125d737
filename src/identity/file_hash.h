/* SPDX-License-Identifier: Apache-2.0 */
/* The SHA-256 of what a process runs. */
#ifndef SAKER_IDENTITY_FILE_HASH_H
#define SAKER_IDENTITY_FILE_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "identity/mounts.h"
#include "identity/process.h"

enum { FILE_HASH_BYTES = 32 };

struct file_hash_limits {
	uint64_t size;			/* bytes of a file */
	uint64_t time;			/* nanoseconds for reading it */
};

struct file_hash_request {
	uint32_t pid;			/* of the host */
	uint64_t start;
	struct process_file file;	/* what it must be */
	struct mount_pid others[MOUNTS_PIDS];	/* processes through which its files can be reached, too */
	char path[PROCESS_PATH_MAX];	/* of the executable, for these */
	struct file_hash_limits limits;
};

/* Whether this program can: it was built with nettle. */
bool file_hash_available(void);

/* Read it: may wait for a disk.  -ESRCH when it cannot be reached any more, -ESTALE when it is another
 * file by now or changed meanwhile, -EFBIG and -ETIME for the limits, -EREMOTE when who answers for its
 * file system may never do so. */
int file_hash(const struct file_hash_request *request, uint8_t ret[static FILE_HASH_BYTES]);

#endif
