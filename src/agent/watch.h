/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells when files or folders were changed, once the changing is over.
 *
 * Folders are watched, not files: a file's own watch dies when an editor puts a new file in its
 * place.  What inotify cannot see (a write through a link from elsewhere, another file system
 * mounted on top), and what its limits hide, a look every 30 seconds finds.
 */
#ifndef SAKER_AGENT_WATCH_H
#define SAKER_AGENT_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum {
	WATCH_MARKS = 1024,	/* names looked for in folders */
	WATCH_QUIET_MS = 200,
	WATCH_STORM_MS = 2000,
	WATCH_APART_MS = 500,
	WATCH_POLL_MS = 30000,
};

/* A name that matters in a watched folder. */
struct watch_mark {
	uint64_t name;		/* its hash; 0: all that count, see fingerprint_counts */
	int wd;
};

/* What is set before watch_start; 0 for the defaults above. */
struct watch_times {
	unsigned quiet_ms;	/* without another change before it is told */
	unsigned storm_ms;	/* after the first change it is told though others follow */
	unsigned apart_ms;	/* between two times it is told */
	unsigned poll_ms;	/* between two looks */
};

struct watch {
	struct watch_times times;
	void (*health)(void *ctx);	/* degraded has another text; set before watch_start, may be NULL */
	void (*changed)(void *ctx);
	void *ctx;
	uv_loop_t *loop;
	uv_poll_t poll;
	uv_timer_t settle, look;
	int fd;				/* inotify; -1: none */
	char **paths;			/* absolute; one block with the strings */
	size_t npaths;
	struct watch_mark *marks;
	unsigned nmarks;
	uint64_t hash;			/* fingerprint of what was told last */
	uint64_t first, told;		/* change not yet told, and last telling, as of uv_now */
	bool started;
	bool pending;			/* a change was not yet told */
	bool certain;			/* and needs no look whether it was one */
	char told_degraded[256];
	char degraded[256];		/* what inotify does not tell, for people; "": nothing */

	/* Counters. */
	uint64_t events, overflows, looks, tellings;
};

/*
 * Watch n files and folders, which need not exist, from now on: read them after this, not before.
 * changed is called on the loop and may call watch_paths and watch_stop.  When one file was changed
 * another may be half written: ask fingerprint_writing.
 *
 * The watch must be zeroed but for its times, and stay where it is until its handles are closed.
 * 0 or negative errno; without inotify it is 0, and degraded says so.
 */
int watch_start(struct watch *watch, uv_loop_t *loop, const char *const *paths, size_t n,
		void (*changed)(void *ctx), void *ctx);

/* Watch others from now on; if they are others, changed is called once more.  0 or -errno, and then
 * nothing changes.  Once it was stopped, this does nothing: a reload may end after that. */
int watch_paths(struct watch *watch, const char *const *paths, size_t n);

/* Close the handles, which takes one more turn of the loop.  Also of a zeroed watch, and again. */
void watch_stop(struct watch *watch);

#endif
