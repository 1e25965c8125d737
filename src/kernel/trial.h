/* SPDX-License-Identifier: Apache-2.0 */
/* Does a hook really work here?  Asked by doing it: load a program that counts, attach it, make
 * the event happen, and look whether it counted.  (5.10 loads and attaches LSM programs that
 * never run when "bpf" is not in the kernel's lsm= list.) */
#ifndef SAKER_KERNEL_TRIAL_H
#define SAKER_KERNEL_TRIAL_H

#include <stdbool.h>

struct btf;

/* 0: the hook fires; else negative errno (-ENOMSG: attached, but silent), with the reason in
 * words in why.  Function names a kernel function that open(2) calls. */
int trial_lsm(const struct btf *btf, const char *hook, const char **why);
int trial_fentry(const struct btf *btf, const char *function, const char **why);
int trial_kprobe(const char **why);

/* The same of programs that see the packets of a cgroup, whose folder is open as this descriptor. */
int trial_cgroup(int cgroup, const char **why);

/* Can the programs of tracepoints be preempted?  A kernel that lets them only keeps their task on its
 * cpu, which shows in the task; one that does not has no need to.  false also where nothing can be tried,
 * and where the kernel is so old that other hooks would lack something (sched_prepare_exec, 6.10). */
bool trial_preempted(const struct btf *btf);

#endif
