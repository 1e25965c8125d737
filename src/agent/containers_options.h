/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says of containers. */
#ifndef SAKER_AGENT_CONTAINERS_OPTIONS_H
#define SAKER_AGENT_CONTAINERS_OPTIONS_H

#include "agent/containers.h"

struct config;
struct log;

/* places are the caller's to keep, filled once: their texts are copies that last. */
struct containers_options containers_options_of(struct read_places *places, const struct config *config);

/* Warn of what the configuration names and is not there; it is looked for again whenever it is wanted. */
void containers_options_doubt(const struct config *config, struct log *log);

#endif
