/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel side: opened whole, loaded as far as wanted events need, attached, closed. */
#ifndef SAKER_KERNEL_PROBE_H
#define SAKER_KERNEL_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/set.h"
#include "kernel/perf_event.h"

struct saker_bpf;
struct bpf_link;
struct bpf_program;

enum { PROBE_LINKS = 64, PROBE_EXTRAS = 16, PROBE_WHY = 160 };

struct probe_options {
	enum transport transport;
	size_t lane_bytes[LANES];	/* powers of two, whole pages */
	const char *controller;		/* of version 1, whose cgroups records name; NULL: those of version 2 */
	int cgroup_sockets;		/* the caller's descriptor of the root folder of version 2; 0: there is none */
	bool cgroup_part;		/* our paths of cgroups begin below the hierarchy's root */
	const char *btf;		/* file with the kernel's types; NULL: the running kernel's own */
	bool envp;			/* capture the environment of executed programs */
	struct event_set stacks;	/* capture the caller's stack, whatever policies say */
	struct event_set sessions;	/* likewise session and process group */
	uint32_t home_pid_ns;		/* inode of the namespace that process ids are shown of; 0: the host's */
	unsigned call_counts;		/* entries of the counters of system calls by cgroup; 0: as built */
	struct perf_events perf;	/* opened before rights were given up; the probe's own from probe_open on */
	bool policies;			/* events pass filters of generations (kernel/filters.h) */
};

/* From 7.0 on the program of a tracepoint can be preempted, and until it goes on the kernel skips it for
 * all that run on its cpu; not so where it is called by perf. */
enum tracepoints { TRACEPOINTS_UNTRIED, TRACEPOINTS_WHOLE, TRACEPOINTS_PREEMPTED };

/* How an event is produced. */
struct rung {
	const char *name;		/* "lsm", "fentry", "kprobe", "perf_tp", "tp", "cgroup", "exit", "iter"; NULL: not at all */
	char why[PROBE_WHY];		/* why not, or why no better rung; "" */
};

struct probe {
	struct probe_options options;
	struct saker_bpf *skel;			/* has the maps and settings */
	struct saker_bpf *extras[PROBE_EXTRAS];	/* programs loaded later, on the same maps */
	unsigned nextras;
	struct bpf_program *programs[PROBE_LINKS];	/* that are attached, */
	struct bpf_link *links[PROBE_LINKS];		/* by these, */
	uint32_t link_ids[PROBE_LINKS];			/* which the kernel numbers so; 0: it does not */
	unsigned nlinks;
	unsigned links_before, extras_before;	/* of what probe_prepare began with */
	struct event_set wanted;
	enum tracepoints tracepoints;
	bool calls_skipped;		/* those of system calls, for want of perf */
	struct event_set refused;	/* that this machine cannot have */
	struct rung rungs[EVENTS_MAX];
	char error[704];		/* what libbpf said last when something failed */
};

/* Load and attach what the wanted events need.  0, or negative errno with probe->error set.
 * Events that cannot be produced have no rung name; that is no failure of the whole.
 * Nothing is seen until filter.paused is lifted (probe_start). */
int probe_open(struct probe *probe, const struct probe_options *options, const struct event_set *wanted,
	       const struct filter *filter);

/* The kernel's number of a link; 0 if its descriptor is none of a link's. */
uint32_t probe_link_id(const struct bpf_link *link);

/* Whether the agent itself makes these records, without a program of its own. */
bool probe_by_agent(unsigned id);

/* Let events come. */
void probe_start(struct probe *probe);

/* Load and attach what these events need beside what is there already, on another thread if need be:
 * the probe is only read, and next becomes what it shall be.  0, or negative errno with next->error set;
 * then nothing has changed.  Until probe_adopt or probe_abandon nobody else may extend or retire. */
int probe_prepare(const struct probe *probe, struct probe *next, const struct event_set *wanted);
void probe_adopt(struct probe *probe, const struct probe *next);
void probe_abandon(struct probe *next);

/* Whether probe_prepare would find nothing to do. */
bool probe_has_all(const struct probe *probe, const struct event_set *wanted);

/* Want these events only, a subset of what is attached: how many links no event needs any more, which
 * the caller closes, on another thread if need be. */
unsigned probe_retire(struct probe *probe, const struct event_set *wanted, struct bpf_link *gone[PROBE_LINKS]);
void probe_close_links(struct bpf_link *const *links, unsigned n);

/* Capture the environment of executed programs, or not. */
void probe_environment(struct probe *probe, bool wanted);

/* Events that were dropped in the kernel so far, of all reasons: a load, no system call. */
uint64_t probe_drops(const struct probe *probe);

/* Runs that the kernel skipped because a probe interrupted itself (recursion_misses). */
uint64_t probe_missed(const struct probe *probe);

/* Whether the maps can be read with the rights that we have: 0 or negative errno. */
int probe_readable(const struct probe *probe);

/* No event comes any more; what is in the lanes can still be read. */
void probe_detach(struct probe *probe);

/* Detach and free; also after a failed probe_open. */
void probe_close(struct probe *probe);

/* Find out each event's rung without attaching anything. */
int probe_survey(struct probe *probe, const struct probe_options *options);

#endif
