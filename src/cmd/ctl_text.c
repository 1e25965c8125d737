// SPDX-License-Identifier: Apache-2.0
#include "cmd/ctl_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 24, CELL = 160 };

/* What may come from anybody's names must not reach the terminal as it is. */
static void clean(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* value may be NULL: a row need not have what the first one has. */
static const char *cell(const json_t *value, char to[CELL])
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		snprintf(to, CELL, "%s", json_string_value(value));
		break;
	case JSON_INTEGER:
		snprintf(to, CELL, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		snprintf(to, CELL, "%.3f", json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		snprintf(to, CELL, "%s", json_is_true(value) ? "yes" : "no");
		break;
	case JSON_NULL:
	case JSON_OBJECT:
	case JSON_ARRAY:
		snprintf(to, CELL, "-");
		break;
	}
	clean(to);
	return *to ? to : "-";
}

/* --- tables */

/* {"dropped": {"full": 1}} as {"dropped full": 1}. */
static json_t *flat(const json_t *object)
{
	json_t *to = json_object(), *value, *inner;
	const char *name, *detail;
	char joined[CELL];

	json_object_foreach((json_t *)object, name, value) {
		if (!json_is_object(value)) {
			json_object_set(to, name, value);
			continue;
		}
		json_object_foreach(value, detail, inner) {
			snprintf(joined, sizeof(joined), "%s %s", name, detail);
			json_object_set(to, joined, inner);
		}
	}
	return to;
}

struct column {
	const char *name;
	size_t width;
	bool number;		/* aligned to the right */
};

static unsigned measure(const json_t *rows, struct column columns[COLUMNS])
{
	unsigned n = 0;
	const char *name;
	json_t *value, *row;
	char text[CELL];
	size_t i;

	json_object_foreach(json_array_get(rows, 0), name, value)
		if (n < COLUMNS)
			columns[n++] = (struct column){ name, strlen(name), json_is_number(value) };
	json_array_foreach(rows, i, row)
		for (unsigned k = 0; k < n; k++) {
			size_t width = strlen(cell(json_object_get(row, columns[k].name), text));

			columns[k].width = width > columns[k].width ? width : columns[k].width;
		}
	return n;
}

static void put(const struct column *c, const char *text, bool last)
{
	if (c->number)
		printf("%*s", (int)c->width, text);
	else if (last)
		printf("%s", text);
	else
		printf("%-*s", (int)c->width, text);
	printf(last ? "\n" : "  ");
}

static void put_title(const struct column *c, bool last)
{
	char title[CELL];

	snprintf(title, sizeof(title), "%s", c->name);
	for (char *p = title; *p; p++)
		*p = *p == '_' ? ' ' : *p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p;
	put(c, title, last);
}

/* An array of objects, its columns named after the members of the first. */
static void table(const json_t *rows)
{
	struct column columns[COLUMNS];
	unsigned n = measure(rows, columns);
	char text[CELL];
	json_t *row;
	size_t i;

	for (unsigned k = 0; k < n; k++)
		put_title(&columns[k], k + 1 == n);
	json_array_foreach(rows, i, row)
		for (unsigned k = 0; k < n; k++)
			put(&columns[k], cell(json_object_get(row, columns[k].name), text), k + 1 == n);
}

void ctl_text_sinks(const json_t *reply)
{
	const json_t *sinks = json_object_get(reply, "sinks");

	if (json_array_size(sinks))
		table(sinks);
	else
		printf("there is no sink\n");
}

/* --- stats */

static void pairs(const json_t *object)
{
	json_t *all = flat(object), *value;
	const char *name;
	char text[CELL];
	int width = 0;

	json_object_foreach(all, name, value)
		width = (int)strlen(name) > width ? (int)strlen(name) : width;
	json_object_foreach(all, name, value)
		printf("  %-*s  %s\n", width, name, cell(value, text));
	json_decref(all);
}

/* {"openat": {"read": 1}, ..} as a table whose first column is called what. */
static void section(const json_t *object, const char *what)
{
	json_t *rows = json_array(), *value;
	const char *name;

	json_object_foreach((json_t *)object, name, value) {
		json_t *row = json_object(), *rest = flat(value);

		json_object_set_new(row, what, json_string(name));
		json_object_update(row, rest);
		json_decref(rest);
		json_array_append_new(rows, row);
	}
	if (json_array_size(rows)) {
		printf("\n");
		table(rows);
	}
	json_decref(rows);
}

void ctl_text_stats(const json_t *reply)
{
	static const char *const sections[][2] = {
		{ "lanes", "lane" }, { "events", "event" }, { "policies", "policy" }, { "sinks", "sink" },
	};

	printf("agent\n");
	pairs(json_object_get(reply, "agent"));
	printf("control socket\n");
	pairs(json_object_get(reply, "control"));
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		section(json_object_get(reply, sections[i][0]), sections[i][1]);
}

/* --- status */

static const char *text_of(const json_t *object, const char *name)
{
	static char turns[8][CELL];
	static unsigned turn;

	return cell(json_object_get(object, name) ? json_object_get(object, name) : json_null(), turns[turn++ % 8]);
}

static long long number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void age(long long s)
{
	if (s >= 86400)
		printf("%lldd %lldh", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		printf("%lldh %lldm", s / 3600, s / 60 % 60);
	else if (s >= 60)
		printf("%lldm %llds", s / 60, s % 60);
	else
		printf("%llds", s);
}

/* "12: tp 9, exit 3": how many events are had by which kind of hook. */
static void rungs(const json_t *events)
{
	json_t *counts = json_object(), *value;
	const char *name, *event;
	bool first = true;

	json_object_foreach((json_t *)events, event, value) {
		const char *rung = json_string_value(value);

		json_object_set_new(counts, rung, json_integer(number_of(counts, rung) + 1));
	}
	json_object_foreach(counts, name, value) {
		printf("%s %s %lld", first ? ", by" : ",", name, (long long)json_integer_value(value));
		first = false;
	}
	printf("\n");
	json_decref(counts);
}

static void list(const char *title, const json_t *texts)
{
	char text[CELL];
	json_t *value;
	size_t i;

	json_array_foreach(texts, i, value)
		printf("%-12s %s\n", i ? "" : title, cell(value, text));
}

static void policies(const json_t *all)
{
	json_t *p;
	size_t i;

	json_array_foreach(all, i, p)
		printf("%-12s %s  %s  %s\n", i ? "" : "policies", text_of(p, "name"), text_of(p, "hash"), text_of(p, "file"));
}

void ctl_text_status(const json_t *reply)
{
	const json_t *lost = json_object_get(reply, "lost"), *lanes = json_object_get(reply, "lanes"), *events,
		     *refused = json_object_get(reply, "refused");

	events = json_object_get(reply, "events");
	printf("%-12s %s, process %s, since %s (", "saker", text_of(reply, "version"), text_of(reply, "pid"),
	       text_of(reply, "started"));
	age(number_of(reply, "uptime_seconds"));
	printf(")\n%-12s %s\n", "healthy", text_of(reply, "healthy"));
	list("degraded", json_object_get(reply, "degraded"));
	printf("%-12s %s, generation %s\n", "config", text_of(reply, "config"), text_of(reply, "generation"));
	if (refused)
		printf("%-12s generation %s, since %s: %s\n", "refused", text_of(refused, "generation"),
		       text_of(refused, "since"), text_of(refused, "error"));
	policies(json_object_get(reply, "policies"));
	printf("%-12s %s for %zu events", "hooks", text_of(reply, "hooks"), json_object_size(events));
	rungs(events);
	printf("%-12s %s; critical %lld KiB, normal %lld KiB, bulk %lld KiB\n", "transport", text_of(reply, "transport"),
	       number_of(lanes, "critical") >> 10, number_of(lanes, "normal") >> 10, number_of(lanes, "bulk") >> 10);
	printf("%-12s %s%s\n", "lost", text_of(lost, "total"),
	       json_is_true(json_object_get(lost, "now")) ? ", and events are being lost now" : "");
	printf("%-12s %.1f MiB\n", "memory", number_of(reply, "resident_bytes") / 1048576.0);
	printf("%-12s", "capabilities");
	for (size_t i = 0; i < json_array_size(json_object_get(reply, "capabilities")); i++)
		printf(" %s", json_string_value(json_array_get(json_object_get(reply, "capabilities"), i)));
	printf("\n%-12s %s\n", "log level", text_of(reply, "loglevel"));
}

void ctl_text_ps(const json_t *reply)
{
	char name[CELL], exe[CELL], container[CELL];
	json_t *p;
	size_t i;

	printf("%10s  %-12s  NAME\n", "PID", "CONTAINER");
	json_array_foreach(json_object_get(reply, "processes"), i, p)
		printf("%10lld  %-12.12s  %*s%s  %s\n", number_of(p, "pid"),
		       cell(json_object_get(p, "container"), container), (int)number_of(p, "depth") * 2, "",
		       cell(json_object_get(p, "name"), name), cell(json_object_get(p, "exe"), exe));
}

/* --- what changes something */

void ctl_text_reload(const json_t *reply)
{
	const json_t *doubt;
	size_t i;

	json_array_foreach(json_object_get(reply, "doubts"), i, doubt)
		printf("warning: %s\n", json_string_value(doubt));
	if (strcmp(json_string_value(json_object_get(reply, "result")), "applied") != 0) {
		printf("nothing has changed; generation %s stays in force\n", text_of(reply, "generation"));
		return;
	}
	printf("generation %s is in force: policies %s added, %s removed, %s changed, %s the same; ",
	       text_of(reply, "generation"), text_of(reply, "added"), text_of(reply, "removed"), text_of(reply, "changed"),
	       text_of(reply, "same"));
	printf("sinks %s added, %s removed, %s changed; ", text_of(reply, "sinks_added"), text_of(reply, "sinks_removed"),
	       text_of(reply, "sinks_changed"));
	printf("%s hooks (%s before); %s ms\n", text_of(reply, "hooks"), text_of(reply, "hooks_before"),
	       text_of(reply, "elapsed_ms"));
}

void ctl_text_loglevel(const json_t *reply)
{
	printf("%s\n", text_of(reply, "level"));
}

void ctl_text_mutes(const json_t *reply)
{
	const json_t *mutes = json_object_get(reply, "mutes");

	if (json_array_size(mutes) > 0)
		table(mutes);
	else
		printf("nobody is muted\n");
}
