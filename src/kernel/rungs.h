/* SPDX-License-Identifier: Apache-2.0 */
/* Ladders: which of the programs named EVENT__RUNG shall produce an event on this kernel. */
#ifndef KERNEL_RUNGS_H
#define KERNEL_RUNGS_H

#include "kernel/probe.h"

struct btf;
struct bpf_program;

/* Choose a rung for every wanted event and set autoload of the programs accordingly.  Programs
 * whose name is in refused (n names) are left out: the kernel would not load them. */
void rungs_choose(struct probe *probe, const struct btf *btf, const char *const *refused, unsigned n);

/* The id of the event a program serves and its rung; -ENOENT for programs of system calls. */
int rungs_program(const struct bpf_program *prog, const char **rung);

#endif
