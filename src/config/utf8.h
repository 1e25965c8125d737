/* SPDX-License-Identifier: Apache-2.0 */
/* Which characters a configuration may have. */
#ifndef SAKER_CONFIG_UTF8_H
#define SAKER_CONFIG_UTF8_H

#include <stddef.h>

#include "base/diag.h"

/* Bytes of the character at p, at most n, with its code point; 0 if it is not UTF-8. */
size_t utf8_next(const char *p, size_t n, unsigned *code);

/* What is wrong with a character that is none of tab and newline: a control character, one that
 * breaks lines, reverses the reading direction or stands for no character.  NULL: nothing. */
const char *utf8_unfit(unsigned code);

/* Whether a text is UTF-8 without unfit characters.  0, or -EINVAL with the first that is wrong. */
int utf8_check(const char *text, size_t len, struct diag *diag);

#endif
