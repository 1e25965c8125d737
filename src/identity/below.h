/* SPDX-License-Identifier: Apache-2.0 */
/* Files below a folder that somebody else arranges. */
#ifndef SAKER_IDENTITY_BELOW_H
#define SAKER_IDENTITY_BELOW_H

#include <stdint.h>

/* The number of the mount that a descriptor lies on, -1 if unknown. */
long below_mount(int fd);

/* openat2 with these flags and RESOLVE_ bits, O_CLOEXEC always.  Where it may not be called, which is so in a
 * service with RestrictSUIDSGID, hence with DynamicUser: one name after the other, and then no link is followed.
 * The descriptor, or negative errno. */
int below_open(int root, const char *path, int flags, uint64_t resolve);

#endif
