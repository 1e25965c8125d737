// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_entry.h"

#include <errno.h>
#include <string.h>

#include "base/nearest.h"
#include "event/schema.h"
#include "event/select.h"
#include "identity/file_hash.h"

enum { SELECTOR = 63, STARS = 3, FIELDS = 64, FIELDS_MAX = 16 };

static const char *const enrich_names[] = { "amend", "wait", NULL };

static const struct option_row dedup_rows[] = {
	OPTION(WORDS, policy_dedup, key, .name = "key", .required = true, .max = FIELDS_MAX,
	       .help = "the field, or the fields, in which repeated events are equal: of the event, or as expressions name them"),
	OPTION(NUMBER, policy_dedup, size, .name = "size", .value = "1000", .min = 1,
	       .max = 1000000, .help = "how many keys are remembered for each cgroup"),
	OPTION(DURATION, policy_dedup, ttl, .name = "ttl", .value = "60s", .min = 1,
	       .max = 24 * 3600 * 1000, .help = "how long a key is remembered"),
	{ 0 },
};

static const struct option_row capture_rows[] = {
	OPTION(BOOL, policy_capture, env, .name = "env", .value = "false",
	       .help = "the environment of executed programs"),
	OPTION(BOOL, policy_capture, hash, .name = "hash", .value = "false",
	       .help = "the SHA-256 of what the process runs, as proc.exe_sha256; an event that is told "
		       "before the file was read is amended"),
	OPTION(BOOL, policy_capture, session, .name = "session", .value = "false",
	       .help = "the session and the process group, as proc.sid and proc.pgid, and as proc.vsid and "
		       "proc.vpgid in its own pid namespace. Where an expression of the policy, or fields "
		       "or where of a sink, asks for them they are there without it"),
	OPTION(BOOL, policy_capture, stack, .name = "stack", .value = "false",
	       .help = "the calls by which the program came there: addresses, each with the file "
		       "that lies there. Not of process_exec and process_exit, when the caller's are "
		       "gone; execve and exit_group have them"),
	{ 0 },
};

const struct option_row policy_entry_rows[] = {
	OPTION(TEXT, policy_file_entry, where, .name = "where",
	       .help = "which of these events are taken"),
	OPTION(CUSTOM, policy_file_entry, limit, .name = "limit", .parse = policy_limit_read,
	       .form = "\"N/TIME [burst N] [per cgroup|process|executable|container|global]\" or "
		       "\"N per TIME ..\"",
	       .help = "how many are taken, for each cgroup if nothing else is said; or a map of "
		       "rate, burst and per"),
	OPTION(GROUP, policy_file_entry, dedup, .name = "dedup", .rows = dedup_rows,
	       .help = "Leave out events that repeat an earlier one"),
	OPTION(CUSTOM, policy_file_entry, sample, .name = "sample", .parse = policy_sample_read,
	       .form = "1/N or a percentage up to 100%, such as 1/100 or 2.5%",
	       .help = "take this share of the events"),
	OPTION(WORDS, policy_file_entry, unless_empty, .name = "unless_empty", .max = FIELDS_MAX,
	       .help = "leave out events in which this field, or all of these, are empty"),
	OPTION(BOOL, policy_file_entry, required, .name = "required", .value = "false",
	       .help = "refuse the policy on a machine that cannot produce the event"),
	OPTION(BOOL, policy_file_entry, optional, .name = "optional", .value = "false",
	       .help = "do not warn on a machine that cannot produce the event"),
	OPTION(GROUP, policy_file_entry, capture, .name = "capture", .rows = capture_rows,
	       .help = "What to collect beyond the event itself"),
	OPTION(ENUM, policy_file_entry, enrich, .name = "enrich", .words = enrich_names, .value = "amend",
	       .help = "of events whose container is still being read of: wait holds them for at most 100 ms, "
		       "amend shows them at once and tells the rest in an event amend; where and scope wait for "
		       "what they ask"),
	OPTION(WORDS, policy_file_entry, sinks, .name = "sinks", .max = CONFIG_SINKS,
	       .help = "sinks that get the events; all if not given"),
	{ 0 },
};

/* --- which events */

static bool is_glob(const char *word)
{
	return strpbrk(word, "*?[") != NULL;
}

static bool has_alias(const char *aliases, const char *word)
{
	size_t len = strlen(word);

	for (const char *a = aliases; *a; a += strcspn(a, " "), a += strspn(a, " "))
		if (strcspn(a, " ") == len && !strncmp(a, word, len))
			return true;
	return false;
}

static unsigned first_of(const struct event_set *set)
{
	unsigned id = 0;

	while (id < EVENT_COUNT && !event_set_has(set, id))
		id++;
	return id;
}

static bool is_empty(const struct event_set *set)
{
	return first_of(set) == EVENT_COUNT;
}

static bool is_one(const struct event_set *set)
{
	struct event_set rest = *set;

	event_set_remove(&rest, first_of(set));
	return is_empty(&rest);
}

/* Whether the word is the name of one event, not a word for many. */
static bool is_name(const struct event_set *set, const char *word)
{
	const struct schema *s = is_one(set) ? schema_get(first_of(set)) : NULL;

	return s && !is_glob(word) && (!strcmp(s->name, word) || has_alias(s->aliases, word));
}

static int check_word(const struct option_context *cx, const struct node *word)
{
	unsigned stars = 0;

	for (const char *p = word->text; *p; p++)
		stars += *p == '*';
	if (word->n > SELECTOR || strpbrk(word->text, ", \t\n") || *word->text == '-')
		return diag_set(cx->diag, word->line, word->col,
				"event \"%.64s\": want one name, alias, category or glob of at "
				"most 63 letters",
				word->text);
	if (stars > STARS)
		return diag_set(cx->diag, word->line, word->col,
				"event \"%.64s\": want at most %d *", word->text, STARS);
	return 0;
}

/* The events that a word stands for.  Those that nobody means by a word for many are left out of it,
 * as select_parse does. */
static int find_events(const struct option_context *cx, const struct node *word,
		       struct event_set *set)
{
	struct event_set usual = { 0 };
	struct select_error error;
	int r = check_word(cx, word);

	if (r < 0)
		return r;
	memset(set, 0, sizeof(*set));
	if (select_word(set, word->text) == 0) {
		select_unknown(&error, word->text);
		return diag_set(cx->diag, word->line, word->col, "%s", error.text);
	}
	if (is_name(set, word->text))
		return 0;
	r = select_parse(&usual, "all,agent", &error);
	for (size_t i = 0; i < sizeof(set->bits) / sizeof(*set->bits); i++)
		set->bits[i] &= usual.bits[i];
	if (r < 0 || is_empty(set))
		return diag_set(cx->diag, word->line, word->col,
				"event \"%s\": selects only what must be called by its name",
				word->text);
	return 0;
}

/* The entry among the first n that shares an event with set; NULL: none. */
static const struct policy_file_entry *shares(const struct policy_file *file, unsigned n,
					      const struct event_set *set)
{
	for (unsigned k = 0; k < n; k++)
		for (size_t i = 0; i < sizeof(set->bits) / sizeof(*set->bits); i++)
			if (file->entries[k].events.bits[i] & set->bits[i])
				return &file->entries[k];
	return NULL;
}

static void take_away(struct event_set *set, const struct event_set *less)
{
	for (size_t i = 0; i < sizeof(set->bits) / sizeof(*set->bits); i++)
		set->bits[i] &= ~less->bits[i];
}

static unsigned count_common(const struct event_set *a, const struct event_set *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(a->bits) / sizeof(*a->bits); i++)
		n += __builtin_popcountll(a->bits[i] & b->bits[i]);
	return n;
}

/* What words for many before it have of what it stands for. */
static void note_lost(struct policy_file *file, unsigned n, const struct event_set *whole, const bool *named)
{
	struct policy_file_entry *e = &file->entries[n];

	for (unsigned k = 0; k < n && !named[n]; k++) {
		unsigned common = named[k] ? 0 : count_common(whole, &file->entries[k].events);

		if (common && !e->lost_to)
			e->lost_to = &file->entries[k];
		e->lost += common;
	}
}

/* A name beats a word for many; of two words for many the first has what both stand for. */
static int share_out(const struct option_context *cx, struct policy_file *file, const bool *named)
{
	for (unsigned i = 0; i < file->nentries; i++) {
		struct policy_file_entry *e = &file->entries[i];
		struct event_set whole = e->events;
		const struct policy_file_entry *other;

		for (unsigned k = 0; k < file->nentries; k++)
			if (k != i && named[k] >= named[i] && (named[k] > named[i] || k < i))
				take_away(&e->events, &file->entries[k].events);
		note_lost(file, i, &whole, named);
		if (!is_empty(&e->events))
			continue;
		other = shares(file, i, &whole);
		other = other ? other : shares(file, file->nentries, &whole);
		return diag_set(cx->diag, e->line, e->col,
				"event \"%s\": already selected by \"%s\" in line %u", e->selector,
				other ? other->selector : "others", other ? other->line : 0);
	}
	return 0;
}

/* --- options of an entry */

static bool field_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.';
}

static bool has_field(const struct schema *s, const char *name)
{
	for (unsigned i = 0; i < s->nfields; i++)
		if (!strcmp(s->fields[i].name, name))
			return true;
	return false;
}

static int no_field(const struct option_context *cx, const struct option_text *field,
		    const struct schema *s, const char *name)
{
	const char *names[FIELDS], *near;
	unsigned n = 0;

	while (n < s->nfields && n < FIELDS) {
		names[n] = s->fields[n].name;
		n++;
	}
	near = nearest(name, names, n);
	return diag_set(cx->diag, field->line, field->col, "event %s has no field \"%.64s\"%s%s%s",
			s->name, name,
			near ? ", did you mean \"" : "; saker events tells which there are",
			near ? near : "", near ? "\"?" : "");
}

/* A field of the event itself, by its name or behind args.; others are known to who compiles. */
static int check_field(const struct option_context *cx, const struct option_text *field,
		       const struct event_set *events)
{
	const char *name = strncmp(field->text, "args.", 5) ? field->text : field->text + 5;

	for (const char *p = field->text; *p; p++)
		if (!field_char(*p))
			return diag_set(cx->diag, field->line, field->col,
					"\"%.64s\" is no name of a field", field->text);
	if (name == field->text &&
	    (strchr(name, '.') || !strcmp(name, "ret") || !strcmp(name, "errno")))
		return 0;
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (event_set_has(events, id) && !has_field(schema_get(id), name))
			return no_field(cx, field, schema_get(id), name);
	return 0;
}

static int check_fields(const struct option_context *cx, const struct option_list *fields,
			const struct event_set *events)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < fields->n; i++)
		r = check_field(cx, &fields->items[i], events);
	return r;
}

static bool any_event(const struct event_set *events, bool (*has)(unsigned id))
{
	for (unsigned id = 1; id < EVENT_COUNT; id++)
		if (schema_get(id) && event_set_has(events, id) && has(id))
			return true;
	return false;
}

/* What none of the events can have. */
static int check_capture(const struct option_context *cx, const struct policy_file_entry *e, const char *where)
{
	if (e->capture.env && !any_event(&e->events, schema_has_envp))
		return diag_set(cx->diag, e->line, e->col, "%s: capture.env: only process_exec, execve and execveat "
				"have an environment", where);
	if (e->capture.stack && !any_event(&e->events, schema_has_stack))
		return diag_set(cx->diag, e->line, e->col, "%s: capture.stack: the caller's stack is gone by then; "
				"execve and exit_group have it", where);
	if (e->capture.hash && !file_hash_available())
		return diag_set(cx->diag, e->line, e->col,
				"%s: capture.hash: this saker was built without nettle", where);
	return 0;
}

static int read_options(const struct option_context *cx, const struct node *node,
			struct policy_file_entry *e)
{
	struct option_context inner = *cx;
	char where[80];
	int r;

	snprintf(where, sizeof(where), "events.%.64s", e->selector);
	inner.where = where;
	r = option_defaults(policy_entry_rows, &inner, e);
	if (r < 0 || !node || node_null(node))
		return r;
	if (node->kind != NODE_MAP)
		return diag_set(cx->diag, node->line, node->col,
				"%s: want a map of options or nothing, not %s", where,
				node_kind_name(node));
	r = option_read(policy_entry_rows, &inner, node, e);
	if (r < 0)
		return r;
	if (e->required && e->optional)
		return diag_set(cx->diag, e->line, e->col,
				"%s: cannot be both required and optional", where);
	r = check_capture(cx, e, where);
	if (r < 0)
		return r;
	e->need = e->required ? POLICY_REQUIRED : e->optional ? POLICY_OPTIONAL : POLICY_WANTED;
	return 0;
}

static int read_entry(const struct option_context *cx, const struct node *word,
		      const struct node *options, struct policy_file_entry *e, bool *named)
{
	int r;

	if (word->kind != NODE_SCALAR || word->n == 0)
		return diag_set(cx->diag, word->line, word->col,
				"events: want the name of an event, not %s", node_kind_name(word));
	r = find_events(cx, word, &e->events);
	if (r < 0)
		return r;
	e->selector = word->text;
	e->line = word->line;
	e->col = word->col;
	*named = is_name(&e->events, word->text);
	r = read_options(cx, options, e);
	return r;
}

int policy_entries_read(const struct option_context *cx, const struct node *node,
			struct policy_file *file)
{
	bool named[POLICY_ENTRIES] = { false };
	unsigned n = 0;
	int r = 0;

	if (node->kind == NODE_SCALAR)
		return diag_set(cx->diag, node->line, node->col,
				"events: want a map of events to their options, not %s",
				node_kind_name(node));
	if (node->n == 0 || node->n > POLICY_ENTRIES)
		return diag_set(cx->diag, node->line, node->col, "events: want 1 to %d, not %u",
				POLICY_ENTRIES, node->n);
	file->entries = arena_alloc(cx->arena, node->n * sizeof(*file->entries));
	if (!file->entries)
		return -ENOMEM;
	for (const struct node *child = node->first; r == 0 && child; child = child->next, n++)
		r = read_entry(cx, child->key ? child->key : child, child->key ? child : NULL,
			       &file->entries[n], &named[n]);
	file->nentries = n;
	r = r < 0 ? r : share_out(cx, file, named);
	for (unsigned i = 0; r == 0 && i < n; i++) {
		r = check_fields(cx, &file->entries[i].dedup.key, &file->entries[i].events);
		r = r < 0 ? r
			  : check_fields(cx, &file->entries[i].unless_empty,
					 &file->entries[i].events);
	}
	return r;
}
