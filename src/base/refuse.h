/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that this process gives up. */
#ifndef SAKER_BASE_REFUSE_H
#define SAKER_BASE_REFUSE_H

/*
 * From now on, for good, in this thread and in those that it starts, calls that an agent has no use for and an
 * intruder has fail with EPERM: executing and tracing others, loading into the kernel, mounts and namespaces, io_uring,
 * clocks, keys, and all calls of another architecture.  Wants no_new_privs, see caps_keep.  0 or negative errno.
 */
int refuse_calls(void);

#endif
