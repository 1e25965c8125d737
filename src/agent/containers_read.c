// SPDX-License-Identifier: Apache-2.0
/* The jobs beside the loop: the cgroups that are there, and what runtimes wrote of containers. */
#include "agent/containers.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "identity/container_meta.h"

enum {
	APPLIED = 512,		/* entries of the walk a turn */
	APPLY_MS = 1,		/* between such turns */
	TRIES_PENDING = 3,	/* failed so often, records no longer wait for it */
	TRIES_MAX_SHIFT = 10,
};

static void on_due(uv_timer_t *timer)
{
	containers_due(timer->data);
}

void containers_wake(struct containers *c, uint64_t ms)
{
	if (c->closing || (uv_is_active((uv_handle_t *)&c->timer) && uv_timer_get_due_in(&c->timer) <= ms))
		return;
	uv_timer_start(&c->timer, on_due, ms, CONTAINERS_IDLE_MS);
}

/* --- what is there */

static void walk_work(uv_work_t *work)
{
	struct containers *c = work->data;

	walk_cgroups(&c->walk, c->root.fd, c->table.cgroups.nslots - 1);
}

static void walk_done(uv_work_t *work, int status)
{
	struct containers *c = work->data;

	c->is_walking = false;
	if (!c->closing)
		containers_wake(c, 0);
}

int containers_walk(struct containers *c)
{
	int r = uv_queue_work(c->timer.loop, &c->walking, walk_work, walk_done);

	c->is_walking = r == 0;
	return r;
}

/* Bit by bit: ten thousand cgroups must not hold up records. */
void containers_apply(struct containers *c)
{
	size_t end = c->applied + APPLIED < c->walk.n ? c->applied + APPLIED : c->walk.n;

	if (c->is_walking || !c->walk.entries)
		return;
	for (; c->applied < end; c->applied++) {
		const struct walk_entry *e = &c->walk.entries[c->applied];
		const char *path = c->walk.texts + e->path;
		const struct cgroup *known = cgroup_find(&c->table.cgroups, e->id);

		if (!known || known->unknown)
			containers_learn(c, e->id, path, e->len, 0, containers_vouch(c, path, e->len, e->of_root));
	}
	if (c->applied < c->walk.n) {
		containers_wake(c, APPLY_MS);
	} else {
		walk_fini(&c->walk);
		c->applied = 0;
	}
}

/* --- what runtimes wrote */

static void read_work(uv_work_t *work)
{
	struct containers *c = work->data;

	read_containers(&c->batch);
}

void containers_give_up(struct containers *c, struct container *container)
{
	container_describe(&c->table, container, NULL);
	containers_tell_created(c, container);
	c->known(c->ctx, container);
}

/* Nothing was found: perhaps it is not written yet. */
static void try_again(struct containers *c, struct container *container)
{
	unsigned shift = container->tries < TRIES_MAX_SHIFT ? container->tries : TRIES_MAX_SHIFT;

	container->next_try = clock_boot() + (c->options.retry_ms << shift) * 1000000;
	container->tries++;
	if (container->tries < TRIES_PENDING && container->state == CONTAINER_PENDING)
		return;
	if (container->state == CONTAINER_PENDING)
		containers_give_up(c, container);
	c->counts.failed += container->tries == c->options.tries;
}

static void take_answer(struct containers *c, const struct read_item *item)
{
	struct container *container = &c->table.slots[item->slot];
	bool created = container->state == CONTAINER_PENDING;

	if (container->serial != item->serial || c->closing) {
		container_meta_free(item->meta);
		return;
	}
	if (!item->meta) {
		try_again(c, container);
		return;
	}
	c->counts.read++;
	container_describe(&c->table, container, item->meta);
	if (created)
		containers_tell_created(c, container);
	c->known(c->ctx, container);
}

static void read_done(uv_work_t *work, int status)
{
	struct containers *c = work->data;

	c->is_reading = false;
	for (unsigned i = 0; status == 0 && i < c->batch.n; i++)
		take_answer(c, &c->batch.items[i]);
	if (!c->closing)
		containers_read(c);
}

/* Whether it is among those that are still to be read of. */
static bool waits(const struct containers *c, const struct container *container)
{
	return container->serial && container->tries < c->options.tries &&
	       (container->state == CONTAINER_PENDING || container->state == CONTAINER_FAILED);
}

static void item_add(struct read_batch *b, const struct container *container, uint32_t slot)
{
	struct read_item *item = &b->items[b->n++];

	memcpy(item->id, container->id, sizeof(item->id));
	memcpy(item->pod, container->pod, sizeof(item->pod));
	item->runtime = container->runtime;
	item->serial = container->serial;
	item->slot = slot;
	item->meta = NULL;
}

/* Those whose time has come, into the batch; when the next one's does, 0 for none. */
static uint64_t fill_batch(struct containers *c, uint64_t now)
{
	uint64_t next = 0;

	c->batch.n = c->pending = 0;
	for (uint32_t i = 1; i <= c->table.handed && c->batch.n < READ_BATCH; i++) {
		const struct container *container = &c->table.slots[i];

		if (!waits(c, container))
			continue;
		c->pending++;
		if (container->next_try > now) {
			next = next && next < container->next_try ? next : container->next_try;
			continue;
		}
		item_add(&c->batch, container, i);
	}
	return next;
}

void containers_read(struct containers *c)
{
	uint64_t now = clock_boot(), next;

	if (!c->live || c->closing || c->is_reading || !c->pending)
		return;
	next = fill_batch(c, now);
	if (c->batch.n == 0) {
		if (next && next - now < CONTAINERS_IDLE_MS * UINT64_C(1000000))
			containers_wake(c, (next - now) / 1000000 + 1);
		return;
	}
	c->is_reading = uv_queue_work(c->timer.loop, &c->reading, read_work, read_done) == 0;
}
