/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that this process gives up. */
#ifndef SAKER_BASE_REFUSE_H
#define SAKER_BASE_REFUSE_H

/*
 * From now on, for good, in this thread and in those that it starts, calls that an agent has no use for and an
 * intruder has fail with EPERM: new processes, executing, tracing and signalling others, taking their descriptors, loading
 * modules, mounts and namespaces, io_uring, clocks, keys, bpf but for what loading programs and reading maps wants,
 * and all calls of another architecture.  It lists what is refused, not what is allowed: name services bring modules
 * of their own into the process, whose calls nobody can foresee.  Wants no_new_privs, see caps_keep.  0 or negative errno.
 */
int refuse_calls(void);

#endif
