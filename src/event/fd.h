/* SPDX-License-Identifier: Apache-2.0 */
/* What a fact says a descriptor is, in words. */
#ifndef SAKER_EVENT_FD_H
#define SAKER_EVENT_FD_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"

/* A name that either lies in the record or was made here. */
struct fd_name {
	const char *text;
	size_t len;
	char made[160];
};

/* The i-th fact of a system call's valid record, NULL if it has none. */
static inline const struct fact *fd_fact(const struct event_syscall *e, unsigned i)
{
	return i < FACTS_MAX && e->facts[i].len ? (const void *)((const char *)e + e->facts[i].off) : NULL;
}

/* The fact that a reader wants to see first: of the result, else of the first argument; NULL if none. */
const struct fact *fd_main(const struct event_syscall *e);

static inline const struct fact_sock *fd_sock(const void *record, const struct fact *fact)
{
	return fact->sock.len ? (const void *)((const char *)record + fact->sock.off) : NULL;
}

/* file, directory, ipv4, pipe, event, .. */
const char *fd_type(const void *record, const struct fact *fact);

/* Its path, or as /proc/PID/fd shows it, or both ends of a connection; empty if nothing is known. */
void fd_name(struct fd_name *name, const void *record, const struct fact *fact);

#endif
