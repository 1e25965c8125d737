/* SPDX-License-Identifier: Apache-2.0 */
/* Options as tables: a row says name, type, default, range and meaning of a member of a struct, and
 * the parser, the help, the commented sample and the manual come from it. */
#ifndef SAKER_CONFIG_OPTION_H
#define SAKER_CONFIG_OPTION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/diag.h"
#include "config/yaml.h"

/* A text and where it stands; line 0: it is a default. */
struct option_text {
	const char *text;	/* NULL: not given */
	unsigned line, col;
	bool secret;		/* has something of the environment: not to be printed */
};

struct option_list {
	struct option_text *items;
	unsigned n;
};

/* What the member is, and how it is written. */
enum option_type {
	OPTION_BOOL,		/* bool: true or false */
	OPTION_NUMBER,		/* uint64_t */
	OPTION_SIZE,		/* uint64_t, bytes: 64K, 8M */
	OPTION_POWER,		/* uint64_t, a size that is a power of two */
	OPTION_DURATION,	/* uint64_t, milliseconds: 500ms, 5s */
	OPTION_ENUM,		/* unsigned, index in words */
	OPTION_STRING,		/* struct option_text, ${NAME} replaced */
	OPTION_PATH,		/* the same, seen from the folder of the file */
	OPTION_WORD,		/* the same, as it stands */
	OPTION_TEXT,		/* the same, and its place is that of its first character: an expression */
	OPTION_STRINGS,		/* struct option_list; one string is a list of one */
	OPTION_PATHS,
	OPTION_WORDS,
	OPTION_GROUP,		/* a struct with rows of its own; of bools alone, also a list of those that are on */
	OPTION_CUSTOM,		/* anything: parse is called */
};

struct option_row;

struct option_context {
	struct arena *arena;
	struct diag *diag;
	const char *path;	/* of the file, for what is seen from it; may be NULL */
	const char *where;	/* name of the map that is read, "agent.lanes"; "" at the top */
	void *user;		/* for parse */
};

/* Read a value into the member at to.  0, -EINVAL or -ENOMEM with words in cx->diag. */
typedef int (*option_parser)(const struct option_context *cx, const struct option_row *row,
			     const struct node *node, void *to);

struct option_row {
	const char *name;	/* NULL ends a table */
	enum option_type type;
	const char *value;	/* default as it would be written; NULL: none */
	/* Of numbers, in the unit of the member; of the entries of a list.  max 0: any. */
	uint64_t min, max;
	const char *const *words;	/* of an enum, NULL at the end */
	const struct option_row *rows;	/* of a group */
	option_parser parse;	/* of what is custom */
	bool required;
	bool at_start;		/* a change waits for the next start; of a group: all in it */
	const char *form;	/* how what is custom is written: "N/s burst N" */
	const char *help;
	const char *sample;	/* what the sample shows, if not the default */
	size_t offset;
};

#define OPTION(type_, struct_, member, ...) \
	{ .type = OPTION_##type_, .offset = offsetof(struct struct_, member), __VA_ARGS__ }

/* Fill a zeroed struct with the defaults; they must be right, which a test holds. */
int option_defaults(const struct option_row *rows, const struct option_context *cx, void *to);

/* Read a map into a struct that has its defaults.  0, -EINVAL or -ENOMEM with words in cx->diag. */
int option_read(const struct option_row *rows, const struct option_context *cx,
		const struct node *map, void *to);

/* One value by its row; what option_read does with each. */
int option_value(const struct option_row *row, const struct option_context *cx,
		 const struct node *node, void *to);

/* The names of the options of two structs that differ and wait for the next start, ", " between them; ""
 * when there are none.  Returns to. */
char *option_waiting(const struct option_row *rows, const char *where, const void *now, const void *next,
		     char *to, size_t size);

/* Say what is wrong with a value: 'agent.transport "rnig": want ring or perf'.  -EINVAL. */
__attribute__((format(printf, 4, 5))) int option_wrong(const struct option_context *cx,
						       const char *name, const struct node *node,
						       const char *want, ...);

/* A text with ${NAME} replaced by the environment; $${ is ${.  0, -EINVAL or -ENOMEM. */
int option_expand(const struct option_context *cx, const struct node *node,
		  struct option_text *ret);

#define OPTION_HIDDEN "***"

/* What can be shown of a text: *** for a secret, "" if it is not given. */
const char *option_shown(const struct option_text *text);

/* What a row wants, for people: "ring or perf", "a size from 64K to 1G".  Returns to. */
char *option_want(const struct option_row *row, char *to, size_t size);

#endif
