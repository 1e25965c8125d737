/* SPDX-License-Identifier: Apache-2.0 */
/* Whether files were changed, without reading them, and whether somebody is at it still. */
#ifndef SAKER_AGENT_FINGERPRINT_H
#define SAKER_AGENT_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FINGERPRINT_ENTRIES = 16384 };	/* of a folder that are looked at */

struct fingerprint {
	uint64_t hash;
	int64_t newest;		/* change time, nanoseconds since 1970 */
	bool writing;		/* somebody has one of the files open for writing */
	bool unsure;		/* whether so, some file system does not tell */
	bool cut;		/* a folder has more entries than are looked at */
};

/* Of files, and of the *.yaml and *.yml in folders: where and what they are, their size and times.
 * ask: also find out who is writing. */
void fingerprint_take(struct fingerprint *ret, const char *const *paths, size_t n, bool ask);

/* Whether a file of this name in a folder counts: hidden files and editors' backups do not. */
bool fingerprint_counts(const char *name);

/* Whether somebody has the file open for writing: 1 or 0; negative errno if that is not known. */
int fingerprint_writing(const char *path);

#endif
