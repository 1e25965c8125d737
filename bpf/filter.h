/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The part of an expression that the kernel side evaluates, over the record it has just made.
 *
 * A filter is an or of alternatives, an alternative an and of terms, and a term one comparison of
 * one field.  It is a necessary condition: what it rejects the whole expression would reject, and
 * what it lets through is asked again in user space. */
#ifndef SAKER_BPF_FILTER_H
#define SAKER_BPF_FILTER_H

#include <linux/types.h>

enum {
	FILTER_NONE = 0,		/* every event passes */
	FILTERS_MAX = 256,		/* numbers of one policy generation's filters end here */
	FILTER_UNWANTED = 0xffff,	/* the generation does not want the event at all */
	FILTER_ALTERNATIVES = 8,
	FILTER_TERMS = 6,		/* of one alternative */
	FILTER_TEXTS = 512,		/* strings of one generation */
	FILTER_TEXT_MAX = 128,		/* bytes compared of a string */
	FILTER_SETS = 4096,		/* members of all sets of numbers of one generation */
	FILTER_SUBTREES = 64,		/* sets that ancestors are asked for, of one generation */
	FILTER_ROOTS = 256,		/* members of all these */
};

enum term_op {
	/* Numbers: the field at off, width bytes (2, 4 or 8), sign-extended when is_signed.  Of an address:
	 * its family, and the port in the upper half of 32 bits. */
	TERM_EQ, TERM_LT, TERM_LE, TERM_GT, TERM_GE,
	TERM_ANY,		/* field & value != 0 */
	TERM_ALL,		/* field & value == value */
	TERM_IN,		/* member of the set of number value */
	TERM_TYPE,		/* of a file's mode: bit S_IFMT >> 12 of value is set */
	/* Texts: the span at off, or the 16 bytes of a task name when width is 16. */
	TERM_TEXT_EQ,		/* equals text number value */
	TERM_TEXT_PREFIX,	/* begins with it */
	TERM_TEXT_SUFFIX,
	/* Addresses: a struct wire_addr at off; value is a text number: 16 bytes of address, then one
	 * of family (4 or 6) and one of prefix length. */
	TERM_NET,
};

/* What off counts from.  The fact is the one that fd_main (src/event/fd.h) shows first.  A fact,
 * socket or address that is not there compares as false. */
enum term_from {
	FROM_RECORD,
	FROM_FACT,		/* its struct fact */
	FROM_SOCK,		/* its struct fact_sock */
	FROM_NAME,		/* what fd_name says; off has no meaning */
	FROM_REMOTE,		/* where its socket is connected to, else the sockaddr whose span is at off; 0: none */
	FROM_SOCKADDR,		/* the sockaddr whose span is at off of the record */
	FROM_CGROUP,		/* name of the task's cgroup, or the one above it, on level off, which counts
				 * from the root's, 0; passes when that is not the cgroup of the current task */
	FROM_LINEAGE,		/* process ids of all its ancestors: one in the set; off is the subtree's bit.  Passes when
				 * they are not known */
	FROM_EXE,		/* struct exe of what the process runs, a text is its path; passes when unknown */
};

/* What a process runs, as of its exec. */
struct exe {
	__u64 dev, ino;
	__u32 len, pad;			/* of the path, without its NUL */
	char begin[FILTER_TEXT_MAX];	/* of the path */
	char end[FILTER_TEXT_MAX];	/* likewise; all of a path that is shorter */
};

struct filter_term {
	__u16 off;		/* of the field */
	__u8 width;
	__u8 op;		/* enum term_op */
	__u8 negate;		/* the field must not compare so */
	__u8 is_signed;
	__u8 late;		/* the field is only there once memory and facts were fetched */
	__u8 from;		/* enum term_from */
	__u64 value;
};

struct filter_alternative {
	__u64 nterms;
	struct filter_term terms[FILTER_TERMS];
};

struct event_filter {
	__u64 nalternatives;
	struct filter_alternative alternatives[FILTER_ALTERNATIVES];
};

struct filter_text {
	__u32 len, pad;
	char bytes[FILTER_TEXT_MAX];
};

struct filter_member {		/* key of the map of set members */
	__u32 generation, set;
	__u64 value;
};

#endif
