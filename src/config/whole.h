/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file was written to its end: most prefixes of YAML are YAML, and mean less. */
#ifndef SAKER_CONFIG_WHOLE_H
#define SAKER_CONFIG_WHOLE_H

#include <stdbool.h>

#include "base/diag.h"
#include "config/file.h"

struct node;

/* A map that says "strict: true" first, or one that is held to it, must end with "end: true"; and what
 * says so must do it there.  0, or -EINVAL with words in diag. */
int whole_check(const struct node *map, const struct file_text *file, bool strict, struct diag *diag);

#endif
