/* SPDX-License-Identifier: Apache-2.0 */
/* Which folders have to be watched for which names, behind watch.h. */
#ifndef SAKER_AGENT_WATCH_ARM_H
#define SAKER_AGENT_WATCH_ARM_H

#include <stdint.h>

struct watch;

/* Watch what the paths lead through now, and nothing else.  Sets degraded. */
void watch_arm(struct watch *watch);

/* Why it cannot be told of changes; the first reason stays. */
__attribute__((format(printf, 2, 3)))
void watch_degrade(struct watch *watch, const char *fmt, ...);

/* As in marks; never 0. */
uint64_t watch_name_hash(const char *name);

#endif
