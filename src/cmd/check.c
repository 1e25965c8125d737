// SPDX-License-Identifier: Apache-2.0
/* saker check: is what was written right, and what does it mean. */
#include "cmd/command.h"
#include "cmd/usage.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/slots.h"
#include "base/diag.h"
#include "config/config.h"
#include "config/file.h"
#include "config/unit.h"
#include "config/yaml.h"
#include "event/schema.h"
#include "output/sink.h"
#include "policy/doubt.h"
#include "policy/policy.h"
#include "policy/policy_file.h"

enum { SINKS_MAX = 64 };

struct check {
	bool explain;
	unsigned wrong;		/* files in which something is */
	unsigned right;		/* policies in which nothing is */
	const struct config *config;	/* that names the path which is checked, there; NULL: the command line does */
	const struct option_text *named;
};

/* --- what is said */

static const char *shown(const struct check *c, const char *path)
{
	return c->named && c->named->secret ? "***" : path;
}

static void report(struct check *c, const struct diag *diag, const char *line)
{
	struct diag said = *diag;

	said.file = shown(c, diag->file);
	fflush(stdout);
	diag_print(&said, line, stderr);
	c->wrong++;
}

/* Of a path as a whole, where it is named. */
static void report_policy(struct check *c, const struct policy_file_set *set, struct diag *diag)
{
	const struct option_text *named = c->named;

	if (!named || !policy_file_blame(diag, c->config, named)) {
		report(c, diag, set ? policy_file_line(set, diag) : NULL);
		return;
	}
	c->named = NULL;
	report(c, diag, diag_line(c->config->file.text, c->config->file.len, diag->line));
	c->named = named;
}

/* A file is often checked elsewhere than where it will be trusted. */
static void warn(const struct check *c, const struct diag *doubt)
{
	struct diag warning = { .file = shown(c, doubt->file) };

	if (!doubt->text[0])
		return;
	diag_set(&warning, 0, 0, "warning: saker run will refuse it: %s", doubt->text);
	fflush(stdout);
	diag_print(&warning, NULL, stderr);
}

static void explain_limit(const struct policy_limit *limit)
{
	char time[UNIT_TEXT];

	if (limit->rate.count)
		printf("      limit: %llu per %s, burst %llu, per %s\n",
		       (unsigned long long)limit->rate.count, unit_print_duration(time, limit->rate.interval),
		       (unsigned long long)limit->rate.burst, policy_per_names[limit->per]);
}

static void explain_list(const char *what, const struct option_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		printf("%s%s", i ? ", " : what, option_shown(&list->items[i]));
	if (list->n)
		printf("\n");
}

static void explain_dedup(const struct policy_dedup *dedup)
{
	char time[UNIT_TEXT];

	explain_list("      dedup by: ", &dedup->key);
	if (dedup->key.n)
		printf("      dedup keys: %llu, for %s\n", (unsigned long long)dedup->size,
		       unit_print_duration(time, dedup->ttl));
}

static void explain_events(const struct event_set *set)
{
	unsigned col = 0;

	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		const char *name = event_set_has(set, id) ? schema_get(id)->name : NULL;

		if (!name)
			continue;
		if (col && col + strlen(name) > 80)
			col = (unsigned)printf("\n") - 1;
		col += (unsigned)printf(col ? " %s" : "      %s", name);
	}
	printf("\n");
}

static void explain_entry(const struct policy_file_entry *e)
{
	static const char *const needs[] = { "", " (required)", " (optional)" };

	printf("   %s%s\n", e->selector, needs[e->need]);
	explain_events(&e->events);
	if (e->where.text)
		printf("      where: %s\n", e->where.text);
	explain_limit(&e->limit);
	explain_dedup(&e->dedup);
	if (e->sample.whole)
		printf("      sample: %u of %u\n", e->sample.share, e->sample.whole);
	explain_list("      unless empty: ", &e->unless_empty);
	explain_list("      sinks: ", &e->sinks);
}

static void explain(const struct policy_file *file)
{
	printf("policy %s\n", file->name.text);
	if (file->scope.text)
		printf("   scope: %s\n", file->scope.text);
	for (unsigned i = 0; i < file->nentries; i++)
		explain_entry(&file->entries[i]);
}

static unsigned count_events(const struct policy_file *file)
{
	unsigned n = 0;

	for (unsigned i = 0; i < file->nentries; i++)
		for (unsigned id = 0; id < EVENT_COUNT; id++)
			n += event_set_has(&file->entries[i].events, id);
	return n;
}

/* --- what is checked */

static bool is_among(const char *name, const char *const *names, unsigned n)
{
	while (n > 0)
		if (!strcmp(names[--n], name))
			return true;
	return false;
}

/* Sinks that policies name, when no configuration says which there are. */
static unsigned named_sinks(const struct policy_file_set *files,
			    const char *names[static SINKS_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < files->n; i++)
		for (unsigned k = 0; k < files->files[i]->nentries; k++) {
			const struct option_list *sinks = &files->files[i]->entries[k].sinks;

			for (unsigned s = 0; s < sinks->n && n < SINKS_MAX; s++)
				if (!is_among(sinks->items[s].text, names, n))
					names[n++] = sinks->items[s].text;
		}
	return n;
}

struct doubting {
	struct check *check;
	bool alone;		/* told is what concerns one policy, else what concerns several */
	unsigned wrong;
};

static void on_doubt(void *ctx, const struct policy_doubt *doubt)
{
	struct doubting *d = ctx;
	const struct file_text *from = &doubt->file->file;
	struct diag diag = { .file = from->path };

	if (doubt->together == d->alone)
		return;
	diag_set(&diag, doubt->line, doubt->col, "%s%s", doubt->confirmed ? "warning: " : "", doubt->text);
	if (!doubt->confirmed) {
		report(d->check, &diag, diag_line(from->text, from->len, doubt->line));
		d->wrong++;
		return;
	}
	diag.file = shown(d->check, diag.file);
	fflush(stdout);
	diag_print(&diag, NULL, stderr);
}

/* Takes the files over.  Sinks are checked with the configuration, not here.  alone: what there is to
 * tell of each policy is told now, else what concerns several. */
static bool compile(struct check *c, struct policy_file_set *files, bool alone)
{
	struct policy_set *set = calloc(1, sizeof(*set));
	const char *sinks[SINKS_MAX];
	unsigned nsinks = named_sinks(files, sinks);
	struct doubting doubting = { c, alone, 0 };
	struct diag diag = { 0 };
	int r = set ? policy_compile(set, files, NULL, sinks, nsinks, &diag) : -1;

	if (r < 0)
		report(c, &diag, set ? policy_file_line(&set->files, &diag) : NULL);
	else
		policy_doubts(set, on_doubt, &doubting);
	if (r == 0 && alone && c->explain)
		policy_explain(set, stdout);
	if (set)
		policy_set_fini(set);
	free(set);
	return r == 0 && !doubting.wrong;
}

/* A policy by itself, so that what is wrong in it is told whatever is wrong in others. */
static bool compile_alone(struct check *c, const struct policy_file *file)
{
	struct diag diag = { 0 };
	struct policy_file_set alone;
	bool good;

	policy_file_set_init(&alone);
	good = policy_file_parse(&alone, file->file.path, file->file.text, file->file.len,
				 &diag) == 0 && compile(c, &alone, true);
	policy_file_set_fini(&alone);
	return good;
}

static bool check_policy(struct check *c, struct policy_file_set *set, const char *path)
{
	struct diag diag = { 0 }, doubt = { 0 };
	const struct policy_file *file;
	unsigned events;

	if (policy_file_add(set, path, &diag, &doubt) < 0) {
		report_policy(c, set, &diag);
		return false;
	}
	warn(c, &doubt);
	file = set->files[set->n - 1];
	if (c->explain)
		explain(file);
	if (!compile_alone(c, file))
		return false;
	c->right++;
	events = count_events(file);
	printf("%s: policy %s, %u event%s: ok\n", shown(c, file->file.path), file->name.text, events,
	       events == 1 ? "" : "s");
	return true;
}

/* Each file of a folder for itself, so that every wrong one is told. */
static bool check_folder(struct check *c, struct policy_file_set *set, const char *path)
{
	struct diag diag = { 0 }, doubt = { 0 };
	struct file_list list;
	bool good = true;

	if (file_list(&list, path, &set->arena, &diag, &doubt) < 0) {
		report_policy(c, NULL, &diag);
		return false;
	}
	warn(c, &doubt);
	if (list.n == 0)
		return check_policy(c, set, path);
	for (unsigned i = 0; i < list.n; i++)
		good &= check_policy(c, set, list.paths[i]);
	return good;
}

static bool check_policies(struct check *c, struct policy_file_set *set, const char *path)
{
	return file_is_folder(path) ? check_folder(c, set, path) : check_policy(c, set, path);
}

/* All policies of a configuration, and that they go together. */
static bool check_named(struct check *c, struct config *config, struct policy_file_set *set)
{
	struct diag diag = { 0 };
	bool good = true;

	c->config = config;
	for (unsigned i = 0; i < config->policies.n; i++) {
		c->named = &config->policies.items[i];
		good &= check_policies(c, set, c->named->text);
	}
	c->named = NULL;
	if (!good)
		return false;
	if (policy_file_check(set, config, &diag) < 0) {
		report(c, &diag, policy_file_line(set, &diag));
		return false;
	}
	return compile(c, set, false);
}

static int read_config(struct source *source, const char *path, struct diag *diag, struct diag *doubt)
{
	int r = config_read(&source->config, sink_config_kinds, path, diag, doubt);

	r = r < 0 ? r : config_honoured(&source->config, diag);
	return r < 0 ? r : source_compile(source, diag);
}

static void check_config(struct check *c, const char *path)
{
	struct diag diag = { 0 }, doubt = { 0 };
	struct source *source = source_new();
	struct policy_file_set set;
	struct config *config;

	if (!source) {
		diag_set(&diag, 0, 0, "not enough memory");
		report(c, &diag, NULL);
		return;
	}
	config = &source->config;
	if (read_config(source, path, &diag, &doubt) < 0) {
		report(c, &diag, config->file.text ? diag_line(config->file.text, config->file.len, diag.line) : NULL);
		source_release(source);
		return;
	}
	warn(c, &doubt);
	policy_file_set_init(&set);
	c->right = 0;
	if (check_named(c, config, &set))
		printf("%s: policies: %u, sinks: %u: ok\n", path, c->right, config->nsinks);
	c->config = NULL;
	policy_file_set_fini(&set);
	source_release(source);
}

/* Whether a file is a saker.yaml; what is wrong with it is told by who then reads it. */
static bool is_config(const char *path)
{
	struct diag diag = { 0 }, doubt = { 0 };
	const struct node *root;
	struct file_text file;
	struct arena arena;
	bool is;

	arena_init(&arena, CONFIG_ARENA);
	is = file_read(&file, path, &arena, &diag, &doubt) == 0 &&
	     yaml_read(&root, file.text, file.len, &arena, &diag, NULL) == 0 && config_is(root);
	arena_fini(&arena);
	return is;
}

static void check_path(struct check *c, const char *path)
{
	struct policy_file_set set;

	if (!file_is_folder(path) && is_config(path)) {
		check_config(c, path);
		return;
	}
	policy_file_set_init(&set);
	if (check_policies(c, &set, path))
		compile(c, &set, false);
	policy_file_set_fini(&set);
}

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: saker check %s\n%s.\n"
		"FILE is a saker.yaml, which is checked with all it names, a policy, or a folder "
		"of policies.\n"
		"      --explain  tell what each policy selects\n\n"
		"The options of saker.yaml:\n\n",
		cmd_check.usage, cmd_check.doc);
	config_help(sink_config_kinds, to);
	fprintf(to, "\nThe options of a policy:\n\n");
	policy_file_help(to);
	return status;
}

static int check_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "explain", no_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct check check = { 0 };

	optind = opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
		if (c == 'h')
			return usage(stdout, EXIT_OK);
		if (c != 'e')
			return usage_option(c, argv, options);
		check.explain = true;
	}
	if (optind == argc) {
		fprintf(stderr, "saker: check what? saker check %s; see saker check --help\n",
			cmd_check.usage);
		return EXIT_USAGE;
	}
	for (int i = optind; i < argc; i++)
		if (!*argv[i])
			return usage_word(argv[i], argv[0], cmd_check.usage);
	for (int i = optind; i < argc; i++)
		check_path(&check, argv[i]);
	return check.wrong ? EXIT_FAILED : EXIT_OK;
}

const struct command cmd_check = {
	"check",
	"[--explain] FILE...",
	"whether configuration and policies are right: file, line, column, what to write instead",
	check_run,
};
