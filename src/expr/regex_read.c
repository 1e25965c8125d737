// SPDX-License-Identifier: Apache-2.0
/*
 * . [ ] [^ ] ( ) (?: ) (?i) | * + ? {m,n} ^ $ \d \w \s \D \W \S \n \t \xHH, of bytes.
 * ^ and $ are characters of their own that stand before and behind the text.  A repeated atom is
 * read from the pattern as often as it is repeated.
 */
#include "expr/regex_read.h"

#include <string.h>

enum { DEPTH = 32, WORK = 8192, REPEAT_MAX = 255 };

struct reader {
	struct nfa *nfa;
	const char *start, *p, *end;
	struct regex_error *error;
	unsigned depth, work;
	bool fold;
};

static bool read_alternatives(struct reader *r, struct part *ret);

static bool fail(struct reader *r, const char *text)
{
	r->error->text = text;
	r->error->at = r->p - r->start;
	return false;
}

/* --- characters */

static void chars_range(struct symbols *c, unsigned low, unsigned high)
{
	for (unsigned i = low; i <= high; i++)
		c->has[i] = true;
}

static void chars_class(struct symbols *c, char name)
{
	struct symbols some = { 0 };
	bool negate = name >= 'A' && name <= 'Z';

	switch (name | 32) {
	case 's':
		chars_range(&some, '\t', '\r');
		chars_range(&some, ' ', ' ');
		break;
	case 'w':
		chars_range(&some, 'a', 'z');
		chars_range(&some, 'A', 'Z');
		chars_range(&some, '_', '_');
		chars_range(&some, '0', '9');
		break;
	default:
		chars_range(&some, '0', '9');
	}
	for (unsigned i = 0; i < 256; i++)
		c->has[i] |= some.has[i] != negate;
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef",
		   *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 32 : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* What follows a backslash: a class, or one byte, which is *low. */
static bool read_escape(struct reader *r, struct symbols *c, int *low)
{
	static const char names[] = "nrtfv", bytes[] = "\n\r\t\f\v";
	char ch = r->p < r->end ? *r->p : 0;

	*low = (unsigned char)ch;
	if (!ch)
		return fail(r, "a character is missing behind the backslash");
	if (strchr("dwsDWS", ch)) {
		chars_class(c, ch);
		*low = -1;
	} else if (ch == 'x') {
		if (r->end - r->p < 3 || hex(r->p[1]) < 0 || hex(r->p[2]) < 0)
			return fail(r, "\\x wants two hexadecimal digits");
		*low = hex(r->p[1]) << 4 | hex(r->p[2]);
		r->p += 2;
	} else if (strchr(names, ch)) {
		*low = bytes[strchr(names, ch) - names];
	} else if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
		   (ch >= '0' && ch <= '9')) {
		return fail(r, "unknown escape");
	}
	r->p++;
	return true;
}

/* One character of a [ ]: a byte, or a class, and then *low is -1. */
static bool read_member(struct reader *r, struct symbols *c, int *low)
{
	if (*r->p == '[' && r->p + 1 < r->end && r->p[1] == ':')
		return fail(r, "named classes are not known; write \\d \\w \\s or ranges");
	*low = (unsigned char)*r->p++;
	return *low != '\\' || read_escape(r, c, low);
}

static bool read_set(struct reader *r, struct symbols *c)
{
	bool negate = r->p < r->end && *r->p == '^', first = true;
	int low, high;

	for (r->p += negate; r->p < r->end && (first || *r->p != ']'); first = false) {
		if (!read_member(r, c, &low))
			return false;
		high = low;
		if (r->end - r->p > 1 && *r->p == '-' && r->p[1] != ']') {
			r->p++;
			if (!read_member(r, c, &high))
				return false;
			if (low < 0 || high < low)
				return fail(r, "the range is empty");
		}
		if (low >= 0)
			chars_range(c, low, high);
	}
	if (r->p == r->end)
		return fail(r, "the [ is not closed");
	r->p++;
	for (unsigned i = 0; i < 256; i++)
		c->has[i] ^= negate;
	return true;
}

static void chars_fold(struct symbols *c)
{
	for (unsigned i = 'a'; i <= 'z'; i++)
		c->has[i] = c->has[i - 32] = c->has[i] || c->has[i - 32];
}

static bool read_char(struct reader *r, struct part *ret)
{
	struct symbols c = { 0 };
	int low = (unsigned char)*r->p++;

	if (low == '.')
		chars_range(&c, 0, 255);
	else if (low == '^' || low == '$')
		c.has[low == '^' ? BEGIN : END] = true;
	else if (low == '[') {
		if (!read_set(r, &c))
			return false;
	} else {
		if (low == '\\' && !read_escape(r, &c, &low))
			return false;
		if (low >= 0)
			c.has[low] = true;
	}
	if (r->fold)
		chars_fold(&c);
	return part_symbols(r->nfa, &c, ret) || fail(r, "the pattern is too long, repetitions counted");
}

/* --- parts */

static bool read_group(struct reader *r, struct part *ret)
{
	r->p++;
	if (r->end - r->p > 1 && r->p[0] == '?') {
		if (r->p[1] != ':')
			return fail(r, "only (?: ) is known, and (?i) at the beginning");
		r->p += 2;
	}
	if (++r->depth > DEPTH)
		return fail(r, "the pattern is nested too deep");
	if (!read_alternatives(r, ret))
		return false;
	r->depth--;
	if (r->p == r->end)
		return fail(r, "the ( is not closed");
	r->p++;
	return true;
}

static bool read_atom(struct reader *r, struct part *ret)
{
	if (r->work++ > WORK)
		return fail(r, "the pattern is too long, repetitions counted");
	if (*r->p && strchr("*+?{", *r->p))
		return fail(r, "there is nothing to repeat");
	return *r->p == '(' ? read_group(r, ret) : read_char(r, ret);
}

static bool read_count(struct reader *r, unsigned *n)
{
	const char *from = r->p;

	for (*n = 0; r->p < r->end && *r->p >= '0' && *r->p <= '9' && *n <= REPEAT_MAX; r->p++)
		*n = *n * 10 + (*r->p - '0');
	return r->p > from;
}

/* {m} {m,} {m,n}; most is 0 for no limit. */
static bool read_bounds(struct reader *r, unsigned *least, unsigned *most)
{
	r->p++;
	if (!read_count(r, least))
		return fail(r, "a number is expected behind the {");
	*most = *least;
	if (r->p < r->end && *r->p == ',') {
		r->p++;
		if (!read_count(r, most))
			*most = 0;
		else if (*most < *least || !*most)
			return fail(r, "the upper bound is below the lower one");
	} else if (*least == 0) {
		return fail(r, "no repetition at all");
	}
	if (*least > REPEAT_MAX || *most > REPEAT_MAX)
		return fail(r, "more than 255 repetitions");
	if (r->p == r->end || *r->p != '}')
		return fail(r, "the { is not closed");
	r->p++;
	return true;
}

static bool read_repeat(struct reader *r, unsigned *least, unsigned *most)
{
	char c = r->p < r->end ? *r->p : 0;

	*least = *most = 1;
	if (c == '{') {
		if (!read_bounds(r, least, most))
			return false;
	} else if (c && strchr("*+?", c)) {
		r->p++;
		*least = c == '+';
		*most = c == '?';
	} else {
		return true;
	}
	if (r->p < r->end && *r->p == '?')
		r->p++;		/* as few as possible: here the same */
	return true;
}

/* An atom as often as what stands behind it says. */
static bool read_item(struct reader *r, struct part *ret)
{
	const char *from = r->p, *behind;
	unsigned least, most;
	struct part copy;

	if (!read_atom(r, ret) || !read_repeat(r, &least, &most))
		return false;
	behind = r->p;
	copy = *ret;
	if (least == 0)
		ret->empty = copy.empty = true;
	for (unsigned i = 1; i < (most > least ? most : least); i++) {
		r->p = from;
		if (!read_atom(r, &copy))
			return false;
		copy.empty |= i >= least;
		part_append(r->nfa, ret, &copy);
	}
	if (!most)
		part_repeat(r->nfa, &copy);
	r->p = behind;
	return true;
}

static bool read_sequence(struct reader *r, struct part *ret)
{
	struct part item;

	*ret = (struct part){ .empty = true };
	while (r->p < r->end && *r->p != '|' && *r->p != ')') {
		if (!read_item(r, &item))
			return false;
		part_append(r->nfa, ret, &item);
		if (r->p < r->end && (*r->p == '?' || *r->p == '*' || *r->p == '+'))
			return fail(r, "a repetition of a repetition");
	}
	return true;
}

static bool read_alternatives(struct reader *r, struct part *ret)
{
	struct part other;

	if (!read_sequence(r, ret))
		return false;
	while (r->p < r->end && *r->p == '|') {
		r->p++;
		if (!read_sequence(r, &other))
			return false;
		part_either(ret, &other);
	}
	return true;
}

bool regex_read(struct nfa *nfa, const char *pattern, size_t n, struct regex_error *error)
{
	struct reader r = { nfa, pattern, pattern, pattern + n, error, 0, 0, false };
	struct part all;

	error->text = NULL;
	if (n >= 4 && !memcmp(pattern, "(?i)", 4)) {
		r.fold = true;
		r.p += 4;
	}
	if (!read_alternatives(&r, &all))
		return false;
	if (r.p < r.end)
		return fail(&r, "there is no ( for this )");
	nfa_finish(nfa, &all);
	return true;
}
