// SPDX-License-Identifier: Apache-2.0
/* What becomes of containers, as events. */
#include "agent/containers.h"

#include <string.h>

#include "base/clock.h"
#include "event/schema.h"
#include "identity/container_meta.h"

_Static_assert(sizeof(struct event_container_create) == sizeof(struct event_existing_container),
	       "container_create, existing_container");

static const char *text_of(const struct container *container, enum meta_text which)
{
	return container->meta ? container->meta->texts[which] : NULL;
}

static void put_text(struct containers *c, struct span *at, const char *text)
{
	if (text && *text)
		build_str(&c->build, at, text);
}

static void put_list(struct containers *c, struct span *at, const struct meta_members *list)
{
	for (const char *s = list->s, *end = s + list->len; s < end; s += strlen(s) + 1)
		build_strv(&c->build, at, s);
}

static void put_meta(struct containers *c, struct event_container_create *e, const struct container_meta *meta)
{
	e->pod_sandbox = !!(meta->flags & META_is_sandbox);
	e->privileged = !!(meta->flags & META_privileged);
	e->capabilities = meta->capabilities;
	e->host_pid = !!(meta->flags & META_host_pid);
	e->host_network = !!(meta->flags & META_host_network);
	e->host_ipc = !!(meta->flags & META_host_ipc);
	e->host_mount = !!(meta->flags & META_host_mount);
	put_text(c, &e->image, meta->texts[META_image]);
	put_text(c, &e->image_digest, meta->texts[META_digest]);
	put_text(c, &e->pod_name, meta->texts[META_pod]);
	put_text(c, &e->pod_namespace, meta->texts[META_namespace]);
	put_text(c, &e->sandbox_id, meta->texts[META_sandbox]);
	put_text(c, &e->user, meta->texts[META_user]);
	put_list(c, &e->mounts, &meta->lists[META_mounts]);
}

static int64_t created(const struct containers *c, const struct container *container)
{
	if (container->meta && container->meta->created)
		return container->meta->created;
	return container->made ? (int64_t)container->made + c->boot_to_wall : 0;
}

static const char *error_of(const struct container *container)
{
	if (container->state == CONTAINER_CLAIMED)
		return "claimed: no runtime of the host made its cgroup";
	return container->state == CONTAINER_FAILED ? "no runtime's file tells of it" : NULL;
}

void containers_tell_created(struct containers *c, struct container *container)
{
	unsigned id = container->existing ? EVENT_existing_container : EVENT_container_create;
	struct event_container_create *e = build_begin(&c->build, id, clock_boot(), ++*c->seq);
	const char *uid = text_of(container, META_pod_uid);

	e->cgroup = container->cgroup;
	e->created = created(c, container);
	e->claimed = container->state == CONTAINER_CLAIMED;
	put_text(c, &e->id, container->id);
	put_text(c, &e->name, text_of(container, META_name));
	put_text(c, &e->runtime, container_runtime_name(container->runtime));
	put_text(c, &e->cgroup_path, container->path);
	put_text(c, &e->pod_uid, uid ? uid : container->pod);
	put_text(c, &e->outer, container->outer);
	put_text(c, &e->error, error_of(container));
	if (container->meta)
		put_meta(c, e, container->meta);
	c->reader(c->ctx, e, container);
}

void containers_tell_start(struct containers *c, const struct container *container, const struct head *cause)
{
	const struct event_process_exec *exec = (const void *)cause;
	struct event_container_start *e = build_begin(&c->build, EVENT_container_start, cause->time, ++*c->seq);
	const char *argv = event_span(exec, &exec->argv), *end = argv + exec->argv.len;

	e->head.who = cause->who;
	e->cgroup = container->cgroup;
	put_text(c, &e->id, container->id);
	put_text(c, &e->name, text_of(container, META_name));
	put_text(c, &e->runtime, container_runtime_name(container->runtime));
	put_text(c, &e->image, text_of(container, META_image));
	put_text(c, &e->path, event_span(exec, &exec->path));
	for (; argv < end; argv += strlen(argv) + 1)
		build_strv(&c->build, &e->argv, argv);
	c->reader(c->ctx, e, container);
}

void containers_tell_remove(struct containers *c, const struct container *container, const struct head *cause)
{
	struct event_container_remove *e = build_begin(&c->build, EVENT_container_remove, cause->time, ++*c->seq);

	e->head.who = cause->who;
	e->cgroup = container->cgroup;
	e->lifetime = container->made ? cause->time - container->made : 0;
	put_text(c, &e->id, container->id);
	put_text(c, &e->name, text_of(container, META_name));
	put_text(c, &e->runtime, container_runtime_name(container->runtime));
	put_text(c, &e->image, text_of(container, META_image));
	c->reader(c->ctx, e, container);
}
