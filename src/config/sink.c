// SPDX-License-Identifier: Apache-2.0
#include "config/sink.h"

#include <errno.h>
#include <string.h>

#include "base/fnv.h"
#include "config/config.h"
#include "config/option_doc.h"
#include "config/unit.h"

enum { RESERVE_MAX = 50 };

static const char *const when_full[] = { "drop_oldest", "drop_newest", NULL };

static int read_percent(const struct option_context *cx, const struct option_row *row, const struct node *node,
			void *to)
{
	const char *text = node->kind == NODE_SCALAR ? node->text : "";
	size_t digits = strspn(text, "0123456789");
	unsigned value = 0;

	for (size_t i = 0; i < digits && value <= RESERVE_MAX; i++)
		value = value * 10 + (unsigned)(text[i] - '0');
	if (!digits || strcmp(text + digits, "%") != 0 || value > RESERVE_MAX)
		return option_wrong(cx, row->name, node, "%s", row->form);
	*(unsigned *)to = value;
	return 0;
}

static const struct option_row queue_rows[] = {
	OPTION(SIZE, config_queue, bytes, .name = "bytes", .value = "16M", .min = 1 << 20, .max = UINT64_C(4) << 30,
	       .help = "memory for what waits; it is taken only when it is needed"),
	OPTION(ENUM, config_queue, when_full, .name = "when_full", .words = when_full, .value = "drop_oldest",
	       .help = "which events give way when there is no room"),
	OPTION(CUSTOM, config_queue, reserve, .name = "reserve", .parse = read_percent, .value = "10%",
	       .form = "a share from 0% to 50%",
	       .help = "share of the memory that only events of the critical lane may use"),
	{ 0 },
};

const struct option_row config_sink_rows[] = {
	OPTION(CUSTOM, config_sink, type, .name = "type", .required = true, .sample = "stdout",
	       .form = "a kind of sink", .help = "what it is; each kind has options of its own"),
	OPTION(ENUM, config_sink, stream.format, .name = "format", .words = format_words, .value = "json",
	       .help = "one JSON object a line, a table for people, or alerts as Falco writes them, in JSON "
		       "or as text"),
	OPTION(WORDS, config_sink, stream.fields, .name = "fields", .max = 128,
	       .sample = "[time, event, proc.pid, proc.exe, args, ret]",
	       .help = "of format json: which members lines have, groups or parts of them; without it all"),
	OPTION(GROUP, config_sink, stream.redact, .name = "redact", .rows = config_redact_rows,
	       .help = "What this sink masks, beside what agent.redact tells"),
	OPTION(TEXT, config_sink, where, .name = "where", .sample = "proc.name != cron",
	       .help = "which events go to this sink; without it all do"),
	OPTION(CUSTOM, config_sink, limit, .name = "limit", .parse = rate_read, .sample = "1000/s burst 5000",
	       .form = "\"N/TIME [burst N]\" or \"N per TIME ..\"",
	       .help = "how many events go to this sink; or a map of rate and burst"),
	OPTION(GROUP, config_sink, queue, .name = "queue", .rows = queue_rows,
	       .help = "What waits while the sink is slow or away"),
	{ 0 },
};

/* --- reading */

static bool name_fits(const struct node *key)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return key->n <= CONFIG_NAME && strspn(key->text, chars) == key->n;
}

/* Their number; words, if not NULL, gets the names and a NULL. */
static unsigned count_kinds(const struct config_sink_kind *const *kinds, const char **words)
{
	unsigned n = 0;

	for (; kinds[n]; n++)
		if (words)
			words[n] = kinds[n]->name;
	if (words)
		words[n] = NULL;
	return n;
}

static unsigned count_rows(const struct option_row *rows)
{
	unsigned n = 0;

	while (rows && rows[n].name)
		n++;
	return n;
}

static const struct option_row *find_row(const struct option_row *rows, const char *name)
{
	for (; rows && rows->name; rows++)
		if (!strcmp(rows->name, name))
			return rows;
	return NULL;
}

/* The row of type with the names of the kinds, from the arena; NULL without memory. */
static struct option_row *type_row(const struct config *config, struct arena *arena)
{
	const char **words = arena_alloc(arena, (count_kinds(config->kinds, NULL) + 1) * sizeof(*words));
	struct option_row *row = arena_alloc(arena, sizeof(*row));

	if (!words || !row)
		return NULL;
	count_kinds(config->kinds, words);
	*row = config_sink_rows[0];
	row->type = OPTION_ENUM;
	row->words = words;
	return row;
}

/* The options of all and those of the kind, which lie behind the sink's struct, as one table. */
static struct option_row *rows_of(const struct config_sink *sink, const struct option_row *type, struct arena *arena)
{
	size_t offset = (size_t)((const char *)sink->settings - (const char *)sink);
	unsigned common = count_rows(config_sink_rows), own = count_rows(sink->kind->rows);
	struct option_row *rows = arena_alloc(arena, (common + own + 1) * sizeof(*rows));

	if (!rows)
		return NULL;
	memcpy(rows, config_sink_rows, common * sizeof(*rows));
	rows[0] = *type;
	for (unsigned i = 0; i < own; i++) {
		rows[common + i] = sink->kind->rows[i];
		rows[common + i].offset += offset;
	}
	return rows;
}

/* Options that only other kinds have. */
static int check_keys(const struct option_context *cx, const struct config *config, const struct node *map,
		      const struct config_sink *sink)
{
	for (const struct node *child = map->first; child; child = child->next) {
		const char *name = child->key->text;

		if (find_row(config_sink_rows, name) || find_row(sink->kind->rows, name))
			continue;
		for (unsigned i = 0; config->kinds[i]; i++)
			if (find_row(config->kinds[i]->rows, name))
				return diag_set(cx->diag, child->line, child->col, "%s.%s: type %s has none",
						cx->where, name, sink->kind->name);
	}
	return 0;
}

/* FNV-1a of all that is written, in its order. */
static uint64_t hash_node(uint64_t hash, const struct node *node, const char *except)
{
	hash = fnv64(hash, &node->kind, sizeof(node->kind));
	hash = fnv64(hash, &node->n, sizeof(node->n));
	if (node->kind == NODE_SCALAR)
		return fnv64(hash, node->text, node->n);
	for (const struct node *child = node->first; child; child = child->next) {
		if (child->key && except && !strcmp(child->key->text, except))
			continue;
		if (child->key)
			hash = fnv64(hash, child->key->text, child->key->n + 1);
		hash = hash_node(hash, child, NULL);
	}
	return hash;
}

static struct config_sink *sink_alloc(const struct config_sink_kind *kind, struct arena *arena)
{
	struct config_sink *sink = arena_alloc(arena, sizeof(*sink) + kind->size);

	if (!sink)
		return NULL;
	sink->kind = kind;
	sink->settings = sink + 1;
	return sink;
}

/* The type comes first, wherever it stands: what the other keys may be follows from it. */
static int read_type(const struct option_context *cx, const struct option_row *row, const struct node *node,
		     unsigned *ret)
{
	const struct node *type = node_get(node, "type");
	char want[200];

	if (type)
		return option_value(row, cx, type, ret);
	return diag_set(cx->diag, node->line, node->col, "%s: \"type\" is missing: want %s", cx->where,
			option_want(row, want, sizeof(want)));
}

static int read_options(const struct option_context *cx, const struct config *config, const struct node *node,
			struct config_sink **ret)
{
	struct option_row *type = type_row(config, cx->arena), *rows;
	struct config_sink *sink;
	unsigned kind;
	int r = type ? read_type(cx, type, node, &kind) : -ENOMEM;

	if (r < 0)
		return r;
	sink = sink_alloc(config->kinds[kind], cx->arena);
	rows = sink ? rows_of(sink, type, cx->arena) : NULL;
	if (!rows)
		return -ENOMEM;
	r = check_keys(cx, config, node, sink);
	r = r < 0 ? r : option_defaults(rows, cx, sink);
	r = r < 0 ? r : option_read(rows, cx, node, sink);
	sink->hash = hash_node(0, node, "where");
	*ret = sink;
	return r;
}

static int read_sink(const struct option_context *cx, const struct node *node, struct config_sink **ret)
{
	struct option_context inner = *cx;
	char where[CONFIG_NAME + 8];
	int r;

	snprintf(where, sizeof(where), "sinks.%.*s", CONFIG_NAME, node->key->text);
	inner.where = where;
	if (!name_fits(node->key))
		return diag_set(cx->diag, node->key->line, node->key->col,
				"name \"%.64s\": want 1 to 63 letters, digits, _ or -", node->key->text);
	if (node->kind != NODE_MAP)
		return diag_set(cx->diag, node->line, node->col, "%s: want a map, not %s", where,
				node_kind_name(node));
	r = read_options(&inner, cx->user, node, ret);
	if (r < 0)
		return r;
	(*ret)->name = node->key->text;
	(*ret)->line = node->key->line;
	(*ret)->col = node->key->col;
	return 0;
}

int config_sinks_read(const struct option_context *cx, const struct option_row *row, const struct node *node, void *to)
{
	struct config *config = cx->user;
	int r = 0;

	if (node->kind != NODE_MAP)
		return option_wrong(cx, row->name, node, "%s", row->form);
	if (node->n == 0 || node->n > CONFIG_SINKS)
		return diag_set(cx->diag, node->line, node->col, "sinks: want 1 to %u, not %u",
				(unsigned)CONFIG_SINKS, node->n);
	config->sinks = arena_alloc(cx->arena, node->n * sizeof(*config->sinks));
	if (!config->sinks)
		return -ENOMEM;
	for (const struct node *child = node->first; r == 0 && child; child = child->next) {
		r = read_sink(cx, child, &config->sinks[config->nsinks]);
		config->nsinks += r == 0;
	}
	return r;
}

static int default_sink(struct config *config, struct diag *diag)
{
	const struct option_context cx = { .arena = &config->arena, .diag = diag, .where = "sinks" };
	struct config_sink *sink = sink_alloc(config->kinds[0], &config->arena);
	struct option_row *type = type_row(config, &config->arena);
	struct option_row *rows = sink && type ? rows_of(sink, type, &config->arena) : NULL;

	config->sinks = arena_alloc(&config->arena, sizeof(*config->sinks));
	if (!rows || !config->sinks)
		return -ENOMEM;
	sink->name = "stdout";
	config->sinks[0] = sink;
	config->nsinks = 1;
	return option_defaults(rows, &cx, sink);
}

int config_sinks_check(struct config *config, struct diag *diag)
{
	int r = config->nsinks ? 0 : default_sink(config, diag);

	for (unsigned i = 0; r == 0 && i < config->nsinks; i++) {
		struct config_sink *sink = config->sinks[i];

		r = config_redact_join(&config->arena, &sink->stream.redact, &config->agent.redact);
		sink->hash = config_redact_hash(sink->hash, &config->agent.redact);
		if (r == 0 && sink->kind->check)
			r = sink->kind->check(sink, config, diag);
	}
	return r;
}

const struct config_sink *config_sink(const struct config *config, const char *name)
{
	for (unsigned i = 0; i < config->nsinks; i++)
		if (!strcmp(config->sinks[i]->name, name))
			return config->sinks[i];
	return NULL;
}

/* --- telling */

void config_sinks_help(const struct config_sink_kind *const *kinds, FILE *to)
{
	for (; *kinds; kinds++) {
		fprintf(to, "\n  sinks.NAME, type %s: %s%s\n", (*kinds)->name, (*kinds)->doc,
			(*kinds)->rows ? "" : "; no more options");
		if ((*kinds)->rows)
			option_help((*kinds)->rows, "sinks.NAME", to);
	}
}

void config_sinks_sample(const struct config_sink_kind *const *kinds, FILE *to)
{
	for (; *kinds; kinds++) {
		fprintf(to, "\n    # --- type: %s, %s%s\n", (*kinds)->name, (*kinds)->doc,
			(*kinds)->rows ? "" : "; no more options");
		if ((*kinds)->rows)
			option_sample_off((*kinds)->rows, 2, to);
	}
}

void config_sinks_manual(const struct config_sink_kind *const *kinds, FILE *to)
{
	for (; *kinds; kinds++) {
		fprintf(to, ".Ss Sinks of type %s\nThey are %s.\n", (*kinds)->name, (*kinds)->doc);
		if ((*kinds)->rows)
			option_manual((*kinds)->rows, "sinks.NAME", to);
	}
}
