// SPDX-License-Identifier: Apache-2.0
/* Texts: equal, prefix, suffix, of at most FILTER_TEXT_MAX bytes.  Of a longer constant its begin
 * or end is a necessary condition, but nothing follows from its opposite. */
#include "expr/push.h"

#include <string.h>

#include "expr/glob.h"

/* Names that user space makes up pass whatever is asked, so only those of files are settled. */
static bool settled(const struct filter_term *term, const struct constant_text *text)
{
	if (term->from != FROM_NAME)
		return true;
	return term->op != TERM_TEXT_SUFFIX && text->len && *text->s == '/';
}

void push_text_term(const struct push_context *c, struct filter_term term, unsigned op,
		    const struct constant_text *text, bool negate, bool exact, struct dnf *ret)
{
	size_t cut = text->len > FILTER_TEXT_MAX ? text->len - FILTER_TEXT_MAX : 0;
	int number;

	dnf_everything(ret, false);
	if (cut && op == TERM_TEXT_EQ)
		op = TERM_TEXT_PREFIX;
	if (negate && (cut || !exact))
		return;
	if ((op != TERM_TEXT_EQ && !text->len) ||
	    (term.from == FROM_NAME && memchr(text->s, 0, text->len)))
		return;
	number =
		push_text(c->shared, text->s + (op == TERM_TEXT_SUFFIX ? cut : 0), text->len - cut);
	if (number < 0)
		return;
	term.op = op;
	term.value = number;
	term.negate = negate;
	dnf_term(ret, &term, exact && !cut && settled(&term, text));
}

static struct constant_text common_prefix(const struct constant *k)
{
	struct constant_text common = k->texts[0];

	for (size_t i = 1; i < k->n; i++) {
		size_t n = 0;

		while (n < common.len && n < k->texts[i].len && common.s[n] == k->texts[i].s[n])
			n++;
		common.len = n;
	}
	return common;
}

static void text_in(const struct push_context *c, const struct test *t, struct filter_term term,
		    bool negate, struct dnf *ret)
{
	const struct constant *k = t->constant;
	struct constant_text common;
	struct dnf one;

	if (k->n > FILTER_ALTERNATIVES && !negate) {
		common = common_prefix(k);
		push_text_term(c, term, TERM_TEXT_PREFIX, &common, false, false, ret);
		return;
	}
	if (negate)
		dnf_everything(ret, true);
	else
		dnf_nothing(ret);
	for (size_t i = 0; i < k->n; i++) {
		push_text_term(c, term, TERM_TEXT_EQ, &k->texts[i], negate, true, &one);
		if (negate)
			dnf_and(ret, &one);
		else
			dnf_or(ret, &one);
		if (negate && i == FILTER_TERMS)
			break;
	}
	ret->exact &= !negate || k->n <= FILTER_TERMS;
}

static void paths(const struct push_context *c, const struct test *t, struct filter_term term,
		  struct dnf *ret)
{
	const struct constant *k = t->constant;
	struct dnf one;

	dnf_nothing(ret);
	for (size_t i = 0; i < k->n; i++) {
		struct constant_text prefix = k->texts[i];

		prefix.len = glob_literal(prefix.s, prefix.len);
		prefix.len -= prefix.len && prefix.s[prefix.len - 1] == '/';
		push_text_term(c, term, TERM_TEXT_PREFIX, &prefix, false, false, &one);
		dnf_or(ret, &one);
	}
}

static void glob(const struct push_context *c, const struct test *t, struct filter_term term,
		 bool negate, struct dnf *ret)
{
	struct constant_text all = t->constant->texts[0], begin = all, end = all;
	struct dnf suffix;

	begin.len = glob_literal(all.s, all.len);
	if (begin.len == all.len) {
		push_text_term(c, term, TERM_TEXT_EQ, &all, negate, true, ret);
		return;
	}
	push_text_term(c, term, TERM_TEXT_PREFIX, &begin, negate, false, ret);
	if (negate || memchr(all.s, '[', all.len) || memchr(all.s, '\\', all.len))
		return;
	while (end.len && !memchr("*?", end.s[end.len - 1], 2))
		end.len--;
	end.s += end.len;
	end.len = all.len - end.len;
	push_text_term(c, term, TERM_TEXT_SUFFIX, &end, false, false, &suffix);
	dnf_and(ret, &suffix);
}

void push_texts(const struct push_context *c, const struct test *t, struct filter_term term,
		bool negate, struct dnf *ret)
{
	const struct constant_text *text = t->constant->texts;
	bool comm = t->access.get == GET_COMM;

	dnf_everything(ret, false);
	switch ((enum op)t->op) {
	case OP_EQ:
		push_text_term(c, term, TERM_TEXT_EQ, text, negate, true, ret);
		break;
	case OP_NE:
		if (!negate || comm)
			push_text_term(c, term, TERM_TEXT_EQ, text, !negate, true, ret);
		ret->exact &= comm;
		break;
	case OP_IN:
		text_in(c, t, term, negate, ret);
		break;
	case OP_STARTSWITH:
		push_text_term(c, term, TERM_TEXT_PREFIX, text, negate, true, ret);
		break;
	case OP_ENDSWITH:
		push_text_term(c, term, TERM_TEXT_SUFFIX, text, negate, true, ret);
		break;
	case OP_GLOB:
		glob(c, t, term, negate, ret);
		break;
	case OP_PMATCH:
		if (!negate)
			paths(c, t, term, ret);
		break;
	case OP_LT: case OP_LE: case OP_GT: case OP_GE: case OP_CONTAINS: case OP_ICONTAINS:
	case OP_IGLOB: case OP_REGEX: case OP_INTERSECTS: case OP_BCONTAINS: case OP_BSTARTSWITH:
	case OP_EXISTS: case OPS:
		break;
	}
}
