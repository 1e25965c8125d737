/* SPDX-License-Identifier: Apache-2.0 */
/* Permissions of what the agent creates, as chmod(1) takes them in octal. */
#ifndef SAKER_CONFIG_MODE_H
#define SAKER_CONFIG_MODE_H

#include "config/option.h"

/* An option_parser for an unsigned; nothing that others may write. */
int mode_read(const struct option_context *cx, const struct option_row *row, const struct node *node, void *to);

#define MODE_FORM "permissions in octal such as 0640, without write for others"

#endif
