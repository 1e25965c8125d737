/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a sink, and the files it was before: path.20261123T100000.123456Z, with .gz behind it
 * when it was compressed.  All of this waits for the disk: it is for threads.
 *
 * Names are looked up below a descriptor of their folder, so that a folder that is swapped for
 * another one is seen, not mixed.
 */
#ifndef SAKER_OUTPUT_FILE_H
#define SAKER_OUTPUT_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { FILE_MODE = 0640, FILE_UNCHANGED = -1 };

/* What the file shall be.  Owner and group FILE_UNCHANGED: whoever makes it. */
struct file_spec {
	const char *path;
	uid_t owner;
	gid_t group;
	mode_t mode;		/* of one that is made; if mode_given, of any */
	bool mode_given;
	unsigned keep;		/* rotated files */
	bool compress;		/* these */
	bool sync;		/* names, too, shall outlive a crash */
};

/* What it is, open. */
struct file_now {
	int fd;			/* -1: not open */
	dev_t dev;
	ino_t ino;
	uint64_t size;
	uint64_t born;		/* nanoseconds since 1970 */
};

/* Why not; text NULL: strerror tells it. */
struct file_error {
	int r;			/* negative errno */
	const char *text;	/* constant */
};

/* Open or make it for appending, never through a link, never what is no regular file.  A last line
 * without an end is cut off; if the end of a line is nowhere near, it was not us: then it gets one. */
struct file_error file_open(const struct file_spec *spec, struct file_now *now);

/* Whether the path names another file by now, or none. */
bool file_moved(const struct file_spec *spec, const struct file_now *now);

/* Cut off so many bytes at the end, the part of a line that was not written whole.  0 or -errno. */
int file_cut(struct file_now *now, uint64_t part);

/* Give it the name of a rotated file; it stays open.  0 or negative errno; -ESTALE: the path names
 * another file. */
int file_rotate(const struct file_spec *spec, const struct file_now *now);

/* Compress the rotated files that are not, remove those that are too many.  *stop: leave off.
 * 0 or the first negative errno. */
int file_tidy(const struct file_spec *spec, const atomic_bool *stop);

/* Compress one file of a folder: name to name.gz, all or nothing.  0 or negative errno, -ECANCELED
 * when stopped. */
int file_pack(int folder, const char *name, const atomic_bool *stop);

#endif
