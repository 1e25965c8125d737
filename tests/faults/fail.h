/* SPDX-License-Identifier: Apache-2.0 */
/* What a test and a process with fail.c in it share: a mapped file, named by FAIL_FILE.  The test
 * writes what shall fail, then sets armed; calls are counted and fail only while it is set. */
#ifndef SAKER_TESTS_FAULTS_FAIL_H
#define SAKER_TESTS_FAULTS_FAIL_H

enum fail_what {
	FAIL_NOTHING,
	FAIL_MEMORY,		/* malloc, calloc and realloc: ENOMEM */
	FAIL_BPF,		/* bpf(2) with this command */
	FAIL_OPEN,		/* open of a file with this name in whatever folder */
	FAIL_WATCH,		/* inotify_add_watch */
};

struct fail_order {
	_Atomic int armed;
	enum fail_what what;
	unsigned command;	/* of bpf(2) */
	int error;		/* errno of the call that fails */
	long nth, times;	/* the first that fails, from 1 on, and how many do; 0: one */
	char name[64];		/* of FAIL_OPEN */
	_Atomic long calls;	/* since it was set to 0, while armed */
	_Atomic long held;	/* allocations that are not freed, since the process began, */
	_Atomic long bytes;	/* and what they hold */
};

#endif
