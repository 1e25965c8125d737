// SPDX-License-Identifier: Apache-2.0
#include "agent/control_processes.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/containers.h"
#include "agent/request.h"
#include "identity/process.h"

struct listing {
	json_t *all;
	struct containers *containers;
};

static json_t *container_of(struct containers *containers, uint64_t id)
{
	struct cgroup *cgroup = cgroup_find(&containers->table.cgroups, id);
	const struct container *container = cgroup && !cgroup->unknown ? container_of_cgroup(&containers->table, cgroup)
								       : NULL;

	if (!containers->live)
		return json_null();
	return container ? request_json(container->id) : json_null();
}

static void add(void *ctx, const struct process *p, unsigned depth)
{
	char name[PROCESS_NAME + 1], cgroup[24];
	struct listing *to = ctx;

	snprintf(name, sizeof(name), "%.*s", PROCESS_NAME, p->name);
	snprintf(cgroup, sizeof(cgroup), "%" PRIu64, p->cgroup);
	json_array_append_new(to->all, json_pack(
		"{s:I, s:I, s:i, s:o, s:o, s:o, s:s, s:I}", "pid", (json_int_t)p->pid, "ppid", (json_int_t)p->ppid, "depth",
		(int)depth, "name", request_json(name), "exe", request_json(*p->exe ? p->exe : NULL), "container",
		container_of(to->containers, p->cgroup), "cgroup", cgroup, "start", (json_int_t)p->start));
}

json_t *control_processes(const struct process_table *table, struct containers *containers)
{
	struct listing to = { json_array(), containers };

	if (to.all && process_tree_walk(table, add, &to) >= 0)
		return to.all;
	json_decref(to.all);
	return NULL;
}
