/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as printable ASCII, by the rules of JSON strings. */
#ifndef SAKER_OUTPUT_ESCAPE_H
#define SAKER_OUTPUT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

enum {
	ESCAPE_MAX = 6,		/* bytes that one byte may become */
	ESCAPE_SLACK = 8,	/* bytes that may be written behind the result */
};

/* Write what lies between from and its first NUL, at most len bytes; the end of what was written.
 * to has room for ESCAPE_MAX * len + ESCAPE_SLACK.  UTF-8 becomes \uXXXX; a byte that is no UTF-8
 * becomes \u00XX and sets invalid, which is not cleared. */
char *escape(char *to, const char *from, size_t len, bool *invalid);

#endif
