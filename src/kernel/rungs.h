/* SPDX-License-Identifier: Apache-2.0 */
/* Ladders: which of the programs named EVENT__RUNG shall produce an event on this kernel. */
#ifndef SAKER_KERNEL_RUNGS_H
#define SAKER_KERNEL_RUNGS_H

#include "kernel/probe.h"

struct btf;
struct bpf_program;

/* Choose a rung for each of these events and set autoload of the skeleton's programs accordingly; at
 * first find out probe->tracepoints.
 * Programs whose name is in refused (n names) are left out: the kernel would not load them. */
void rungs_choose(struct probe *probe, struct saker_bpf *skel, const struct btf *btf, const struct event_set *events,
		  const char *const *refused, unsigned n);

/* Do these events need the program to be attached? */
bool rungs_need(const struct probe *probe, const struct bpf_program *prog, const struct event_set *events);

/* Is it one of the programs for the exit, or the entry, of system calls? */
bool rungs_for_exit(const struct bpf_program *prog);
bool rungs_for_entry(const struct bpf_program *prog);

/* Does it only note what another program tells?  A run that the kernel skips loses no record then. */
bool rungs_only_notes(const struct bpf_program *prog);

/* Are the programs of an event's rung loaded, or does it need none? */
bool rungs_loaded(const struct probe *probe, unsigned id);

#endif
