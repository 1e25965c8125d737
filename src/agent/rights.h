/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent may do: no more than what it still has to. */
#ifndef SAKER_AGENT_RIGHTS_H
#define SAKER_AGENT_RIGHTS_H

#include <stdint.h>

struct config;
struct log;
struct probe;
struct slots;

/* The capabilities that an agent of this configuration needs, those of its sinks included: bit n for
 * capability n.
 *	BPF, PERFMON		load and attach programs, at every reload
 *	NET_ADMIN		programs on interfaces and cgroups
 *	SYS_PTRACE		/proc of others
 *	DAC_READ_SEARCH		files and folders of others, tracefs
 *	LEASE			find out who writes a file of another's
 *	IPC_LOCK		map perf buffers, where that is the transport */
uint64_t rights_needed(const struct config *config, const struct slots *slots);

/* Give up all others, for good, with the right to gain any, to dump core and to make system calls that an
 * agent has no use for.  Before any thread is begun.  What cannot be given up is told. */
void rights_drop(uint64_t needed, struct log *log);

/* Give up what only loads programs, but for what the configuration asks for by name.  The hooks are attached, and
 * no thread has begun.  What cannot be given up is told. */
void rights_end_loading(const struct config *config, const struct slots *slots, const struct probe *probe, struct log *log);

#endif
