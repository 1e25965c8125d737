/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers that are there, and those that ended a while ago, by the cgroups that are theirs.
 *
 * A container is the cgroup that its runtime made for it; cgroups below that one are in it, and a
 * cgroup made anew under the same path is another container, though it may have the same id.
 */
#ifndef SAKER_IDENTITY_CONTAINER_H
#define SAKER_IDENTITY_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity/cgroup.h"
#include "identity/cgroup_class.h"

struct container_meta;

enum { CONTAINERS_MAX = 8192, CONTAINER_SHARE = 8 };	/* one for so many cgroups, but no more than the first */

enum container_state {
	CONTAINER_PENDING,	/* somebody is reading what its runtime wrote of it */
	CONTAINER_KNOWN,
	CONTAINER_FAILED,	/* nothing was found for now */
	CONTAINER_CLAIMED,	/* it is what its name says only by its own word: nothing is read */
};

struct container {
	char id[CONTAINER_ID_MAX];
	char outer[CONTAINER_ID_MAX];	/* the container it is in; "" if none */
	char pod[40];			/* uid of its pod by its path; "" */
	uint8_t runtime, qos;		/* enum container_runtime, pod_qos */
	uint8_t state;			/* enum container_state */
	bool vouched;			/* its path says nothing: its maker does */
	bool existing;			/* ran before the agent, or was found late */
	uint64_t stamp;			/* another number whenever anything here changed; never 0 */
	uint64_t serial;		/* which one it is, of all there ever were */
	uint64_t cgroup;		/* its own; 0: not known */
	uint64_t made, started, removed;	/* nanoseconds since boot; 0: before anybody looked, not yet */
	const struct container_meta *meta;	/* owned; NULL while nothing was read */
	char *path;			/* of its own cgroup, owned */
	uint32_t path_len;
	uint32_t cgroups;		/* that refer to it */
	uint8_t tries;			/* to read it */
	uint64_t next_try;		/* nanoseconds since boot */
	uint32_t newer;			/* links free slots */
};

/* Not in any container: the id of all processes of the host. */
extern const struct container container_host;

/* Who stands for it that a cgroup is what its name says. */
enum vouch {
	VOUCH_NOBODY,	/* made by a user, or by a process inside of a container, or by no runtime */
	VOUCH_RUNTIME,	/* made by a runtime's or systemd's own process, as root of the host */
	VOUCH_OCI,	/* likewise, by one that makes cgroups for containers only, whatever their name */
};

struct container_table {
	struct cgroup_table cgroups;
	struct container *slots;	/* slot 0 is none */
	uint32_t nslots, handed, unused;
	uint32_t *by_path;		/* open addressing by the own cgroup's path; slot numbers */
	uint32_t mask;
	uint64_t stamp, serial;

	/* Counters. */
	uint64_t entries;		/* held now */
	uint64_t unplaced;		/* for which there was no room */
};

int container_table_init(struct container_table *table, uint32_t max_cgroups);
void container_table_fini(struct container_table *table);

/* What must be forgotten first, one after the other, before container_learn: another cgroup of this id,
 * or what takes its room.  NULL when there is nothing. */
struct cgroup *container_in_the_way(struct container_table *table, uint64_t id, const char *path, size_t len,
				    uint64_t made);

/* Learn of a cgroup that is not there.  made: nanoseconds since boot, 0 if it was there before. */
struct cgroup *container_learn(struct container_table *table, uint64_t id, const char *path, size_t len, uint64_t made,
			       enum vouch vouch);

/* One that was found before its record came was made then. */
void container_made(struct container_table *table, struct cgroup *cgroup, uint64_t made);

/* Nobody can tell whose cgroup it is, as of now. */
struct cgroup *container_unknown(struct container_table *table, uint64_t id, uint64_t now);

/* The container of a cgroup: &container_host outside of any, NULL if that is not known. */
const struct container *container_of_cgroup(const struct container_table *table, const struct cgroup *cgroup);

/* For its owner: the same to be changed, NULL for the host. */
struct container *container_at(struct container_table *table, const struct cgroup *cgroup);

/* A cgroup was removed.  The container whose own it was, NULL if it was nobody's. */
struct container *container_removed(struct container_table *table, struct cgroup *cgroup, uint64_t time);

/* Forget a cgroup, and its container with the last one of it. */
void container_forget(struct container_table *table, struct cgroup *cgroup);

/* What was read of it, which the table takes over; NULL: nothing. */
void container_describe(struct container_table *table, struct container *container,
			const struct container_meta *meta);

/* Its first program runs. */
void container_begins(struct container_table *table, struct container *container, uint64_t time);

/* Whether a process of this executable makes cgroups for containers; OCI runtimes make no others. */
enum vouch container_maker(const char *exe);

#endif
