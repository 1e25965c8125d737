/* SPDX-License-Identifier: Apache-2.0 */
/* The one function in which a record meets every stage. */
#ifndef SAKER_AGENT_PIPELINE_H
#define SAKER_AGENT_PIPELINE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/top.h"
#include "event/schema.h"
#include "agent/containers.h"
#include "agent/hold.h"
#include "event/set.h"
#include "expr/need.h"
#include "identity/mapping.h"
#include "identity/hashes.h"
#include "identity/process.h"
#include "identity/users.h"
#include "net/dns_event.h"
#include "output/road.h"

struct capture_writer;
struct expr;
struct expr_view;
struct filter;
struct mutes;
struct policy_set;

struct pipeline_options {
	bool color;
	bool whole;			/* long strings in full in the table */
	struct json_lineage lineage;	/* ancestors in JSON */
	struct file_hash_limits hash_limits;
	bool hash;			/* of what each shown event's process runs, without policies */
	struct event_set selected;	/* what is shown; other events only teach us */
	struct containers_options containers;
	const struct expr *where;	/* of what is selected, only this; NULL: all */
	const struct filter *filter;	/* its pid, uid and comm; NULL: none */
	bool filter_all;		/* nothing was filtered before; else only what identity needs was not */
	uint32_t from_exec_of;		/* pid whose records count from its first execve on; 0: none */
	size_t process_bytes;		/* of the process table; 0: its default */
	uint64_t count;			/* end after so many; 0: never */
	struct capture_writer *capture;	/* records go there raw, and nowhere else; NULL: encode */
};

struct pipeline_counts {
	uint64_t delivered[LANES];	/* to the sinks */
	uint64_t unselected[LANES];	/* known only to the process table, or wanted by no policy */
	struct { uint64_t read, delivered; } events[EVENT_COUNT];
	uint64_t shed[LANES];		/* of those: left out for want of memory */
	uint64_t split[LANES];		/* records that one of these became beyond the first: messages of one packet */
	uint64_t invalid;
};

struct pipeline {
	struct pipeline_options options;
	struct process_table processes;
	struct mounts mounts;
	struct users users;
	struct containers containers;
	struct hashes hashes;
	struct hold hold;
	struct build build;		/* of amendments */
	struct dns_events *dns;
	struct road road;
	struct notes notes;		/* of the record that is shown */
	char host[HOST_NAME_MAX + 1];
	struct mapping_table mappings;
	struct policy_set *policies[2];	/* by generation & 1; both NULL: what is selected is shown */
	struct mutes *mutes;		/* the caller's; NULL: nobody is muted */
	enum lane shed_from;		/* lanes from this one on are left out; LANES: none */
	uint16_t generation;		/* of the policies in force; 0: none are */
	struct pipeline_counts counts;
	struct top top;
	int capture_error;		/* first failure of the capture, negative errno */
	bool done;			/* count was reached */
};

/* 0 or -ENOMEM.  boot_to_wall: nanoseconds from boot time to time since 1970.  host: name of the
 * machine, for records that do not carry one. */
int pipeline_init(struct pipeline *pipeline, const struct pipeline_options *options, int64_t boot_to_wall,
		  const char *host);
void pipeline_fini(struct pipeline *pipeline);

/* The wall clock was set. */
void pipeline_clock(struct pipeline *pipeline, int64_t boot_to_wall);

/* Tell the mutes of all containers once more. */
void pipeline_containers_again(void *pipeline);

/* A lane_reader: the record is borrowed for the call. */
void pipeline_record(void *pipeline, const void *record, size_t len);

/* The end of a capture: what waits, waits for nothing any more. */
void pipeline_end(struct pipeline *pipeline);

/* A generation of policies ends: show what of it waits. */
void pipeline_settle(struct pipeline *pipeline, uint16_t generation);

/* These sinks go: what they were shown is not amended, for others may come to their places. */
void pipeline_forget_sinks(struct pipeline *pipeline, uint64_t sinks);

/* A record of the agent that says more of one that was delivered, to the same sinks. */
void pipeline_amend(struct pipeline *pipeline, const void *record, uint64_t sinks);

/* The end of a turn: let the sinks have what was collected.  0, or a negative errno when there is
 * nobody left who reads. */
int pipeline_flush(struct pipeline *pipeline);

#endif
