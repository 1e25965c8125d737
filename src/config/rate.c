// SPDX-License-Identifier: Apache-2.0
#include "config/rate.h"

#include <string.h>

#include "config/unit.h"

enum { INTERVAL_MAX = 24 * 3600 * 1000 };

void rate_word(const char **p, char word[static RATE_WORD])
{
	size_t len;

	*p += strspn(*p, " \t\n");
	len = strcspn(*p, " \t\n");
	snprintf(word, RATE_WORD, "%.*s", (int)(len < RATE_WORD ? len : RATE_WORD - 1), *p);
	*p += len;
}

bool rate_count(const char *word, uint64_t *ret)
{
	return unit_number(word, ret) == 0 && *ret > 0 && *ret <= RATE_COUNT_MAX;
}

/* "s" is one second, "15s" fifteen. */
static bool is_interval(const char *word, uint64_t *ret)
{
	char one[RATE_WORD + 1];

	snprintf(one, sizeof(one), "%s%s", *word >= '0' && *word <= '9' ? "" : "1", word);
	if (!*word || (*word >= '0' && *word <= '9' && !word[strspn(word, "0123456789")]))
		return false;
	return unit_duration(one, ret) == 0 && *ret > 0 && *ret <= INTERVAL_MAX;
}

/* "5/s" or "1 per 15s" at the beginning of a text. */
static bool take_rate(const char **p, struct rate *rate)
{
	char word[RATE_WORD], *slash;

	rate_word(p, word);
	slash = strchr(word, '/');
	if (slash) {
		*slash = 0;
		return rate_count(word, &rate->count) && is_interval(slash + 1, &rate->interval);
	}
	if (!rate_count(word, &rate->count))
		return false;
	rate_word(p, word);
	if (strcmp(word, "per") != 0)
		return false;
	rate_word(p, word);
	return is_interval(word, &rate->interval);
}

/* Whether a bucket can count burst for so long an interval, which it does in nanoseconds; if not,
 * the largest burst that it can, else 0. */
static uint64_t burst_over(uint64_t burst, uint64_t interval)
{
	uint64_t most = INT64_MAX / (interval * 1000000);

	return burst > most ? most : 0;
}

/* Nothing, or "burst 10". */
static bool take_burst(const char *p, void *to)
{
	struct rate *rate = to;
	char word[RATE_WORD], value[RATE_WORD];

	rate_word(&p, word);
	if (!*word)
		return true;
	rate_word(&p, value);
	return !strcmp(word, "burst") && rate_count(value, &rate->burst) && !p[strspn(p, " \t\n")];
}

int rate_read_row(const struct option_context *cx, const struct option_row *row, const struct node *node, void *to)
{
	struct rate *rate = to;
	const char *p = node->text;

	if (node->kind != NODE_SCALAR || !take_rate(&p, rate) || p[strspn(p, " \t\n")])
		return option_wrong(cx, row->name, node, "%s", row->form);
	return 0;
}

static const struct option_row rate_rows[] = {
	{ .name = "rate",
	  .type = OPTION_CUSTOM,
	  .parse = rate_read_row,
	  .form = "N/TIME or N per TIME, such as 5/s",
	  .required = true,
	  .sample = "1000/s",
	  .help = "how many in how long" },
	OPTION(NUMBER, rate, burst, .name = "burst", .min = 1, .max = RATE_COUNT_MAX, .sample = "100",
	       .help = "how many may come at once; as many as the rate's N if not given"),
	{ 0 },
};

int rate_read_as(const struct option_context *cx, const struct option_row *row, const struct node *node,
		 const struct option_row *rows, rate_rest *rest, void *to)
{
	struct option_context inner = *cx;
	const char *p = node->text;
	struct rate *rate = to;
	char where[160];
	uint64_t most;
	int r = 0;

	snprintf(where, sizeof(where), "%.120s.%s", cx->where, row->name);
	inner.where = where;
	if (node->kind == NODE_MAP)
		r = option_read(rows, &inner, node, to);
	else if (node->kind != NODE_SCALAR || node_null(node) || !take_rate(&p, rate) || !rest(p, to))
		r = option_wrong(cx, row->name, node, "%s", row->form);
	if (r < 0)
		return r;
	rate->burst = rate->burst ? rate->burst : rate->count;
	most = burst_over(rate->burst, rate->interval);
	if (most)
		return option_wrong(cx, row->name, node, "a burst of at most %llu for so long a time",
				    (unsigned long long)most);
	return 0;
}

int rate_read(const struct option_context *cx, const struct option_row *row, const struct node *node, void *to)
{
	struct rate rate = { 0 };
	int r = rate_read_as(cx, row, node, rate_rows, take_burst, &rate);

	if (r == 0)
		*(struct rate *)to = rate;
	return r;
}
