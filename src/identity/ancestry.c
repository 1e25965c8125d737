// SPDX-License-Identifier: Apache-2.0
#include "identity/ancestry.h"

#include <stddef.h>

#include "event.h"
#include "identity/process_own.h"
#include "identity/subject.h"

enum { INIT = 1 };	/* the kernel starts it, and some kernels' iterators leave it out */

void ancestry_begin(struct ancestry *a, const struct subject *subject, const struct who *who)
{
	const struct process *p = subject->process;

	*a = (struct ancestry){ .table = subject->processes };
	if (!a->table)
		return;
	a->pid = p ? p->origin : who->host_ppid;
	a->start = p ? p->origin_start : who->proc_parent_start;
}

/* Nobody is younger than its child: what says so is another one with its pid, or a lie. */
bool ancestry_next(struct ancestry *a, struct ancestor *ret)
{
	const struct process *p;

	if (!a->pid)
		return false;
	p = a->seen++ < ANCESTORS_MAX ? process_lookup(a->table, a->pid, a->start) : NULL;
	a->table->lost_ancestors += !p;
	*ret = (struct ancestor){ a->pid, a->start, p };
	a->pid = p && p->origin_start <= p->start ? p->origin : 0;
	a->start = p ? p->origin_start : 0;
	return a->seen <= ANCESTORS_MAX;
}

bool ancestry_nth(const struct subject *subject, const struct who *who, unsigned n, struct ancestor *ret)
{
	struct ancestry a;

	ancestry_begin(&a, subject, who);
	while (n > 0 && ancestry_next(&a, ret))
		if (--n == 0)
			return true;
	return false;
}

int ancestry_ids(struct process_table *table, const struct process *p, uint32_t ids[ANCESTORS_MAX])
{
	int n = 0;

	while (p->origin) {
		const struct process *parent = process_lookup(table, p->origin, p->origin_start);

		if (!parent && p->origin == INIT && n < ANCESTORS_MAX) {
			ids[n++] = INIT;
			return n;
		}
		if (!parent || !parent->shown_pid || n == ANCESTORS_MAX || parent->start > p->start)
			return -1;
		ids[n++] = parent->shown_pid;
		p = parent;
	}
	return n;
}

const struct process *subject_parent(const struct subject *subject, const struct who *who)
{
	const struct process *p = NULL;

	if (!subject->processes || !who->host_ppid)
		return NULL;
	p = process_lookup(subject->processes, who->host_ppid, who->proc_parent_start);
	subject->processes->lost_ancestors += !p;
	return p;
}

uint64_t ancestry_stamp(const struct subject *subject, const struct who *who, unsigned n)
{
	const struct process *parent = subject_parent(subject, who);
	uint64_t h = parent ? parent->stamp : 0;
	struct ancestor one;
	struct ancestry a;

	ancestry_begin(&a, subject, who);
	while (n-- > 0 && ancestry_next(&a, &one)) {
		h = (h ^ one.start ^ one.pid) * UINT64_C(0xff51afd7ed558ccd);
		h = (h ^ h >> 32 ^ (one.process ? one.process->stamp : 0)) * UINT64_C(0x9e3779b97f4a7c15);
	}
	return h ^ h >> 32;
}
