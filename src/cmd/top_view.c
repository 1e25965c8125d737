// SPDX-License-Identifier: Apache-2.0
#include "cmd/top_view.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 96, NAME = 160, SECTIONS = 4, LINE = 512, PLAIN = 11 };

struct row {
	char name[NAME];
	double rate, second;	/* a second; second: of what was delivered, where there are two */
	char rest[NAME];
};

struct section {
	const char *title;
	struct row rows[ROWS];
	unsigned n, shown;	/* shown: lines it gets, its title among them */
	bool two;
};

struct screen {
	FILE *to;
	unsigned columns;
};

__attribute__((format(printf, 2, 3)))
static void line(struct screen *s, const char *format, ...)
{
	char text[LINE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	fprintf(s->to, "%.*s\n", (int)s->columns, text);
}

static double number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

/* --- what there is */

static int by_rate(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->rate < y->rate ? 1 : x->rate > y->rate ? -1 : strcmp(x->name, y->name);
}

static struct row *add(struct section *s)
{
	struct row *least = s->rows;

	if (s->n < ROWS) {
		s->rows[s->n] = (struct row){ 0 };
		return &s->rows[s->n++];
	}
	for (unsigned i = 1; i < ROWS; i++)
		if (s->rows[i].rate < least->rate)
			least = &s->rows[i];
	*least = (struct row){ 0 };
	return least;
}

static void fill_events(struct section *s, const json_t *before, const json_t *now, double seconds)
{
	const json_t *was = json_object_get(before, "events");
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(now, "events"), name, value) {
		const json_t *old = json_object_get(was, name);
		double read = json_number_value(json_array_get(value, 0)) - json_number_value(json_array_get(old, 0));
		double given = json_number_value(json_array_get(value, 1)) - json_number_value(json_array_get(old, 1));
		struct row *r;

		if (read <= 0)
			continue;
		r = add(s);
		snprintf(r->name, sizeof(r->name), "%s", name);
		r->rate = read / seconds;
		r->second = given / seconds;
	}
}

/* What an entry counted for certain, and before if it is the same one still. */
static double gained(const json_t *entry, const json_t *before)
{
	double since = number(entry, "since"), count = number(entry, "count"), was = number(entry, "excess");
	json_t *old;
	size_t i;

	json_array_foreach((json_t *)before, i, old)
		if (number(old, "since") == since)
			was = number(old, "count");
	return count - was;
}

static void fill_loudest(struct section *s, const char *list, const json_t *before, const json_t *now, double seconds)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(now, list), i, entry) {
		double more = gained(entry, json_object_get(before, list));
		const char *name = json_string_value(json_object_get(entry, "name"));
		struct row *r;

		if (more <= 0)
			continue;
		r = add(s);
		r->rate = more / seconds;
		if (json_object_get(entry, "pid"))
			snprintf(r->name, sizeof(r->name), "%lld %s", (long long)number(entry, "pid"), name ? name : "-");
		else if (name)
			snprintf(r->name, sizeof(r->name), "%s", name);
		else
			snprintf(r->name, sizeof(r->name), "cgroup %lld", (long long)number(entry, "id"));
	}
}

static void fill_sinks(struct section *s, const json_t *before, const json_t *now, double seconds)
{
	json_t *sink, *old;
	size_t i, k;

	json_array_foreach(json_object_get(now, "sinks"), i, sink) {
		const char *name = json_string_value(json_object_get(sink, "name"));
		const char *state = json_string_value(json_object_get(sink, "state"));
		const char *error = json_string_value(json_object_get(sink, "error"));
		double was = 0;
		struct row *r;

		json_array_foreach(json_object_get(before, "sinks"), k, old)
			if (name && !strcmp(name, json_string_value(json_object_get(old, "name"))))
				was = number(old, "written");
		r = add(s);
		snprintf(r->name, sizeof(r->name), "%s", name ? name : "-");
		r->rate = (number(sink, "written") - was) / seconds;
		snprintf(r->rest, sizeof(r->rest), "%s, %.0f waiting, %.0f dropped%s%s", state ? state : "-",
			 number(sink, "waiting"), number(sink, "dropped"), error ? ", " : "", error ? error : "");
	}
}

/* --- how much of it */

/* A line to each in turn, the first two at once, for a title alone says nothing. */
static void share(struct section sections[SECTIONS], unsigned room)
{
	bool more = true;

	while (more) {
		more = false;
		for (unsigned i = 0; i < SECTIONS; i++) {
			struct section *s = &sections[i];
			unsigned step = s->shown ? 1 : 2;

			if (!s->n || s->shown > s->n || step > room)
				continue;
			s->shown += step;
			room -= step;
			more = true;
		}
	}
}

static void put_section(struct screen *to, struct section *s)
{
	if (!s->shown)
		return;
	qsort(s->rows, s->n, sizeof(*s->rows), by_rate);
	line(to, "%10s %s%s", "PER SECOND", s->two ? " DELIVERED " : "", s->title);
	for (unsigned i = 0; i + 1 < s->shown; i++) {
		const struct row *r = &s->rows[i];

		if (s->two)
			line(to, "%10.1f %10.1f %s", r->rate, r->second, r->name);
		else
			line(to, "%10.1f %s%s%s", r->rate, r->name, r->rest[0] ? "  " : "", r->rest);
	}
}

static void put_head(struct screen *to, const json_t *before, const json_t *now, double seconds)
{
	const json_t *lanes = json_object_get(now, "lanes"), *was = json_object_get(before, "lanes");
	double read = 0, given = 0, rates[3];
	const char *const names[3] = { "critical", "normal", "bulk" };
	long long up = (long long)number(now, "uptime_seconds");

	for (unsigned i = 0; i < 3; i++) {
		const json_t *l = json_object_get(lanes, names[i]), *o = json_object_get(was, names[i]);

		rates[i] = (number(l, "read") - number(o, "read")) / seconds;
		read += rates[i];
		given += (number(l, "delivered") - number(o, "delivered")) / seconds;
	}
	line(to, "saker up %lld:%02lld:%02lld%s  %.0f/s read  %.0f/s delivered  lost %.0f (%.0f/s)", up / 3600, up / 60 % 60,
	     up % 60, json_is_false(json_object_get(now, "healthy")) ? " NOT WELL" : "", read, given, number(now, "lost"),
	     (number(now, "lost") - number(before, "lost")) / seconds);
	line(to, "lanes critical %.0f/s  normal %.0f/s  bulk %.0f/s", rates[0], rates[1], rates[2]);
}

char *top_view(const json_t *before, const json_t *now, unsigned rows, unsigned columns)
{
	struct section *s = calloc(SECTIONS, sizeof(*s));
	double seconds = (number(now, "time_ns") - number(before, "time_ns")) / 1e9;
	struct screen to = { .columns = columns };
	char *text = NULL;
	size_t size;

	to.to = open_memstream(&text, &size);
	if (!s || !to.to) {
		free(s);
		return NULL;
	}
	seconds = seconds > 0 ? seconds : 1;
	s[0].title = "EVENT";
	s[0].two = true;
	s[1].title = "PROCESS";
	s[2].title = "CONTAINER OR CGROUP";
	s[3].title = "SINK";
	fill_events(&s[0], before, now, seconds);
	fill_loudest(&s[1], "processes", before, now, seconds);
	fill_loudest(&s[2], "cgroups", before, now, seconds);
	fill_sinks(&s[3], before, now, seconds);
	if (rows)
		share(s, rows > 2 ? rows - 2 : 0);
	for (unsigned i = 0; !rows && i < SECTIONS; i++)
		s[i].shown = !s[i].n ? 0 : s[i].n + 1 < PLAIN ? s[i].n + 1 : PLAIN;
	put_head(&to, before, now, seconds);
	for (unsigned i = 0; i < SECTIONS; i++)
		put_section(&to, &s[i]);
	free(s);
	return fclose(to.to) == 0 ? text : NULL;
}
