// SPDX-License-Identifier: Apache-2.0
/*
 *	or         = and { "or" and }
 *	and        = not { "and" not }
 *	not        = "not" not | "(" or ")" | macro | comparison
 *	comparison = left "exists" | left op ( value | right ) | left op ( list | "(" values ")" )
 *	left       = field | function "(" left ")"
 *	right      = "val" "(" left ")" | function "(" left ")"
 *	values     = value { "," value }
 *
 * A macro is parsed anew wherever it stands: its text has a place of its own for messages, and the
 * number of items bounds how much a few lines can become.
 */
#include "expr/node.h"

#include <errno.h>
#include <string.h>

#include "base/nearest.h"
#include "expr/lex.h"
#include "expr/operand.h"
#include "expr/transform.h"

struct parser {
	struct lexer l;
	unsigned depth;
	const struct parser *outer;	/* whose macro this is */
	const char *macro;
};

static struct node *parse_or(struct parser *p);

/* What other languages write, and how it is written here. */
static const struct hint { const char *word, *meant; } hints[] = {
	{ "&&", "write and" }, { "AND", "write and" }, { "||", "write or" }, { "OR", "write or" },
	{ "!", "write not before the field" }, { "NOT", "write not" }, { ",", "several values are asked by in (A, B)" },
	{ NULL, NULL },
}, op_hints[] = {
	{ "not", "write it before the field" }, { "!", "write not before the field" }, { "is", "write =" },
	{ "eq", "write =" }, { "ne", "write !=" }, { "like", "write glob or contains" }, { "~", "write regex" },
	{ "matches", "write regex" }, { "has", "write contains" }, { "begins", "write startswith" }, { NULL, NULL },
}, value_hints[] = {
	{ "(", "several values are asked by in (A, B)" }, { NULL, NULL },
};

static const char *hint_of(const struct hint *hint, const char *next)
{
	for (; hint->word; hint++)
		if (!strncmp(hint->word, next, strlen(hint->word)))
			return hint->meant;
	return NULL;
}

/* A text's own end serves the caret better than the spaces before it. */
static struct node *fail_hinting(struct parser *p, const char *wanted, const struct hint *all)
{
	struct lex_next buf;
	const char *hint;

	lex_space(&p->l);
	hint = p->l.at.p < p->l.end ? hint_of(all, p->l.at.p) : NULL;
	place_error(p->l.c, &p->l.at, "%s is expected here, not %s%s%s", wanted, lex_next(&p->l, &buf), hint ? "; " : "",
		    hint ? hint : "");
	return NULL;
}

static struct node *fail(struct parser *p, const char *wanted)
{
	return fail_hinting(p, wanted, hints);
}

static struct node *node_new(struct parser *p, enum node_kind kind, const char *from)
{
	struct context *c = p->l.c;
	struct node *node;

	if (c->items++ >= EXPR_ITEMS_MAX) {
		place_error(c, &p->l.at, "the expression has more than %d parts, macros included",
			    EXPR_ITEMS_MAX);
		return NULL;
	}
	node = context_alloc(c, sizeof(*node));
	if (node) {
		node->kind = kind;
		node->from = from;
		node->to = p->l.at.p;
	}
	return node;
}

static bool deeper(struct parser *p)
{
	if (++p->depth <= EXPR_DEPTH_MAX)
		return true;
	place_error(p->l.c, &p->l.at, "the expression is nested more than %d levels deep",
		    EXPR_DEPTH_MAX);
	return false;
}

/* --- values */

struct values {
	struct literal *at;
	size_t n, room;
};

static int values_add(struct parser *p, struct values *v, const struct literal *value)
{
	struct literal *more;

	if (p->l.c->values++ >= EXPR_VALUES_MAX)
		return place_error(p->l.c, &value->at, "the lists have more than %d values",
				   EXPR_VALUES_MAX);
	if (v->n == v->room) {
		v->room = v->room ? 2 * v->room : 4;
		more = context_alloc(p->l.c, v->room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		if (v->n)
			memcpy(more, v->at, v->n * sizeof(*more));
		v->at = more;
	}
	v->at[v->n++] = *value;
	return 0;
}

static const struct expr_list *list_find(const struct context *c, const struct literal *word)
{
	for (size_t i = 0; !word->quoted && c->names && i < c->names->nlists; i++)
		if (!strcmp(c->names->lists[i].name, word->s))
			return &c->names->lists[i];
	return NULL;
}

/*
 * Items are told at the place where the list was named: they have none of their own here.  Quotes
 * within an item, as '"(systemd)"' has them, are those of the expression that it is put into.
 */
static int list_item(struct parser *p, const char *text, const struct literal *word, struct literal *ret)
{
	size_t len = strlen(text);
	struct lexer l = { p->l.c, { word->at.source, text, text }, text + len };

	*ret = (struct literal){ text, len, word->at, false };
	if (len < 2 || (*text != '"' && *text != '\'') || text[len - 1] != *text)
		return 0;
	if (lex_value(&l, ret))
		return -EINVAL;
	if (l.at.p < l.end)
		*ret = (struct literal){ text, len, word->at, false };
	ret->at = word->at;
	return 0;
}

static int values_add_list(struct parser *p, struct values *v, const struct expr_list *list,
			   const struct literal *word, unsigned depth)
{
	if (depth > EXPR_DEPTH_MAX)
		return place_error(p->l.c, &word->at, "list \"%s\" contains itself", word->s);
	for (size_t i = 0; i < list->n; i++) {
		const struct expr_list *other;
		struct literal item;
		int r = list_item(p, list->items[i], word, &item);

		if (r)
			return r;
		other = list_find(p->l.c, &item);
		r = other ? values_add_list(p, v, other, word, depth + 1) : values_add(p, v, &item);
		if (r)
			return r;
		if (other && p->l.c->values++ >= EXPR_VALUES_MAX)
			return place_error(p->l.c, &word->at, "list \"%s\" is too large", word->s);
	}
	return 0;
}

static int value_or_list(struct parser *p, struct values *v)
{
	const struct expr_list *list;
	struct literal word;
	int r = lex_value(&p->l, &word);

	if (r) {
		fail_hinting(p, "a value", value_hints);
		return r;
	}
	list = list_find(p->l.c, &word);
	return list ? values_add_list(p, v, list, &word, 1) : values_add(p, v, &word);
}

static int list(struct parser *p, struct values *v)
{
	int r;

	do {
		r = value_or_list(p, v);
	} while (!r && lex_sign(&p->l, ','));
	if (!r && !lex_sign(&p->l, ')')) {
		fail(p, "\",\" or \")\"");
		r = -EINVAL;
	}
	return r;
}

/* ( values ) or the bare name of a list. */
static int many(struct parser *p, struct values *v, enum op op)
{
	const struct expr_list *named;
	struct place begin;
	struct literal word;
	char wanted[64];

	if (lex_sign(&p->l, '('))
		return list(p, v);
	begin = p->l.at;
	if (!lex_value(&p->l, &word)) {
		named = list_find(p->l.c, &word);
		if (named)
			return values_add_list(p, v, named, &word, 1);
		p->l.at = begin;
	}
	snprintf(wanted, sizeof(wanted), "a list in ( ) after \"%s\"", op_names[op]);
	fail(p, wanted);
	return -EINVAL;
}

static int one(struct parser *p, struct values *v, enum op op)
{
	struct literal word;
	char wanted[64];
	int r;

	r = lex_value(&p->l, &word);
	if (r == -EINVAL) {
		snprintf(wanted, sizeof(wanted), "one value after \"%s\"", op_names[op]);
		fail_hinting(p, wanted, value_hints);
	}
	return r ? r : values_add(p, v, &word);
}

/* --- comparisons and macros */

static struct node *no_operator(struct parser *p)
{
	struct place begin = p->l.at;
	bool hinted = begin.p < p->l.end && hint_of(op_hints, begin.p);
	const char *word = hinted ? NULL : lex_name(&p->l), *near = word ? nearest(word, op_names, OPS) : NULL;

	p->l.at = begin;
	if (p->l.c->no_memory)
		return NULL;
	if (!near)
		return fail_hinting(p, "an operator (= != < in contains startswith exists ..)", op_hints);
	place_error(p->l.c, &begin, "unknown operator \"%.64s\", did you mean \"%s\"?", word, near);
	return NULL;
}

/*
 * tolower(basename(FIELD)) behind the first name: the field, and where it is.  The innermost function, which comes
 * first, is in the lowest bits.
 */
static const char *transformed(struct parser *p, const char *name, struct place *at, uint16_t *via)
{
	unsigned n = 0, number;

	while ((number = transform_find(name)) && lex_sign(&p->l, '(')) {
		if (n++ == TRANSFORMS_MAX) {
			place_error(p->l.c, at, "more than %d functions in each other", TRANSFORMS_MAX);
			return NULL;
		}
		*via = *via << 4 | number;
		lex_space(&p->l);
		*at = p->l.at;
		name = lex_name(&p->l);
		if (!name)
			return p->l.c->no_memory ? NULL : (fail(p, "a field"), NULL);
	}
	for (; n; n--)
		if (!lex_sign(&p->l, ')'))
			return fail(p, "\")\""), NULL;
	return name;
}

/* val(FIELD), or a function of a field; 1: there is none here. */
static int right_field(struct parser *p, struct comparison *cmp)
{
	struct place begin, at;
	const char *name;
	bool val;

	lex_space(&p->l);
	begin = at = p->l.at;
	name = lex_name(&p->l);
	val = name && !strcmp(name, "val");
	if (!name || p->l.at.p == p->l.end || *p->l.at.p != '(' || (!val && !transform_find(name))) {
		p->l.at = begin;
		return 1;
	}
	if (val) {
		p->l.at.p++;
		lex_space(&p->l);
		at = p->l.at;
		name = lex_name(&p->l);
		if (!name)
			return fail(p, "a field"), -EINVAL;
	}
	name = transformed(p, name, &at, &cmp->right.via);
	if (!name || (val && !lex_sign(&p->l, ')')))
		return fail(p, "\")\""), -EINVAL;
	cmp->right.field = name;
	cmp->right.at = at;
	return 0;
}

/* What is behind the operator. */
static int right_side(struct parser *p, struct comparison *cmp, struct values *v)
{
	int r;

	if (cmp->op == OP_EXISTS)
		return 0;
	if (cmp->op == OP_IN || cmp->op == OP_PMATCH || cmp->op == OP_INTERSECTS)
		return many(p, v, cmp->op);
	r = right_field(p, cmp);
	return r > 0 ? one(p, v, cmp->op) : r;
}

/* begin: of all of it, with the functions that the field at at goes through. */
static struct node *comparison(struct parser *p, const char *field, struct place begin, struct place at, uint16_t via)
{
	struct comparison *cmp = context_alloc(p->l.c, sizeof(*cmp));
	struct values v = { 0 };
	struct node *node;
	int r;

	if (!cmp)
		return NULL;
	cmp->field = field;
	cmp->at = at;
	cmp->via = via;
	lex_space(&p->l);
	cmp->op_at = p->l.at;
	if (lex_op(&p->l, &cmp->op))
		return no_operator(p);
	r = right_side(p, cmp, &v);
	node = r ? NULL : node_new(p, NODE_comparison, begin.p);
	if (!node)
		return NULL;
	cmp->values = v.at;
	cmp->nvalues = v.n;
	node->comparison = cmp;
	return node;
}

static const struct expr_macro *macro_find(const struct context *c, const char *name)
{
	for (size_t i = 0; c->names && i < c->names->nmacros; i++)
		if (!strcmp(c->names->macros[i].name, name))
			return &c->names->macros[i];
	return NULL;
}

static struct node *whole(struct parser *p)
{
	struct node *node = parse_or(p);

	lex_space(&p->l);
	if (node && p->l.at.p < p->l.end)
		return fail(p, "\"and\", \"or\" or the end");
	return node;
}

static bool expanding(const struct parser *p, const char *name)
{
	for (; p; p = p->outer)
		if (p->macro && !strcmp(p->macro, name))
			return true;
	return false;
}

static struct node *macro(struct parser *p, const struct expr_macro *m, const struct place *begin)
{
	struct parser inner = {
		.l = { p->l.c, { &m->where, m->text, m->text }, m->text + strlen(m->text) },
		.depth = p->depth, .outer = p, .macro = m->name,
	};

	if (expanding(p, m->name)) {
		place_error(p->l.c, begin, "macro \"%s\" contains itself", m->name);
		return NULL;
	}
	if (strlen(m->text) > EXPR_LENGTH_MAX) {
		place_error(p->l.c, begin, "macro \"%s\" is longer than %d bytes", m->name,
			    EXPR_LENGTH_MAX);
		return NULL;
	}
	return deeper(&inner) ? whole(&inner) : NULL;
}

static struct node *unknown_macro(struct parser *p, const char *name, const struct place *begin)
{
	const char *known[64], *near;
	size_t n = 0;

	for (size_t i = 0; p->l.c->names && i < p->l.c->names->nmacros && n < 64; i++)
		known[n++] = p->l.c->names->macros[i].name;
	near = nearest(name, known, n);
	if (near)
		place_error(p->l.c, begin, "unknown macro \"%.64s\", did you mean \"%s\"?", name,
			    near);
	else
		place_error(p->l.c, begin,
			    "\"%.64s\" is neither a field with an operator behind it nor a macro",
			    name);
	return NULL;
}

static struct node *named(struct parser *p)
{
	const struct expr_macro *m;
	struct place begin, at;
	const char *name, *arg;
	uint16_t via = 0;

	lex_space(&p->l);
	begin = at = p->l.at;
	if (lex_keyword(&p->l, "and") || lex_keyword(&p->l, "or")) {
		p->l.at = begin;
		return fail(p, "a field, a macro, \"not\" or \"(\"");
	}
	name = lex_name(&p->l);
	if (!name)
		return p->l.c->no_memory ? NULL : fail(p, "a field, a macro, \"not\" or \"(\"");
	m = macro_find(p->l.c, name);
	if (m)
		return macro(p, m, &begin);
	name = transformed(p, name, &at, &via);
	if (!name)
		return NULL;
	if (!via && !strchr(name, '.') && !operand_find(name, &arg))
		return unknown_macro(p, name, &begin);
	return comparison(p, name, begin, at, via);
}

/* --- and, or, not */

static struct node *parenthesized(struct parser *p)
{
	struct node *node = deeper(p) ? parse_or(p) : NULL;

	p->depth--;
	if (node && !lex_sign(&p->l, ')'))
		return fail(p, "\"and\", \"or\" or \")\"");
	return node;
}

static struct node *parse_not(struct parser *p)
{
	struct node *child, *node;
	const char *from;

	lex_space(&p->l);
	from = p->l.at.p;
	if (lex_sign(&p->l, '('))
		return parenthesized(p);
	if (!lex_keyword(&p->l, "not"))
		return named(p);
	child = deeper(p) ? parse_not(p) : NULL;
	p->depth--;
	node = child ? node_new(p, NODE_not, from) : NULL;
	if (node)
		node->child = child;
	return node;
}

/* One operand, or several joined by the word. */
static struct node *joined(struct parser *p, enum node_kind kind, const char *word,
			   struct node *(*operand)(struct parser *))
{
	const char *from;
	struct node *first, *node, **last;

	lex_space(&p->l);
	from = p->l.at.p;
	first = operand(p);
	if (!first || !lex_keyword(&p->l, word))
		return first;
	node = node_new(p, kind, from);
	if (!node)
		return NULL;
	node->child = first;
	last = &first->next;
	do {
		*last = operand(p);
		if (!*last)
			return NULL;
		last = &(*last)->next;
	} while (lex_keyword(&p->l, word));
	node->to = p->l.at.p;
	return node;
}

static struct node *parse_and(struct parser *p)
{
	return joined(p, NODE_and, "and", parse_not);
}

static struct node *parse_or(struct parser *p)
{
	return joined(p, NODE_or, "or", parse_and);
}

struct node *parse(struct context *c, const char *text, const struct expr_source *where)
{
	struct parser p = { .l = { c, { where, text, text }, text + strlen(text) } };

	if (strlen(text) > EXPR_LENGTH_MAX) {
		place_error(c, &p.l.at, "the expression is longer than %d bytes", EXPR_LENGTH_MAX);
		return NULL;
	}
	return whole(&p);
}
