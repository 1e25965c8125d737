/* SPDX-License-Identifier: Apache-2.0 */
/* Whom not to hear, in saker.yaml. */
#ifndef SAKER_CONFIG_MUTE_H
#define SAKER_CONFIG_MUTE_H

#include "config/option.h"

enum { CONFIG_MUTES = 128 };

/* In the order of enum mute_kind. */
enum config_mute_kind { CONFIG_MUTE_NAMESPACE, CONFIG_MUTE_POD, CONFIG_MUTE_CONTAINER, CONFIG_MUTE_CGROUP };

struct config_mute {
	unsigned kind;			/* enum config_mute_kind */
	struct option_text name;	/* of 1 to 255 bytes; of a cgroup its path */
};

/* An option_parser for the list; cx->user is the config. */
int config_mutes_read(const struct option_context *cx, const struct option_row *row, const struct node *node,
		      void *to);

#endif
