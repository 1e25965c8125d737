// SPDX-License-Identifier: Apache-2.0
/* What records teach the process table. */
#include "identity/process_own.h"

#include <string.h>

#include "event/schema.h"

/* Of CLONE_PARENT the caller's parent becomes the child's. */
static uint64_t fork_parent_start(const struct event_process_fork *e)
{
	const struct who *who = &e->head.who;

	return e->parent == who->host_pid ? who->proc_leader_start : who->proc_parent_start;
}

static void observe_fork(struct process_table *t, const struct event_process_fork *e)
{
	const struct who *who = &e->head.who;
	struct process *caller, *child;

	if (e->pid != e->tid || process_lookup(t, e->pid, e->start))
		return;
	caller = process_lookup(t, who->host_pid, who->proc_leader_start);
	if (caller)
		caller->shown_pid = who->proc_pid;
	if (caller && who->host_tid == who->host_pid)
		process_rename(t, caller, who->proc_name.s, e->head.time);
	child = process_get(t, e->pid, e->start, e->head.time, caller);
	process_born_to(t, child, e->parent, fork_parent_start(e));
	process_rename(t, child, who->proc_name.s, e->head.time);
	child->cgroup = who->proc_cgroup;
	if (!caller || !caller->image)
		return;
	image_use(child, caller->image);
	child->args_truncated = caller->args_truncated;
	process_set_args_known(t, child, caller->args_known);
}

static uint32_t text_len(const void *record, const struct span *at)
{
	return at->len ? strnlen((const char *)record + at->off, PROCESS_PATH_MAX - 1) : 0;
}

/* The process of a record's head, made if it is new. */
static struct process *observed(struct process_table *t, const struct head *h)
{
	const struct who *who = &h->who;
	struct process *p = process_lookup(t, who->host_pid, who->proc_leader_start);

	if (p)
		return p;
	p = process_get(t, who->host_pid, who->proc_leader_start, h->time, NULL);
	process_born_to(t, p, who->host_ppid, who->proc_parent_start);
	t->tree_stamp = t->stamp;	/* it may be an ancestor that was missed */
	return p;
}

/* What it ran until now, in front of what it ran before; not what it was born with. */
static uint32_t chain_of(const struct process *p, char chain[static PROCESS_CHAIN_MAX])
{
	uint32_t len = strlen(p->exe) + 1, before;
	const char *rest = process_chain(p, &before);

	if (!p->executed || len == 1 || len > PROCESS_CHAIN_MAX)
		return 0;
	memcpy(chain, p->exe, len);
	while (before) {
		uint32_t n = strlen(rest) + 1;

		if (len + n > PROCESS_CHAIN_MAX)
			break;
		memcpy(chain + len, rest, n);
		len += n;
		rest += n;
		before -= n;
	}
	return len;
}

/* path, argv and cwd of a record become the image of the process that did it. */
static void observe_image(struct process_table *t, const void *record, struct image_source from,
			  const struct span spans[3], unsigned argv_bit)
{
	const struct head *h = record;
	const struct span *path = &spans[0], *argv = &spans[1], *cwd = &spans[2];
	struct process *p = observed(t, h);
	char chain[PROCESS_CHAIN_MAX];

	from.exe = event_span(record, path);
	from.exe_len = text_len(record, path);
	from.cwd = event_span(record, cwd);
	from.cwd_len = text_len(record, cwd);
	from.args = event_span(record, argv);
	from.args_len = argv->len < PROCESS_ARGS_MAX ? argv->len : PROCESS_ARGS_MAX;
	from.chain = chain;
	from.chain_len = chain_of(p, chain);
	p->shown_pid = h->who.proc_pid;
	p->cgroup = h->who.proc_cgroup;
	p->ppid = h->who.host_ppid;
	p->parent_start = h->who.proc_parent_start;
	p->args_truncated = argv->len > PROCESS_ARGS_MAX || (h->truncated & 1u << argv_bit);
	p->executed = true;
	image_set(t, p, &from);
	process_set_args_known(t, p, argv->len > 0);
	process_rename(t, p, h->who.proc_name.s, h->time);
	process_sort(t, p);
}

static void observe_exec(struct process_table *t, const struct event_process_exec *e)
{
	uint32_t tty_len = text_len(e, &e->tty);
	struct image_source from = {
		.file = { .inode = e->inode, .ctime = e->ctime, .dev = e->dev, .deleted = e->deleted,
			  .memfd = e->memfd, .upper = e->upper, .flagged = true },
		.tty = event_span(e, &e->tty), .tty_len = tty_len < PROCESS_TTY_MAX ? tty_len : PROCESS_TTY_MAX - 1,
	};

	observe_image(t, e, from, (const struct span[]){ e->path, e->argv, e->cwd }, BIT_process_exec_argv);
}

static void observe_existing(struct process_table *t, const struct event_process_existing *e)
{
	struct process *p = process_lookup(t, e->head.who.host_pid, e->head.who.proc_leader_start);
	struct image_source from = { .file = { .inode = e->inode, .dev = e->dev } };

	if (p && p->image)
		return;		/* a live record came first and knows more */
	observe_image(t, e, from, (const struct span[]){ e->path, e->argv, e->cwd }, BIT_process_existing_argv);
	if (e->kernel)
		process_set_args_known(t, process_lookup(t, e->head.who.host_pid, e->head.who.proc_leader_start), true);
}

static void observe_exit(struct process_table *t, const struct event_process_exit *e)
{
	struct process *p = process_lookup(t, e->head.who.host_pid, e->head.who.proc_leader_start);

	if (p && e->group)
		process_end(t, p, e->head.time);
}

void process_observe(struct process_table *table, const void *record)
{
	const struct head *h = record;

	if (h->id > EVENT_process_existing)
		return;
	process_expire(table, h->time);
	switch (h->id) {
	case EVENT_process_fork: observe_fork(table, record); break;
	case EVENT_process_exec: observe_exec(table, record); break;
	case EVENT_process_exit: observe_exit(table, record); break;
	case EVENT_process_existing: observe_existing(table, record); break;
	default: break;
	}
}

/* An old record may be read late: nobody is adopted by one that has ended. */
static void adopted(struct process_table *t, struct process *p, const struct who *who)
{
	const struct process *parent = process_lookup(t, who->host_ppid, who->proc_parent_start);

	if (p->exited || (parent && parent->exited))
		return;
	p->ppid = who->host_ppid;
	p->parent_start = who->proc_parent_start;
}

const struct process *process_of(struct process_table *table, const struct head *h)
{
	const struct who *who = &h->who;
	struct process *p = process_lookup(table, who->host_pid, who->proc_leader_start);

	if (!p) {
		table->misses += who->host_pid > 0;	/* the agent's own records have none */
		return NULL;
	}
	p->cgroup = who->proc_cgroup;
	if (p->parent_start != who->proc_parent_start || p->ppid != who->host_ppid)
		adopted(table, p, who);
	if (who->host_tid == who->host_pid && memcmp(p->name, who->proc_name.s, PROCESS_NAME))
		process_rename(table, p, who->proc_name.s, h->time);
	return p;
}
