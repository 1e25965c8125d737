// SPDX-License-Identifier: Apache-2.0
#include "config/option_doc.h"

#include <string.h>

enum { WIDTH = 96, NAME_BYTES = 128, WANT_BYTES = 200 };

/* A group, or what is custom and has parts: one part stands for all, under a name of the user's. */
static bool has_rows(const struct option_row *row)
{
	return row->rows != NULL;
}

static const char *named(const struct option_row *row)
{
	return row->type == OPTION_CUSTOM && row->rows ? row->sample : NULL;
}

/* Words of text, each line with so many tabs or spaces before it. */
static void wrap(const char *text, const char *before, FILE *to)
{
	size_t col = 0;

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, " ");

		if (col && col + 1 + len > WIDTH) {
			fputc('\n', to);
			col = 0;
		}
		col += col ? (size_t)fprintf(to, " %.*s", (int)len, p) :
			     (size_t)fprintf(to, "%s%.*s", before, (int)len, p);
		p += len + strspn(p + len, " ");
	}
	fputc('\n', to);
}

/* "what it is (ring or perf, default ring)" */
static void describe(const struct option_row *row, bool with_default, char *to, size_t size)
{
	char want[WANT_BYTES];
	const char *value = with_default ? row->value : NULL;

	if (row->type == OPTION_GROUP && strcmp(option_want(row, want, sizeof(want)), "a map"))
		snprintf(to, size, "%s (%s)", row->help, want);
	else if (row->type == OPTION_GROUP && row->at_start)
		snprintf(to, size, "%s (changes wait for the next start)", row->help);
	else if (row->type == OPTION_GROUP)
		snprintf(to, size, "%s", row->help);
	else
		snprintf(to, size, "%s (%s%s%s%s%s)", row->help, option_want(row, want, sizeof(want)),
			 value ? ", default " : "", value ? value : "",
			 row->required ? ", required" : "", row->at_start ? ", changes wait for the next start" : "");
}

static const char *path_name(const char *where, const struct option_row *row,
			     char to[static NAME_BYTES])
{
	snprintf(to, NAME_BYTES, "%s%s%s%s%s", where, *where ? "." : "", row->name,
		 named(row) ? "." : "", named(row) ? "NAME" : "");
	return to;
}

static void help(const struct option_row *rows, const char *where, FILE *to)
{
	char name[NAME_BYTES], text[512];

	for (; rows->name; rows++) {
		path_name(where, rows, name);
		describe(rows, true, text, sizeof(text));
		fprintf(to, "  %s\n", name);
		wrap(text, "      ", to);
		if (has_rows(rows))
			help(rows->rows, name, to);
	}
}

void option_help(const struct option_row *rows, const char *where, FILE *to)
{
	help(rows, where, to);
}

/* on: what has a value is no comment. */
static void sample(const struct option_row *rows, unsigned depth, bool on, FILE *to)
{
	char before[64], text[512];

	snprintf(before, sizeof(before), "%*s# ", (int)depth * 2, "");
	for (const struct option_row *row = rows; row->name; row++) {
		const char *value = row->sample ? row->sample : row->value;
		bool shown = on && (row->value || row->required || row->type == OPTION_GROUP || named(row));

		if (depth == 0 && row != rows)
			fputc('\n', to);
		describe(row, false, text, sizeof(text));
		wrap(text, before, to);
		fprintf(to, "%*s%s%s:", (int)depth * 2, "", shown ? "" : "# ", row->name);
		if (!has_rows(row) || (!shown && value))
			fprintf(to, " %s", value);
		fputc('\n', to);
		if (named(row) && has_rows(row))
			fprintf(to, "%*s%s:\n", (int)depth * 2 + 2, "", row->sample);
		if (has_rows(row))
			sample(row->rows, depth + 1 + (named(row) != NULL), shown, to);
	}
}

void option_sample(const struct option_row *rows, FILE *to)
{
	sample(rows, 0, true, to);
}

void option_sample_off(const struct option_row *rows, unsigned depth, FILE *to)
{
	sample(rows, depth, false, to);
}

/* Text of mdoc: a \ would begin an escape, a . or ' at the beginning of a line a request. */
static void manual_text(const char *text, FILE *to)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", to);
	for (; *text; text++)
		fputs(*text == '\\' ? "\\e" : (char[]){ *text, 0 }, to);
	fputs(".\n", to);
}

static void manual(const struct option_row *rows, const char *where, FILE *to)
{
	char name[NAME_BYTES], text[512];

	for (; rows->name; rows++) {
		path_name(where, rows, name);
		describe(rows, true, text, sizeof(text));
		fprintf(to, ".It Cm %s\n", name);
		manual_text(text, to);
		if (has_rows(rows))
			manual(rows->rows, name, to);
	}
}

void option_manual(const struct option_row *rows, const char *where, FILE *to)
{
	fputs(".Bl -tag -width Ds\n", to);
	manual(rows, where, to);
	fputs(".El\n", to);
}
