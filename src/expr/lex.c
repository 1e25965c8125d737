// SPDX-License-Identifier: Apache-2.0
#include "expr/lex.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"

const char *const op_names[OPS] = {
	"=", "!=", "<", "<=", ">", ">=", "in", "contains", "icontains", "startswith", "endswith",
	"glob", "iglob", "regex", "pmatch", "intersects", "bcontains", "bstartswith", "exists",
};

/* Signs first, and of these the longer first. */
static const struct { const char *text; enum op op; } ops[] = {
	{ "==", OP_EQ }, { "!=", OP_NE }, { "<=", OP_LE }, { ">=", OP_GE }, { "=", OP_EQ }, { "<", OP_LT },
	{ ">", OP_GT }, { "in", OP_IN }, { "contains", OP_CONTAINS }, { "icontains", OP_ICONTAINS },
	{ "startswith", OP_STARTSWITH }, { "endswith", OP_ENDSWITH }, { "glob", OP_GLOB },
	{ "iglob", OP_IGLOB }, { "regex", OP_REGEX }, { "pmatch", OP_PMATCH },
	{ "intersects", OP_INTERSECTS }, { "exists", OP_EXISTS },
	{ "bcontains", OP_BCONTAINS }, { "bstartswith", OP_BSTARTSWITH },
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-' || c == '[' || c == ']';
}

static bool is_bare(char c)
{
	return c && !is_space(c) && !strchr("(),='\"", c);
}

int place_error(struct context *c, const struct place *at, const char *fmt, ...)
{
	unsigned line = at->source->line, col = at->source->col;
	char text[sizeof(c->diag->text)];
	va_list args;

	if (c->diag->text[0])
		return -EINVAL;
	for (const char *p = at->text; p < at->p; p++) {
		if (*p == '\n') {
			line++;
			col = at->source->margin ? at->source->margin : 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80) {
			col++;
		}
	}
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	c->diag->file = at->source->file;
	return diag_set(c->diag, line, col, "%s", text);
}

void *context_alloc(struct context *c, size_t n)
{
	void *p = c->no_memory ? NULL : arena_alloc(c->arena, n);

	c->no_memory |= !p;
	return p;
}

void lex_space(struct lexer *l)
{
	while (l->at.p < l->end && is_space(*l->at.p))
		l->at.p++;
}

static size_t name_len(const struct lexer *l)
{
	const char *p = l->at.p;
	bool key = false;

	for (; p < l->end && (is_name(*p) || (key && *p == '/')); p++)
		key = *p != ']' && (key || *p == '[');
	return p - l->at.p;
}

const char *lex_name(struct lexer *l)
{
	size_t len;
	char *name;

	lex_space(l);
	len = name_len(l);
	name = len ? context_alloc(l->c, len + 1) : NULL;
	if (!name)
		return NULL;
	memcpy(name, l->at.p, len);
	l->at.p += len;
	return name;
}

bool lex_keyword(struct lexer *l, const char *word)
{
	size_t len = strlen(word);

	lex_space(l);
	if (name_len(l) != len || memcmp(l->at.p, word, len))
		return false;
	l->at.p += len;
	return true;
}

bool lex_sign(struct lexer *l, char sign)
{
	lex_space(l);
	if (l->at.p == l->end || *l->at.p != sign)
		return false;
	l->at.p++;
	return true;
}

int lex_op(struct lexer *l, enum op *op)
{
	lex_space(l);
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		size_t len = strlen(ops[i].text);

		if ((size_t)(l->end - l->at.p) < len || memcmp(l->at.p, ops[i].text, len))
			continue;
		if (is_name(*ops[i].text) && name_len(l) != len)
			continue;
		l->at.p += len;
		*op = ops[i].op;
		return 0;
	}
	return -EINVAL;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What follows a backslash.  One that escapes nothing stays, so patterns need no second one. */
static const char *unescape(const char *p, const char *end, char **to)
{
	static const char from[] = "bfnrt\\'\"", is[] = "\b\f\n\r\t\\'\"";
	const char *at = strchr(from, *p);

	if (*p == 'x' && end - p > 2 && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
		*(*to)++ = (char)(hex(p[1]) << 4 | hex(p[2]));
		return p + 3;
	}
	if (!at)
		*(*to)++ = '\\';
	*(*to)++ = at ? is[at - from] : *p;
	return p + 1;
}

static int quoted(struct lexer *l, struct literal *value)
{
	const char *p = l->at.p + 1, *end = p, quote = *l->at.p;
	char *to, *start;

	while (end < l->end && *end != quote)
		end += *end == '\\' && end + 1 < l->end ? 2 : 1;
	if (end >= l->end)
		return place_error(l->c, &l->at, "the quote is not closed");
	to = start = context_alloc(l->c, end - p + 1);
	if (!to)
		return -ENOMEM;
	while (p < end) {
		if (*p == '\\')
			p = unescape(p + 1, end, &to);
		else
			*to++ = *p++;
	}
	l->at.p = end + 1;
	*value = (struct literal){ start, to - start, value->at, true };
	return 0;
}

int lex_value(struct lexer *l, struct literal *value)
{
	const char *p;
	char *copy;

	lex_space(l);
	value->at = l->at;
	p = l->at.p;
	if (p < l->end && (*p == '"' || *p == '\''))
		return quoted(l, value);
	while (p < l->end && is_bare(*p))
		p++;
	if (p == l->at.p)
		return -EINVAL;
	copy = context_alloc(l->c, p - l->at.p + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, l->at.p, p - l->at.p);
	*value = (struct literal){ copy, p - l->at.p, l->at, false };
	l->at.p = p;
	return 0;
}

const char *lex_next(const struct lexer *l, struct lex_next *buf)
{
	const char *p = l->at.p;
	size_t len = 0;

	while (p + len < l->end && is_bare(p[len]))
		len++;
	if (p == l->end)
		return "the end";
	if (*p == '"' || *p == '\'')
		return "a quote";
	snprintf(buf->text, sizeof(buf->text), "\"%.*s\"", len ? len < 40 ? (int)len : 40 : 1, p);
	return buf->text;
}
