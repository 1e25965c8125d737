// SPDX-License-Identifier: Apache-2.0
#include "expr/constant.h"

#include <errno.h>
#include <stdlib.h>

#include "base/nearest.h"
#include "event/value.h"
#include "expr/glob.h"
#include "expr/literal.h"
#include "expr/need.h"
#include "expr/regex.h"

enum { NUMBER_LONG = 64 };

#define BIT(op) (1u << OP_##op)

static const unsigned ops_of_class[CLASSES] = {
	[CLASS_NUM] = BIT(EQ) | BIT(NE) | BIT(IN) | BIT(EXISTS),
	[CLASS_TEXT] = BIT(EQ) | BIT(NE) | BIT(IN) | BIT(CONTAINS) | BIT(ICONTAINS) |
		       BIT(STARTSWITH) | BIT(ENDSWITH) | BIT(GLOB) | BIT(IGLOB) | BIT(REGEX) |
		       BIT(PMATCH) | BIT(BCONTAINS) | BIT(BSTARTSWITH) | BIT(EXISTS),
	[CLASS_LIST] = BIT(EQ) | BIT(NE) | BIT(IN) | BIT(CONTAINS) | BIT(ICONTAINS) |
		       BIT(STARTSWITH) | BIT(ENDSWITH) | BIT(GLOB) | BIT(IGLOB) | BIT(REGEX) |
		       BIT(PMATCH) | BIT(INTERSECTS) | BIT(EXISTS),
	[CLASS_ADDR] = BIT(EQ) | BIT(NE) | BIT(IN) | BIT(EXISTS),
	[CLASS_BYTES] = BIT(EQ) | BIT(NE) | BIT(IN) | BIT(BCONTAINS) | BIT(BSTARTSWITH) | BIT(EXISTS),
	[CLASS_EVENT] = BIT(EQ) | BIT(NE) | BIT(IN) | BIT(CONTAINS) | BIT(ICONTAINS) |
			BIT(STARTSWITH) | BIT(ENDSWITH) | BIT(GLOB) | BIT(IGLOB) | BIT(REGEX) |
			BIT(EXISTS),
};

static unsigned ops_of(const struct access *a)
{
	unsigned ops = ops_of_class[a->class];

	if (a->class == CLASS_NUM && type_ordered(a->type))
		ops |= BIT(LT) | BIT(LE) | BIT(GT) | BIT(GE);
	if (a->class == CLASS_NUM && type_has_flags(a->type))
		ops |= BIT(CONTAINS) | BIT(INTERSECTS);
	if (a->class == CLASS_NUM && type_named(a->type))
		ops |= BIT(CONTAINS);
	return ops;
}

/* Whether the operator means something for operands like this. */
static bool op_applies(enum op op, const struct access *access)
{
	return ops_of(access) >> op & 1;
}

static const char *type_name(const struct access *a)
{
	return a->class == CLASS_LIST ? "list of texts" : type_info[a->type].name;
}

static int op_error(struct context *c, const struct comparison *cmp, const struct access *a)
{
	char allowed[160];
	size_t n = 0;

	for (unsigned op = 0; op < OPS; op++)
		if (ops_of(a) >> op & 1)
			n += snprintf(allowed + n, sizeof(allowed) - n, " %s", op_names[op]);
	return place_error(c, &cmp->op_at, "\"%s\" does not apply to %.64s (%s);%s do",
			   op_names[cmp->op], cmp->field, type_name(a), allowed);
}

/* --- numbers */

static const struct unit { const char *name; uint64_t times; } sizes[] = {
	{ "K", 1ull << 10 }, { "M", 1ull << 20 }, { "G", 1ull << 30 }, { "T", 1ull << 40 }, { NULL, 0 },
}, durations[] = {
	{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { "m", 60000000000 },
	{ "h", 3600000000000 }, { "d", 86400000000000 }, { NULL, 0 },
};

static const struct unit *units_of(enum type type)
{
	if (type == T_size || type == T_ssize || type == T_off || type == T_loff || type == T_figure)
		return sizes;
	return type == T_duration || type == T_time ? durations : NULL;
}

/* Digits with a unit behind them, as bytes or nanoseconds. */
static int parse_unit(const struct unit *unit, const char *text, uint64_t *ret)
{
	char *end;
	uint64_t n;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	for (; unit->name; unit++) {
		if (strcmp(unit->name, end))
			continue;
		if (n > INT64_MAX / unit->times)
			return -ERANGE;
		*ret = n * unit->times;
		return 0;
	}
	return -EINVAL;
}

/* 0755 is octal in any number, which value_parse only thinks of modes. */
static int parse_octal(enum type type, const char *text, uint64_t *ret)
{
	char decimal[NUMBER_LONG], *end;
	unsigned long long n;

	if (text[0] != '0' || text[1] < '0' || text[1] > '9' || !value_is_number(type))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 8);
	if (*end || errno)
		return -EINVAL;
	snprintf(decimal, sizeof(decimal), "%llu", n);
	return value_parse(type, decimal, ret);
}

/* A number without sign is -1 only where that means that there is none: the audit session. */
static int parse_number(enum type type, const struct literal *value, uint64_t *ret)
{
	const struct unit *units = units_of(type);
	int r;

	if (strlen(value->s) != value->len)
		return -EINVAL;
	if (type == T_time_wall && literal_is_date(value))
		return literal_date(value, ret);
	if (value->s[0] == '0' && value_is_number(type) && value->len > 1 && value->s[1] >= '0' &&
	    value->s[1] <= '9')
		return parse_octal(type, value->s, ret);
	if (value->s[0] == '-' && value_is_number(type) && !type_signed(type) && type != T_uint)
		return -ERANGE;
	r = value_parse(type, value->s, ret);
	return r == -EINVAL && units ? parse_unit(units, value->s, ret) : r;
}

/* Of no other number of this type there is one that tells more of it. */
static bool is_ret(const struct constant *k)
{
	return k->type == T_long && k->get == GET_NUM && k->arg != T_none;
}

/* What could be written instead. */
static const char *number_hint(const struct comparison *cmp, const struct constant *k, const struct literal *value)
{
	const struct unit *units = units_of(k->type);

	if (is_ret(k) && !strcmp(value->s, "SUCCESS"))
		return "; SUCCESS goes with = and !=";
	if (is_ret(k))
		return "; want a number, the name of an error or SUCCESS";
	if (k->type == T_uid && !strcmp(cmp->field, "user.uid"))
		return "; user.name compares the name";
	return units == sizes ? "; its units are K M G T" : units ? "; its units are ns us ms s m h d" : "";
}

static int number_error(struct context *c, const struct comparison *cmp, const struct constant *k,
			const struct literal *value, int r)
{
	static const char *const success[] = { "SUCCESS" };
	const char *type = type_info[k->type].name, *near = type_nearest(is_ret(k) ? T_errno : k->type, value->s);

	if (k->type == T_time && r != -ERANGE)
		return place_error(c, &value->at, "\"%.64s\" is no time as %.64s is: want a date (2026-11-23T10:00:00Z) or, in all of "
				   "a list, nanoseconds since boot", value->s, cmp->field);
	if (r == -ERANGE)
		return place_error(c, &value->at, "%.64s is out of range for %.64s (%s)", value->s,
				   cmp->field, type);
	if (is_ret(k) && strcmp(value->s, *success) != 0 && nearest(value->s, success, 1))
		near = *success;
	if (near)
		return place_error(c, &value->at,
				   "unknown value \"%.64s\" of %.64s (%s), did you mean \"%s\"?",
				   value->s, cmp->field, type, near);
	if (k->type == T_bool)
		return place_error(c, &value->at, "\"%.64s\" is neither true nor false, as %.64s (%s) is", value->s, cmp->field, type);
	if (value_is_number(k->type))
		return place_error(c, &value->at, "\"%.64s\" is no number, but %.64s (%s) is%s",
				   value->s, cmp->field, type, number_hint(cmp, k, value));
	return place_error(c, &value->at, "unknown value \"%.64s\" of %.64s (%s)", value->s,
			   cmp->field, type);
}

/* The result of a call by the name of its error; = SUCCESS is >= 0. */
static int parse_ret(struct constant *k, const struct literal *value, uint64_t *ret)
{
	uint64_t err;

	if (!strcmp(value->s, "SUCCESS") && (k->op == OP_EQ || k->op == OP_NE)) {
		k->op = k->op == OP_EQ ? OP_GE : OP_LT;
		*ret = 0;
		return 0;
	}
	if (value->s[0] == 'E' && !value_parse(T_errno, value->s, &err)) {
		*ret = -err;
		return 0;
	}
	if (!value_is_number(k->arg) && *value->s != '-' && !parse_number(k->arg, value, ret))
		return 0;
	return parse_number(T_long, value, ret);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Each once. */
static void sort_numbers(struct constant *k, size_t n)
{
	qsort(k->numbers, n, sizeof(*k->numbers), compare_numbers);
	for (size_t i = 0; i < n; i++)
		if (!k->n || k->numbers[i] != k->numbers[k->n - 1])
			k->numbers[k->n++] = k->numbers[i];
}

static int read_numbers(struct context *c, const struct comparison *cmp, struct constant *k,
			const struct access *a)
{
	k->numbers = context_alloc(c, cmp->nvalues * sizeof(*k->numbers));
	if (!k->numbers)
		return -ENOMEM;
	for (size_t i = 0; i < cmp->nvalues; i++) {
		const struct literal *value = &cmp->values[i];
		int r = is_ret(k)  ? parse_ret(k, value, &k->numbers[i])
			: a->dated ? literal_date(value, &k->numbers[i])
			: a->get == GET_TOLD && !value_told(k->type, value->s, &k->numbers[i])
				   ? 0 : parse_number(k->type, value, &k->numbers[i]);

		if (r)
			return number_error(c, cmp, k, value, r);
	}
	sort_numbers(k, cmp->nvalues);
	return 0;
}

/* A value has one name: that it contains a text is that it is one of those. */
static int read_names(struct context *c, const struct comparison *cmp, struct constant *k)
{
	const struct literal *value = cmp->values;
	size_t n = type_names_with(k->type, value->s, NULL, 0);

	if (!n || strlen(value->s) != value->len)
		return number_error(c, cmp, k, value, -EINVAL);
	k->numbers = context_alloc(c, n * sizeof(*k->numbers));
	if (!k->numbers)
		return -ENOMEM;
	type_names_with(k->type, value->s, k->numbers, n);
	sort_numbers(k, n);
	k->op = OP_IN;
	return 0;
}

static int read_flags(struct context *c, const struct comparison *cmp, struct constant *k)
{
	uint64_t part = type_choice_bits(k->type), n;

	k->flags = context_alloc(c, cmp->nvalues * sizeof(*k->flags));
	if (!k->flags)
		return -ENOMEM;
	for (size_t i = 0; i < cmp->nvalues; i++) {
		const struct literal *value = &cmp->values[i];
		int r = parse_number(k->type, value, &n);

		if (r)
			return number_error(c, cmp, k, value, r);
		if (!n && !part)
			return place_error(c, &value->at, "\"%.64s\" is no flag: it has no bits",
					   value->s);
		k->flags[i].flags = n & ~part;
		if (!k->flags[i].flags || n & part)
			k->flags[i] = (struct constant_flags){ n & ~part, part, n & part };
	}
	k->n = cmp->nvalues;
	return 0;
}

/* --- texts */

static int hash_texts(struct context *c, struct constant *k)
{
	uint32_t size = 4;

	while (size < 2 * k->n)
		size *= 2;
	k->slots = context_alloc(c, size * sizeof(*k->slots));
	if (!k->slots)
		return -ENOMEM;
	k->mask = size - 1;
	for (size_t i = 0; i < k->n; i++) {
		uint32_t at = text_hash(k->texts[i].s, k->texts[i].len) & k->mask;

		while (k->slots[at])
			at = (at + 1) & k->mask;
		k->slots[at] = i + 1;
	}
	return 0;
}

/* Of patterns that take a while to match. */
static int read_needs(struct context *c, struct constant *k)
{
	struct need *needs = context_alloc(c, k->n * sizeof(*needs));

	if (!needs)
		return -ENOMEM;
	for (size_t i = 0; i < k->n; i++) {
		const struct constant_text *text = &k->texts[i];

		if (k->op == OP_PMATCH)
			glob_path_need(text->s, text->len, &needs[i]);
		else if (k->op == OP_GLOB || k->op == OP_IGLOB)
			glob_need(text->s, text->len, &needs[i]);
		else
			need_text(&needs[i], text->s, text->len);
	}
	k->needs = needs;
	k->nneeds = k->n;
	return 0;
}

static bool is_pattern(enum op op)
{
	return op == OP_GLOB || op == OP_IGLOB || op == OP_PMATCH;
}

static void read_pattern(struct context *c, struct constant *k)
{
	if (k->op == OP_PMATCH)
		k->dfa = glob_path_dfa(&c->effort, k->texts, k->n);
	else
		k->dfa = glob_dfa(&c->effort, k->texts->s, k->texts->len, k->op == OP_IGLOB);
}

static int read_regex(struct context *c, const struct comparison *cmp, struct constant *k)
{
	const struct literal *value = cmp->values;
	struct regex_error error;

	k->regex = regex_compile(&c->effort, value->s, value->len, REGEX_MATCH, &error);
	if (k->regex) {
		k->dfa = regex_dfa(k->regex);
		k->needs = regex_need(k->regex);
		k->nneeds = 1;
		return 0;
	}
	if (!error.text) {
		c->no_memory = true;
		return -ENOMEM;
	}
	return place_error(c, &value->at, "the regular expression is wrong at its byte %zu: %s",
			   error.at + 1, error.text);
}

static bool is_address(enum type type)
{
	return type == T_sockaddr || type == T_sockaddr_out || type == T_addr;
}

/* Written as JSON shows bytes, in hexadecimal; then compared as texts are. */
static int read_bytes(struct context *c, const struct comparison *cmp, struct constant *k)
{
	k->texts = context_alloc(c, cmp->nvalues * sizeof(*k->texts));
	for (size_t i = 0; k->texts && i < cmp->nvalues; i++) {
		const struct literal *value = &cmp->values[i];
		char *bytes = context_alloc(c, value->len / 2 + 1);
		int n = bytes ? literal_hex(value, bytes) : 0;

		if (n < 0)
			return place_error(c, &value->at, "\"%.64s\" are no bytes: want two hexadecimal digits for each",
					   value->s);
		k->texts[i] = (struct constant_text){ bytes, n };
	}
	k->n = cmp->nvalues;
	k->op = k->op == OP_BCONTAINS ? OP_CONTAINS : k->op == OP_BSTARTSWITH ? OP_STARTSWITH : k->op;
	return c->no_memory ? -ENOMEM : k->op == OP_IN ? hash_texts(c, k) : 0;
}

static int read_texts(struct context *c, const struct comparison *cmp, struct constant *k)
{
	if (k->op == OP_REGEX)
		return read_regex(c, cmp, k);
	k->texts = context_alloc(c, cmp->nvalues * sizeof(*k->texts));
	if (!k->texts)
		return -ENOMEM;
	for (size_t i = 0; i < cmp->nvalues; i++) {
		const struct literal *value = &cmp->values[i];

		if (k->type == T_comm && k->op == OP_EQ && value->len >= sizeof(wire_comm))
			return place_error(c, &value->at,
					   "%.64s has at most 15 bytes, so it is never \"%.64s\"",
					   cmp->field, value->s);
		if (k->get == GET_SHOWN && k->op == OP_IN && is_address(k->type) && !literal_is_shown_address(value))
			return place_error(c, &value->at, "\"%.64s\" is no path of a socket (/PATH, @NAME) as the first is",
					   value->s);
		if (k->op == OP_PMATCH && !value->len)
			return place_error(c, &value->at, "an empty text is no path");
		k->texts[i] = (struct constant_text){ value->s, value->len };
	}
	k->n = cmp->nvalues;
	if (is_pattern(k->op))
		read_pattern(c, k);
	if (is_pattern(k->op) || k->op == OP_CONTAINS || k->op == OP_ICONTAINS)
		return read_needs(c, k);
	return k->op == OP_IN || k->op == OP_INTERSECTS ? hash_texts(c, k) : 0;
}

/* --- addresses */

void net_normal(struct constant_net *net, const void *addr, unsigned family, unsigned bits)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(net, 0, sizeof(*net));
	if (family == 6 && bits >= 96 && !memcmp(addr, mapped, sizeof(mapped))) {
		addr = (const uint8_t *)addr + sizeof(mapped);
		family = 4;
		bits -= 96;
	}
	net->family = family;
	net->bits = bits;
	memcpy(net->addr, addr, family == 4 ? 4 : 16);
}

static int read_nets(struct context *c, const struct comparison *cmp, struct constant *k)
{
	k->nets = context_alloc(c, cmp->nvalues * sizeof(*k->nets));
	if (!k->nets)
		return -ENOMEM;
	for (size_t i = 0; i < cmp->nvalues; i++)
		if (!literal_net(&cmp->values[i], &k->nets[i]))
			return place_error(c, &cmp->values[i].at,
					   "\"%.64s\" is no IP address or network "
					   "(10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)",
					   cmp->values[i].s);
	k->n = cmp->nvalues;
	return 0;
}

/* Of each there is one value. */
static bool can_be_right(const struct access *a)
{
	return (a->class == CLASS_TEXT || a->class == CLASS_NUM) && a->get != GET_ANCESTORS && a->get != GET_END &&
	       a->get != GET_TOLD;
}

/* The same kind of thing: both texts, numbers of one type, or numbers that are no more than that. */
static bool comparable(const struct access *a, const struct access *b)
{
	if (!can_be_right(a) || !can_be_right(b) || a->class != b->class)
		return false;
	return a->class == CLASS_TEXT || a->type == b->type || (value_is_number(a->type) && value_is_number(b->type));
}

static int read_right(struct context *c, const struct comparison *cmp, struct constant *k, const struct access *a)
{
	static const unsigned texts = BIT(EQ) | BIT(NE) | BIT(CONTAINS) | BIT(ICONTAINS) | BIT(STARTSWITH) | BIT(ENDSWITH);
	static const unsigned numbers = BIT(EQ) | BIT(NE) | BIT(LT) | BIT(LE) | BIT(GT) | BIT(GE);
	struct access *right = &k->right;

	if (!((a->class == CLASS_TEXT ? texts : numbers) >> cmp->op & 1))
		return place_error(c, &cmp->op_at, "\"%s\" takes no field on its right side", op_names[cmp->op]);
	if (!operand_access(cmp->right.operand, cmp->right.arg, a->event, right))
		return -EINVAL;		/* told when no event has it */
	right->via = cmp->right.via;
	if (right->via && right->class != CLASS_TEXT)
		return place_error(c, &cmp->right.at, "functions take a text, which %.64s (%s) is not", cmp->right.field,
				   type_name(right));
	if (!comparable(a, right))
		return place_error(c, &cmp->right.at, "%.64s (%s) cannot be compared with %.64s (%s)", cmp->field, type_name(a),
				   cmp->right.field, type_name(right));
	k->has_right = true;
	return 0;
}

static int read_constant(struct context *c, const struct comparison *cmp, struct constant *k,
			 const struct access *a)
{
	if (!op_applies(cmp->op, a))
		return op_error(c, cmp, a);
	if (a->via && a->class != CLASS_TEXT)
		return place_error(c, &cmp->at, "functions take a text, which %.64s (%s) is not", cmp->field, type_name(a));
	if (cmp->op == OP_EXISTS)
		return 0;
	if (cmp->right.field)
		return read_right(c, cmp, k, a);
	switch ((enum class)k->class) {
	case CLASS_NUM:
		if (cmp->op == OP_CONTAINS && type_named(k->type))
			return read_names(c, cmp, k);
		if (cmp->op == OP_INTERSECTS || cmp->op == OP_CONTAINS)
			return read_flags(c, cmp, k);
		return read_numbers(c, cmp, k, a);
	case CLASS_TEXT:
		if (cmp->op == OP_BCONTAINS || cmp->op == OP_BSTARTSWITH)
			return read_bytes(c, cmp, k);
		return read_texts(c, cmp, k);
	case CLASS_LIST: case CLASS_EVENT:
		return read_texts(c, cmp, k);
	case CLASS_BYTES:
		return read_bytes(c, cmp, k);
	case CLASS_ADDR:
		return read_nets(c, cmp, k);
	case CLASS_NONE: case CLASSES:
		break;
	}
	return -EINVAL;
}

bool comparison_access(const struct comparison *cmp, unsigned id, struct access *a)
{
	bool equal = cmp->op == OP_EQ || cmp->op == OP_NE || cmp->op == OP_IN;
	bool shown = equal && cmp->nvalues && literal_is_shown_address(cmp->values);

	if (!cmp->operand || !operand_access(cmp->operand, cmp->arg, id, a))
		return false;
	a->via = cmp->via;
	a->event = cmp->right.field ? id : 0;
	if ((a->get == GET_SOCKADDR && (!equal || a->via)) || (shown && (a->get == GET_SOCKADDR || a->get == GET_WIRE_ADDR))) {
		a->class = CLASS_TEXT;
		a->get = GET_SHOWN;
	}
	a->dated = a->type == T_time && cmp->nvalues && literal_is_date(cmp->values);
	return true;
}

const struct constant *constant_find(const struct comparison *cmp, const struct access *a)
{
	const struct constant *k = cmp->constants;

	while (k && (k->class != a->class || k->type != a->type || k->get != a->get || k->arg != a->arg ||
		     k->event != a->event))
		k = k->next;
	return k;
}

const struct constant *constant_get(struct context *c, struct comparison *cmp, const struct access *a)
{
	const struct constant *old = constant_find(cmp, a);
	struct constant *k;

	if (old)
		return old;
	k = context_alloc(c, sizeof(*k));
	if (!k)
		return NULL;
	*k = (struct constant){
		.next = cmp->constants, .class = a->class, .type = a->type, .get = a->get, .arg = a->arg,
		.event = a->event, .op = cmp->op,
	};
	k->valid = !read_constant(c, cmp, k, a);
	cmp->constants = k;
	return k;
}
