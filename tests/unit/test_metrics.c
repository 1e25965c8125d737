// SPDX-License-Identifier: Apache-2.0
/* The table of figures holds to the rules of OpenMetrics; addresses; histograms. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

#include "agent/figures.h"
#include "agent/metrics_text.h"
#include "base/histogram.h"
#include "config/endpoint.h"

static bool same_metric(const struct figure *a, const struct figure *b)
{
	return a->of == b->of && !strcmp(a->name, b->name);
}

static bool name_fits(const char *name)
{
	for (; *name; name++)
		if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

Test(figures, names)
{
	static const char *const reserved[] = { "_total", "_info", "_count", "_sum", "_bucket", "_created", "_gauge",
						"_counter", "_histogram" };
	char metric[128];

	for (const struct figure *f = figures; f->name; f++) {
		figure_metric(f, metric, sizeof(metric));
		cr_expect(name_fits(metric), "%s", metric);
		for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
			cr_expect(!ends_with(metric, reserved[i]), "%s: its kind appends %s", metric, reserved[i]);
		cr_expect(*f->help && f->help[strlen(f->help) - 1] != '.', "%s: %s", metric, f->help);
		cr_expect_null(strpbrk(f->help, "\n\\\""), "%s", metric);
		cr_expect(!f->detail || strcmp(f->detail, figure_of_names[f->of]), "%s: label %s", metric, f->detail);
	}
}

/* Rows of one metric say the same of it and stand together; no two are the same series. */
Test(figures, families)
{
	for (const struct figure *f = figures; f->name; f++)
		for (const struct figure *g = figures; g < f; g++) {
			if (!same_metric(f, g))
				continue;
			cr_expect(same_metric(f, f - 1), "%s stands apart", f->name);
			cr_expect_eq(f->kind, g->kind, "%s", f->name);
			cr_expect_str_eq(f->help, g->help, "%s", f->name);
			cr_assert(f->detail && g->detail, "%s comes twice", f->name);
			cr_expect_str_eq(f->detail, g->detail, "%s", f->name);
			cr_expect_eq(!f->lane, !g->lane, "%s", f->name);
			cr_expect(strcmp(f->detail_value, g->detail_value) || (f->lane && strcmp(f->lane, g->lane)),
				  "%s comes twice", f->name);
		}
}

Test(figures, kinds)
{
	for (const struct figure *f = figures; f->name; f++) {
		bool histogram = f->kind == FIGURE_HISTOGRAM, info = f->kind == FIGURE_INFO;

		cr_expect_eq(!f->histogram, !histogram, "%s", f->name);
		cr_expect_eq(!f->text, !info, "%s", f->name);
		cr_expect_eq(!f->value, histogram || info, "%s", f->name);
		cr_expect(!f->detail_value || f->detail, "%s", f->name);
		cr_expect(!strcmp(metrics_unit(f), "seconds") || !f->per, "%s: is a part of what?", f->name);
		cr_expect(!histogram || !strcmp(metrics_unit(f), "seconds"), "%s: histograms are of times", f->name);
	}
}

Test(histogram, bounds)
{
	struct histogram h = { 0 };

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		histogram_add(&h, histogram_bound(i) - 1);
		cr_expect_eq(h.counts[i], i ? 2 : 1, "below %llu", (unsigned long long)histogram_bound(i));
		histogram_add(&h, histogram_bound(i));
		cr_expect_eq(h.counts[i + 1], 1, "at %llu", (unsigned long long)histogram_bound(i));
	}
	histogram_add(&h, UINT64_MAX / 2);
	cr_expect_eq(h.counts[HISTOGRAM_BUCKETS - 1], 2);
}

Test(address, round_trips)
{
	static const struct { const char *text; bool loopback; } rows[] = {
		{ "127.0.0.1:9464", true }, { "127.255.255.255:1", true }, { "128.0.0.1:1", false },
		{ "0.0.0.0:65535", false }, { "[::1]:9464", true }, { "[::]:0", false }, { "[fe80::1]:9", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[ENDPOINT_TEXT];
		struct endpoint a;

		cr_assert_eq(endpoint_parse(&a, rows[i].text), 0, "%s", rows[i].text);
		cr_expect_str_eq(endpoint_text(&a, text), rows[i].text);
		cr_expect_eq(endpoint_loopback(&a), rows[i].loopback, "%s", rows[i].text);
		cr_expect(endpoint_equal(&a, &a));
	}
}
