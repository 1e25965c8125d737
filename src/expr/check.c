// SPDX-License-Identifier: Apache-2.0
/*
 * Which fields are meant, and whether they can be compared so.
 *
 * A name may have another type in each event: flags of open are no flags of mmap.  A comparison is
 * checked for the events that the expression applies to, less those that a condition on evt.type
 * beside it excludes; it must be right for at least one of them and is false for the others.
 */
#include "expr/node.h"

#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "base/nearest.h"
#include "event/schema.h"
#include "event/select.h"
#include "expr/constant.h"
#include "expr/test.h"

static int unknown_field(struct context *c, const struct comparison *cmp)
{
	char buf[64];
	const char *near = operand_nearest(cmp->field, buf);

	if (near)
		return place_error(c, &cmp->at, "unknown field \"%.64s\", did you mean \"%s\"?",
				   cmp->field, near);
	return place_error(c, &cmp->at, "unknown field \"%.64s\"; saker events --fields lists them",
			   cmp->field);
}

static bool in_category(const struct schema *s, const char *word)
{
	size_t len = strcspn(s->category, "_");

	return !strcmp(s->category, word) ||
	       (strlen(word) == len && !strncmp(s->category, word, len));
}

static int unknown_category(struct context *c, const struct literal *value)
{
	const char *words[EVENT_COUNT], *near;
	size_t n = 0;

	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (schema_get(id))
			words[n++] = schema_get(id)->category;
	near = nearest(value->s, words, n);
	if (near)
		return place_error(c, &value->at,
				   "unknown category \"%.64s\", did you mean \"%s\"?", value->s,
				   near);
	return place_error(c, &value->at, "unknown category \"%.64s\"; saker events lists them",
			   value->s);
}

/* --- evt.type and evt.category: known for each event beforehand */

static const char *event_text(const struct schema *s, enum get get)
{
	if (get == GET_DIRECTION)
		return s->syscall && s->view == VIEW_entry ? ">" : "<";
	return get == GET_CATEGORY ? s->category : s->name;
}

static bool event_is(const struct schema *s, const struct literal *value, enum get get)
{
	size_t len = value->len;

	if (get == GET_CATEGORY)
		return in_category(s, value->s);
	if (!strcmp(event_text(s, get), value->s))
		return true;
	for (const char *a = s->aliases; *a; a += strcspn(a, " "), a += strspn(a, " "))
		if (strcspn(a, " ") == len && !strncmp(a, value->s, len))
			return true;
	return false;
}

static int unknown_name(struct context *c, const struct literal *value, enum get get)
{
	struct select_error error;

	if (get == GET_CATEGORY)
		return unknown_category(c, value);
	if (get == GET_DIRECTION)
		return place_error(c, &value->at, "unknown direction \"%.64s\": want < or >", value->s);
	select_unknown(&error, value->s);
	return place_error(c, &value->at, "%s", error.text);
}

static int named_events(struct context *c, struct comparison *cmp, enum get get)
{
	for (size_t i = 0; i < cmp->nvalues; i++) {
		const struct literal *value = &cmp->values[i];
		unsigned n = 0;

		for (unsigned id = 0; id < EVENT_COUNT; id++) {
			if (!schema_get(id) || !event_is(schema_get(id), value, get))
				continue;
			event_set_add(&cmp->events, id);
			n++;
		}
		if (!n)
			return unknown_name(c, value, get);
	}
	return 0;
}

static int check_event(struct context *c, struct comparison *cmp, const struct operand *operand)
{
	struct access access = { .class = operand->class,
				 .type = operand->type,
				 .get = operand->get };
	const struct constant *k;
	int r = 0;

	cmp->of_event = true;
	if (cmp->via || cmp->right.field)
		return place_error(c, &cmp->at, "%.64s takes no function and no field on its right side", cmp->field);
	k = constant_get(c, cmp, &access);
	if (!k || !k->valid)
		return -EINVAL;
	if (cmp->op == OP_EQ || cmp->op == OP_NE || cmp->op == OP_IN)
		r = named_events(c, cmp, operand->get);
	for (unsigned id = 0; !r && id < EVENT_COUNT; id++) {
		const struct schema *s = schema_get(id);
		const char *text = s ? event_text(s, operand->get) : NULL;

		if (text && cmp->op == OP_NE)
			cmp->events.bits[id / 64] ^= UINT64_C(1) << id % 64;
		else if (text && cmp->op != OP_EQ && cmp->op != OP_IN &&
			 test_text(k, text, strlen(text)))
			event_set_add(&cmp->events, id);
	}
	return r;
}

/* --- fields */

static bool exists_anywhere(const struct operand *operand, const char *arg)
{
	struct access access;

	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (operand_access(operand, arg, id, &access))
			return true;
	return false;
}

static bool set_empty(const struct event_set *set)
{
	static const struct event_set none;

	return !memcmp(set, &none, sizeof(none));
}

static const char *only_event(const struct event_set *set)
{
	const char *name = NULL;

	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		if (!event_set_has(set, id) || !schema_get(id))
			continue;
		if (name)
			return NULL;
		name = schema_get(id)->name;
	}
	return name;
}

static int not_here(struct context *c, const struct comparison *cmp, const struct event_set *set)
{
	const char *only = only_event(set);

	if (only)
		return place_error(c, &cmp->at,
				   "event %s has no %.64s; saker events %s lists its fields", only,
				   cmp->field, only);
	return place_error(c, &cmp->at, "none of the events this applies to has %.64s", cmp->field);
}

/* What is in brackets behind a name. */
static int check_index(struct context *c, const struct comparison *cmp, const struct operand *operand,
		       const char *arg)
{
	const char *bracket = strchr(cmp->field, '[');
	struct place at = cmp->at;

	if (!bracket && operand_keyed(operand))
		return place_error(c, &at, "%s: want a key in brackets: %s[KEY]", cmp->field, cmp->field);
	if (!bracket || operand->get == GET_ARG)
		return 0;
	at.p += bracket - cmp->field;
	if (operand_keyed(operand) && arg[0] && arg[1] && strchr(arg, ']') == arg + strlen(arg) - 1)
		return 0;
	if (operand_keyed(operand))
		return place_error(c, &at, "\"%.64s\": want a key and \"]\"", bracket);
	if (!operand_indexed(operand))
		return place_error(c, &at, "%.*s takes no number in brackets", (int)(bracket - cmp->field),
				   cmp->field);
	at.p++;
	if (operand_index(arg) < 0)
		return place_error(c, &at, "\"%.64s\": want a number from 0 to %d and \"]\"", arg,
				   OPERAND_DEPTH_MAX);
	return 0;
}

static int check_right(struct context *c, struct comparison *cmp)
{
	struct comparison right = { .field = cmp->right.field, .at = cmp->right.at };
	const struct operand *operand;

	if (!right.field)
		return 0;
	operand = operand_find(right.field, &right.arg);
	if (!operand || operand->class == CLASS_EVENT || (operand->get == GET_ARG && !exists_anywhere(operand, right.arg)))
		return unknown_field(c, &right);
	cmp->right.operand = operand;
	cmp->right.arg = right.arg;
	return check_index(c, &right, operand, right.arg);
}

static int check_comparison(struct context *c, struct comparison *cmp, const struct event_set *set)
{
	const char *arg;
	const struct operand *operand = operand_find(cmp->field, &arg);
	/* Where a name has several types, what helps is the error that has a guess. */
	static const char guess[] = "did you mean";
	struct diag first = { 0 }, one, *diag = c->diag;
	unsigned have = 0, valid = 0;
	struct access access;

	if (!operand || (operand->get == GET_ARG && !exists_anywhere(operand, arg)))
		return unknown_field(c, cmp);
	if (check_index(c, cmp, operand, arg) || check_right(c, cmp))
		return -EINVAL;
	cmp->operand = operand;
	cmp->arg = arg;
	c->diag = &one;
	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		const struct constant *k;

		if (!event_set_has(set, id) || !comparison_access(cmp, id, &access))
			continue;
		one = (struct diag){ 0 };
		k = constant_get(c, cmp, &access);
		if (one.text[0] && (!first.text[0] || (!strstr(first.text, guess) && strstr(one.text, guess))))
			first = one;
		have++;
		valid += k && k->valid;
	}
	c->diag = diag;
	if (valid || c->no_memory)
		return 0;
	if (!have)
		return set_empty(set) ? 0 : not_here(c, cmp, set);
	if (!first.text[0])
		return not_here(c, &(struct comparison){ .field = cmp->right.field, .at = cmp->right.at }, set);
	if (!diag->text[0])
		*diag = first;
	return -EINVAL;
}

/* --- the tree */

static void set_fill(struct event_set *set)
{
	memset(set, 0xff, sizeof(*set));
}

/* Whether only the event decides. */
static bool pure(const struct node *node)
{
	if (node->kind == NODE_comparison)
		return node->comparison->of_event;
	for (const struct node *n = node->child; n; n = n->next)
		if (!pure(n))
			return false;
	return true;
}

/* Events for which it may be true; for others it is not. */
static void possible(const struct node *node, struct event_set *ret)
{
	struct event_set one;

	set_fill(ret);
	if (node->kind == NODE_comparison) {
		if (node->comparison->of_event)
			*ret = node->comparison->events;
		return;
	}
	if (node->kind == NODE_not && !pure(node))
		return;
	if (node->kind != NODE_and)
		memset(ret, 0, sizeof(*ret));
	for (const struct node *n = node->child; n; n = n->next) {
		possible(n, &one);
		for (size_t i = 0; i < EVENTS_MAX / 64; i++) {
			if (node->kind == NODE_and)
				ret->bits[i] &= one.bits[i];
			else
				ret->bits[i] |= node->kind == NODE_not ? ~one.bits[i] : one.bits[i];
		}
	}
}

/* What names events is read first, so that a condition knows what is beside it. */
static int check_events(struct context *c, struct node *node)
{
	const struct operand *operand;
	const char *arg;
	int r = 0;

	if (node->kind == NODE_comparison) {
		operand = operand_find(node->comparison->field, &arg);
		if (!operand || operand->class != CLASS_EVENT)
			return 0;
		return check_event(c, node->comparison, operand);
	}
	for (struct node *n = node->child; n && !r; n = n->next)
		r = check_events(c, n);
	return r;
}

static void set_meet(struct event_set *set, const struct event_set *other)
{
	for (size_t i = 0; i < EVENTS_MAX / 64; i++)
		set->bits[i] &= other->bits[i];
}

/*
 * The events that what is joined by this "and" is checked for.  A part of an expression may be about
 * others than the whole, as a macro that serves several events is; it is checked for its own.
 */
static void narrow(const struct node *node, const struct event_set *set, bool part, struct event_set *ret)
{
	struct event_set own, one;

	set_fill(&own);
	for (const struct node *n = node->child; n; n = n->next) {
		possible(n, &one);
		set_meet(&own, &one);
	}
	*ret = *set;
	set_meet(ret, &own);
	if (set_empty(ret))
		*ret = part && !set_empty(&own) ? own : *set;
}

static int check_node(struct context *c, struct node *node, const struct event_set *set, bool part)
{
	struct event_set some = *set;
	int r = 0;

	if (node->kind == NODE_comparison)
		return node->comparison->of_event ? 0 : check_comparison(c, node->comparison, set);
	if (node->kind == NODE_and)
		narrow(node, set, part, &some);
	for (struct node *n = node->child; n && !r; n = n->next)
		r = check_node(c, n, &some, true);
	return r;
}

int check(struct context *c, struct node *root, const struct event_set *events)
{
	int r = check_events(c, root);

	return r ? r : check_node(c, root, events, false);
}
