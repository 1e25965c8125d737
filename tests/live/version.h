/* SPDX-License-Identifier: Apache-2.0 */
/* Which version of a policy is in force in a running agent: version n selects getsid(n). */
#ifndef SAKER_TESTS_LIVE_VERSION_H
#define SAKER_TESTS_LIVE_VERSION_H

#include <jansson.h>

/* A policy file, for agent_file and the number. */
#define VERSION(name) "name: " name "\nevents:\n  getsid: {where: \"args.pid = %d\"}\n"

/* The test fails if not this version is, or not alone. */
#define in_force(n) in_force_at(__LINE__, n)
void in_force_at(int line, int n);

/* Or if a policy_reload says something else: counts_are(record, "applied", added, removed, changed). */
#define counts_are(...) counts_are_at(__LINE__, __VA_ARGS__)
void counts_are_at(int line, json_t *record, const char *result, int added, int removed, int changed);

#endif
