// SPDX-License-Identifier: Apache-2.0
#include "agent/containers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/schema.h"
#include "identity/container_meta.h"
#include "identity/process.h"

#define SECOND UINT64_C(1000000000)
#define UNKNOWN_NS (SECOND / 10)	/* what nobody could tell is asked again after so long */

enum { LOOKUPS = 1000 };	/* of cgroups by id, in a second */

const struct containers_options containers_usual = {
	.places = &read_places_usual, .max_cgroups = CGROUPS_DEFAULT, .keep_ms = 60000, .retry_ms = 10, .tries = 10,
};

int containers_init(struct containers *c, const struct containers_options *options, struct process_table *processes)
{
	struct stat st;

	memset(c, 0, sizeof(*c));
	c->options = *options;
	c->processes = processes;
	c->seq = &c->recorded_seq;
	c->root.fd = -1;
	c->host_mnt_ns = stat("/proc/1/ns/mnt", &st) == 0 ? (uint32_t)st.st_ino : 0;
	return container_table_init(&c->table, options->max_cgroups);
}

void containers_fini(struct containers *c)
{
	container_table_fini(&c->table);
	walk_fini(&c->walk);
	read_ids_free(c->ids, c->nids);
	free(c->batch.draft);
	c->ids = NULL;
	c->batch.draft = NULL;
}

/* The ids of runtimes are read at once: they are few, and must be known before a record asks. */
int containers_start(struct containers *c, uv_loop_t *loop, const struct cgroup_root *root, uint64_t *seq)
{
	c->root = *root;
	c->seq = seq;
	c->boot_to_wall = clock_boot_to_wall();
	c->batch.places = c->options.places;
	c->batch.draft = malloc(sizeof(*c->batch.draft));
	if (!c->batch.draft)
		return -ENOMEM;
	c->nids = read_ids(c->options.places, &c->ids, CONTAINERS_MAX);
	uv_timer_init(loop, &c->timer);
	c->timer.data = c->reading.data = c->walking.data = c;
	uv_unref((uv_handle_t *)&c->timer);
	containers_wake(c, CONTAINERS_IDLE_MS);
	c->live = true;
	return root->fd >= 0 ? containers_walk(c) : 0;
}

void containers_stop(struct containers *c)
{
	c->closing = true;
	if (c->is_reading)
		uv_cancel((uv_req_t *)&c->reading);
	if (c->is_walking)
		uv_cancel((uv_req_t *)&c->walking);
}

/* --- forgetting */

/* Nobody will read of a container that goes: what waits for it need not wait.  To show that, others may
 * be looked up, for which this cgroup may have to go already. */
static struct cgroup *give_up_last(struct containers *c, struct cgroup *cgroup)
{
	struct container *container = container_at(&c->table, cgroup);
	uint64_t id = cgroup->id;

	if (!c->live || !container || container->state != CONTAINER_PENDING || container->cgroups > 1)
		return cgroup;
	containers_give_up(c, container);
	return cgroup_find(&c->table.cgroups, id);
}

static void forget(struct containers *c, struct cgroup *cgroup)
{
	cgroup = give_up_last(c, cgroup);
	if (!cgroup)
		return;
	if (c->forget)
		c->forget(c->ctx, cgroup->id);
	container_forget(&c->table, cgroup);
}

static void forget_removed(struct containers *c, uint64_t now)
{
	struct cgroup *first;

	while ((first = cgroup_first_removed(&c->table.cgroups)) && first->removed + c->options.keep_ms * 1000000 <= now)
		forget(c, first);
}

void containers_due(struct containers *c)
{
	if (c->closing)
		return;
	forget_removed(c, clock_boot());
	c->overdue(c->ctx, clock_boot());
	containers_apply(c);
	containers_read(c);
}

/* --- learning */

struct cgroup *containers_learn(struct containers *c, uint64_t id, const char *path, size_t len, uint64_t made,
				enum vouch vouch)
{
	uint64_t serial = c->table.serial;
	struct container *container;
	struct cgroup *cgroup;

	len = len < CGROUP_PATH_MAX ? len : CGROUP_PATH_MAX - 1;
	while ((cgroup = container_in_the_way(&c->table, id, path, len, made)))
		forget(c, cgroup);
	cgroup = cgroup_find(&c->table.cgroups, id);
	if (cgroup) {
		container_made(&c->table, cgroup, made);
		return cgroup;
	}
	cgroup = container_learn(&c->table, id, path, len, made, vouch);
	container = container_at(&c->table, cgroup);
	if (!c->live || !container || c->table.serial == serial)
		return cgroup;
	c->known(c->ctx, container);
	if (container->state == CONTAINER_PENDING) {
		c->pending++;
		containers_read(c);
	} else {
		c->counts.claimed++;
		containers_tell_created(c, container);
	}
	return cgroup;
}

/* Of version 1 each controller has its cgroups; those of the others are nobody's. */
static bool ours(const struct containers *c, uint64_t hierarchy)
{
	return !c->live || (int64_t)hierarchy == c->root.hierarchy;
}

/* Runtimes run as copies of themselves that have no name where they are: crun, runc. */
static const char *maker_exe(const struct process *p)
{
	const struct process_file *file = process_file(p);
	uint32_t len;
	const char *before = process_chain(p, &len);

	if (!len || (strcmp(p->exe, "/") && !(file && (file->memfd || file->deleted))))
		return p->exe;
	return before;
}

/* Root of the host answers for what its runtimes make, but not from inside of a container. */
static enum vouch maker_of(struct containers *c, const struct head *h)
{
	const struct process *p;

	if (h->who.user_euid != 0 || containers_find(c, h) != &container_host)
		return VOUCH_NOBODY;
	p = process_find(c->processes, &h->who);
	return p ? container_maker(maker_exe(p)) : VOUCH_NOBODY;
}

static void observe_mkdir(struct containers *c, const struct event_cgroup_mkdir *e)
{
	if (ours(c, e->hierarchy) && e->path.len > 1)
		containers_learn(c, e->id, event_span(e, &e->path), e->path.len - 1, e->head.time, maker_of(c, &e->head));
}

static void observe_rmdir(struct containers *c, const struct event_cgroup_mkdir *e)
{
	struct container *container;
	struct cgroup *cgroup;

	if (!ours(c, e->hierarchy) || e->path.len <= 1)
		return;
	cgroup = cgroup_find(&c->table.cgroups, e->id);
	if (!cgroup || cgroup->unknown)
		cgroup = containers_learn(c, e->id, event_span(e, &e->path), e->path.len - 1, 0, VOUCH_NOBODY);
	container = container_removed(&c->table, cgroup, e->head.time);
	if (!container || !c->live)
		return;
	if (container->state == CONTAINER_PENDING)
		containers_give_up(c, container);
	containers_tell_remove(c, container, &e->head);
}

/* A runtime's own program may run in the container's cgroup first: with the host's mounts, or as a copy of
 * itself that has no name in them. */
static bool is_runtime_itself(const struct containers *c, const struct event_process_exec *e,
			      const struct container *container)
{
	bool shares_mounts = container->meta && container->meta->flags & META_host_mount;

	return (e->head.who.proc_mnt_ns == c->host_mnt_ns && !shares_mounts) || e->memfd || e->deleted ||
	       !strcmp(event_span(e, &e->path), "/");
}

static void observe_exec(struct containers *c, const struct head *h)
{
	const struct cgroup *cgroup = cgroup_find(&c->table.cgroups, h->who.proc_cgroup);
	struct container *container = cgroup ? container_at(&c->table, cgroup) : NULL;

	if (!container || container->started || container->existing)
		return;
	if (is_runtime_itself(c, (const void *)h, container))
		return;
	container_begins(&c->table, container, h->time);
	if (c->live)
		containers_tell_start(c, container, h);
}

static void observe_recorded(struct containers *c, const struct head *h)
{
	if (c->live)
		return;
	c->recorded_seq = h->seq;
	containers_recorded(c, h);
}

uint64_t containers_now(const struct containers *c)
{
	return c->live ? clock_boot() : c->recorded_time;
}

void containers_observe(struct containers *c, const struct head *h)
{
	c->recorded_time = h->time;
	switch (h->id) {
	case EVENT_container_create: case EVENT_existing_container: observe_recorded(c, h); break;
	case EVENT_cgroup_mkdir: observe_mkdir(c, (const void *)h); break;
	case EVENT_cgroup_rmdir: observe_rmdir(c, (const void *)h); break;
	case EVENT_process_exec: observe_exec(c, h); break;
	default: break;
	}
}

/* --- asking */

static int by_name(const void *name, const void *id)
{
	return strcmp(name, *(char *const *)id);
}

enum vouch containers_vouch(const struct containers *c, const char *path, size_t len, bool of_root)
{
	const char *slash = memrchr(path, '/', len);
	size_t n = slash ? (size_t)(path + len - slash - 1) : 0;
	char name[CONTAINER_ID_MAX];

	if (!of_root)
		return VOUCH_NOBODY;
	if (n == 0 || n >= sizeof(name))
		return VOUCH_RUNTIME;
	memcpy(name, slash + 1, n);
	name[n] = 0;
	return c->nids && bsearch(name, c->ids, c->nids, sizeof(*c->ids), by_name) ? VOUCH_OCI : VOUCH_RUNTIME;
}

/* The line of our hierarchy in /proc/PID/cgroup, for where no hierarchy can be looked at. */
static ssize_t path_of_process(const struct containers *c, uint32_t pid, char *path, size_t size)
{
	char name[64], line[CGROUP_PATH_MAX + 64];
	ssize_t n = -ENOENT;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%u/cgroup", pid);
	f = fopen(name, "re");
	while (f && n < 0 && fgets(line, sizeof(line), f)) {
		char *names = strchr(line, ':'), *at = names ? strchr(names + 1, ':') : NULL;

		if (!at || atoi(line) != c->root.hierarchy)
			continue;
		at++;
		at[strcspn(at, "\n")] = 0;
		n = snprintf(path, size, "%s", at);
	}
	if (f)
		fclose(f);
	return n < (ssize_t)size ? n : -ENAMETOOLONG;
}

static bool may_look(struct containers *c, uint64_t now)
{
	if (now - c->second >= SECOND) {
		c->second = now;
		c->lookups = 0;
	}
	return c->lookups++ < LOOKUPS;
}

/* The record of its making has not come yet, or never will. */
static struct cgroup *look_up(struct containers *c, const struct head *h)
{
	char path[CGROUP_PATH_MAX];
	bool of_root = false;
	struct cgroup *stale;
	ssize_t n;

	if (c->root.fd >= 0)
		n = walk_path(c->root.fd, h->who.proc_cgroup, path, sizeof(path) - 1, &of_root);
	else
		n = path_of_process(c, h->who.host_pid, path, sizeof(path));
	c->counts.looked_up++;
	if (n > 0) {
		path[n] = 0;
		return containers_learn(c, h->who.proc_cgroup, path, n, 0, containers_vouch(c, path, n, of_root));
	}
	while ((stale = container_in_the_way(&c->table, h->who.proc_cgroup, "", 0, h->time)))
		forget(c, stale);
	return container_unknown(&c->table, h->who.proc_cgroup, h->time);
}

/* What a capture tells of a container is of it, whoever made it; else it is shown with it right away. */
static uint64_t cgroup_of(const struct containers *c, const struct head *h)
{
	if (!c->live && (h->id == EVENT_container_create || h->id == EVENT_existing_container))
		return ((const struct event_container_create *)h)->cgroup;
	if (!c->live && h->id == EVENT_container_remove)
		return ((const struct event_container_remove *)h)->cgroup;
	return h->who.proc_cgroup;
}

const struct container *containers_find(struct containers *c, const struct head *h)
{
	struct cgroup *cgroup = cgroup_find(&c->table.cgroups, cgroup_of(c, h));

	if (cgroup && (!cgroup->unknown || h->time < cgroup->made + UNKNOWN_NS))
		c->counts.unknown += cgroup->unknown;
	else if (!c->live || !h->who.proc_cgroup)
		return &container_host;
	else if (!may_look(c, h->time))
		return c->counts.unknown++, NULL;
	else
		cgroup = look_up(c, h);
	return container_of_cgroup(&c->table, cgroup);
}
