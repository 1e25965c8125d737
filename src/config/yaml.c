// SPDX-License-Identifier: Apache-2.0
/* libyaml's scanner is quadratic in the depth of [ and {, and its document API follows aliases and
 * keeps everything.  So events are taken one by one, the limits are looked at with each, and
 * libyaml is given the text in small pieces: it never works far ahead of what has been judged. */
#include "config/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/utf8.h"

enum { PIECE = 1024 };

struct open_node {
	struct node *node, **tail;	/* where its next entry goes */
	struct node *key;		/* of a map, read and without its value yet */
};

struct reader {
	const char *at, *end;
	const char *text;
	const char *place;		/* in text; marks only grow, so it only moves on */
	unsigned line, col;		/* of place, from 0 */
	struct arena *arena;
	struct diag *diag;
	struct yaml_work work;
	struct open_node open[YAML_DEPTH];
	unsigned depth;
	struct node *root;
	bool ended;
};

static int take_piece(void *ctx, unsigned char *to, size_t size, size_t *taken)
{
	struct reader *r = ctx;
	size_t n = (size_t)(r->end - r->at);

	n = n < size ? n : size;
	n = n < PIECE ? n : PIECE;
	memcpy(to, r->at, n);
	r->at += n;
	r->work.bytes += n;
	*taken = n;
	return 1;
}

static int wrong(struct reader *r, const yaml_mark_t *mark, const char *what)
{
	return diag_set(r->diag, (unsigned)mark->line + 1, (unsigned)mark->column + 1, "%s", what);
}

static int no_memory(struct reader *r)
{
	diag_set(r->diag, 0, 0, "not enough memory");
	return -ENOMEM;
}

static int check_mark(struct reader *r, const yaml_mark_t *mark, const void *anchor,
		      const void *tag)
{
	if (anchor)
		return wrong(r, mark, "anchors are not allowed");
	return tag ? wrong(r, mark, "tags are not allowed") : 0;
}

/* A character by an escape is as unfit as one that stands there. */
static int check_scalar(struct reader *r, const yaml_event_t *e)
{
	const char *p = (const char *)e->data.scalar.value, *end = p + e->data.scalar.length;
	unsigned code = 0;

	if (e->data.scalar.length > YAML_SCALAR)
		return wrong(r, &e->start_mark, "a text is longer than 64K");
	for (size_t n; p < end; p += n) {
		n = utf8_next(p, (size_t)(end - p), &code);
		if (n == 0 || utf8_unfit(code))
			return wrong(r, &e->start_mark,
				     n ? utf8_unfit(code) : "a text is not UTF-8");
	}
	return 0;
}

static struct node *node_new(struct reader *r, enum node_kind kind, const yaml_mark_t *mark)
{
	struct node *node = arena_alloc(r->arena, sizeof(*node));

	if (node) {
		node->kind = kind;
		node->line = (unsigned)mark->line + 1;
		node->col = (unsigned)mark->column + 1;
	}
	return node;
}

static int put_key(struct reader *r, struct open_node *map, struct node *node,
		   const yaml_mark_t *mark)
{
	if (node->kind != NODE_SCALAR)
		return wrong(r, mark, "a key must be text, not a list or map");
	if (node->n == 0)
		return wrong(r, mark, "a key is empty");
	if (!node->quoted && !strcmp(node->text, "<<"))
		return wrong(r, mark, "merge keys are not allowed");
	if (map->node->n == YAML_KEYS)
		return wrong(r, mark, "a map has more than 4096 keys");
	map->key = node;
	return 0;
}

/* Hang a node where it belongs. */
static int put(struct reader *r, struct node *node, const yaml_mark_t *mark)
{
	struct open_node *in = r->depth ? &r->open[r->depth - 1] : NULL;

	if (!in) {
		r->root = node;
		return 0;
	}
	if (in->node->kind == NODE_MAP && !in->key)
		return put_key(r, in, node, mark);
	node->key = in->key;
	in->key = NULL;
	in->node->n++;
	*in->tail = node;
	in->tail = &node->next;
	return 0;
}

static const char *find_place(struct reader *r, const yaml_mark_t *mark)
{
	for (; r->place < r->end && (r->line < mark->line || r->col < mark->column); r->place++) {
		r->col = *r->place == '\n' ? 0 : r->col + 1;
		r->line += *r->place == '\n';
		while ((r->place[1] & 0xc0) == 0x80)
			r->place++;
	}
	return r->place;
}

static int take_scalar(struct reader *r, const yaml_event_t *e)
{
	int ret = check_mark(r, &e->start_mark, e->data.scalar.anchor, e->data.scalar.tag);
	struct node *node;

	if (ret == 0)
		ret = check_scalar(r, e);
	if (ret < 0)
		return ret;
	node = node_new(r, NODE_SCALAR, &e->start_mark);
	if (!node)
		return no_memory(r);
	node->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->source = find_place(r, &e->start_mark);
	node->n = (unsigned)e->data.scalar.length;
	node->text = arena_copy(r->arena, e->data.scalar.value, node->n);
	return node->text ? put(r, node, &e->start_mark) : no_memory(r);
}

static int take_begin(struct reader *r, const yaml_event_t *e, enum node_kind kind)
{
	struct node *node;
	int ret;

	if (r->depth == YAML_DEPTH)
		return wrong(r, &e->start_mark, "lists and maps are nested deeper than 32");
	node = node_new(r, kind, &e->start_mark);
	if (!node)
		return no_memory(r);
	ret = put(r, node, &e->start_mark);
	if (ret == 0)
		r->open[r->depth++] = (struct open_node){ .node = node, .tail = &node->first };
	return ret;
}

static int by_key(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
	int order = strcmp(x->key->text, y->key->text);

	if (order)
		return order;
	if (x->key->line != y->key->line)
		return x->key->line < y->key->line ? -1 : 1;
	return x->key->col < y->key->col ? -1 : 1;
}

static bool before(const struct node *a, const struct node *b)
{
	return a->line < b->line || (a->line == b->line && a->col < b->col);
}

/* Sorted, since a table to hash into could be made slow by its keys. */
static int check_twice(struct reader *r, const struct node *map)
{
	const struct node **all, *twice = NULL, *first = NULL;
	unsigned n = 0;

	if (map->n < 2)
		return 0;
	all = malloc(map->n * sizeof(*all));
	if (!all)
		return no_memory(r);
	for (const struct node *child = map->first; child; child = child->next)
		all[n++] = child;
	qsort(all, n, sizeof(*all), by_key);
	for (unsigned i = 1; i < n; i++)
		if (!strcmp(all[i - 1]->key->text, all[i]->key->text) &&
		    (!twice || before(all[i]->key, twice))) {
			twice = all[i]->key;
			first = all[i - 1]->key;
		}
	free(all);
	if (!twice)
		return 0;
	return diag_set(r->diag, twice->line, twice->col,
			"\"%.64s\" is here twice; first in line %u", twice->text, first->line);
}

static int take_document(struct reader *r, const yaml_event_t *e)
{
	if (e->data.document_start.version_directive ||
	    e->data.document_start.tag_directives.start !=
		    e->data.document_start.tag_directives.end)
		return wrong(r, &e->start_mark, "directives (%) are not allowed");
	if (r->root)
		return wrong(r, &e->start_mark, "a second document begins; a file has one");
	return 0;
}

static int take(struct reader *r, const yaml_event_t *e)
{
	int ret;

	if (++r->work.events > YAML_EVENTS)
		return wrong(r, &e->start_mark, "more than 100000 texts, lists and maps");
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return wrong(r, &e->start_mark, "aliases are not allowed");
	case YAML_SCALAR_EVENT:
		return take_scalar(r, e);
	case YAML_SEQUENCE_START_EVENT:
		ret = check_mark(r, &e->start_mark, e->data.sequence_start.anchor,
				 e->data.sequence_start.tag);
		return ret < 0 ? ret : take_begin(r, e, NODE_LIST);
	case YAML_MAPPING_START_EVENT:
		ret = check_mark(r, &e->start_mark, e->data.mapping_start.anchor,
				 e->data.mapping_start.tag);
		return ret < 0 ? ret : take_begin(r, e, NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
		r->depth--;
		return 0;
	case YAML_MAPPING_END_EVENT:
		return check_twice(r, r->open[--r->depth].node);
	case YAML_DOCUMENT_START_EVENT:
		return take_document(r, e);
	case YAML_STREAM_END_EVENT:
		r->ended = true;
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return 0;
}

/* libyaml says "found character that cannot start any token" where a tab indents. */
static bool is_tab(const struct reader *r, const yaml_mark_t *mark)
{
	const char *line = diag_line(r->text, (size_t)(r->end - r->text), (unsigned)mark->line + 1);

	for (size_t i = 0; line && line < r->end && (*line == ' ' || *line == '\t'); i++, line++)
		if (i <= mark->column && *line == '\t')
			return true;
	return false;
}

static bool cannot_begin(const yaml_parser_t *p)
{
	return p->problem && !strcmp(p->problem, "found character that cannot start any token");
}

static int not_yaml(struct reader *r, const yaml_parser_t *p)
{
	const yaml_mark_t *mark = &p->problem_mark;
	const char *problem = p->problem ? p->problem : "no reason given";
	unsigned line = (unsigned)mark->line + 1, col = (unsigned)mark->column + 1;

	if (p->error == YAML_MEMORY_ERROR)
		return no_memory(r);
	if (is_tab(r, mark))
		return diag_set(r->diag, line, col, "tabs cannot indent YAML; use spaces");
	if (cannot_begin(p))
		return diag_set(r->diag, line, col, "a text that begins with \"%c\" needs quotes",
				*find_place(r, mark));
	if (p->context && p->context_mark.line != mark->line)
		return diag_set(r->diag, line, col, "not YAML: %s %s that begins in line %u",
				problem, p->context, (unsigned)p->context_mark.line + 1);
	return diag_set(r->diag, line, col, "not YAML: %s%s%s", problem, p->context ? " " : "",
			p->context ? p->context : "");
}

static int read_events(struct reader *r)
{
	yaml_parser_t parser;
	yaml_event_t event;
	int ret = 0;

	if (!yaml_parser_initialize(&parser))
		return no_memory(r);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&parser, take_piece, r);
	while (ret == 0 && !r->ended) {
		if (!yaml_parser_parse(&parser, &event)) {
			ret = not_yaml(r, &parser);
			break;
		}
		ret = take(r, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return ret;
}

int yaml_read(const struct node **root, const char *text, size_t len, struct arena *arena,
	      struct diag *diag, struct yaml_work *work)
{
	size_t mark = len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
	struct reader r = { .text = text + mark, .place = text + mark, .at = text + mark,
			    .end = text + len, .arena = arena, .diag = diag };
	int ret;

	if (len > YAML_BYTES)
		return diag_set(diag, 0, 0, "larger than 1M");
	if (len >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
		return diag_set(diag, 1, 1, "the text is UTF-16; want UTF-8");
	ret = utf8_check(r.at, len - mark, diag);
	if (ret == 0)
		ret = read_events(&r);
	if (work)
		*work = r.work;
	if (ret == 0 && !r.root)
		ret = diag_set(diag, 0, 0, "the file is empty");
	if (ret == 0)
		*root = r.root;
	return ret;
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (map->kind != NODE_MAP)
		return NULL;
	for (const struct node *child = map->first; child; child = child->next)
		if (!strcmp(child->key->text, key))
			return child;
	return NULL;
}

bool node_null(const struct node *node)
{
	if (node->kind != NODE_SCALAR || node->quoted)
		return false;
	return node->n == 0 || !strcmp(node->text, "~") || !strcmp(node->text, "null");
}

static bool white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Behind the quote or the rest of the line that begins a scalar. */
static const char *behind_mark(const char *p)
{
	if (*p == '"' || *p == '\'')
		return p + 1;
	return *p == '|' || *p == '>' ? p + strcspn(p, "\n") : p;
}

/* The end of what is in the source as in text, but for white space; NULL when they differ. */
static const char *same_end(const char *p, const char *text)
{
	const char *end = p;

	for (; *text; text++) {
		if (white(*text))
			continue;
		while (white(*p))
			p++;
		if (*p != *text)
			return NULL;
		end = ++p;
	}
	return end;
}

const char *yaml_raw(const struct node *node, size_t *len, unsigned *line, unsigned *col)
{
	const char *p = node->source, *begin = behind_mark(p), *end;
	unsigned at_line = node->line, at_col = node->col;

	while (white(*begin))
		begin++;
	end = same_end(begin, node->text);
	if (!end)
		return NULL;
	for (; p < begin; p++) {
		at_col = *p == '\n' ? 1 : at_col + ((*p & 0xc0) != 0x80);
		at_line += *p == '\n';
	}
	*len = (size_t)(end - begin);
	*line = at_line;
	*col = at_col;
	return begin;
}

const char *node_kind_name(const struct node *node)
{
	if (node->kind == NODE_MAP)
		return node->n ? "a map" : "an empty map";
	if (node->kind == NODE_LIST)
		return node->n ? "a list" : "an empty list";
	return node_null(node) ? "nothing" : "text";
}
