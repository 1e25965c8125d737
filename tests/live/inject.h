/* SPDX-License-Identifier: Apache-2.0 */
/* Have the agent make a system call, as somebody with a debugger would. */
#ifndef SAKER_TESTS_LIVE_INJECT_H
#define SAKER_TESTS_LIVE_INJECT_H

#include <stdbool.h>

/* number(argument, 0, 0, ..), by its first thread; what it returns in *ret, which may be NULL.  False: it cannot be
 * traced, or nobody knows how on this architecture. */
bool agent_inject(long number, unsigned long argument, long *ret);

#endif
