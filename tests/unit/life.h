/* SPDX-License-Identifier: Apache-2.0 */
/* Lives of processes, told to a process table by records. */
#ifndef SAKER_TESTS_UNIT_LIFE_H
#define SAKER_TESTS_UNIT_LIFE_H

#include <stdio.h>

#include "identity/process.h"
#include "record.h"

struct being { uint32_t pid; uint64_t start; };

static inline void life_by(struct record *r, unsigned id, struct being who, struct being parent, const char *name)
{
	record_begin(r, id);
	r->head.who.proc_pid = r->head.who.host_pid = r->head.who.host_tid = who.pid;
	r->head.who.proc_leader_start = r->head.who.proc_start = who.start;
	r->head.who.host_ppid = parent.pid;
	r->head.who.proc_parent_start = parent.start;
	memset(&r->head.who.proc_name, 0, sizeof(r->head.who.proc_name));
	snprintf(r->head.who.proc_name.s, sizeof(r->head.who.proc_name.s), "%.15s", name);
}

/* By who, whose parent is the other one; parent of the child: who, or with CLONE_PARENT the other one. */
static inline void life_fork(struct process_table *table, struct being who, struct being parent, const char *name,
			     struct being child, uint32_t child_parent)
{
	struct record r;

	life_by(&r, EVENT_process_fork, who, parent, name);
	r.process_fork.pid = r.process_fork.tid = child.pid;
	r.process_fork.start = child.start;
	r.process_fork.parent = child_parent;
	process_observe(table, &r);
}

static inline void life_exec(struct process_table *table, struct being who, struct being parent, const char *name,
			     const char *path, const char *argv, size_t argv_len)
{
	struct record made, r;

	record_exec(&made, path, argv, argv_len);
	life_by(&r, EVENT_process_exec, who, parent, name);
	made.head.who = r.head.who;
	process_observe(table, &made);
}

static inline void life_exit(struct process_table *table, struct being who, uint64_t time)
{
	struct record r;

	life_by(&r, EVENT_process_exit, who, (struct being){ 0 }, "");
	r.head.time = time;
	r.process_exit.group = 1;
	process_observe(table, &r);
}

/* Born to the parent and executed at once. */
static inline void life_spawn(struct process_table *table, struct being parent, struct being child, const char *name,
			      const char *path, const char *argv, size_t argv_len)
{
	const struct process *p = process_find(table, &(struct who){ .host_pid = parent.pid, .proc_leader_start = parent.start });
	char called[PROCESS_NAME + 1];

	snprintf(called, sizeof(called), "%.16s", p ? p->name : "parent");
	life_fork(table, parent, (struct being){ 0 }, called, child, parent.pid);
	life_exec(table, child, parent, name, path, argv, argv_len);
}

#endif
