/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes of executables by device, inode and time of change, and the events that wait for one.
 *
 * No event is held: one whose hash is known has it, another one is amended later.
 */
#ifndef SAKER_IDENTITY_HASHES_H
#define SAKER_IDENTITY_HASHES_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "identity/file_hash.h"

enum { HASHES_MAX = 2048, HASHES_WAITING = 256, HASH_TEXT = 2 * FILE_HASH_BYTES + 1 };

struct process_table;

struct hash_key { uint64_t inode, ctime; uint32_t dev; };

struct hash_entry {
	struct hash_key key;		/* inode 0: free */
	uint64_t used;			/* turn of the table */
	int result;			/* why bytes are not there; 0: they are */
	uint8_t bytes[FILE_HASH_BYTES];
};

/* An event that is to be amended. */
struct hash_waiting {
	struct hash_key key;
	bool taken, running;
	uint16_t event, slot;
	uint8_t lane;
	uint32_t cpu;
	uint64_t seq, time;
	uint64_t sinks;			/* that have the event */
	struct who who;
};

struct hashes {
	struct hash_entry *entries;	/* from malloc with the first wish; NULL before */
	struct hash_waiting *waiting;
	struct file_hash_limits limits;
	unsigned nwaiting;
	uint64_t turn;
	uint64_t stamp;			/* another number whenever one became known */

	/* Counters. */
	uint64_t read, failed;		/* files */
	uint64_t hits;			/* events whose hash was known */
	uint64_t left_out;		/* events that were not amended, for too many waited */
};

void hashes_init(struct hashes *hashes, const struct file_hash_limits *limits);
void hashes_fini(struct hashes *hashes);

/* These sinks are gone, and their bits may come to mean others. */
void hashes_forget(struct hashes *hashes, uint64_t sinks);

/* Somebody wants the hash of what the record's process runs, in the sinks that have the record. */
void hashes_want(struct hashes *hashes, const void *record, const struct process *process, uint64_t sinks);

/* As text; false while it is not known. */
bool hashes_text(const struct hashes *hashes, const struct process *process, char ret[static HASH_TEXT]);

/* The next file to be read; false when there is none. */
bool hashes_next(struct hashes *hashes, struct process_table *table, const struct mounts *mounts,
		 struct file_hash_request *request);

/* What came of it; each event that waited is handed out with the entry.  A file that could not be
 * reached is looked for again when another event wants it. */
typedef void hashes_amend(void *ctx, const struct hash_waiting *event, const struct hash_entry *entry);
void hashes_answer(struct hashes *hashes, const struct file_hash_request *request, int result,
		   const uint8_t bytes[static FILE_HASH_BYTES], hashes_amend *amend, void *ctx);

#endif
