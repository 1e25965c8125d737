// SPDX-License-Identifier: Apache-2.0
/* How often: the small languages of limit and sample. */
#include "policy/policy_entry.h"

#include <errno.h>
#include <string.h>

#include "config/rate.h"
#include "config/unit.h"

enum { WHOLE_MAX = 1000000 };

const char *const policy_per_names[] = { "cgroup",    "process", "executable",
					 "container", "global",	 NULL };

static bool is_per(const char *word, unsigned *ret)
{
	for (unsigned i = 0; policy_per_names[i]; i++)
		if (!strcmp(word, policy_per_names[i])) {
			*ret = i;
			return true;
		}
	return false;
}

/* "burst 1" and "per cgroup", each once at most. */
static bool take_rest(const char *p, struct policy_limit *limit)
{
	bool burst = false, per = false;
	char word[RATE_WORD], value[RATE_WORD];

	for (rate_word(&p, word); *word; rate_word(&p, word)) {
		rate_word(&p, value);
		if (!strcmp(word, "burst") && !burst)
			burst = rate_count(value, &limit->burst);
		else if (!strcmp(word, "per") && !per)
			per = is_per(value, &limit->per);
		else
			return false;
		if (!(strcmp(word, "burst") ? per : burst))
			return false;
	}
	return true;
}

static int read_rate(const struct option_context *cx, const struct option_row *row,
		     const struct node *node, void *to)
{
	struct policy_limit *limit = to;
	const char *p = node->text;

	if (node->kind != NODE_SCALAR || !rate_take(&p, &limit->count, &limit->interval) || p[strspn(p, " \t\n")])
		return option_wrong(cx, row->name, node, "%s", row->form);
	return 0;
}

const struct option_row policy_limit_rows[] = {
	{ .name = "rate",
	  .type = OPTION_CUSTOM,
	  .parse = read_rate,
	  .form = "N/TIME or N per TIME, such as 5/s",
	  .required = true,
	  .help = "how many in how long" },
	OPTION(NUMBER, policy_limit, burst, .name = "burst", .min = 1, .max = RATE_COUNT_MAX,
	       .help = "how many may come at once; as many as the rate's N if not given"),
	OPTION(ENUM, policy_limit, per, .name = "per", .words = policy_per_names, .value = "cgroup",
	       .help = "what has a limit of its own"),
	{ 0 },
};

int policy_limit_read(const struct option_context *cx, const struct option_row *row,
		      const struct node *node, void *to)
{
	struct policy_limit limit = { .per = POLICY_PER_cgroup };
	struct option_context inner = *cx;
	const char *p = node->text;
	char where[160];
	uint64_t most;
	int r = 0;

	snprintf(where, sizeof(where), "%.120s.%s", cx->where, row->name);
	inner.where = where;
	if (node->kind == NODE_MAP)
		r = option_read(policy_limit_rows, &inner, node, &limit);
	else if (node->kind != NODE_SCALAR || node_null(node) || !rate_take(&p, &limit.count, &limit.interval) ||
		 !take_rest(p, &limit))
		r = option_wrong(cx, row->name, node, "%s", row->form);
	if (r < 0)
		return r;
	limit.burst = limit.burst ? limit.burst : limit.count;
	most = rate_burst_over(limit.burst, limit.interval);
	if (most)
		return option_wrong(cx, row->name, node, "a burst of at most %llu for so long a time",
				    (unsigned long long)most);
	*(struct policy_limit *)to = limit;
	return 0;
}

/* "12.5" as 125000 of a million; at most four places behind the point. */
static bool take_percent(const char *text, struct policy_sample *ret)
{
	uint32_t value = 0, places = 0;
	bool point = false;
	const char *p = text;

	for (; *p && *p != '%'; p++) {
		if (*p == '.' && !point && p > text) {
			point = true;
			continue;
		}
		if (*p < '0' || *p > '9' || value > 100 * 10000 || places == 4)
			return false;
		value = value * 10 + (uint32_t)(*p - '0');
		places += point;
	}
	for (; places < 4; places++)
		value = value > WHOLE_MAX ? value : value * 10;
	*ret = (struct policy_sample){ value, WHOLE_MAX };
	return p > text && p[-1] != '.' && !strcmp(p, "%") && value > 0 && value <= WHOLE_MAX;
}

static bool take_fraction(const char *text, struct policy_sample *ret)
{
	uint64_t whole;

	if (strncmp(text, "1/", 2) != 0 || unit_number(text + 2, &whole) < 0 || whole == 0 ||
	    whole > WHOLE_MAX)
		return false;
	*ret = (struct policy_sample){ 1, (uint32_t)whole };
	return true;
}

int policy_sample_read(const struct option_context *cx, const struct option_row *row,
		       const struct node *node, void *to)
{
	struct policy_sample sample;

	if (node->kind != NODE_SCALAR ||
	    (!take_fraction(node->text, &sample) && !take_percent(node->text, &sample)))
		return option_wrong(cx, row->name, node, "%s", row->form);
	*(struct policy_sample *)to = sample;
	return 0;
}
