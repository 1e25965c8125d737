/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record as one line of JSON, in printable ASCII.
 *
 * Text is escaped as UTF-8. Where it is not UTF-8, each wrong byte becomes \u00XX, and the object raw
 * has all bytes of the field in hexadecimal under the field's name.
 */
#ifndef SAKER_OUTPUT_JSON_H
#define SAKER_OUTPUT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgroup_text;
struct container_text;
struct fragment;
struct json_field;
struct json_shape;
struct memo;
struct redactor;
struct subject;

enum {
	/*
	 * A line that always fits, for records whose spans do not overlap: a byte of text becomes 6
	 * bytes and 2 more in raw. 8 * (RECORD_MAX + PROCESS_PATH_MAX + PROCESS_ARGS_MAX +
	 * PROCESS_CHAIN_MAX) make 216 KiB; the policies' names JSON_POLICIES_MAX; a stack's files
	 * JSON_STACK_MAX and one that was tried, 30, and its addresses 5; ancestors 8 * JSON_LINEAGE_MAX
	 * and keys, 36; a container and its pod 6 times seven texts of META_TEXT_MAX and LABELS_MAX
	 * labels, 34; a cgroup 8 times JSON_CGROUP_MAX and two names in it, 12.  That is 341; the rest are numbers and names.  A unit test has it all in one line.
	 */
	JSON_LINE_MAX = 368 << 10,
	CLOCK_ERROR = 1000000,	/* nanoseconds by which the wall clock may differ and is taken to be the same */
	JSON_RAW_MAX = 168,	/* fields of a record and its surroundings that hold text */
	JSON_ANCESTORS_MAX = 16,
	JSON_LINEAGE_MAX = 4096,	/* bytes of all texts of the ancestors of one line */
	JSON_POLICIES_MAX = 8192,
	JSON_CGROUP_MAX = 1024,		/* bytes of a cgroup's path in a line */
	JSON_STACK_MAX = 24 << 10,	/* bytes that the files of a stack take in a line */
};

/* A field whose text was not UTF-8. */
struct json_raw {
	const char *group, *name, *member;	/* joined, they name it; */
	const void *data;
	uint32_t len;
	unsigned nth;			/* with the place in a list, from 1, before the member; 0: none */
};

/* How proc.ancestors looks. */
struct json_lineage {
	unsigned depth;		/* how many are shown; 0: the list is left out */
	bool details;		/* start and args of each, too */
};

struct json_encoder {
	struct redactor *redactor;	/* for ancestors; the caller's to set; NULL: nothing is masked */
	struct json_lineage lineage;	/* the caller's to set; nothing may have been encoded before */
	bool cgroups;		/* the caller's to set: cgroups of containers, too, not of the host alone */
	bool lineage_cut, stack_cut, cgroup_cut;	/* not all ancestors, files, .. of the present line fit */
	int64_t boot_to_wall;
	uint64_t second;		/* that opening shows */
	char opening[32];		/* {"time":"2026-11-23T10:00:00. */
	char *pieces;			/* all constant text, in the order of use */
	size_t pieces_len;
	struct json_shape *shapes;	/* by event id */
	struct json_field *fields;	/* of all shapes */
	struct json_field *who;		/* those of all records, behind them */
	unsigned nwho;
	char hostname[400];		/* as a member of the line */
	uint32_t hostname_len;
	struct fragment *fragments;	/* what was written of a process before */
	struct container_text *containers;	/* and of a container */
	struct cgroup_text *cgroup_texts;	/* and of a cgroup */
	struct memo *memos;		/* what was written of a value before */
	char policies[JSON_POLICIES_MAX];	/* ,"names":[..] of the policies that want the record */
	size_t policies_len;
	struct json_raw raw[JSON_RAW_MAX];
	unsigned nraw;
};

/* boot_to_wall: nanoseconds to add to record times for the time since 1970.  -ENOMEM. */
int json_encoder_init(struct json_encoder *json, const char *hostname, int64_t boot_to_wall);
void json_encoder_fini(struct json_encoder *json);

/* The policies that want the records to come, n of them, and how many like them a limit left out
 * before; n 0: none to name. */
void json_encoder_policies(struct json_encoder *json, const char *const *names, unsigned n, uint64_t suppressed);

/* The wall clock may have been set.  Less than a millisecond is taken for a measuring error: the same
 * start of a process reads the same in all lines. */
void json_encoder_clock(struct json_encoder *json, int64_t boot_to_wall);

/* Write the line of a valid record, '\n' included; its length, 0 if it did not fit.  subject may be
 * NULL.  What lies behind the line in buf may be overwritten. */
size_t json_encode(struct json_encoder *json, const void *record, const struct subject *subject,
		   char *buf, size_t size);

#endif
