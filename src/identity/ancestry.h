/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ancestors of who did what a record tells: the one that started it, who started that one, and so
 * on.  That an ancestor ended and its children were adopted hides none of them.
 */
#ifndef SAKER_IDENTITY_ANCESTRY_H
#define SAKER_IDENTITY_ANCESTRY_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct process_table;
struct subject;
struct who;

enum { ANCESTORS_MAX = 64 };	/* that are looked at; what is beyond counts as lost */

struct ancestry {
	struct process_table *table;
	uint32_t pid;			/* of the next one; 0: there is none */
	uint64_t start;
	unsigned seen;
};

struct ancestor {
	uint32_t pid;
	uint64_t start;
	const struct process *process;	/* NULL: not known, and nobody before it */
};

/* who: of the record. */
void ancestry_begin(struct ancestry *a, const struct subject *subject, const struct who *who);

/* The parent first.  False when there is no other. */
bool ancestry_next(struct ancestry *a, struct ancestor *ret);

/* The n-th, 1 is the one that started it; false when it has not so many, or they are not known. */
bool ancestry_nth(const struct subject *subject, const struct who *who, unsigned n, struct ancestor *ret);

/* The ids of all ancestors of a process as they are shown, the parent first.  How many, or -1 when not all of
 * them are known. */
int ancestry_ids(struct process_table *table, const struct process *p, uint32_t ids[ANCESTORS_MAX]);

/* Another number when one of the first n, or the parent it has by now, may look different. */
uint64_t ancestry_stamp(const struct subject *subject, const struct who *who, unsigned n);

/* The parent it has by now; NULL when unknown. */
const struct process *subject_parent(const struct subject *subject, const struct who *who);

#endif
