// SPDX-License-Identifier: Apache-2.0
/* Where no kernel is watched and no file read: what a capture's records tell of containers. */
#include "agent/containers.h"

#include <stdlib.h>
#include <string.h>

#include "event/schema.h"
#include "identity/container_meta.h"

static const struct { unsigned off; enum meta_text text; } texts[] = {
#define TEXT(field, text) { offsetof(struct event_container_create, field), META_##text }
	TEXT(name, name), TEXT(image_digest, digest), TEXT(pod_name, pod), TEXT(pod_namespace, namespace),
	TEXT(pod_uid, pod_uid), TEXT(sandbox_id, sandbox), TEXT(user, user),
};

static void take_mounts(struct meta_draft *d, const struct event_container_create *e)
{
	struct meta_list_draft list = meta_list_begin(d, META_mounts);
	const char *s = event_span(e, &e->mounts), *end = s + e->mounts.len;

	for (; s < end; s += strlen(s) + 1)
		meta_list_add(d, s);
	meta_list_end(d, &list);
}

static void take_flags(struct container_meta *m, const struct event_container_create *e)
{
	m->flags |= e->privileged ? META_privileged : 0;
	m->flags |= e->host_pid ? META_host_pid : 0;
	m->flags |= e->host_network ? META_host_network : 0;
	m->flags |= e->host_ipc ? META_host_ipc : 0;
	m->flags |= e->host_mount ? META_host_mount : 0;
	m->flags |= e->pod_sandbox ? META_is_sandbox : 0;
	m->flags |= e->capabilities || e->user.len ? META_specified : 0;
	m->capabilities = e->capabilities;
	m->created = e->created;
}

static enum container_runtime runtime_of(const char *name)
{
	for (unsigned i = 0; i < RUNTIMES; i++)
		if (!strcmp(container_runtime_name(i), name))
			return i;
	return RUNTIME_unknown;
}

static const struct container_meta *meta_of(struct meta_draft *d, const struct event_container_create *e)
{
	const char *image = event_span(e, &e->image);

	meta_begin(d);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		meta_text(d, texts[i].text, event_span(e, (const struct span *)((const char *)e + texts[i].off)));
	if (*image)
		meta_image(d, image);
	take_mounts(d, e);
	take_flags(&d->meta, e);
	d->meta.runtime = runtime_of(event_span(e, &e->runtime));
	d->found = !e->error.len;
	return meta_finish(d);
}

static struct container *recorded(struct containers *c, const struct event_container_create *e)
{
	struct cgroup *cgroup = cgroup_find(&c->table.cgroups, e->cgroup);
	struct container *container;

	if (!cgroup)
		cgroup = containers_learn(c, e->cgroup, event_span(e, &e->cgroup_path), strlen(event_span(e, &e->cgroup_path)), 0,
					  e->claimed ? VOUCH_NOBODY : VOUCH_OCI);
	container = container_at(&c->table, cgroup);
	return container && !strcmp(container->id, event_span(e, &e->id)) ? container : NULL;
}

void containers_recorded(struct containers *c, const struct head *h)
{
	const struct event_container_create *e = (const void *)h;
	struct container *container;

	if (!c->batch.draft)
		c->batch.draft = malloc(sizeof(*c->batch.draft));
	if (!c->batch.draft || !e->cgroup || !e->cgroup_path.len)
		return;
	container = recorded(c, e);
	if (!container || e->claimed)
		return;
	container_describe(&c->table, container, meta_of(c->batch.draft, e));
	c->known(c->ctx, container);
}
