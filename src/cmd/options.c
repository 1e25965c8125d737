// SPDX-License-Identifier: Apache-2.0
#include "cmd/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "cmd/command.h"
#include "cmd/usage.h"
#include "config/unit.h"
#include "event/schema.h"
#include "event/select.h"

enum { LANE_BYTES_MAX = 1 << 30, ANCESTORS = 3, HASH_SIZE = 64 << 20 };

#define HASH_TIME UINT64_C(10000000000)

enum option_id {
	OPT_EVENTS = 'e', OPT_OUTPUT = 'o', OPT_PID = 'p', OPT_UID = 'u', OPT_COMM = 'c', OPT_HELP = 'h',
	OPT_FILE = 'w', OPT_FOR = 256, OPT_COUNT, OPT_TRANSPORT, OPT_LANES, OPT_ENVP, OPT_STACK, OPT_SESSION, OPT_BTF, OPT_COLOR, OPT_FULL,
	OPT_ANCESTORS, OPT_HASH,
};

/* What the subcommands have in common. */
enum { WATCH = FOR_TRACE | FOR_RECORD, SHOW = FOR_TRACE | FOR_REPLAY, ALL = WATCH | SHOW };

static const struct {
	unsigned subcommands;
	struct option option;
	const char *argument, *doc;
} rows[] = {
	{ ALL, { "events", 1, NULL, OPT_EVENTS }, "EVENT,..", "events, categories (syscalls, fs, net, proc), globs; - excludes" },
	{ SHOW, { "output", 1, NULL, OPT_OUTPUT }, "FORMAT", "table (the default), json, falco or falco_text" },
	{ WATCH, { "for", 1, NULL, OPT_FOR }, "TIME", "end after 500ms, 5s, 2m, .." },
	{ ALL, { "count", 1, NULL, OPT_COUNT }, "N", "end after N events" },
	{ ALL, { "pid", 1, NULL, OPT_PID }, "PID", "only this process" },
	{ ALL, { "comm", 1, NULL, OPT_COMM }, "NAME", "only tasks of this name" },
	{ ALL, { "uid", 1, NULL, OPT_UID }, "USER", "only processes of this user" },
	{ WATCH, { "envp", 0, NULL, OPT_ENVP }, "", "capture the environment of executed programs" },
	{ WATCH, { "stack", 0, NULL, OPT_STACK }, "", "capture the caller's stack; shown with -o json" },
	{ WATCH, { "session", 0, NULL, OPT_SESSION }, "", "capture the session and the process group; shown with -o json" },
	{ SHOW, { "full", 0, NULL, OPT_FULL }, "", "do not shorten strings in the table" },
	{ SHOW, { "ancestors", 1, NULL, OPT_ANCESTORS }, "N", "how many ancestors -o json shows; 3 is the default" },
	{ FOR_TRACE, { "hash", 0, NULL, OPT_HASH }, "", "the SHA-256 of executables; an event told before it is known is amended" },
	{ SHOW, { "color", 1, NULL, OPT_COLOR }, "auto|always|never", "colours in the table" },
	{ WATCH, { "transport", 1, NULL, OPT_TRANSPORT }, "ring|perf", "how records leave the kernel; ring is the default" },
	{ WATCH, { "lanes", 1, NULL, OPT_LANES }, "LANE=SIZE,..", "size of critical, normal, bulk (perf: of one cpu)" },
	{ WATCH, { "btf", 1, NULL, OPT_BTF }, "FILE", "types of the kernel, when it has none itself" },
	{ FOR_RECORD, { "write", 1, NULL, OPT_FILE }, "FILE", "where to; - is standard output" },
	{ ALL, { "help", 0, NULL, OPT_HELP }, "", "this text" },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

static int complain(const char *option, const char *value, const char *allowed)
{
	usage_value(option, value, allowed);
	return -EINVAL;
}

/* A number from 0 to max. */
static int parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	return unit_number(text, ret) < 0 || *ret > max ? -EINVAL : 0;
}

static int parse_user(const char *text, uint32_t *ret)
{
	const struct passwd *user = getpwnam(text);
	uint64_t uid;

	if (user) {
		*ret = user->pw_uid;
		return 0;
	}
	if (parse_number(text, UINT32_MAX, &uid) < 0)
		return complain("uid", text, "a user's name or number");
	*ret = uid;
	return 0;
}

static int parse_lane(const char *item, struct probe_options *probe)
{
	static const char *const names[LANES] = { "critical", "normal", "bulk" };
	const char *eq = strchr(item, '=');
	uint64_t bytes;

	for (unsigned i = 0; eq && i < LANES; i++) {
		if (strlen(names[i]) != (size_t)(eq - item) || strncmp(names[i], item, eq - item))
			continue;
		if (unit_size(eq + 1, &bytes) < 0 || bytes & (bytes - 1) || bytes < (uint64_t)sysconf(_SC_PAGESIZE) ||
		    bytes > LANE_BYTES_MAX)
			return complain("lanes", item, "a size that is a power of two from one page to 1G");
		probe->lane_bytes[i] = bytes;
		return 0;
	}
	return complain("lanes", item, "critical=SIZE, normal=SIZE or bulk=SIZE");
}

static int parse_lanes(char *list, struct probe_options *probe)
{
	int r = 0;

	for (char *item = strtok(list, ","); item && r == 0; item = strtok(NULL, ","))
		r = parse_lane(item, probe);
	return r;
}

static int parse_events(struct watch_options *o, const char *list)
{
	struct select_error error;

	o->events_given = true;
	if (select_parse(&o->agent.pipeline.selected, list, &error) == 0)
		return 0;
	fprintf(stderr, "saker: %s\n", error.text);
	return -EINVAL;
}

static int parse_output(struct watch_options *o, const char *value)
{
	int format = format_find(value);

	if (format < 0)
		return complain("output", value, "table, json, falco or falco_text");
	o->format = format;
	return 0;
}

static int parse_comm(struct filter *filter, const char *value)
{
	if (!*value || strlen(value) > 15)
		return complain("comm", value, "a name of 1 to 15 bytes, as the kernel keeps it");
	memset(filter->comm, 0, sizeof(filter->comm));
	memcpy(filter->comm, value, strlen(value));
	filter->by_comm = 1;
	return 0;
}

static int parse_color(struct watch_options *o, const char *value)
{
	if (strcmp(value, "auto") && strcmp(value, "always") && strcmp(value, "never"))
		return complain("color", value, "auto, always or never");
	o->color = value;
	return 0;
}

static int parse_transport(struct probe_options *probe, const char *value)
{
	if (strcmp(value, "ring") && strcmp(value, "perf"))
		return complain("transport", value, "ring or perf");
	probe->transport = strcmp(value, "perf") ? TRANSPORT_RING : TRANSPORT_PERF;
	return 0;
}

static int parse_positive(const char *option, const char *value, uint64_t max, uint64_t *ret)
{
	if (parse_number(value, max, ret) < 0 || *ret == 0)
		return complain(option, value, "a number above 0");
	return 0;
}

static int help(struct watch_options *o, const char *usage)
{
	printf("usage: saker %s\n\n", usage);
	for (unsigned i = 0; i < ROWS; i++) {
		char left[64];

		if (!(rows[i].subcommands & o->subcommand))
			continue;
		snprintf(left, sizeof(left), "--%s %s", rows[i].option.name, rows[i].argument);
		if (rows[i].option.val < 256)
			printf("  -%c, %-30s %s\n", rows[i].option.val, left, rows[i].doc);
		else
			printf("      %-30s %s\n", left, rows[i].doc);
	}
	o->exit = EXIT_OK;
	return 0;
}

/* Of all events, or of those that can have it. */
static int capture_all(struct event_set *set, bool (*can)(unsigned id))
{
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (schema_get(id) && (!can || can(id)))
			event_set_add(set, id);
	return 0;
}

static int parse_hash(struct pipeline_options *pipeline)
{
	pipeline->hash = true;
	if (file_hash_available())
		return 0;
	fprintf(stderr, "saker: --hash: this saker was built without nettle\n");
	return -EINVAL;
}

static int parse_ancestors(struct pipeline_options *pipeline, const char *value)
{
	uint64_t number;

	if (parse_number(value, JSON_ANCESTORS_MAX, &number) < 0)
		return complain("ancestors", value, "a number from 0 to 16");
	pipeline->lineage.depth = number;
	return 0;
}

/* Nothing that is asked for is left undone in silence. */
static int refuse_useless(const struct watch_options *o, int id, const char *command)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (rows[i].option.val == id && !(rows[i].subcommands & o->subcommand)) {
			fprintf(stderr, "saker: %s has no use for --%s. See saker %s --help\n", command,
				rows[i].option.name, command);
			return -EINVAL;
		}
	return 0;
}

static int option_take(struct watch_options *o, int id, char *value, const char *usage)
{
	struct agent_options *a = &o->agent;
	uint64_t number = 0;
	int r = 0;

	switch (id) {
	case OPT_EVENTS:
		return parse_events(o, value);
	case OPT_OUTPUT:
		return parse_output(o, value);
	case OPT_FOR:
		r = unit_duration(value, &a->duration_ms);
		return r < 0 || !a->duration_ms ? complain("for", value, "a time such as 500ms, 5s, 2m, 1h") : 0;
	case OPT_COUNT:
		return parse_positive("count", value, UINT64_MAX, &a->pipeline.count);
	case OPT_PID:
		r = parse_positive("pid", value, INT32_MAX, &number);
		a->filter.pid = number;
		return r;
	case OPT_COMM:
		return parse_comm(&a->filter, value);
	case OPT_UID:
		a->filter.by_uid = 1;
		return parse_user(value, &a->filter.uid);
	case OPT_ENVP:
		a->probe.envp = true;
		return 0;
	case OPT_STACK:
		return capture_all(&a->probe.stacks, schema_has_stack);
	case OPT_SESSION:
		return capture_all(&a->probe.sessions, NULL);
	case OPT_FULL:
		a->pipeline.whole = true;
		return 0;
	case OPT_HASH:
		return parse_hash(&a->pipeline);
	case OPT_ANCESTORS:
		return parse_ancestors(&a->pipeline, value);
	case OPT_COLOR:
		return parse_color(o, value);
	case OPT_TRANSPORT:
		return parse_transport(&a->probe, value);
	case OPT_LANES:
		return parse_lanes(value, &a->probe);
	case OPT_BTF:
		a->probe.btf = value;
		return 0;
	case OPT_FILE:
		o->file = value;
		return 0;
	case OPT_HELP:
		return help(o, usage);
	default:
		return -EINVAL;
	}
}

static void defaults(struct watch_options *o, enum options_for subcommand)
{
	*o = (struct watch_options){ .subcommand = subcommand, .format = FORMAT_TABLE, .color = "auto", .exit = -1 };
	o->agent.syscall_stats_ms = 1000;
	o->agent.container_stats_ms = 1000;
	o->agent.probe.lane_bytes[LANE_critical] = 1 << 20;
	o->agent.probe.lane_bytes[LANE_normal] = 8 << 20;
	o->agent.probe.lane_bytes[LANE_bulk] = 4 << 20;
	o->agent.filter.self = getpid();
	o->agent.pipeline.containers = containers_usual;
	o->agent.pipeline.lineage.depth = ANCESTORS;
	o->agent.pipeline.hash_limits = (struct file_hash_limits){ HASH_SIZE, HASH_TIME };
}

static int take_command(struct watch_options *o, int argc, char **argv, const char *subcommand)
{
	o->agent.argv = argv;
	if (argc > 0 && o->subcommand != FOR_REPLAY)
		return 0;
	fprintf(stderr, argc > 0 ? "saker: %s follows no command\n"
				 : "saker: want a command to follow behind --: saker %s -- COMMAND\n", subcommand);
	return -EINVAL;
}

/* Words before -- are an expression, those behind it a command. */
static int parse_rest(struct watch_options *o, int argc, char **argv)
{
	size_t len = 0;
	int i = optind;

	if (i > 1 && !strcmp(argv[i - 1], "--"))
		return take_command(o, argc - i, argv + i, argv[0]);
	for (; i < argc && strcmp(argv[i], "--"); i++) {
		len += snprintf(o->expr + len, sizeof(o->expr) - len, "%s%s", len ? " " : "", argv[i]);
		if (len >= sizeof(o->expr)) {
			fprintf(stderr, "saker: the expression is too long\n");
			return -EINVAL;
		}
	}
	return i < argc ? take_command(o, argc - i - 1, argv + i + 1, argv[0]) : 0;
}

/* An expression says itself which events it is about: all it can be true for. */
static void select_anything(struct event_set *set)
{
	struct select_error error;

	select_parse(set, "all", &error);
}

static bool late_option(const char *expr)
{
	const char *at = strstr(expr, " -");

	return at && (isalpha((unsigned char)at[2]) || at[2] == '-');
}

static int compile_expr(struct watch_options *o, const char *command)
{
	struct diag diag = { 0 };
	struct event_set *selected = &o->agent.pipeline.selected;
	int r = where_compile(&o->where, o->expr, selected, &diag);

	if (r < 0) {
		diag_print(&diag, o->expr, stderr);
		/* Of fields nearly all have a dot, of programs hardly any. */
		if (late_option(o->expr))
			fprintf(stderr, "saker: options come before the expression\n");
		else if (o->subcommand != FOR_REPLAY && !strpbrk(o->expr, ".=<>("))
			fprintf(stderr, "saker: a command to follow comes after --: saker %s -- %s\n", command, o->expr);
		return r;
	}
	for (unsigned i = 0; i < EVENTS_MAX / 64; i++)
		selected->bits[i] &= o->where.events.bits[i];
	event_set_add(selected, EVENT_lost);
	event_set_add(selected, EVENT_agent_start);
	event_set_add(selected, EVENT_agent_stop);
	o->agent.where = &o->where;
	o->agent.pipeline.where = o->where.expr;
	o->agent.probe.policies = true;
	return 0;
}

static bool wants_color(const char *when)
{
	const char *term = getenv("TERM");

	if (strcmp(when, "auto"))
		return !strcmp(when, "always");
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") && !getenv("NO_COLOR");
}

/* Up to the first word that is no option. */
static int parse_options(struct watch_options *o, int argc, char **argv, const char *usage)
{
	struct option longs[ROWS + 1] = { 0 };
	int id, r;

	for (unsigned i = 0; i < ROWS; i++)
		longs[i] = rows[i].option;
	while ((id = getopt_long(argc, argv, "+:e:o:p:u:c:w:h", longs, NULL)) != -1) {
		if (id == '?' || id == ':')
			return usage_option(id, argv, longs), -EINVAL;
		r = refuse_useless(o, id, argv[0]);
		if (r == 0)
			r = option_take(o, id, optarg, usage);
		if (r < 0 || o->exit >= 0)
			return r;
	}
	return 0;
}

int options_parse(struct watch_options *o, enum options_for subcommand, int argc, char **argv, const char *usage)
{
	int r;

	defaults(o, subcommand);
	optind = opterr = 0;
	r = parse_options(o, argc, argv, usage);
	/* Options may stand before and behind the file. */
	if (r == 0 && o->exit < 0 && subcommand == FOR_REPLAY && optind < argc && strcmp(argv[optind - 1], "--")) {
		o->file = argv[optind++];
		r = parse_options(o, argc, argv, usage);
	}
	if (r < 0 || o->exit >= 0)
		return r;
	r = parse_rest(o, argc, argv);
	if (r < 0)
		return r;
	o->agent.pipeline.color = wants_color(o->color);
	if (!o->events_given && *o->expr)
		select_anything(&o->agent.pipeline.selected);
	else if (!o->events_given)
		select_default(&o->agent.pipeline.selected);
	o->agent.pipeline.filter = &o->agent.filter;
	return *o->expr ? compile_expr(o, argv[0]) : 0;
}

void options_fini(struct watch_options *o)
{
	where_fini(&o->where);
}
