// SPDX-License-Identifier: Apache-2.0
#include "policy/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event/schema.h"
#include "expr/operand.h"
#include "policy/policy.h"
#include "policy/state.h"

struct compiling {
	struct policy_set *set;
	const struct policy_set *before;
	const char *const *sinks;
	unsigned nsinks;
	struct diag *diag;
	unsigned policy;			/* index of the file */
	const struct policy_file *file;
	struct expr_names names;
	const struct expr *scope;
};

static int no_memory(struct compiling *c)
{
	diag_set(c->diag, 0, 0, "out of memory, or the policies are too big");
	return -ENOMEM;
}

static struct expr_source source_of(const struct compiling *c, const struct option_text *text)
{
	return (struct expr_source){ c->file->file.path, text->line, text->col, 1 };
}

/* Macros and lists as the expression language wants them. */
static int names_fill(struct compiling *c)
{
	const struct policy_file *f = c->file;
	struct expr_macro *macros = arena_alloc(&c->set->arena, f->nmacros * sizeof(*macros));
	struct expr_list *lists = arena_alloc(&c->set->arena, f->nlists * sizeof(*lists));

	if (!macros || !lists)
		return no_memory(c);
	for (unsigned i = 0; i < f->nmacros; i++)
		macros[i] = (struct expr_macro){ f->macros[i].name, f->macros[i].text.text,
						 source_of(c, &f->macros[i].text) };
	for (unsigned i = 0; i < f->nlists; i++) {
		const struct option_list *from = &f->lists[i].items;
		const char **items = arena_alloc(&c->set->arena, from->n * sizeof(*items));

		if (!items)
			return no_memory(c);
		for (unsigned k = 0; k < from->n; k++)
			items[k] = from->items[k].text;
		lists[i] = (struct expr_list){ f->lists[i].name, items, from->n };
	}
	c->names = (struct expr_names){ macros, lists, f->nmacros, f->nlists };
	return 0;
}

static int compile_text(struct compiling *c, const struct option_text *text, const struct event_set *events,
			const struct expr **ret)
{
	struct expr_source where = source_of(c, text);
	struct expr_names *names;
	struct expr *expr;
	int r;

	if (!text->text)
		return 0;
	names = arena_alloc(&c->set->arena, sizeof(*names));
	if (!names)
		return no_memory(c);
	*names = c->names;
	r = expr_compile(&expr, &c->set->arena, text->text, &where, names, events, c->diag);
	if (r == 0)
		*ret = expr;
	return r == -ENOMEM ? no_memory(c) : r;
}

/* What expressions call so, where it has one value. */
static bool operand_field(struct compiling *c, unsigned id, const char *name, struct key_field *ret)
{
	const char *arg = NULL;
	const struct operand *o = operand_find(name, &arg);
	struct access *access = o ? arena_alloc(&c->set->arena, sizeof(*access)) : NULL;

	if (!access || !operand_access(o, arg, id, access) || access->get == GET_ANCESTORS || access->class == CLASS_EVENT)
		return false;
	*ret = (struct key_field){ .operand = access };
	return true;
}

/* What a name means for one event: args.NAME, NAME, ret, a field of all records, or any operand. */
static bool field_find(struct compiling *c, unsigned id, const char *name, struct key_field *ret)
{
	const struct schema *s = schema_get(id);
	const char *arg = strncmp(name, "args.", 5) ? name : name + 5;
	const struct field *common;
	unsigned n;

	for (unsigned i = 0; i < s->nfields; i++)
		if (!strcmp(s->fields[i].name, arg)) {
			*ret = key_field_event(s, i);
			return true;
		}
	if (s->syscall && !strcmp(name, "ret")) {
		*ret = key_field_ret(s);
		return true;
	}
	common = schema_common(&n);
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(common[i].name, name)) {
			*ret = key_field_common(i);
			return true;
		}
	return operand_field(c, id, name, ret);
}

static int no_field(struct compiling *c, unsigned id, const struct option_text *name)
{
	char buf[64];
	const char *arg, *near = operand_find(name->text, &arg) ? NULL : operand_nearest(name->text, buf);

	if (near)
		return diag_set(c->diag, name->line, name->col, "unknown field \"%s\", did you mean \"%s\"?", name->text, near);
	return diag_set(c->diag, name->line, name->col, "\"%s\" cannot be part of a key: an event %s has no such value",
			name->text, schema_get(id)->name);
}

static int fields_find(struct compiling *c, unsigned id, const struct option_list *names, struct key_field **ret,
		       uint8_t *n)
{
	struct key_field *fields = arena_alloc(&c->set->arena, names->n * sizeof(*fields));

	if (!fields)
		return no_memory(c);
	*n = 0;
	for (unsigned i = 0; i < names->n; i++)
		if (!field_find(c, id, names->items[i].text, &fields[(*n)++]))
			return no_field(c, id, &names->items[i]);
	*ret = fields;
	return 0;
}

static int sinks_find(struct compiling *c, const struct option_list *names, uint64_t *ret)
{
	*ret = names->n ? 0 : UINT64_MAX;
	for (unsigned i = 0; i < names->n; i++) {
		unsigned k = 0;

		while (k < c->nsinks && strcmp(c->sinks[k], names->items[i].text))
			k++;
		if (k == c->nsinks)
			return diag_set(c->diag, names->items[i].line, names->items[i].col, "no sink is called \"%s\"",
					names->items[i].text);
		*ret |= UINT64_C(1) << k;
	}
	return 0;
}

static struct policy_state *state_of(const struct policy_set *set, uint64_t identity)
{
	for (unsigned i = 0; set && i < set->nstates; i++)
		if (set->states[i]->identity == identity)
			return set->states[i];
	return NULL;
}

/* What the entry remembers: the state of the set in force if the entry is the same there. */
static int state_get(struct compiling *c, const struct policy_file_entry *e, struct policy_state **ret)
{
	uint64_t identity = policy_state_identity(c->file->name.text, e);
	struct policy_state *s = state_of(c->set, identity);
	int r = 0;

	if (!e->limit.rate.count && !e->dedup.key.n)
		return 0;
	if (!s) {
		s = state_of(c->before, identity);
		if (s)
			s->users++;
		else
			r = policy_state_new(&s, identity, e);
		if (r < 0)
			return diag_set(c->diag, e->line, e->col, "\"%s\": its limit or dedup cannot be kept: %s",
					e->selector, strerror(-r)), r;
		c->set->states[c->set->nstates++] = s;
	}
	*ret = s;
	return 0;
}

/* Whether the rule needs the session of who did it. */
static bool asks_session(const struct policy_rule *rule, unsigned id)
{
	if (rule->entry->capture.session || (rule->scope && expr_asks_session(rule->scope, id)) ||
	    (rule->where && expr_asks_session(rule->where, id)))
		return true;
	for (unsigned i = 0; i < rule->ndedup; i++)
		if (schema_asked(rule->dedup[i].off))
			return true;
	for (unsigned i = 0; i < rule->nunless_empty; i++)
		if (schema_asked(rule->unless_empty[i].off))
			return true;
	return false;
}

static int rule_add(struct compiling *c, unsigned id, const struct policy_file_entry *e, const struct expr *where,
		    struct policy_state *state, uint64_t sinks)
{
	struct policy_plan *plan = &c->set->plans[id];
	struct policy_rule *rule;
	int r;

	if (!plan->rules)
		plan->rules = arena_alloc(&c->set->arena, POLICY_FILES * sizeof(*rule));
	if (!plan->rules)
		return no_memory(c);
	rule = &plan->rules[plan->n++];
	*rule = (struct policy_rule){ .scope = c->scope, .where = where, .entry = e, .state = state,
				      .policy = c->policy, .sinks = sinks };
	r = fields_find(c, id, &e->dedup.key, &rule->dedup, &rule->ndedup);
	if (r == 0)
		r = fields_find(c, id, &e->unless_empty, &rule->unless_empty, &rule->nunless_empty);
	event_set_add(&c->set->events, id);
	if (e->capture.stack && schema_has_stack(id))
		event_set_add(&c->set->stacks, id);
	if (r == 0 && asks_session(rule, id))
		event_set_add(&c->set->sessions, id);
	if (e->need == POLICY_REQUIRED)
		event_set_add(&c->set->required, id);
	return r;
}

static int compile_entry(struct compiling *c, const struct policy_file_entry *e)
{
	const struct expr *where = NULL;
	struct policy_state *state = NULL;
	uint64_t sinks;
	int r = compile_text(c, &e->where, &e->events, &where);

	if (r == 0)
		r = sinks_find(c, &e->sinks, &sinks);
	if (r == 0)
		r = state_get(c, e, &state);
	c->set->envp |= e->capture.env;
	for (unsigned id = 1; id < EVENT_COUNT && r == 0; id++)
		if (event_set_has(&e->events, id) && schema_get(id))
			r = rule_add(c, id, e, where, state, sinks);
	return r;
}

static int compile_file(struct compiling *c)
{
	struct event_set events = { 0 };
	int r = names_fill(c);

	c->diag->file = c->file->file.path;
	for (unsigned i = 0; i < c->file->nentries; i++)
		for (unsigned w = 0; w < EVENTS_MAX / 64; w++)
			events.bits[w] |= c->file->entries[i].events.bits[w];
	c->scope = NULL;
	if (r == 0)
		r = compile_text(c, &c->file->scope, &events, &c->scope);
	for (unsigned i = 0; i < c->file->nentries && r == 0; i++)
		r = compile_entry(c, &c->file->entries[i]);
	return r;
}

static unsigned count_entries(const struct policy_file_set *files)
{
	unsigned n = 0;

	for (unsigned i = 0; i < files->n; i++)
		n += files->files[i]->nentries;
	return n;
}

int policy_compile(struct policy_set *set, struct policy_file_set *files, const struct policy_set *before,
		   const char *const *sinks, unsigned nsinks, struct diag *diag)
{
	struct compiling c = { .set = set, .before = before, .sinks = sinks, .nsinks = nsinks, .diag = diag };
	int r = 0;

	memset(set, 0, sizeof(*set));
	set->files = *files;
	memset(files, 0, sizeof(*files));
	arena_init(&set->arena, POLICY_ARENA);
	set->states = arena_alloc(&set->arena, count_entries(&set->files) * sizeof(*set->states));
	if (!set->states)
		r = no_memory(&c);
	if (r == 0)
		r = before ? (set->seed = before->seed, 0) : key_seed_init(&set->seed);
	for (c.policy = 0; c.policy < set->files.n && r == 0; c.policy++) {
		c.file = set->files.files[c.policy];
		r = compile_file(&c);
	}
	return r < 0 ? r : policy_filters(set, diag);
}
