/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's own memory, and what is given up when agent.memory_limit comes near: first what is only
 * remembered, then the events of the lanes bulk and normal. */
#ifndef SAKER_AGENT_MEMORY_H
#define SAKER_AGENT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct agent;

struct memory {
	uint64_t limit;		/* bytes resident; 0: none.  Set by the owner, at any time. */
	uint64_t resident;	/* when it was looked at last */
	uint64_t emptied_at;	/* nanoseconds since boot */
	uint64_t trimmed_at;	/* blocks of the road were given back */
	uint64_t shed_at;

	/* Counters. */
	uint64_t emptied;	/* times that caches were emptied */
};

/* Before the agent allocates anything: what is large goes back to the kernel when it is freed, and threads share
 * one heap, for none of them allocates often. */
void memory_begin(void);

/* Give back what only the start took. */
void memory_settle(void);

/* Bytes that are resident, lanes that are mapped included; 0 when it cannot be told. */
uint64_t memory_resident(void);

/* What the process table may have under a limit. */
size_t memory_for_processes(uint64_t limit);

/* To be called every half second. */
void memory_tick(struct agent *agent);

#endif
