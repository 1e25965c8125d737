// SPDX-License-Identifier: Apache-2.0
/* saker events: what can be traced, from the tables that also make the records. */
#include "cmd/command.h"
#include "cmd/usage.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/claim.h"
#include "event/schema.h"
#include "event/select.h"
#include "expr/expr.h"

enum listing_format { FORMAT_text, FORMAT_json, FORMAT_markdown, FORMATS };

static const char *const format_names[FORMATS] = { "text", "json", "markdown" };
static const char *const view_names[] = { "exit", "entry", "entry and exit", "exit" };

#if defined(__x86_64__)
static const char *const abi_names[ABIS] = { "x86_64", "i386" };
#else
static const char *const abi_names[ABIS] = { "aarch64", "arm" };
#endif

struct listing {
	enum listing_format format;
	bool fields;		/* one flat list of fields */
	bool named;		/* somebody asked for certain events */
	struct event_set set;
};

static const struct schema *listed(const struct listing *l, unsigned id)
{
	return event_set_has(&l->set, id) ? schema_get(id) : NULL;
}

static const char *field_doc(const struct field *f)
{
	return f->doc ? f->doc : type_info[f->type].doc;
}

static const char *trust(const struct schema *s, unsigned field)
{
	return event_claim(s, field) ? "claim" : "fact";
}

/* Calls fn for each category that has listed events, in the order of the alphabet. */
static void each_category(const struct listing *l, void (*fn)(const struct listing *, const char *category))
{
	const char *last = "";

	for (;;) {
		const char *next = NULL;

		for (unsigned id = 0; id < EVENT_COUNT; id++) {
			const struct schema *s = listed(l, id);

			if (s && strcmp(s->category, last) > 0 && (!next || strcmp(s->category, next) < 0))
				next = s->category;
		}
		if (!next)
			return;
		fn(l, next);
		last = next;
	}
}

/* --- text */

static void text_category(const struct listing *l, const char *category)
{
	printf("%s\n", category);
	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		const struct schema *s = listed(l, id);

		if (s && !strcmp(s->category, category))
			printf("  %-28s %-7s %-8s  %s\n", s->name, s->syscall ? "syscall" : "event",
			       lane_names[schema_lane(id)], s->doc);
	}
}

static void text_field(const char *prefix, const struct field *f, const char *trusted)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", prefix, f->name);
	printf("  %-24s %-16s %-5s  %s\n", name, type_info[f->type].name, trusted, field_doc(f));
}

static void text_numbers(unsigned id)
{
	const char *separator = ", number ";

	for (unsigned abi = 0; abi < ABIS; abi++) {
		int number = schema_call_number(id, abi);

		if (number < 0)
			continue;
		printf("%s%d on %s", separator, number, abi_names[abi]);
		separator = ", ";
	}
}

static void text_event(unsigned id, const struct schema *s)
{
	printf("%s: %s\n", s->name, s->doc);
	printf("  %s in category %s, lane %s", s->syscall ? "system call" : "event", s->category,
	       lane_names[schema_lane(id)]);
	if (s->syscall) {
		printf(", seen at %s", view_names[s->view]);
		text_numbers(id);
	}
	printf("\n");
	if (s->aliases[0])
		printf("  also called %s\n", s->aliases);
	for (unsigned i = 0; i < s->nfields; i++)
		text_field("args.", &s->fields[i], trust(s, i));
	if (s->ret != T_none)
		printf("  %-24s %-16s %-5s  result; %s\n", "ret", type_info[s->ret].name, "fact",
		       type_info[s->ret].doc);
}

static void text_operand(void *ctx, const struct expr_field *f)
{
	if (f->alias_of)
		printf("  %-24s = %-14s       %s\n", f->name, f->alias_of, f->doc);
	else
		printf("  %-24s %-16s       %s\n", f->name, f->type, f->doc);
}

/* What expressions may ask: operands of all events, then the fields of those that were named. */
static void text_fields(const struct listing *l)
{
	expr_fields(text_operand, NULL);
	for (unsigned id = 0; l->named && id < EVENT_COUNT; id++) {
		const struct schema *s = listed(l, id);

		for (unsigned i = 0; s && i < s->nfields; i++)
			text_field("args.", &s->fields[i], trust(s, i));
	}
}

static void text(const struct listing *l)
{
	if (l->fields) {
		text_fields(l);
		return;
	}
	if (!l->named) {
		each_category(l, text_category);
		printf("\nsaker events NAME tells an event's fields, saker events --fields what expressions may ask.\n");
		return;
	}
	for (unsigned id = 0, n = 0; id < EVENT_COUNT; id++)
		if (listed(l, id)) {
			printf("%s", n++ ? "\n" : "");
			text_event(id, listed(l, id));
		}
}

/* --- JSON */

static json_t *json_field(const char *prefix, const struct field *f, const char *trusted)
{
	return json_pack("{s:s+, s:s, s:s, s:s}", "name", prefix, f->name, "type", type_info[f->type].name,
			 "trust", trusted, "doc", field_doc(f));
}

static json_t *json_common(void)
{
	json_t *fields = json_array();
	unsigned n;
	const struct field *common = schema_common(&n);

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(fields, json_field("", &common[i], "fact"));
	return fields;
}

static void json_event_fields(json_t *fields, const struct schema *s)
{
	for (unsigned i = 0; i < s->nfields; i++)
		json_array_append_new(fields, json_field("args.", &s->fields[i], trust(s, i)));
}

static json_t *json_aliases(const char *aliases)
{
	json_t *list = json_array();

	for (const char *a = aliases; *a; a += strcspn(a, " "), a += strspn(a, " "))
		json_array_append_new(list, json_stringn(a, strcspn(a, " ")));
	return list;
}

static void json_call(json_t *event, unsigned id, const struct schema *s)
{
	json_t *numbers = json_object();

	for (unsigned abi = 0; abi < ABIS; abi++)
		if (schema_call_number(id, abi) >= 0)
			json_object_set_new(numbers, abi_names[abi], json_integer(schema_call_number(id, abi)));
	json_object_set_new(event, "numbers", numbers);
	json_object_set_new(event, "seen", json_string(view_names[s->view]));
	json_object_set_new(event, "ret", json_string(type_info[s->ret].name));
}

static json_t *json_event(unsigned id, const struct schema *s)
{
	json_t *fields = json_array();
	json_t *event = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "name", s->name,
				  "kind", s->syscall ? "syscall" : "event", "category", s->category,
				  "lane", lane_names[schema_lane(id)], "doc", s->doc,
				  "aliases", json_aliases(s->aliases));

	if (s->syscall)
		json_call(event, id, s);
	json_event_fields(fields, s);
	json_object_set_new(event, "fields", fields);
	return event;
}

static json_t *json_events(const struct listing *l)
{
	json_t *list = json_array();

	if (!l->named)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "name", "common", "kind", "common",
						      "doc", "what all events have", "fields", json_common()));
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (listed(l, id))
			json_array_append_new(list, json_event(id, listed(l, id)));
	return list;
}

static void json_operand(void *fields, const struct expr_field *f)
{
	json_t *operand = json_pack("{s:s, s:s, s:s}", "name", f->name, "type", f->type, "doc", f->doc);

	if (f->alias_of)
		json_object_set_new(operand, "alias_of", json_string(f->alias_of));
	json_array_append_new(fields, operand);
}

static json_t *json_fields(const struct listing *l)
{
	json_t *fields = json_array();

	expr_fields(json_operand, fields);
	for (unsigned id = 0; l->named && id < EVENT_COUNT; id++)
		if (listed(l, id))
			json_event_fields(fields, listed(l, id));
	return fields;
}

static void json(const struct listing *l)
{
	json_t *all = l->fields ? json_fields(l) : json_events(l);

	json_dumpf(all, stdout, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	printf("\n");
	json_decref(all);
}

/* --- markdown */

static void markdown_field(const char *prefix, const struct field *f, const char *trusted)
{
	printf("| `%s%s` | %s | %s | %s |\n", prefix, f->name, type_info[f->type].name, trusted, field_doc(f));
}

static void markdown_fields(const struct listing *l)
{
	unsigned n;
	const struct field *common = schema_common(&n);

	printf("| Field | Type | Trust | Meaning |\n|---|---|---|---|\n");
	for (unsigned i = 0; i < n; i++)
		markdown_field("", &common[i], "fact");
	for (unsigned id = 0; l->named && id < EVENT_COUNT; id++) {
		const struct schema *s = listed(l, id);

		for (unsigned i = 0; s && i < s->nfields; i++)
			markdown_field("args.", &s->fields[i], trust(s, i));
	}
}

/* Claims are set in italics. */
static void markdown_event(unsigned id, const struct schema *s)
{
	printf("| `%s` | %s | %s | ", s->name, lane_names[schema_lane(id)], s->doc);
	for (unsigned i = 0; i < s->nfields; i++)
		printf(event_claim(s, i) ? "%s_%s_" : "%s%s", i ? ", " : "", s->fields[i].name);
	printf(" | %s |\n", s->aliases);
}

static void markdown_calls(const struct listing *l, const char *category)
{
	unsigned n = 0;

	for (unsigned id = EVENT_SYSCALL; id < EVENT_COUNT; id++) {
		const struct schema *s = listed(l, id);

		if (!s || strcmp(s->category, category))
			continue;
		if (n++ == 0)
			printf("| `%s` | %s | ", category, lane_names[schema_lane(id)]);
		printf("%s%s", n > 1 ? " " : "", s->name);
	}
	if (n)
		printf(" |\n");
}

static void markdown(const struct listing *l)
{
	if (l->fields) {
		markdown_fields(l);
		return;
	}
	printf("| Event | Lane | What happened | Fields (_claims_ in italics) | Also called |\n|---|---|---|---|---|\n");
	for (unsigned id = 0; id < EVENT_SYSCALL; id++)
		if (listed(l, id))
			markdown_event(id, listed(l, id));
	printf("\n| Category | Lane | System calls |\n|---|---|---|\n");
	each_category(l, markdown_calls);
}

/* --- arguments */

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: saker events %s\n%s.\n"
		"NAME is an event, an alias, a category or a glob.\n"
		"  -o, --output FORMAT  text, json or markdown\n"
		"      --fields         only fields: those all events have, and those of NAME\n",
		cmd_events.usage, cmd_events.doc);
	return status;
}

static bool parse_format(struct listing *l, const char *name)
{
	for (unsigned i = 0; i < FORMATS; i++)
		if (!strcmp(name, format_names[i])) {
			l->format = i;
			return true;
		}
	fprintf(stderr, "saker: unknown format \"%s\"; there are text, json and markdown\n", name);
	return false;
}

static bool parse_names(struct listing *l, char **names)
{
	struct select_error error;

	l->named = *names;
	if (!l->named)
		for (unsigned id = 0; id < EVENT_COUNT; id++)
			event_set_add(&l->set, id);
	for (; *names; names++)
		if (select_word(&l->set, *names) == 0) {
			select_unknown(&error, *names);
			fprintf(stderr, "saker: %s\n", error.text);
			return false;
		}
	return true;
}

static int events_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "fields", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static void (*const print[FORMATS])(const struct listing *) = { text, json, markdown };
	struct listing l = { .format = FORMAT_text };

	optind = opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":o:h", options, NULL)) != -1;) {
		if (c == 'h')
			return usage(stdout, EXIT_OK);
		if (c == 'f')
			l.fields = true;
		else if (c != 'o')
			return usage_option(c, argv, options);
		else if (!parse_format(&l, optarg))
			return EXIT_USAGE;
	}
	if (!parse_names(&l, argv + optind))
		return EXIT_USAGE;
	print[l.format](&l);
	return EXIT_OK;
}

const struct command cmd_events = {
	"events", "[NAME...] [-o text|json|markdown] [--fields]",
	"what can be traced: every event, its fields, which of them are proven", events_run,
};
