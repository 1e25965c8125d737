// SPDX-License-Identifier: Apache-2.0
#include "expr/test.h"

#include "expr/dfa.h"
#include "expr/fetch.h"
#include "expr/glob.h"
#include "expr/need.h"
#include "expr/regex.h"
#include "identity/ancestry.h"

/* --- numbers */

static bool number_in(const struct constant *k, uint64_t value)
{
	size_t low = 0, n = k->n;

	while (n > 0) {
		size_t half = n / 2;

		if (k->numbers[low + half] == value)
			return true;
		if (k->numbers[low + half] < value) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return false;
}

static bool flags_any(const struct constant *k, uint64_t value)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct constant_flags *want = &k->flags[i];

		if ((value & want->flags) == want->flags && (value & want->part) == want->choice)
			return true;
	}
	return false;
}

static bool less(const struct access *a, uint64_t x, uint64_t y)
{
	return a->sign ? (int64_t)x < (int64_t)y : x < y;
}

bool test_number(const struct test *t, uint64_t value)
{
	const struct constant *k = t->constant;

	switch ((enum op)t->op) {
	case OP_EQ: return value == k->numbers[0];
	case OP_NE: return value != k->numbers[0];
	case OP_LT: return less(&t->access, value, k->numbers[0]);
	case OP_LE: return !less(&t->access, k->numbers[0], value);
	case OP_GT: return less(&t->access, k->numbers[0], value);
	case OP_GE: return !less(&t->access, value, k->numbers[0]);
	case OP_IN: return number_in(k, value);
	case OP_CONTAINS: case OP_INTERSECTS: return flags_any(k, value);
	case OP_EXISTS: return true;
	case OP_ICONTAINS: case OP_STARTSWITH: case OP_ENDSWITH: case OP_GLOB: case OP_IGLOB:
	case OP_REGEX: case OP_PMATCH: case OP_BCONTAINS: case OP_BSTARTSWITH: case OPS: break;
	}
	return false;
}

/* --- texts */

static bool text_is(const struct constant_text *k, const char *s, size_t len)
{
	return k->len == len && !memcmp(k->s, s, len);
}

static bool text_in(const struct constant *k, const char *s, size_t len)
{
	uint32_t at = text_hash(s, len) & k->mask;

	for (; k->slots[at]; at = (at + 1) & k->mask)
		if (text_is(&k->texts[k->slots[at] - 1], s, len))
			return true;
	return false;
}

static bool path_in(const struct constant *k, const char *s, size_t len)
{
	for (size_t i = 0; i < k->n; i++)
		if (glob_path(k->texts[i].s, k->texts[i].len, s, len))
			return true;
	return false;
}

/* Most texts lack the last letter, which is told sooner than that they lack the whole. */
static bool contains(const struct constant_text *want, const char *s, size_t len)
{
	return !want->len || (memchr(s, want->s[want->len - 1], len) && memmem(s, len, want->s, want->len));
}

bool test_text(const struct constant *k, const char *s, size_t len)
{
	const struct constant_text *want = k->texts;

	if (k->dfa)
		return dfa_match(k->dfa, s, len);
	switch ((enum op)k->op) {
	case OP_EQ: return text_is(want, s, len);
	case OP_NE: return !text_is(want, s, len);
	case OP_IN: case OP_INTERSECTS: return text_in(k, s, len);
	case OP_CONTAINS: return contains(want, s, len);
	case OP_ICONTAINS: return contains_folded(s, len, want->s, want->len);
	case OP_STARTSWITH: return len >= want->len && !memcmp(s, want->s, want->len);
	case OP_ENDSWITH:
		return len >= want->len && !memcmp(s + len - want->len, want->s, want->len);
	case OP_GLOB: return glob_match(want->s, want->len, s, len, false);
	case OP_IGLOB: return glob_match(want->s, want->len, s, len, true);
	case OP_REGEX: return regex_match(k->regex, s, len);
	case OP_PMATCH: return path_in(k, s, len);
	case OP_EXISTS: return true;
	case OP_LT: case OP_LE: case OP_GT: case OP_GE: case OP_BCONTAINS: case OP_BSTARTSWITH: case OPS: break;
	}
	return false;
}

/* What decides about a list when no member before it has: false for any, true for all and none. */
static bool test_list(const struct constant *k, struct fetched *f)
{
	const char *s = f->text.s, *end = s + f->text.len;
	bool all = k->op == OP_IN || k->op == OP_NE;

	if (k->op == OP_CONTAINS || k->op == OP_ICONTAINS) {
		fetch_joined(f);
		return test_text(k, f->text.s, f->text.len);
	}
	for (; s < end; s++) {
		size_t len = strnlen(s, end - s);

		if (test_text(k, s, len) != all)
			return !all;
		s += len;
	}
	return all;
}

/* --- addresses */

static bool in_net(const struct constant_net *net, const struct constant_net *addr)
{
	unsigned bytes = net->bits / 8, rest = net->bits % 8;

	if (net->has_port && net->port != addr->port)
		return false;
	if (net->family != addr->family || memcmp(net->addr, addr->addr, bytes))
		return false;
	return !rest || !((net->addr[bytes] ^ addr->addr[bytes]) >> (8 - rest));
}

static bool test_nets(const struct constant *k, const struct fetched *f)
{
	bool found = k->op == OP_EXISTS;

	for (unsigned i = 0; i < f->n; i++)
		for (size_t j = 0; j < k->n && !found; j++)
			found = in_net(&k->nets[j], &f->nets[i]);
	return found != (k->op == OP_NE);
}

/* One of two ports, or none of them for !=. */
static bool test_numbers(const struct test *t, const struct fetched *f)
{
	for (unsigned i = 0; i < f->n; i++)
		if (test_number(t, f->numbers[i]) != (t->op == OP_NE))
			return t->op != OP_NE;
	return t->op == OP_NE;
}

/* --- what is called for each record */

static bool run_number(const struct test *t, const struct expr_view *view)
{
	return test_number(t, fetch_number(&t->access, view->record));
}

static bool run_equal(const struct test *t, const struct expr_view *view)
{
	return (fetch_number(&t->access, view->record) == t->constant->numbers[0]) ==
	       (t->op == OP_EQ);
}

/* Of a text that stays where it is while the record is looked at. */
static bool test_lasting(const struct constant *k, const struct expr_view *view, const char *s, size_t len)
{
	if (view->notes && k->needs && !notes_may_match(view->notes, s, len, k->needs, k->nneeds))
		return false;
	return test_text(k, s, len);
}

static bool run_span(const struct test *t, const struct expr_view *view)
{
	const struct span *at = (const void *)((const char *)view->record + t->access.off);

	return at->len && test_lasting(t->constant, view, (const char *)view->record + at->off, at->len - 1);
}

static bool run_comm(const struct test *t, const struct expr_view *view)
{
	const char *comm = (const char *)view->record + t->access.off;

	return test_text(t->constant, comm, strnlen(comm, sizeof(wire_comm)));
}

static bool test_fetched(const struct test *t, struct fetched *f)
{
	switch ((enum class)t->access.class) {
	case CLASS_NUM: return test_numbers(t, f);
	case CLASS_TEXT: case CLASS_BYTES: return test_text(t->constant, f->text.s, f->text.len);
	case CLASS_LIST: return test_list(t->constant, f);
	case CLASS_ADDR: return test_nets(t->constant, f);
	case CLASS_NONE: case CLASS_EVENT: case CLASSES: break;
	}
	return false;
}

/* Of the record or the process table, not made for this comparison. */
static bool is_lasting(const struct test *t, const struct fetched *f)
{
	const char *s = f->text.s;

	return t->access.class == CLASS_TEXT && (s < (const char *)f || s >= (const char *)(f + 1)) &&
	       (t->access.get == GET_FD || t->access.get == GET_PROCESS || t->access.get == GET_PARENT);
}

static bool run_any(const struct test *t, const struct expr_view *view)
{
	struct fetched f;

	fetch(&f, &t->access, view);
	if (!f.n)
		return false;
	if (is_lasting(t, &f))
		return test_lasting(t->constant, view, f.text.s, f.text.len);
	return test_fetched(t, &f);
}

/* What the field on the right side has, as a constant; false when there is no value. */
static bool run_right(const struct test *t, const struct expr_view *view)
{
	struct test with = { .access = t->access, .op = t->op };
	struct constant value = { .op = t->op, .n = 1 };
	struct fetched left, right;

	fetch(&left, &t->access, view);
	if (!left.n)
		return false;
	fetch(&right, &t->constant->right, view);
	if (!right.n)
		return false;
	value.texts = &right.text;
	value.numbers = right.numbers;
	with.constant = &value;
	if (t->access.class == CLASS_TEXT)
		return test_text(&value, left.text.s, left.text.len);
	return test_number(&with, left.numbers[0]);
}

/* One of them, or for != none of them, and there is one. */
static bool run_ancestors(const struct test *t, const struct expr_view *view)
{
	const struct head *h = view->record;
	bool none = t->op == OP_NE, found = false;
	struct ancestry ancestry;
	struct fetched f;

	ancestry_begin(&ancestry, &view->subject, &h->who);
	while (fetch_ancestor(&f, &t->access, &ancestry)) {
		if (!f.n)
			continue;
		found = true;
		if (test_fetched(t, &f) != none)
			return !none;
	}
	return found && none;
}

void test_init(struct test *t, const struct constant *k, const struct access *access)
{
	memset(t, 0, sizeof(*t));	/* programs are compared byte by byte */
	t->constant = k;
	t->access = *access;
	t->op = k->op;
	if (access->get == GET_CONTAINER && access->class == CLASS_TEXT)
		t->access.bits = k->op == OP_EXISTS;
	if (k->has_right)
		t->run = run_right;
	else if (access->via)
		t->run = access->get == GET_ANCESTORS ? run_ancestors : run_any;
	else if (!access->dated && (access->get == GET_NUM || access->get == GET_HEAD4))
		t->run = k->op == OP_EQ || k->op == OP_NE ? run_equal : run_number;
	else if (access->get == GET_SPAN && access->class == CLASS_TEXT)
		t->run = run_span;
	else if (access->get == GET_COMM)
		t->run = run_comm;
	else
		t->run = access->get == GET_ANCESTORS ? run_ancestors : run_any;
}

/* --- estimates */

static unsigned op_cost(const struct test *t)
{
	if (t->constant->dfa)
		return 15;
	switch ((enum op)t->op) {
	case OP_CONTAINS: return t->access.class == CLASS_NUM ? 2 : 20;
	case OP_ICONTAINS: case OP_GLOB: case OP_IGLOB: return 60;
	case OP_PMATCH: return 10 + 15 * t->constant->n;
	case OP_REGEX: return 300;
	case OP_IN: case OP_INTERSECTS: return 8;
	case OP_EQ: case OP_NE: case OP_LT: case OP_LE: case OP_GT: case OP_GE:
	case OP_STARTSWITH: case OP_ENDSWITH: case OP_BCONTAINS: case OP_BSTARTSWITH: case OP_EXISTS: case OPS: break;
	}
	return 2;
}

static bool joined(const struct test *t)
{
	return t->access.arg == PART_CMDLINE || t->access.arg == PART_EXELINE;
}

unsigned test_cost(const struct test *t)
{
	unsigned cost = op_cost(t) + (t->access.via ? 50 : 0) + (t->constant->has_right ? 50 : 0);

	if (t->access.class == CLASS_LIST)
		cost = 4 * cost + 20;
	switch ((enum get)t->access.get) {
	case GET_FD: return cost + (t->access.arg == FD_NAME ? 40 : 20);
	case GET_END: return cost + 30;
	case GET_PROCESS: return cost + (joined(t) ? 200 : 20);
	case GET_PARENT: return cost + (joined(t) ? 220 : 40);
	case GET_ANCESTOR: return cost + 20 + 20 * t->access.depth + (joined(t) ? 200 : 0);
	case GET_ANCESTORS: return 5 * (cost + (joined(t) ? 200 : 20));
	case GET_CONTAINER: return cost + 10;
	case GET_USER: case GET_CGROUP: return cost + 30;
	case GET_UNIT: case GET_SHOWN: return cost + 300;
	case GET_COMM: return cost + 4;
	case GET_SPAN: return cost + 3;
	case GET_HEAD4: case GET_ASKED: case GET_NUM: case GET_FIGURE: case GET_ERRNO: case GET_FAILED: case GET_WIRE_ADDR:
	case GET_SOCKADDR: case GET_OPEN: case GET_SINCE: case GET_EVENT: case GET_CATEGORY: case GET_DIRECTION: case GET_ARG:
	case GET_SEQ: case GET_NEST: case GET_TOLD: case GET_ABI: case GET_LANE: case GET_HOSTNAME: case GET_FLAWS:
	case GET_RET: break;
	}
	return cost;
}

unsigned test_chance(const struct test *t)
{
	switch ((enum op)t->op) {
	case OP_EQ: return t->access.class == CLASS_TEXT ? 3 : 8;
	case OP_NE: return 95;
	case OP_IN: case OP_PMATCH: return t->constant->n > 16 ? 30 : 15;
	case OP_EXISTS: return 80;
	case OP_LT: case OP_LE: case OP_GT: case OP_GE: return 50;
	case OP_STARTSWITH: case OP_ENDSWITH: case OP_CONTAINS: case OP_ICONTAINS: case OP_GLOB:
	case OP_IGLOB: case OP_REGEX: case OP_INTERSECTS: case OP_BCONTAINS: case OP_BSTARTSWITH: case OPS: break;
	}
	return 12;
}
