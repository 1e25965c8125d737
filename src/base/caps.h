/* SPDX-License-Identifier: Apache-2.0 */
/* The capabilities of this process: asked, named, given up. */
#ifndef SAKER_BASE_CAPS_H
#define SAKER_BASE_CAPS_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

/* Since 5.8; headers of older kernels lack them. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

#define CAPS_BIT(cap) (UINT64_C(1) << (cap))

/* The effective ones, bit n for capability n; 0 also when the kernel does not tell. */
uint64_t caps_effective(void);

/* "CAP_BPF", NULL for a number that has no name here; the number of a name, -1 if there is none. */
const char *caps_name(unsigned cap);
int caps_number(const char *name);

/* Use no other capabilities than these for now: the others can be had again by caps_keep. 0 or negative errno. */
int caps_use(uint64_t mask);

/*
 * Have no other capabilities than these from now on, in no set, and let nothing that is executed
 * bring them back.  The kernel keeps capabilities by thread, so there must be no other thread.
 * Of these all that are permitted are used.  0 or negative errno.
 */
int caps_keep(uint64_t mask);

#endif
