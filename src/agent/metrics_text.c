// SPDX-License-Identifier: Apache-2.0
#include "agent/metrics_text.h"

#include <errno.h>
#include <string.h>

#include "agent/figures.h"
#include "base/histogram.h"
#include "base/text.h"

struct page {
	struct text text;
	enum metrics_format format;
	const struct figures *source;
	char metric[128];	/* of the figures that are written now */
};

/* What samples of a kind append to the metric's name; the older format says it in the head, too. */
static const char *const suffixes[] = {
	[FIGURE_COUNTER] = "_total", [FIGURE_GAUGE] = "", [FIGURE_INFO] = "_info", [FIGURE_HISTOGRAM] = "",
};

static const char *const types[][2] = {
	[FIGURE_COUNTER] = { "counter", "counter" },
	[FIGURE_GAUGE] = { "gauge", "gauge" },
	[FIGURE_INFO] = { "gauge", "info" },
	[FIGURE_HISTOGRAM] = { "histogram", "histogram" },
};

const char *metrics_unit(const struct figure *f)
{
	static const char *const units[] = { "seconds", "bytes" };
	size_t len = strlen(f->name);

	for (unsigned i = 0; i < sizeof(units) / sizeof(*units); i++) {
		size_t n = strlen(units[i]);

		if (len > n && f->name[len - n - 1] == '_' && !strcmp(f->name + len - n, units[i]))
			return units[i];
	}
	return "";
}

static void put_head_line(struct page *p, const struct figure *f, const char *word, const char *value)
{
	struct text *t = &p->text;

	text_str(t, "# ");
	text_str(t, word);
	text_char(t, ' ');
	text_str(t, p->metric);
	text_str(t, p->format == METRICS_OPENMETRICS ? "" : suffixes[f->kind]);
	text_char(t, ' ');
	text_str(t, value);
	text_char(t, '\n');
}

static void put_head(struct page *p, const struct figure *f)
{
	const char *unit = metrics_unit(f);

	put_head_line(p, f, "HELP", f->help);
	put_head_line(p, f, "TYPE", types[f->kind][p->format]);
	if (*unit && p->format == METRICS_OPENMETRICS)
		put_head_line(p, f, "UNIT", unit);
}

/* Whole units, and of those that are counted finer what is left, without its last zeros. */
static void put_value(struct text *t, uint64_t value, uint64_t per)
{
	uint64_t rest = per ? value % per : 0;

	text_udec(t, per ? value / per : value);
	if (!rest)
		return;
	text_char(t, '.');
	for (uint64_t place = per / 10; rest; rest %= place, place /= 10)
		text_char(t, '0' + rest / place);
}

static void put_label(struct text *t, char before, const char *name, const char *value)
{
	text_char(t, before);
	text_str(t, name);
	text_str(t, "=\"");
	for (; *value; value++) {
		if (*value == '\n') {
			text_str(t, "\\n");
			continue;
		}
		if (*value == '"' || *value == '\\')
			text_char(t, '\\');
		text_char(t, *value);
	}
	text_char(t, '"');
}

/* Name and labels of a sample of the i-th place; le: a histogram's bound, NULL for none. */
static void put_name(struct page *p, const struct figure *f, unsigned i, const char *suffix, const char *le)
{
	const char *place = figures_label(p->source, f->of, i);
	struct text *t = &p->text;
	char before = '{';

	text_str(t, p->metric);
	text_str(t, suffix);
	if (*place) {
		put_label(t, before, figure_of_names[f->of], place);
		before = ',';
	}
	if (f->detail) {
		put_label(t, before, f->detail, f->text ? f->text(p->source, i) : f->detail_value);
		before = ',';
	}
	if (f->lane) {
		put_label(t, before, "lane", f->lane);
		before = ',';
	}
	if (le) {
		put_label(t, before, "le", le);
		before = ',';
	}
	text_str(t, before == ',' ? "} " : " ");
}

static void put_histogram(struct page *p, const struct figure *f, unsigned i)
{
	const struct histogram *h = f->histogram(p->source, i);
	struct text *t = &p->text;
	uint64_t sum = 0;

	for (unsigned k = 0; k < HISTOGRAM_BUCKETS; k++) {
		char le[32] = "+Inf";
		struct text bound = { le, le + sizeof(le) - 1, false };

		if (k < HISTOGRAM_BUCKETS - 1) {
			put_value(&bound, histogram_bound(k), 1000000000);
			*bound.p = 0;
		}
		sum += h->counts[k];
		put_name(p, f, i, "_bucket", le);
		text_udec(t, sum);
		text_char(t, '\n');
	}
	put_name(p, f, i, "_count", NULL);
	text_udec(t, sum);
	text_char(t, '\n');
	put_name(p, f, i, "_sum", NULL);
	put_value(t, h->sum, 1000000000);
	text_char(t, '\n');
}

static void put_sample(struct page *p, const struct figure *f, unsigned i)
{
	if (f->kind == FIGURE_HISTOGRAM) {
		put_histogram(p, f, i);
		return;
	}
	put_name(p, f, i, suffixes[f->kind], NULL);
	put_value(&p->text, f->kind == FIGURE_INFO ? 1 : f->value(p->source, i), f->per);
	text_char(&p->text, '\n');
}

/* One row; those of the same metric follow each other and share a head. */
static void put_figure(struct page *p, const struct figure *f, bool begins)
{
	figure_metric(f, p->metric, sizeof(p->metric));
	if (begins)
		put_head(p, f);
	for (unsigned i = 0; i < figures_count(p->source, f->of); i++)
		if (figures_label(p->source, f->of, i) && figure_there(f, p->source, i))
			put_sample(p, f, i);
}

ssize_t metrics_text(char *room, size_t size, enum metrics_format format, const struct figures *source)
{
	struct page p = { .text = { room, room + size, false }, .format = format, .source = source };

	for (const struct figure *f = figures; f->name; f++)
		put_figure(&p, f, f == figures || f->of != f[-1].of || strcmp(f->name, f[-1].name) != 0);
	if (format == METRICS_OPENMETRICS)
		text_str(&p.text, "# EOF\n");
	return p.text.full ? -ENOSPC : p.text.p - room;
}
