/* SPDX-License-Identifier: Apache-2.0 */
/* Files that say what the agent does: read only when nobody else can have written them. */
#ifndef SAKER_CONFIG_FILE_H
#define SAKER_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"

enum { FILE_LIST_MAX = 1024 };	/* entries of a folder that are looked at */

struct file_text {
	const char *path, *text;
	size_t len;		/* of text, which has a NUL behind it */
};

struct file_list {
	const char **paths;	/* sorted */
	unsigned n;
};

/* Read a regular file of at most 1M.  It, every folder on the way to it and every link that is
 * followed must belong to root or to us, and must not be writable by group or others; a folder
 * above the file's own may be if it is sticky, as /tmp is, and everything may be on a file system
 * mounted read-only, as a ConfigMap is. 0, or negative errno with words in diag, which borrows
 * path.  What is wrong with owners and modes only is put in *doubt, and the file is read, if doubt
 * is not NULL. */
int file_read(struct file_text *ret, const char *path, struct arena *arena, struct diag *diag,
	      struct diag *doubt);

/* The *.yaml and *.yml of a folder, without hidden files and editors' backups.  As above. */
int file_list(struct file_list *ret, const char *path, struct arena *arena, struct diag *diag,
	      struct diag *doubt);

/* Whether path is a folder; false also if there is nothing. */
bool file_is_folder(const char *path);

/* A path seen from the folder that holds the file base.  NULL: no memory. */
const char *file_beside(struct arena *arena, const char *base, const char *path);

#endif
