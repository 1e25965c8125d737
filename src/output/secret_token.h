/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that show by themselves what they are: tokens with a prefix, JWTs, private keys. */
#ifndef SAKER_OUTPUT_SECRET_TOKEN_H
#define SAKER_OUTPUT_SECRET_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the secret that begins at s, where no word goes on; 0 if there is none.  n: bytes up
 * to the end of the text; cut: the text was longer, so a token that reaches its end may be short.
 * kind is set with a length. */
size_t secret_token(const char *s, size_t n, bool cut, int *kind);

/* Whether a token may have this byte. */
bool secret_token_byte(char c);

#endif
