/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong in a text that a person wrote, and where. */
#ifndef SAKER_BASE_DIAG_H
#define SAKER_BASE_DIAG_H

#include <stddef.h>
#include <stdio.h>

/* Zeroed: nothing is wrong. */
struct diag {
	const char *file;	/* borrowed; NULL: the text is no file's */
	unsigned line, col;	/* from 1, in characters; line 0: the file as a whole */
	char text[320];
};

/* Note what is wrong.  Only the first is kept; bytes that are not printable ASCII become "?".
 * Always -EINVAL. */
__attribute__((format(printf, 4, 5)))
int diag_set(struct diag *diag, unsigned line, unsigned col, const char *fmt, ...);

/* The beginning of a line of a text of len bytes with a NUL behind it; NULL if it has no such line.
 */
const char *diag_line(const char *text, size_t len, unsigned line);

/* "file:line:col: text", the line, and a caret below the column.  source_line ends with a newline
 * or NUL; NULL: only the first line is printed. */
void diag_print(const struct diag *diag, const char *source_line, FILE *to);

#endif
