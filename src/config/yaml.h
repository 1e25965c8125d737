/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML text as a tree of nodes that know where they stand.
 *
 * The part of YAML that configuration needs: scalars, lists, maps.  Anchors, aliases, tags, merge
 * keys, directives, several documents, keys that are no text or come twice, and characters that do
 * not show are mistakes.  Work and memory are bounded whatever the text. */
#ifndef SAKER_CONFIG_YAML_H
#define SAKER_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"

enum {
	YAML_BYTES = 1 << 20,	/* of a text */
	YAML_DEPTH = 32,	/* lists and maps in one another */
	YAML_EVENTS = 100000,	/* of libyaml: a scalar, the begin or end of a list or map */
	YAML_KEYS = 4096,	/* of a map */
	YAML_SCALAR = 64 << 10,	/* bytes of one */
	YAML_ARENA = 8 << 20,	/* bytes of tree that no text exceeds */
};

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	uint8_t kind;		/* enum node_kind */
	bool quoted;		/* a scalar in quotes or a block, which is never null */
	unsigned line, col;
	unsigned n;		/* bytes of a scalar, entries of a list or map */
	union {
		const char *text;	/* with a NUL behind it and none in it */
		struct node *first;
	};
	const char *source;	/* of a scalar: where it stands in the text that was read */
	struct node *key;	/* scalar; NULL in a list */
	struct node *next;	/* in the list or map */
};

/* What reading took. */
struct yaml_work {
	size_t bytes;		/* that libyaml asked for */
	unsigned events;
};

/* Read a text of len bytes and a NUL; nodes point into it.  0; -EINVAL or -ENOMEM with words in
 * diag.  work may be NULL. */
int yaml_read(const struct node **root, const char *text, size_t len, struct arena *arena,
	      struct diag *diag, struct yaml_work *work);

/* The value of a key, NULL if the map has none. */
const struct node *node_get(const struct node *map, const char *key);

/* Nothing, ~ or null, without quotes. */
bool node_null(const struct node *node);

/* A scalar as it stands in the source, from its first character to its last, without the quotes or
 * the mark of a block: it differs from text only in white space.  *line and *col are set to where
 * that is. NULL when escapes make it differ more. */
const char *yaml_raw(const struct node *node, size_t *len, unsigned *line, unsigned *col);

/* "a map", "a list", "nothing", "text", to say what something is. */
const char *node_kind_name(const struct node *node);

#endif
