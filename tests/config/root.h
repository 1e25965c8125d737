/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the source tree: SAKER_ROOT says where it is, else it is the current folder. */
#ifndef SAKER_TESTS_CONFIG_ROOT_H
#define SAKER_TESTS_CONFIG_ROOT_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static inline const char *root_path(char to[static PATH_MAX], const char *name)
{
	const char *root = getenv("SAKER_ROOT");

	snprintf(to, PATH_MAX, "%s/%s", root ? root : ".", name);
	return to;
}

/* All bytes of a file, with a NUL behind them; NULL if there is none.  The caller frees. */
static inline char *root_read(const char *path, size_t *len)
{
	enum { MOST = 2 << 20 };
	FILE *in = fopen(path, "r");
	char *text = in ? calloc(1, MOST) : NULL;

	*len = text ? fread(text, 1, MOST - 1, in) : 0;
	if (in)
		fclose(in);
	/* In a place of its own size a read beyond its end is seen. */
	return text ? realloc(text, *len + 1) : NULL;
}

#endif
