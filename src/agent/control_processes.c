// SPDX-License-Identifier: Apache-2.0
#include "agent/control_processes.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/request.h"
#include "identity/process.h"

static void add(void *ctx, const struct process *p, unsigned depth)
{
	char name[PROCESS_NAME + 1], cgroup[24];

	snprintf(name, sizeof(name), "%.*s", PROCESS_NAME, p->name);
	snprintf(cgroup, sizeof(cgroup), "%" PRIu64, p->cgroup);
	json_array_append_new(ctx, json_pack("{s:I, s:I, s:i, s:o, s:o, s:s, s:I}", "pid", (json_int_t)p->pid, "ppid",
					     (json_int_t)p->ppid, "depth", (int)depth, "name", request_json(name), "exe",
					     request_json(*p->exe ? p->exe : NULL), "cgroup", cgroup, "start",
					     (json_int_t)p->start));
}

json_t *control_processes(const struct process_table *table)
{
	json_t *all = json_array();

	if (all && process_tree_walk(table, add, all) >= 0)
		return all;
	json_decref(all);
	return NULL;
}
