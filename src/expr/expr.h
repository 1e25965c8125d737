/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expression language of filters, policies and rules: what sysdig and Falco users write.
 *
 *	evt.type = openat and fd.name startswith /etc and not proc.name in (cat, less)
 *
 * A comparison is false when the event has no such field or its value is unknown, != included;
 * "not" in front of it is then true.  A list as operand compares by each member: one that does
 * suffices, save for "in", which asks all of them, and "!=", which asks that none is equal.
 * bcontains and bstartswith take bytes in hexadecimal, as fields of bytes do with =.  Every value that JSON
 * shows can be written as it is shown there.
 * tolower(FIELD), toupper(), basename() and b64() are functions of a text, at most four in each other; val(FIELD) or a
 * function on the right side compares with that field, and is false where it is not known.
 * contains and icontains look in the members joined by spaces.  regex and glob match all of
 * the text.
 */
#ifndef SAKER_EXPR_EXPR_H
#define SAKER_EXPR_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "filter.h"
#include "identity/subject.h"

struct arena;
struct diag;
struct event_set;
struct expr;
struct notes;

enum {
	EXPR_LENGTH_MAX = 65536,	/* bytes of one text */
	EXPR_DEPTH_MAX = 32,		/* parentheses, not, macros and lists in each other */
	EXPR_ITEMS_MAX = 4096,		/* comparisons and operators, macros expanded */
	EXPR_VALUES_MAX = 16384,	/* values of all lists */
};

/* Where the first character of a text is; margin: the column where its other lines begin. */
struct expr_source {
	const char *file;
	unsigned line, col, margin;
};

struct expr_macro {
	const char *name, *text;
	struct expr_source where;
};

/* An item may be the name of another list. */
struct expr_list {
	const char *name;
	const char *const *items;
	size_t n;
};

struct expr_names {
	const struct expr_macro *macros;
	const struct expr_list *lists;
	size_t nmacros, nlists;
};

struct expr_view {
	const void *record;			/* valid */
	struct subject subject;
	int64_t boot_to_wall;			/* nanoseconds to add to times since boot for dates */
	struct notes *notes;			/* of this record's texts, for many expressions; may be NULL */
};

/* Compile a text for these events; for others it never matches.  text, where, names and what they
 * point to must live as long as ret.  names may be NULL.  -EINVAL with diag set, or -ENOMEM. */
int expr_compile(struct expr **ret, struct arena *arena, const char *text,
		 const struct expr_source *where, const struct expr_names *names,
		 const struct event_set *events, struct diag *diag);

/* While a container is still being read of, whether it may match: whatever its files will tell. */
bool expr_match(const struct expr *expr, const struct expr_view *view);

/* Whether it asks of this event what only those files tell. */
bool expr_asks_files(const struct expr *expr, unsigned id);

/* Whether it asks of this event what the kernel side tells where it is asked for. */
bool expr_asks_session(const struct expr *expr, unsigned id);

/* Whether somewhere it asks for a member of a list that is empty. */
bool expr_asks_empty(const struct expr *expr);

/* Whether some record of this event may match. */
bool expr_event_possible(const struct expr *expr, unsigned id);

/* Texts and sets that the filters of one generation share.  Memory is the caller's; zeroed but for
 * the four it gives.  Numbers of texts and sets count from 0. */
struct push_down {
	struct filter_text *texts;
	struct filter_member *members;	/* without generation; set by set */
	unsigned max_texts, max_members;
	unsigned ntexts, nmembers, nsets;
	unsigned subtrees[FILTER_SUBTREES];	/* sets of processes' ids, a bit of a lineage each */
	unsigned nsubtrees, nroots;		/* nroots: members of these */
};

enum push { PUSH_EVERYTHING, PUSH_FILTER, PUSH_NOTHING };

/* What the kernel side can ask beforehand: whatever matches passes the filter.  PUSH_EVERYTHING
 * when there is nothing to ask, PUSH_NOTHING when no record of the event can match; filter is set
 * always. */
enum push expr_push_down(const struct expr *expr, unsigned id, struct push_down *shared,
			 struct event_filter *filter);

/* Lines that tell what is asked where. */
void expr_explain(const struct expr *expr, unsigned id, FILE *to);

struct expr_field {
	const char *name, *type, *doc;
	const char *alias_of;	/* NULL: it is a name of its own */
};

/* Every operand but those of single events (args.NAME). */
void expr_fields(void (*each)(void *ctx, const struct expr_field *field), void *ctx);

#endif
