/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose container a record is of: learnt from records of cgroups, from the cgroups that are there, and
 * from what runtimes write, which is read beside the loop.
 */
#ifndef SAKER_AGENT_CONTAINERS_H
#define SAKER_AGENT_CONTAINERS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "event/build.h"
#include "identity/cgroup_root.h"
#include "identity/cgroup_walk.h"
#include "identity/container.h"
#include "identity/container_read.h"

enum { CONTAINERS_IDLE_MS = 1000 };	/* between looks at what is due */

struct head;
struct process_table;

struct containers_options {
	const struct read_places *places;	/* the caller's */
	uint32_t max_cgroups;		/* known at once */
	uint64_t keep_ms;		/* a removed cgroup is known for so long */
	uint64_t retry_ms;		/* before the second try to read of a container; doubled with each */
	unsigned tries;			/* in all */
};

/* What they are if nobody says otherwise. */
extern const struct containers_options containers_usual;

/* Gets an event of a container, to be shown as any other record. */
typedef void (*containers_reader)(void *ctx, void *record, const struct container *container);

/* A cgroup is forgotten: so is all that was kept for it. */
typedef void (*containers_forget)(void *ctx, uint64_t cgroup);

/* A container is new, or more is known of it than before. */
typedef void (*containers_known)(void *ctx, const struct container *container);

/* The time has come to look at what waited too long. */
typedef void (*containers_overdue)(void *ctx, uint64_t now);

struct containers_counts {
	uint64_t unknown;		/* records whose cgroup nobody could tell */
	uint64_t looked_up;		/* cgroups whose record came late, or never */
	uint64_t read, failed;		/* containers whose files told something, or nothing in the end */
	uint64_t claimed;
};

struct containers {
	struct container_table table;
	struct containers_options options;
	struct process_table *processes;
	containers_reader reader;
	containers_forget forget;
	containers_known known;
	containers_overdue overdue;
	void *ctx;
	uint64_t *seq;			/* of the agent's own records */

	uint64_t recorded_seq;		/* while it does not watch */
	uint64_t recorded_time;		/* of the last record then */

	/* While it watches: */
	bool live;
	struct cgroup_root root;
	int64_t boot_to_wall;
	uv_timer_t timer;		/* for what is due: forgetting, retries, rest of the walk */
	uv_work_t reading, walking;
	bool is_reading, is_walking, closing;
	struct read_batch batch;
	struct walk walk;
	size_t applied;			/* entries of the walk */
	char **ids;			/* of containers that ran before, whatever their cgroup is called */
	size_t nids;
	uint32_t pending;		/* at most so many containers are to be read of */
	uint64_t second;		/* nanoseconds since boot; */
	unsigned lookups;		/* since then */
	uint32_t host_mnt_ns;
	struct build build;
	struct containers_counts counts;
};

/* Without a loop it learns from records alone.  0 or negative errno. */
int containers_init(struct containers *containers, const struct containers_options *options,
		    struct process_table *processes);
void containers_fini(struct containers *containers);

/* Look at what is there, and from now on read of what comes; root stays the caller's. */
int containers_start(struct containers *containers, uv_loop_t *loop, const struct cgroup_root *root, uint64_t *seq);

/* No more jobs; before the loop is run dry. */
void containers_stop(struct containers *containers);

/* Learn from a valid record; to be called with each, before anyone asks. */
void containers_observe(struct containers *containers, const struct head *h);

/* Nanoseconds since boot; of a capture, as of its last record. */
uint64_t containers_now(const struct containers *containers);

/* The container of a record: &container_host outside of any, NULL if nobody can tell. */
const struct container *containers_find(struct containers *containers, const struct head *h);

/* For the files behind this header. */

/* Learn of a cgroup, after forgetting what is in its way. */
struct cgroup *containers_learn(struct containers *containers, uint64_t id, const char *path, size_t len,
				uint64_t made, enum vouch vouch);

/* Who answers for one that was there before, or whose record was lost: its folder's owner, and a folder
 * of the same name that an OCI runtime made. */
enum vouch containers_vouch(const struct containers *containers, const char *path, size_t len, bool of_root);

/* Learn from a record that tells of a container: container_create, existing_container. */
void containers_recorded(struct containers *containers, const struct head *h);


/* Nothing more is waited for: what is known of it is told. */
void containers_give_up(struct containers *containers, struct container *container);

/* Look at what is due in so long. */
void containers_wake(struct containers *containers, uint64_t ms);
void containers_due(struct containers *containers);

/* Read of those that wait for it, unless that goes on. */
void containers_read(struct containers *containers);
int containers_walk(struct containers *containers);
void containers_apply(struct containers *containers);

/* Tell of it: that it was created or is there, runs its first program, is gone.  cause: the record that
 * says so. */
void containers_tell_created(struct containers *containers, struct container *container);
void containers_tell_start(struct containers *containers, const struct container *container, const struct head *cause);
void containers_tell_remove(struct containers *containers, const struct container *container,
			    const struct head *cause);

#endif
