/* SPDX-License-Identifier: Apache-2.0 */
/* Tracepoints by way of perf.  Some distributions (kernel.perf_event_paranoid above 2) let only
 * CAP_SYS_ADMIN open them: what will be needed is opened before that is given up. */
#ifndef SAKER_KERNEL_PERF_EVENT_H
#define SAKER_KERNEL_PERF_EVENT_H

#include "event/set.h"

struct bpf_program;
struct bpf_link;

enum { PERF_EVENTS = 8 };

/* Of each program by perf, in the order of a table: a descriptor that was kept, 0: none. */
struct perf_events { int fds[PERF_EVENTS]; };

/* Open what these events would need where it could not be done later, and the kernel might need it. */
void perf_events_reserve(struct perf_events *events, const struct event_set *wanted);

/* Close what is kept for other programs than these n: a tracepoint that perf has open costs something even
 * without a program. */
void perf_events_release(struct perf_events *events, struct bpf_program *const *programs, unsigned n);

/* Can perf be asked for the tracepoint of this program, "CATEGORY/NAME"?  0, or negative errno with the
 * reason in words. */
int perf_event_trial(const struct perf_events *events, const char *program, const char *tracepoint,
		     const char **why);

/* Attach, also where a program is not called by perf; NULL with errno. */
struct bpf_link *perf_event_attach(const struct perf_events *events, const struct bpf_program *prog);

#endif
