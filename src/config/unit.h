/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units, as they are written in configuration and on the command line. */
#ifndef SAKER_CONFIG_UNIT_H
#define SAKER_CONFIG_UNIT_H

#include <stddef.h>
#include <stdint.h>

/* Digits only.  All three: 0, -EINVAL for what is none, -ERANGE for what no uint64_t holds. */
int unit_number(const char *text, uint64_t *ret);

/* "512", "64K", "8M", "1G" in bytes. */
int unit_size(const char *text, uint64_t *ret);

/* "500ms", "5s", "2m", "1h" in milliseconds; a plain number is seconds. */
int unit_duration(const char *text, uint64_t *ret_ms);

enum { UNIT_TEXT = 32 };

/* The shortest way to write it so that it is read as the same.  Returns to. */
char *unit_print_size(char to[static UNIT_TEXT], uint64_t bytes);
char *unit_print_duration(char to[static UNIT_TEXT], uint64_t ms);

#endif
