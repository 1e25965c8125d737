// SPDX-License-Identifier: Apache-2.0
/* How often: the small languages of limit and sample. */
#include "policy/policy_entry.h"

#include <errno.h>
#include <string.h>

#include "config/rate.h"
#include "config/unit.h"

enum { WHOLE_MAX = 1000000 };

const char *const policy_per_names[] = {
	[LIMIT_cgroup] = "cgroup", [LIMIT_process] = "process", [LIMIT_executable] = "executable",
	[LIMIT_container] = "container", [LIMIT_global] = "global", NULL,
};

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
static bool take_rest(const char *p, void *to)
{
	struct policy_limit *limit = to;
	bool burst = false, per = false;
	char word[RATE_WORD], value[RATE_WORD];

	for (rate_word(&p, word); *word; rate_word(&p, word)) {
		rate_word(&p, value);
		if (!strcmp(word, "burst") && !burst)
			burst = rate_count(value, &limit->rate.burst);
		else if (!strcmp(word, "per") && !per)
			per = is_per(value, &limit->per);
		else
			return false;
		if (!(strcmp(word, "burst") ? per : burst))
			return false;
	}
	return true;
}

const struct option_row policy_limit_rows[] = {
	{ .name = "rate",
	  .type = OPTION_CUSTOM,
	  .parse = rate_read_row,
	  .form = "N/TIME or N per TIME, such as 5/s",
	  .required = true,
	  .help = "how many in how long" },
	OPTION(NUMBER, policy_limit, rate.burst, .name = "burst", .min = 1, .max = RATE_COUNT_MAX,
	       .help = "how many may come at once; as many as the rate's N if not given"),
	OPTION(ENUM, policy_limit, per, .name = "per", .words = policy_per_names, .value = "cgroup",
	       .help = "what has a limit of its own"),
	{ 0 },
};

int policy_limit_read(const struct option_context *cx, const struct option_row *row,
		      const struct node *node, void *to)
{
	struct policy_limit limit = { .per = LIMIT_cgroup };
	int r = rate_read_as(cx, row, node, policy_limit_rows, take_rest, &limit);

	if (r == 0)
		*(struct policy_limit *)to = limit;
	return r;
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
