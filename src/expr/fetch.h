/* SPDX-License-Identifier: Apache-2.0 */
/* The value that an operand has in a record. */
#ifndef SAKER_EXPR_FETCH_H
#define SAKER_EXPR_FETCH_H

#include "event/fd.h"
#include "event/schema.h"
#include "expr/constant.h"

/* One value; ports and addresses of either end are two.  Texts lie in the record, the process
 * table, or in made. */
struct fetched {
	unsigned n;		/* 0: there is none */
	union {
		uint64_t numbers[2];
		struct constant_text text;	/* of a list: its members, each with its NUL */
		struct constant_net nets[2];
	};
	struct fd_name name;
	char made[RECORD_MAX];	/* a list with spaces in place of its NULs */
};

/* Does not touch made unless needed; f need not be initialized. */
void fetch(struct fetched *f, const struct access *access, const struct expr_view *view);

/* A list as one text. */
void fetch_joined(struct fetched *f);

/* A part of what is known of the process, its parent or one of its ancestors, fetch_process.c. */
void fetch_process(struct fetched *f, const struct access *access, const struct expr_view *view);

/* The same of each ancestor in turn: false when there is no other.  f->n is 0 for one whose part is
 * unknown. */
struct ancestry;
bool fetch_ancestor(struct fetched *f, const struct access *access, struct ancestry *ancestry);

/* Falco's letters for types of descriptors; o for all others. */
extern const struct fd_letter { const char *type, *letter; } fd_letters[];
extern const size_t fd_nletters;

/* A part of what is known of the container, fetch_container.c. */
void fetch_container(struct fetched *f, const struct access *access, const struct expr_view *view);

/* A part of what a descriptor is, fetch_fd.c. */
void fetch_fd(struct fetched *f, const struct access *access, const void *record);
void fetch_end(struct fetched *f, const struct access *access, const void *record);

static inline void fetched_number(struct fetched *f, uint64_t value)
{
	f->n = 1;
	f->numbers[0] = value;
}

static inline void fetched_text(struct fetched *f, const char *s, size_t len)
{
	f->n = 1;
	f->text = (struct constant_text){ s, len };
}

/* Numbers that lie in the record. */
static inline uint64_t fetch_number(const struct access *a, const void *record)
{
	unsigned native = ((const struct head *)record)->abi == ABI_32 ? 32 : 64;
	unsigned bits = a->bits ? a->bits : native, shift;
	uint64_t value = 0;

	if (a->get == GET_HEAD4 || a->get == GET_ASKED) {
		memcpy(&value, (const char *)record + a->off, 4);
		bits = bits < 32 ? bits : 32;
	} else {
		memcpy(&value, (const char *)record + a->off, 8);
	}
	shift = 64 - bits;
	return a->sign ? (uint64_t)((int64_t)(value << shift) >> shift) : value << shift >> shift;
}

#endif
