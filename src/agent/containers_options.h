/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says of containers. */
#ifndef AGENT_CONTAINERS_OPTIONS_H
#define AGENT_CONTAINERS_OPTIONS_H

#include "agent/containers.h"

struct config;

/* places are the caller's to keep, filled once: their texts are copies that last. */
struct containers_options containers_options_of(struct read_places *places, const struct config *config);

#endif
