// SPDX-License-Identifier: Apache-2.0
/*
 * The position automaton (Glushkov): a state for each character of the pattern, no empty moves, so
 * a set of states is a few words and one step is one pass over it.  At most 256 positions; the cost
 * of a byte of text is bounded by that, whatever the pattern, and nothing is allocated while
 * matching.
 *
 * glibc's and PCRE's matchers may take exponential time, TRE allocates during a match, RE2 is C++.
 *
 * . [ ] [^ ] ( ) (?: ) (?i) | * + ? {m,n} ^ $ \d \w \s \D \W \S \n \t \xHH, of bytes.
 * ^ and $ are characters of their own that stand before and behind the text.  A repeated atom is
 * read from the pattern as often as it is repeated.
 */
#include "expr/regex.h"

#include <string.h>

#include "base/arena.h"

enum { BEGIN = 256, END, SYMBOLS };	/* what a position takes, besides bytes */
enum { WORDS = REGEX_POSITIONS / 64, DEPTH = 32, WORK = 8192, REPEAT_MAX = 255 };

struct set { uint64_t w[WORDS]; };

struct regex {
	struct set first, last;
	struct set follow[REGEX_POSITIONS];
	struct set allows[SYMBOLS];	/* positions that take this symbol */
	bool empty;
};

/* Where a part of the pattern may begin and end. */
struct part {
	struct set first, last;
	bool empty;
};

struct reader {
	struct regex *regex;
	const char *start, *p, *end;
	struct regex_error *error;
	unsigned positions, depth, work;
	bool fold;
};

static bool read_alternatives(struct reader *r, struct part *ret);

static bool fail(struct reader *r, const char *text)
{
	r->error->text = text;
	r->error->at = r->p - r->start;
	return false;
}

static void join(struct set *to, const struct set *from)
{
	for (int i = 0; i < WORDS; i++)
		to->w[i] |= from->w[i];
}

static void put(struct set *s, unsigned i)
{
	s->w[i / 64] |= UINT64_C(1) << i % 64;
}

/* Whatever ends in from may go on with to. */
static void connect(struct regex *regex, const struct set *from, const struct set *to)
{
	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = from->w[i]; w; w &= w - 1)
			join(&regex->follow[64 * i + __builtin_ctzll(w)], to);
}

static void append(struct reader *r, struct part *a, const struct part *b)
{
	connect(r->regex, &a->last, &b->first);
	if (a->empty)
		join(&a->first, &b->first);
	if (b->empty)
		join(&a->last, &b->last);
	else
		a->last = b->last;
	a->empty &= b->empty;
}

/* --- characters */

struct chars { bool has[SYMBOLS]; };

static void chars_range(struct chars *c, unsigned low, unsigned high)
{
	for (unsigned i = low; i <= high; i++)
		c->has[i] = true;
}

static void chars_class(struct chars *c, char name)
{
	struct chars some = { 0 };
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
static bool read_escape(struct reader *r, struct chars *c, int *low)
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
static bool read_member(struct reader *r, struct chars *c, int *low)
{
	if (*r->p == '[' && r->p + 1 < r->end && r->p[1] == ':')
		return fail(r, "named classes are not known; write \\d \\w \\s or ranges");
	*low = (unsigned char)*r->p++;
	return *low != '\\' || read_escape(r, c, low);
}

static bool read_set(struct reader *r, struct chars *c)
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

static void chars_fold(struct chars *c)
{
	for (unsigned i = 'a'; i <= 'z'; i++)
		c->has[i] = c->has[i - 32] = c->has[i] || c->has[i - 32];
}

static bool position(struct reader *r, const struct chars *c, struct part *ret)
{
	unsigned n = r->positions;

	if (n == REGEX_POSITIONS)
		return fail(r, "the pattern is too long, repetitions counted");
	r->positions++;
	for (unsigned i = 0; i < SYMBOLS; i++)
		if (c->has[i])
			put(&r->regex->allows[i], n);
	*ret = (struct part){ 0 };
	put(&ret->first, n);
	put(&ret->last, n);
	return true;
}

static bool read_char(struct reader *r, struct part *ret)
{
	struct chars c = { 0 };
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
	return position(r, &c, ret);
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
		append(r, ret, &copy);
	}
	if (!most)
		connect(r->regex, &copy.last, &copy.first);
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
		append(r, ret, &item);
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
		join(&ret->first, &other.first);
		join(&ret->last, &other.last);
		ret->empty |= other.empty;
	}
	return true;
}

const struct regex *regex_compile(struct arena *arena, const char *pattern, size_t n,
				  struct regex_error *error)
{
	struct regex *regex = arena_alloc(arena, sizeof(*regex));
	struct reader r = { regex, pattern, pattern, pattern + n, error, 0, 0, 0, false };
	struct part all;

	error->text = NULL;
	if (!regex)
		return NULL;
	if (n >= 4 && !memcmp(pattern, "(?i)", 4)) {
		r.fold = true;
		r.p += 4;
	}
	if (!read_alternatives(&r, &all))
		return NULL;
	if (r.p < r.end) {
		fail(&r, "there is no ( for this )");
		return NULL;
	}
	regex->first = all.first;
	regex->last = all.last;
	regex->empty = all.empty;
	return regex;
}

/* --- matching */

static bool meets(const struct set *a, const struct set *b)
{
	uint64_t any = 0;

	for (int i = 0; i < WORDS; i++)
		any |= a->w[i] & b->w[i];
	return any;
}

/* Positions that are reached when the symbol is read; false when there are none. */
static bool step(const struct regex *regex, struct set *at, struct set *next, unsigned symbol)
{
	const struct set *allows = &regex->allows[symbol];
	uint64_t any = 0;

	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = at->w[i]; w; w &= w - 1)
			join(next, &regex->follow[64 * i + __builtin_ctzll(w)]);
	for (int i = 0; i < WORDS; i++)
		any |= at->w[i] = next->w[i] & allows->w[i];
	return any;
}

/* ^ and $ may stand for nothing at the ends: there, their positions add to those without them. */
bool regex_match(const struct regex *regex, const char *text, size_t n)
{
	struct set next = regex->first, at = { 0 }, edge;
	bool begun = step(regex, &at, &next, BEGIN);
	bool accept = regex->empty || (begun && meets(&at, &regex->last));

	next = regex->first;
	for (size_t i = 0; i < n; i++) {
		edge = at;
		if (!step(regex, &edge, &next, (unsigned char)text[i]))
			return false;
		at = edge;
		next = (struct set){ 0 };
	}
	if (n)
		accept = meets(&at, &regex->last);
	edge = at;
	return accept || (step(regex, &edge, &next, END) && meets(&edge, &regex->last));
}

/* --- searching */

/* What may come next, and where in the text each began: the first of several. */
struct front {
	struct set set;
	uint32_t begin[REGEX_POSITIONS];
};

static void front_add(struct front *f, const struct set *set, uint32_t begin)
{
	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = set->w[i]; w; w &= w - 1) {
			unsigned at = 64 * i + __builtin_ctzll(w);
			bool known = f->set.w[i] >> at % 64 & 1;

			if (!known || begin < f->begin[at])
				f->begin[at] = begin;
		}
	join(&f->set, set);
}

/* What follows those of f that take the symbol, into next. */
static void front_step(const struct regex *regex, const struct front *f, struct front *next, unsigned symbol)
{
	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = f->set.w[i] & regex->allows[symbol].w[i]; w; w &= w - 1) {
			unsigned at = 64 * i + __builtin_ctzll(w);

			front_add(next, &regex->follow[at], f->begin[at]);
		}
}

/* A match may begin at byte i, behind a ^ at the begin of the text. */
static void front_begin(const struct regex *regex, struct front *f, size_t i)
{
	struct front start = { 0 };

	front_add(f, &regex->first, i);
	if (i > 0)
		return;
	front_add(&start, &regex->first, 0);
	front_step(regex, &start, f, BEGIN);
}

/* The first begin of what has matched when the symbol was taken, SIZE_MAX if nothing has. */
static size_t front_match(const struct regex *regex, const struct front *f, unsigned symbol)
{
	size_t first = SIZE_MAX;

	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = f->set.w[i] & regex->allows[symbol].w[i] & regex->last.w[i]; w; w &= w - 1) {
			size_t begin = f->begin[64 * i + __builtin_ctzll(w)];

			first = begin < first ? begin : first;
		}
	return first;
}

/* Whether the first match can still become longer, or one that began before it end. */
static bool front_hopes(const struct front *f, size_t begin)
{
	for (int i = 0; i < WORDS; i++)
		for (uint64_t w = f->set.w[i]; w; w &= w - 1)
			if (f->begin[64 * i + __builtin_ctzll(w)] <= begin)
				return true;
	return false;
}

static bool could_begin(const struct regex *regex, unsigned symbol)
{
	return meets(&regex->first, &regex->allows[symbol]);
}

bool regex_find(const struct regex *regex, const char *text, size_t n, size_t from, size_t *begin, size_t *end)
{
	const bool anchored = could_begin(regex, BEGIN);
	struct front fronts[2] = { 0 }, *f = &fronts[0], *next = &fronts[1];
	size_t found = SIZE_MAX, stop = 0;

	for (size_t i = from; i <= n && (found == SIZE_MAX || front_hopes(f, found)); i++) {
		unsigned symbol = i < n ? (unsigned char)text[i] : END;
		struct front *swap = f;
		size_t first;

		if (found == SIZE_MAX && i < n && (could_begin(regex, symbol) || (anchored && i == 0)))
			front_begin(regex, f, i);
		first = front_match(regex, f, symbol);
		if (first != SIZE_MAX && first <= found) {
			found = first;
			stop = i < n ? i + 1 : n;
		}
		next->set = (struct set){ 0 };
		front_step(regex, f, next, symbol);
		f = next;
		next = swap;
	}
	*begin = found;
	*end = stop;
	return found != SIZE_MAX;
}
