/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's view of the process table. */
#ifndef SAKER_AGENT_CONTROL_PROCESSES_H
#define SAKER_AGENT_CONTROL_PROCESSES_H

#include <jansson.h>

struct containers;
struct process_table;

/* The running processes as an array, a parent before its children, each with the id of its container
 * ("host" outside of any, null when nobody can tell); NULL when out of memory.  Arguments
 * are left out: those who may look at the agent need not see what others give their programs. */
json_t *control_processes(const struct process_table *table, struct containers *containers);

#endif
