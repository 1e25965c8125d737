// SPDX-License-Identifier: Apache-2.0
#include "config/option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "config/file.h"
#include "config/unit.h"
#include "config/utf8.h"

enum { WORDS_MAX = 32, NAME_BYTES = 128, SHOWN = 64 };

static int no_memory(const struct option_context *cx)
{
	diag_set(cx->diag, 0, 0, "not enough memory");
	return -ENOMEM;
}

/* agent.lanes.normal */
static const char *full_name(const struct option_context *cx, const char *name,
			     char to[static NAME_BYTES])
{
	snprintf(to, NAME_BYTES, "%.63s%s%.63s", cx->where, *cx->where ? "." : "", name);
	return to;
}

int option_wrong(const struct option_context *cx, const char *name, const struct node *node,
		 const char *want, ...)
{
	char full[NAME_BYTES], text[256];
	va_list args;

	va_start(args, want);
	vsnprintf(text, sizeof(text), want, args);
	va_end(args);
	full_name(cx, name, full);
	if (node->kind != NODE_SCALAR || node_null(node))
		return diag_set(cx->diag, node->line, node->col, "%s: want %s, not %s", full, text,
				node_kind_name(node));
	return diag_set(cx->diag, node->line, node->col, "%s \"%.*s%s\": want %s", full, SHOWN,
			node->text, node->n > SHOWN ? ".." : "", text);
}

/* --- what is wanted */

/* "a, b or c" */
static void print_words(const char *const *words, const char *last, char *to, size_t size)
{
	size_t at = 0;

	*to = 0;
	for (size_t i = 0; words[i] && at < size; i++) {
		const char *before = i == 0 ? "" : words[i + 1] ? ", " : last;

		at += (size_t)snprintf(to + at, size - at, "%s%s", before, words[i]);
	}
}

static void print_range(const struct option_row *row, const char *what, char *to, size_t size)
{
	char min[UNIT_TEXT], max[UNIT_TEXT];

	if (!row->max) {
		snprintf(to, size, "%s%s", what, row->type == OPTION_SIZE ? " such as 64M" :
			 row->type == OPTION_DURATION ? " such as 500ms or 5s" : "");
		return;
	}
	if (row->type == OPTION_DURATION) {
		unit_print_duration(min, row->min);
		unit_print_duration(max, row->max);
	} else if (row->type == OPTION_NUMBER) {
		snprintf(min, sizeof(min), "%" PRIu64, row->min);
		snprintf(max, sizeof(max), "%" PRIu64, row->max);
	} else {
		unit_print_size(min, row->min);
		unit_print_size(max, row->max);
	}
	snprintf(to, size, "%s from %s to %s", what, min, max);
}

/* "a list of 1 to 16 names" */
static void print_list(const struct option_row *row, char *to, size_t size)
{
	static const char *const words[] = {
		[OPTION_STRINGS] = "texts", [OPTION_PATHS] = "paths", [OPTION_WORDS] = "names",
	};
	const char *what = words[row->type];

	if (row->max)
		snprintf(to, size, "a list of 1 to %" PRIu64 " %s", row->max, what);
	else
		snprintf(to, size, "a list of %s", what);
}

static bool is_list(const struct option_row *row)
{
	return row->type == OPTION_STRINGS || row->type == OPTION_PATHS ||
	       row->type == OPTION_WORDS;
}

/* Whether it can be written as a list of those that are on. */
static bool is_switches(const struct option_row *row)
{
	const struct option_row *one = row->type == OPTION_GROUP ? row->rows : NULL;

	while (one && one->name && one->type == OPTION_BOOL)
		one++;
	return one && !one->name;
}

/* "a map, or a list such as [env, stack]" */
static void print_switches(const struct option_row *one, char *to, size_t size)
{
	const char *before = "a map, or a list such as [";
	size_t n = 0;

	for (; one->name && n < size; one++, before = ", ")
		n += (size_t)snprintf(to + n, size - n, "%s%s", before, one->name);
	if (n < size)
		snprintf(to + n, size - n, "]");
}

char *option_want(const struct option_row *row, char *to, size_t size)
{
	static const char *const plain[] = {
		[OPTION_BOOL] = "true or false",
		[OPTION_NUMBER] = "a number",
		[OPTION_SIZE] = "a size",
		[OPTION_POWER] = "a size that is a power of two",
		[OPTION_DURATION] = "a time",
		[OPTION_ENUM] = "a word",
		[OPTION_STRING] = "text",
		[OPTION_PATH] = "a path",
		[OPTION_TEXT] = "an expression",
		[OPTION_WORD] = "text",
		[OPTION_GROUP] = "a map",
		[OPTION_CUSTOM] = "a value",
	};

	if (row->type == OPTION_ENUM)
		print_words(row->words, " or ", to, size);
	else if (is_list(row))
		print_list(row, to, size);
	else if (row->type == OPTION_CUSTOM && row->form)
		snprintf(to, size, "%s", row->form);
	else if (is_switches(row))
		print_switches(row->rows, to, size);
	else
		print_range(row, plain[row->type], to, size);
	return to;
}

static int wrong(const struct option_context *cx, const struct option_row *row,
		 const struct node *node)
{
	char want[200];

	return option_wrong(cx, row->name, node, "%s", option_want(row, want, sizeof(want)));
}

/* --- the environment */

static bool name_char(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static bool shows(const char *text)
{
	unsigned code = 0;
	size_t left = strlen(text);

	for (size_t n; left; text += n, left -= n) {
		n = utf8_next(text, left, &code);
		if (n == 0 || code == '\n' || utf8_unfit(code))
			return false;
	}
	return true;
}

/* The value of the variable that p, behind a ${, names.  *end: behind the }. */
static int look_up(const struct option_context *cx, const struct node *node, const char *p,
		   const char **value, const char **end)
{
	char name[NAME_BYTES];
	size_t len = 0;

	while (name_char(p[len], len == 0))
		len++;
	if (p[len] != '}' || len == 0 || len >= sizeof(name))
		return diag_set(cx->diag, node->line, node->col,
				"after \"${\" want a name of letters, digits and _, and \"}\"; $${ "
				"stands for ${ itself");
	snprintf(name, sizeof(name), "%.*s", (int)len, p);
	*value = getenv(name);
	*end = p + len + 1;
	if (!*value)
		return diag_set(cx->diag, node->line, node->col,
				"the environment has no variable %s", name);
	if (strlen(*value) > YAML_SCALAR)
		return diag_set(cx->diag, node->line, node->col,
				"the variable %s is longer than 64K", name);
	if (!shows(*value))
		return diag_set(cx->diag, node->line, node->col,
				"the variable %s has characters that do not show", name);
	return 0;
}

struct growing {
	char *text;	/* room for YAML_SCALAR bytes */
	size_t n;
};

static int append(struct growing *g, const char *piece, size_t n)
{
	if (n > YAML_SCALAR - g->n)
		return -E2BIG;
	memcpy(g->text + g->n, piece, n);
	g->n += n;
	return 0;
}

static int expand(const struct option_context *cx, const struct node *node, struct growing *g,
		  bool *secret)
{
	const char *p = node->text, *value = "";
	int r = 0;

	for (const char *at; r == 0 && (at = strstr(p, "${"));) {
		if (at > p && at[-1] == '$') {
			r = append(g, p, (size_t)(at - p) - 1);
			r = r < 0 ? r : append(g, "${", 2);
			p = at + 2;
			continue;
		}
		r = append(g, p, (size_t)(at - p));
		r = r < 0 ? r : look_up(cx, node, at + 2, &value, &p);
		r = r < 0 ? r : append(g, value, strlen(value));
		*secret = true;
	}
	r = r < 0 ? r : append(g, p, strlen(p));
	if (r == -E2BIG)
		return diag_set(cx->diag, node->line, node->col,
				"with its variables the text is longer than 64K");
	return r;
}

int option_expand(const struct option_context *cx, const struct node *node, struct option_text *ret)
{
	struct option_text text = { node->text, node->line, node->col, false };
	struct growing g = { 0 };
	int r;

	if (!strstr(node->text, "${")) {
		*ret = text;
		return 0;
	}
	g.text = malloc(YAML_SCALAR);
	if (!g.text)
		return no_memory(cx);
	r = expand(cx, node, &g, &text.secret);
	if (r == 0)
		text.text = arena_copy(cx->arena, g.text, g.n);
	free(g.text);
	if (r < 0)
		return r;
	*ret = text;
	return text.text ? 0 : no_memory(cx);
}

const char *option_shown(const struct option_text *text)
{
	return !text->text ? "" : text->secret ? OPTION_HIDDEN : text->text;
}

/* --- values */

static int read_bool(const struct node *node, void *to)
{
	bool yes = !strcmp(node->text, "true"), no = !strcmp(node->text, "false");

	if (!yes && !no)
		return -EINVAL;
	*(bool *)to = yes;
	return 0;
}

static int read_number(const struct option_row *row, const struct node *node, void *to)
{
	uint64_t value = 0;
	int r;

	if (row->type == OPTION_NUMBER)
		r = unit_number(node->text, &value);
	else if (row->type == OPTION_DURATION)
		r = unit_duration(node->text, &value);
	else
		r = unit_size(node->text, &value);
	if (r < 0 || (row->max && (value < row->min || value > row->max)))
		return -EINVAL;
	if (row->type == OPTION_POWER && (!value || value & (value - 1)))
		return -EINVAL;
	*(uint64_t *)to = value;
	return 0;
}

static int read_enum(const struct option_context *cx, const struct option_row *row,
		     const struct node *node, void *to)
{
	const char *near;
	char want[160];
	size_t n = 0;

	for (; row->words[n]; n++)
		if (!strcmp(row->words[n], node->text)) {
			*(unsigned *)to = (unsigned)n;
			return 0;
		}
	near = nearest(node->text, row->words, n);
	option_want(row, want, sizeof(want));
	if (!near)
		return option_wrong(cx, row->name, node, "%s", want);
	return option_wrong(cx, row->name, node, "%s, did you mean \"%s\"?", want, near);
}

static bool is_path(const struct option_row *row)
{
	return row->type == OPTION_PATH || row->type == OPTION_PATHS;
}

static bool is_word(const struct option_row *row)
{
	return row->type == OPTION_WORD || row->type == OPTION_WORDS;
}

static int read_string(const struct option_context *cx, const struct option_row *row,
		       const struct node *node, struct option_text *to)
{
	struct option_text text = { node->text, node->line, node->col, false };
	int r;

	if (node->kind != NODE_SCALAR || node_null(node))
		return option_wrong(cx, row->name, node, "%s", is_path(row) ? "a path" : "text");
	r = is_word(row) ? 0 : option_expand(cx, node, &text);
	if (r < 0)
		return r;
	if (!*text.text)
		return option_wrong(cx, row->name, node, "%s",
				    is_path(row) ? "a path that is not empty"
						 : "text that is not empty");
	if (is_path(row))
		text.text = file_beside(cx->arena, cx->path, text.text);
	if (!text.text)
		return no_memory(cx);
	*to = text;
	return 0;
}

static int read_strings(const struct option_context *cx, const struct option_row *row,
			const struct node *node, struct option_list *to)
{
	const struct node *item = node->kind == NODE_LIST ? node->first : node;
	struct option_list list = { .n = node->kind == NODE_LIST ? node->n : 1 };
	char full[NAME_BYTES], want[64];
	int r = 0;

	if (node->kind == NODE_MAP || node_null(node))
		return wrong(cx, row, node);
	if (row->max && list.n > row->max)
		return diag_set(cx->diag, node->line, node->col, "%s: want %s, not %u",
				full_name(cx, row->name, full),
				option_want(row, want, sizeof(want)), list.n);
	if (list.n == 0)
		return wrong(cx, row, node);
	list.items = arena_alloc(cx->arena, list.n * sizeof(*list.items));
	if (!list.items)
		return no_memory(cx);
	for (unsigned i = 0; r == 0 && i < list.n; i++, item = item->next)
		r = read_string(cx, row, item, &list.items[i]);
	if (r == 0)
		*to = list;
	return r;
}

/* As it stands in the file when it can be, so that what is wrong in it can be pointed at. */
static int read_text(const struct option_context *cx, const struct option_row *row,
		     const struct node *node, struct option_text *to)
{
	struct option_text text = { node->text, node->line, node->col, false };
	const char *raw;
	size_t len;

	if (!node->text[strspn(node->text, " \t\n")])
		return wrong(cx, row, node);
	raw = node->source ? yaml_raw(node, &len, &text.line, &text.col) : NULL;
	if (raw)
		text.text = arena_copy(cx->arena, raw, len);
	if (!text.text)
		return no_memory(cx);
	*to = text;
	return 0;
}

static int read_scalar(const struct option_context *cx, const struct option_row *row,
		       const struct node *node, void *to)
{
	int r;

	if (node->kind != NODE_SCALAR || node_null(node))
		return wrong(cx, row, node);
	if (row->type == OPTION_ENUM)
		return read_enum(cx, row, node, to);
	if (row->type == OPTION_TEXT)
		return read_text(cx, row, node, to);
	r = row->type == OPTION_BOOL ? read_bool(node, to) : read_number(row, node, to);
	return r < 0 ? wrong(cx, row, node) : 0;
}

static const struct option_row *find(const struct option_row *rows, const char *name)
{
	for (; rows->name; rows++)
		if (!strcmp(rows->name, name))
			return rows;
	return NULL;
}

static int unknown(const struct option_row *rows, const struct option_context *cx,
		   const struct node *key)
{
	const char *names[WORDS_MAX + 1] = { 0 }, *near;
	char all[400];
	size_t n = 0;

	for (; rows->name && n < WORDS_MAX; rows++)
		names[n++] = rows->name;
	near = nearest(key->text, names, n);
	print_words(names, " and ", all, sizeof(all));
	return diag_set(cx->diag, key->line, key->col, "unknown key \"%.*s\"%s%.80s%s%s%s", SHOWN,
			key->text, *cx->where ? " in " : "", cx->where,
			near	 ? ", did you mean \""
			: n == 1 ? "; there is "
				 : "; there are ",
			near ? near : all, near ? "\"?" : "");
}

/* A group of switches as a list of those that are on. */
static int read_switches(const struct option_context *cx, const struct option_row *row,
			 const struct node *list, void *to)
{
	for (const struct node *item = list->first; item; item = item->next) {
		const struct option_row *one;

		if (item->kind != NODE_SCALAR || node_null(item))
			return diag_set(cx->diag, item->line, item->col, "%s: want the names of what is on, not %s",
					cx->where, node_kind_name(item));
		one = find(row->rows, item->text);
		if (!one)
			return unknown(row->rows, cx, item);
		*(bool *)((char *)to + one->offset) = true;
	}
	return 0;
}

static int read_group(const struct option_context *cx, const struct option_row *row,
		      const struct node *node, void *to)
{
	const struct node nothing = { .kind = NODE_MAP, .line = node->line, .col = node->col };
	struct option_context inner = *cx;
	char full[NAME_BYTES];

	inner.where = full_name(cx, row->name, full);
	if (node_null(node))
		return option_read(row->rows, &inner, &nothing, to);
	if (node->kind == NODE_LIST && is_switches(row))
		return read_switches(&inner, row, node, to);
	return node->kind == NODE_MAP ? option_read(row->rows, &inner, node, to)
				      : wrong(cx, row, node);
}

int option_value(const struct option_row *row, const struct option_context *cx,
		 const struct node *node, void *to)
{
	switch (row->type) {
	case OPTION_BOOL:
	case OPTION_NUMBER:
	case OPTION_SIZE:
	case OPTION_POWER:
	case OPTION_DURATION:
	case OPTION_ENUM:
	case OPTION_TEXT:
		return read_scalar(cx, row, node, to);
	case OPTION_STRING:
	case OPTION_PATH:
	case OPTION_WORD:
		return read_string(cx, row, node, to);
	case OPTION_STRINGS:
	case OPTION_PATHS:
	case OPTION_WORDS:
		return read_strings(cx, row, node, to);
	case OPTION_GROUP:
		return read_group(cx, row, node, to);
	case OPTION_CUSTOM:
		return row->parse(cx, row, node, to);
	}
	return -EINVAL;
}

/* --- maps */

int option_read(const struct option_row *rows, const struct option_context *cx,
		const struct node *map, void *to)
{
	char want[200];

	for (const struct node *child = map->first; child; child = child->next) {
		const struct option_row *row = find(rows, child->key->text);
		int r;

		if (!row)
			return unknown(rows, cx, child->key);
		r = option_value(row, cx, child, (char *)to + row->offset);
		if (r < 0)
			return r;
	}
	for (; rows->name; rows++)
		if (rows->required && !node_get(map, rows->name))
			return diag_set(cx->diag, map->line, map->col,
					"%.100s%s\"%s\" is missing: want %s", cx->where,
					*cx->where ? ": " : "", rows->name,
					option_want(rows, want, sizeof(want)));
	return 0;
}

int option_defaults(const struct option_row *rows, const struct option_context *cx, void *to)
{
	for (; rows->name; rows++) {
		struct node node = { .kind = NODE_SCALAR, .text = rows->value };
		char *at = (char *)to + rows->offset;
		int r = 0;

		if (rows->type == OPTION_GROUP) {
			r = option_defaults(rows->rows, cx, at);
		} else if (rows->value) {
			node.n = (unsigned)strlen(rows->value);
			r = option_value(rows, cx, &node, at);
		}
		if (r < 0)
			return r;
	}
	return 0;
}
