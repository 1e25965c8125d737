// SPDX-License-Identifier: Apache-2.0
#include "identity/mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "identity/accounts.h"

enum { INDEX = 2 * MOUNTS_MAX };	/* a power of two */

int mounts_init(struct mounts *m)
{
	*m = (struct mounts){
		.spaces = calloc(MOUNTS_MAX, sizeof(*m->spaces)), .index = calloc(INDEX, sizeof(*m->index)),
	};
	if (m->spaces && m->index)
		return 0;
	mounts_fini(m);
	return -ENOMEM;
}

void mounts_fini(struct mounts *m)
{
	for (unsigned i = 0; m->spaces && i < MOUNTS_MAX; i++)
		accounts_free(m->spaces[i].accounts);
	free(m->spaces);
	free(m->index);
	*m = (struct mounts){ 0 };
}

static unsigned home(uint32_t ns)
{
	return (ns * 2654435769u >> 16) % INDEX;
}

/* Where its number is in the index, or the gap where it would be. */
static unsigned place(const struct mounts *m, uint32_t ns)
{
	unsigned i = home(ns);

	while (m->index[i] && m->spaces[m->index[i] - 1].ns != ns)
		i = (i + 1) % INDEX;
	return i;
}

struct mount_space *mounts_find(const struct mounts *m, uint32_t ns)
{
	unsigned i = place(m, ns);

	return m->index[i] ? &m->spaces[m->index[i] - 1] : NULL;
}

void mounts_set_accounts(struct mounts *m, struct mount_space *space, struct accounts *accounts)
{
	if (space->accounts)
		m->names_bytes -= accounts_bytes(space->accounts);
	if (accounts)
		m->names_bytes += accounts_bytes(accounts);
	m->stamp += space->accounts || accounts;
	accounts_free(space->accounts);
	space->accounts = accounts;
}

static void forget(struct mounts *m, struct mount_space *space)
{
	unsigned gap = place(m, space->ns);

	for (unsigned i = (gap + 1) % INDEX; m->index[i]; i = (i + 1) % INDEX) {
		unsigned want = home(m->spaces[m->index[i] - 1].ns);

		if ((i - want) % INDEX >= (i - gap) % INDEX) {
			m->index[gap] = m->index[i];
			gap = i;
		}
	}
	m->index[gap] = 0;
	mounts_set_accounts(m, space, NULL);
	memset(space, 0, sizeof(*space));
	m->entries--;
}

static struct mount_space *free_space(struct mounts *m)
{
	struct mount_space *oldest = m->spaces;

	for (unsigned i = 0; i < MOUNTS_MAX; i++) {
		struct mount_space *space = &m->spaces[m->next];

		m->next = (m->next + 1) % MOUNTS_MAX;
		if (!space->ns)
			return space;
		if (space->used < oldest->used)
			oldest = space;
	}
	m->evicted++;
	forget(m, oldest);
	return oldest;
}

static struct mount_space *get(struct mounts *m, uint32_t ns, uint64_t since)
{
	struct mount_space *space = mounts_find(m, ns);

	if (!space) {
		space = free_space(m);
		*space = (struct mount_space){ .ns = ns, .since = since };
		m->index[place(m, ns)] = space - m->spaces + 1;
		m->entries++;
		m->stamp++;
	}
	space->used = ++m->turn;
	return space;
}

/* first: it lives as long as its container does, and so takes the place of another. */
static void add(struct mounts *m, struct mount_space *space, struct mount_pid one, bool first)
{
	struct mount_pid *pids = space->pids;
	unsigned n = 0;

	for (; n < MOUNTS_PIDS && pids[n].start; n++)
		if (pids[n].pid == one.pid && pids[n].start == one.start)
			return;
	if (n == MOUNTS_PIDS && !first) {
		m->full++;
		return;
	}
	n = n == MOUNTS_PIDS ? n - 1 : n;
	for (; n > 0 && pids[n - 1].start > one.start; n--)
		pids[n] = pids[n - 1];
	pids[n] = one;
}

void mounts_add(struct mounts *m, uint32_t ns, struct mount_pid one, uint64_t since)
{
	add(m, get(m, ns, since), one, false);
}

static void enter(struct mounts *m, const struct head *h)
{
	const struct who *who = &h->who;
	struct mount_pid one = { who->host_pid, who->proc_leader_start };

	add(m, get(m, who->proc_mnt_ns, h->time), one, who->proc_vpid == 1);
}

static void leave(struct mounts *m, const struct who *who)
{
	struct mount_space *space = mounts_find(m, who->proc_mnt_ns);

	for (unsigned i = 0; space && i < MOUNTS_PIDS; i++) {
		if (space->pids[i].pid != who->host_pid || space->pids[i].start != who->proc_leader_start)
			continue;
		memmove(&space->pids[i], &space->pids[i + 1], (MOUNTS_PIDS - 1 - i) * sizeof(*space->pids));
		space->pids[MOUNTS_PIDS - 1] = (struct mount_pid){ 0 };
		break;
	}
	if (space && !space->pids[0].start)
		forget(m, space);
}

void mounts_observe(struct mounts *m, const void *record)
{
	const struct head *h = record;

	if (!h->who.proc_mnt_ns || !h->who.proc_leader_start)
		return;
	if (h->id == EVENT_process_exec ||
	    (h->id == EVENT_process_existing && !((const struct event_process_existing *)record)->kernel))
		enter(m, h);
	else if (h->id == EVENT_process_exit && ((const struct event_process_exit *)record)->group)
		leave(m, &h->who);
}
