/* SPDX-License-Identifier: Apache-2.0 */
/* The file of raw records, for saker record and saker replay.
 *
 * A header, then the records as the lanes gave them, each padded to eight bytes: first those of
 * process_existing, so that a replay knows who ran before, then the rest in the order they came. */
#ifndef SAKER_OUTPUT_CAPTURE_H
#define SAKER_OUTPUT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "event.h"

/* Where and when the records were made; texts end with a NUL. */
struct capture_info {
	int64_t boot_to_wall;	/* nanoseconds to add to a record's time for time since 1970 */
	uint64_t start;		/* nanoseconds since 1970 */
	char arch[16], kernel[72], host[72];
};

struct capture_writer {
	int fd;
	int error;		/* what went wrong first; nothing is written after it */
	char *buffer;
	size_t used;
	uint64_t records, bytes;	/* given to the file system, header included in bytes */
	uint64_t waiting;		/* records still in the buffer */
	uint64_t missed;		/* records that came after the error or went with it */
	bool is_stdout;
	const char *made;		/* the file is new and nothing was begun: closing removes it */
};

/* What is true of this machine now, except boot_to_wall, which the caller knows. */
void capture_info_here(struct capture_info *info, int64_t boot_to_wall);

/* Open the file, or take standard output for "-".  What is in it stays until it is begun, and path must
 * stay until then or closing.  0 or negative errno. */
int capture_writer_open(struct capture_writer *writer, const char *path);

/* Empty the file and write the header.  0 or negative errno. */
int capture_writer_begin(struct capture_writer *writer, const struct capture_info *info);

/* Append a record: len is what the lane gave.  0, or negative errno: -EINVAL for what is no record,
 * and the file's error once; after it records are counted as missed and 0 is returned. */
int capture_write(struct capture_writer *writer, const void *record, size_t len);

/* Hand what is buffered to the file system.  0, or the file's error if it was not told yet. */
int capture_flush(struct capture_writer *writer);

/* Flush and close; also after a failed open, and of one that was never begun.  0, or the file's error if it was not told yet.  The
 * file ends with the last whole record, even when the disk was full. */
int capture_writer_close(struct capture_writer *writer);

struct capture_reader {
	FILE *in;		/* the caller's */
	struct capture_info info;
	uint64_t records, offset;	/* read so far; bytes before the next record */
	char error[200];	/* words for what open or read returned */
	_Alignas(8) char record[RECORD_MAX];
};

/* Read and check the header.  0, or negative errno with words in error: -EINVAL for a file of
 * another kind, -EPROTONOSUPPORT for another format, -ESTALE for another table of events. */
int capture_reader_open(struct capture_reader *reader, FILE *in);

/* The next record: 1 with the record, borrowed until the next call, and its length; 0 at the end;
 * negative errno with words: -ENODATA when the last record is not whole, -EBADMSG for what cannot
 * be a record, or what reading the file gave.  Only the length is checked; event_valid is next. */
int capture_read(struct capture_reader *reader, const void **record, size_t *len);

#endif
