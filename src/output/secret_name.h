/* SPDX-License-Identifier: Apache-2.0 */
/* Which names of options, variables and headers have a secret as their value. */
#ifndef SAKER_OUTPUT_SECRET_NAME_H
#define SAKER_OUTPUT_SECRET_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* The kind of secret (enum secret_kind) that the value of a name is, -1 if it is none.  Letters of
 * either case, with _ - . or capitals between the words. */
int secret_name_kind(const char *name, size_t n);

/* Whether the value only tells that or where there is a secret: yes, no, a path where one is usual. */
bool secret_value_plain(int kind, const char *name, size_t name_len, const char *value, size_t n);

#endif
