// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_file.h"

#include <errno.h>
#include <string.h>

#include "base/fnv.h"
#include "base/nearest.h"
#include "config/option_doc.h"
#include "config/whole.h"
#include "config/yaml.h"
#include "policy/policy_entry.h"

enum { NAME_MAX_BYTES = 63 };

static int parse_macros(const struct option_context *cx, const struct option_row *row,
			const struct node *node, void *to);
static int parse_lists(const struct option_context *cx, const struct option_row *row,
		       const struct node *node, void *to);
static int parse_events(const struct option_context *cx, const struct option_row *row,
			const struct node *node, void *to);

static const struct option_row confirm_rows[] = {
	OPTION(BOOL, policy_confirm, never, .name = "never", .value = "false",
	       .help = "there are entries that can never match"),
	OPTION(BOOL, policy_confirm, flood, .name = "flood", .value = "false",
	       .help = "there are entries that take from every process all of what comes at a high rate"),
	OPTION(BOOL, policy_confirm, shadow, .name = "shadow", .value = "false",
	       .help = "there are entries whose events an entry before them has, or the policy is as another"),
	{ 0 },
};

static const struct option_row rows[] = {
	OPTION(BOOL, policy_file, strict, .name = "strict", .value = "false", .sample = "true",
	       .help = "first key: the file ends with end: true, so that what was cut is not taken for whole"),
	OPTION(WORD, policy_file, name, .name = "name", .required = true,
	       .help = "what the policy is called in events, logs and answers"),
	OPTION(WORD, policy_file, description, .name = "description", .help = "what it is for"),
	OPTION(TEXT, policy_file, scope, .name = "scope",
	       .help = "to which processes the whole policy applies"),
	OPTION(GROUP, policy_file, confirm, .name = "confirm", .rows = confirm_rows,
	       .help = "What looks like a mistake and is meant so; a reload refuses it else"),
	OPTION(CUSTOM, policy_file, macros, .name = "macros", .parse = parse_macros,
	       .form = "a map of names to expressions", .help = "names for parts of expressions"),
	OPTION(CUSTOM, policy_file, lists, .name = "lists", .parse = parse_lists,
	       .form = "a map of names to lists",
	       .help = "names for lists of values in expressions"),
	OPTION(CUSTOM, policy_file, entries, .name = "events", .parse = parse_events,
	       .required = true, .rows = policy_entry_rows, .sample = "EVENT",
	       .form = "a map of events to their options",
	       .help = "Which events are traced: names, aliases, categories or globs, each with "
		       "options or nothing."
		       " What has a name here is left out of words that stand for many"),
	OPTION(BOOL, policy_file, end, .name = "end", .value = "false", .sample = "true",
	       .help = "true, in the last line: the file is whole"),
	{ 0 },
};

static bool is_word(const char *text, size_t n, const char *more)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	if (n == 0 || n > NAME_MAX_BYTES)
		return false;
	for (; *text; text++)
		if (!strchr(chars, *text) && !strchr(more, *text))
			return false;
	return true;
}

static int check_names(const struct option_context *cx, const struct option_row *row,
		       const struct node *node)
{
	if (node->kind != NODE_MAP)
		return option_wrong(cx, row->name, node, "%s", row->form);
	if (node->n > POLICY_NAMES)
		return diag_set(cx->diag, node->line, node->col, "%s: want at most %d", row->name,
				POLICY_NAMES);
	for (const struct node *child = node->first; child; child = child->next)
		if (!is_word(child->key->text, child->key->n, "-.") ||
		    strchr("0123456789-.", *child->key->text))
			return diag_set(cx->diag, child->key->line, child->key->col,
					"name \"%.64s\": want 1 to 63 letters, digits, _, - or ., "
					"a letter first",
					child->key->text);
	return 0;
}

static int parse_macros(const struct option_context *cx, const struct option_row *row,
			const struct node *node, void *to)
{
	struct policy_file *file = cx->user;
	struct option_context inner = *cx;
	int r = check_names(cx, row, node);

	if (r < 0)
		return r;
	inner.where = row->name;
	file->macros = arena_alloc(cx->arena, node->n * sizeof(*file->macros));
	if (!file->macros)
		return -ENOMEM;
	for (const struct node *child = node->first; r == 0 && child; child = child->next) {
		struct policy_file_macro *macro = &file->macros[file->nmacros++];
		const struct option_row as = { .name = child->key->text, .type = OPTION_TEXT };

		macro->name = child->key->text;
		r = option_value(&as, &inner, child, &macro->text);
	}
	return r;
}

static int parse_list(const struct option_context *cx, const struct node *node,
		      struct policy_file_list *list)
{
	struct option_text *items;

	list->name = node->key->text;
	if (node->kind != NODE_LIST)
		return option_wrong(cx, node->key->text, node, "a list of values");
	items = arena_alloc(cx->arena, node->n * sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (const struct node *item = node->first; item; item = item->next) {
		if (item->kind != NODE_SCALAR || node_null(item))
			return option_wrong(cx, node->key->text, item, "a value");
		items[list->items.n++] =
			(struct option_text){ item->text, item->line, item->col, false };
	}
	list->items.items = items;
	return 0;
}

static int parse_lists(const struct option_context *cx, const struct option_row *row,
		       const struct node *node, void *to)
{
	struct policy_file *file = cx->user;
	struct option_context inner = *cx;
	int r = check_names(cx, row, node);

	if (r < 0)
		return r;
	inner.where = row->name;
	file->lists = arena_alloc(cx->arena, node->n * sizeof(*file->lists));
	if (!file->lists)
		return -ENOMEM;
	for (const struct node *child = node->first; r == 0 && child; child = child->next)
		r = parse_list(&inner, child, &file->lists[file->nlists++]);
	return r;
}

static int parse_events(const struct option_context *cx, const struct option_row *row,
			const struct node *node, void *to)
{
	return policy_entries_read(cx, node, cx->user);
}

/* --- one policy, and what it must not share with the others */

static int check_policy(const struct policy_file_set *set, const struct policy_file *file,
			const struct node *root, struct diag *diag)
{
	const struct node *macros = node_get(root, "macros"), *lists = node_get(root, "lists");

	if (!is_word(file->name.text, strlen(file->name.text), "-."))
		return diag_set(diag, file->name.line, file->name.col,
				"name \"%.64s\": want 1 to 63 letters, digits, _, - or .",
				file->name.text);
	for (unsigned i = 0; i < set->n; i++)
		if (!strcmp(set->files[i]->name.text, file->name.text))
			return diag_set(diag, file->name.line, file->name.col,
					"name \"%s\": already the name of the policy in %s",
					file->name.text, set->files[i]->file.path);
	for (unsigned i = 0; macros && lists && i < file->nlists; i++) {
		const struct node *macro = node_get(macros, file->lists[i].name);

		if (macro)
			return diag_set(diag, macro->key->line, macro->key->col,
					"\"%s\" is a macro and a list", file->lists[i].name);
	}
	return 0;
}

static int parse(struct policy_file_set *set, struct policy_file *file,
		 const struct file_text *from, struct diag *diag)
{
	const struct option_context cx = {
		.arena = &set->arena, .diag = diag, .path = from->path, .where = "", .user = file,
	};
	const struct node *root;
	int r = yaml_read(&root, from->text, from->len, &set->arena, diag, NULL);

	if (r < 0)
		return r;
	if (root->kind != NODE_MAP)
		return diag_set(diag, root->line, root->col,
				"want a map with name and events, not %s", node_kind_name(root));
	file->file = *from;
	r = option_read(rows, &cx, root, file);
	r = r < 0 ? r : whole_check(root, from, set->strict, diag);
	return r < 0 ? r : check_policy(set, file, root, diag);
}

static int add(struct policy_file_set *set, const struct file_text *from, struct diag *diag)
{
	struct policy_file *file = arena_alloc(&set->arena, sizeof(*file));
	const char *before = diag->file;
	int r = file ? 0 : -ENOMEM;

	set->last = *from;
	set->hash = fnv64(set->hash, from->text, from->len + 1);
	diag->file = from->path;
	if (set->n == POLICY_FILES)
		return diag_set(diag, 0, 0, "more than %d policies", POLICY_FILES);
	r = r < 0 ? r : parse(set, file, from, diag);
	if (r == -ENOMEM)
		diag_set(diag, 0, 0, "not enough memory");
	if (r < 0)
		return r;
	diag->file = before;
	set->files[set->n++] = file;
	return 0;
}

int policy_file_parse(struct policy_file_set *set, const char *path, const char *text, size_t len,
		      struct diag *diag)
{
	const struct file_text from = { path, text, len };

	return add(set, &from, diag);
}

void policy_file_set_init(struct policy_file_set *set)
{
	*set = (struct policy_file_set){ 0 };
	arena_init(&set->arena, POLICY_ARENA);
}

void policy_file_set_fini(struct policy_file_set *set)
{
	arena_fini(&set->arena);
}

/* --- files and folders */

static int add_file(struct policy_file_set *set, const char *path, struct diag *diag,
		    struct diag *doubt)
{
	struct file_text from;
	int r;

	set->last = (struct file_text){ .path = path };
	r = file_read(&from, path, &set->arena, diag, doubt);
	return r < 0 ? r : add(set, &from, diag);
}

static int add_folder(struct policy_file_set *set, const char *path, struct diag *diag,
		      struct diag *doubt)
{
	struct file_list list;
	int r;

	set->last = (struct file_text){ .path = path };
	r = file_list(&list, path, &set->arena, diag, doubt);
	if (r < 0)
		return r;
	if (list.n == 0) {
		diag->file = path;
		return diag_set(diag, 0, 0, "the folder has no *.yaml or *.yml");
	}
	for (unsigned i = 0; r == 0 && i < list.n; i++)
		r = add_file(set, list.paths[i], diag, doubt);
	return r;
}

int policy_file_add(struct policy_file_set *set, const char *path, struct diag *diag,
		    struct diag *doubt)
{
	path = arena_strdup(&set->arena, path);
	if (!path) {
		diag_set(diag, 0, 0, "not enough memory");
		return -ENOMEM;
	}
	return file_is_folder(path) ? add_folder(set, path, diag, doubt)
				    : add_file(set, path, diag, doubt);
}

const char *policy_file_line(const struct policy_file_set *set, const struct diag *diag)
{
	const struct file_text *from = &set->last;

	for (unsigned i = 0; diag->file && i < set->n; i++)
		if (!strcmp(set->files[i]->file.path, diag->file))
			from = &set->files[i]->file;
	if (!diag->file || !from->text || strcmp(from->path, diag->file) != 0)
		return NULL;
	return diag_line(from->text, from->len, diag->line);
}

/* --- together with the configuration */

static int unknown_sink(const struct config *config, const struct policy_file *file,
			const struct option_text *name, struct diag *diag)
{
	const char *names[CONFIG_SINKS], *near;

	for (unsigned i = 0; i < config->nsinks; i++)
		names[i] = config->sinks[i]->name;
	near = nearest(name->text, names, config->nsinks);
	diag->file = file->file.path;
	return diag_set(diag, name->line, name->col, "unknown sink \"%.64s\"%s%s%s%.100s",
			name->text, near ? ", did you mean \"" : "", near ? near : "",
			near ? "\"?" : "; there is none in ", near ? "" : config->file.path);
}

static int check_entry(const struct config *config, const struct policy_file *file,
		       const struct policy_file_entry *entry, struct diag *diag)
{
	for (unsigned i = 0; i < entry->sinks.n; i++)
		if (!config_sink(config, entry->sinks.items[i].text))
			return unknown_sink(config, file, &entry->sinks.items[i], diag);
	return 0;
}

int policy_file_check(struct policy_file_set *set, const struct config *config, struct diag *diag)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < set->n; i++) {
		const struct policy_file *file = set->files[i];

		set->last = file->file;
		for (unsigned k = 0; r == 0 && k < file->nentries; k++)
			r = check_entry(config, file, &file->entries[k], diag);
	}
	return r;
}

bool policy_file_blame(struct diag *diag, const struct config *config, const struct option_text *path)
{
	struct diag said = *diag;

	if (said.line || !said.file || strcmp(said.file, path->text) != 0)
		return false;
	*diag = (struct diag){ .file = config->file.path };
	diag_set(diag, path->line, path->col, "policies \"%.120s\": %s", option_shown(path), said.text);
	return true;
}

int policy_file_add_all(struct policy_file_set *set, const struct config *config, struct diag *diag,
			struct diag *doubt)
{
	int r = 0;

	set->strict = config->strict;
	for (unsigned i = 0; r == 0 && i < config->policies.n; i++) {
		const struct option_text *path = &config->policies.items[i];

		r = policy_file_add(set, path->text, diag, doubt);
		if (r < 0 && !policy_file_blame(diag, config, path) && path->secret)
			diag->file = "***";
	}
	return r < 0 ? r : policy_file_check(set, config, diag);
}

void policy_file_help(FILE *to)
{
	option_help(rows, "", to);
}

void policy_file_manual(FILE *to)
{
	fputs(".\\\" SPDX-License-Identifier: Apache-2.0\n"
	      ".Dd November 23, 2026\n.Dt SAKER-POLICY 5\n.Os\n"
	      ".Sh NAME\n.Nm saker-policy\n.Nd what the saker agent watches\n"
	      ".Sh DESCRIPTION\n"
	      "A policy is a YAML file: a name, and the events it wants.\n"
	      "Several are in force at once; an event tells which of them selected it.\n"
	      "They are files or folders that\n.Xr saker.yaml 5\nnames, and are protected as that "
	      "is.\n"
	      "What expressions are made of is told in\n.Xr saker 8 .\n"
	      ".Sh OPTIONS\n",
	      to);
	option_manual(rows, "", to);
	fputs(".Sh LIMITS\nA\n.Cm limit\nis written as a text or as a map of these.\n", to);
	option_manual(policy_limit_rows, "", to);
	fputs(".Sh SEE ALSO\n.Xr saker.yaml 5 ,\n.Xr saker 8\n", to);
}
