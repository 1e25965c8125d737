// SPDX-License-Identifier: Apache-2.0
#include "agent/request.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned runs;

static int run_look(struct control *control, struct request *q, json_t *reply)
{
	runs++;
	json_object_set_new(reply, "seen", json_integer(7));
	return 0;
}

static int run_set(struct control *control, struct request *q, json_t *reply)
{
	const char *to;
	int r = request_text(q, "to", &to);

	runs++;
	if (r < 0)
		return r;
	if (to && !strcmp(to, "nowhere"))
		return request_fail(q, -ENOENT, "there is no %s\n\x1b", to);
	json_object_set_new(reply, "to", request_json(to));
	return 0;
}

static const struct control_command table[] = {
	{ .name = "look", .run = run_look },
	{ .name = "set", .right = RIGHT_ARGUMENTS, .arguments = { "to" }, .run = run_set },
	{ .name = "stop", .right = RIGHT_CHANGE, .run = run_look },
	{ .name = NULL },
};

static void expect(const char *line, bool may_change, const char *want, bool want_denied, unsigned want_runs)
{
	char *got;
	int result;

	runs = 0;
	got = request_answer(table, NULL, line, strlen(line), may_change, &result);
	cr_assert(got);
	cr_expect_str_eq(got, want, "%s: %s", line, got);
	cr_expect_eq(result == -EPERM, want_denied, "%s", line);
	cr_expect_eq(runs, want_runs, "%s", line);
	free(got);
}

Test(request, answers)
{
	expect("{\"cmd\":\"look\"}", false, "{\"ok\":true,\"seen\":7}\n", false, 1);
	expect("  {\"cmd\" : \"look\"}\r", false, "{\"ok\":true,\"seen\":7}\n", false, 1);
	expect("{\"cmd\":\"set\",\"to\":\"here\"}", true, "{\"ok\":true,\"to\":\"here\"}\n", false, 1);
	expect("{\"cmd\":\"set\",\"to\":\"a\\u00e9\\n\\u001b\"}", true, "{\"ok\":true,\"to\":\"a????\"}\n", false, 1);
	expect("{\"cmd\":\"set\",\"to\":\"nowhere\"}", true, "{\"ok\":false,\"error\":\"there is no nowhere??\"}\n", false, 1);
}

Test(request, rights)
{
	expect("{\"cmd\":\"set\"}", false, "{\"ok\":true,\"to\":null}\n", false, 1);
	expect("{\"cmd\":\"set\",\"to\":\"here\"}", false,
	       "{\"ok\":false,\"error\":\"set is for root and the agent's own user\"}\n", true, 0);
	expect("{\"cmd\":\"stop\"}", false, "{\"ok\":false,\"error\":\"stop is for root and the agent's own user\"}\n", true,
	       0);
	expect("{\"cmd\":\"stop\"}", true, "{\"ok\":true,\"seen\":7}\n", false, 1);
}

Test(request, what_is_wrong_is_said)
{
	static const struct { const char *line, *words; } rows[] = {
		{ "", "no JSON" },
		{ "nonsense", "no JSON" },
		{ "{\"cmd\":\"look\"} {}", "no JSON" },
		{ "{\"cmd\":\"look\",\"cmd\":\"look\"}", "no JSON" },
		{ "{\"cmd\":\"look\xff\"}", "no JSON" },
		{ "[\"cmd\",\"look\"]", "want an object with a text" },
		{ "{\"cmd\":null}", "want an object with a text" },
		{ "{\"cmd\":\"lok\"}", "unknown command \\\"lok\\\", did you mean \\\"look\\\"?" },
		{ "{\"cmd\":\"\\u001b[2J\"}", "unknown command \\\"?[2J\\\"" },
		{ "{\"cmd\":\"look\",\"to\":\"x\"}", "look has no \\\"to\\\"" },
		{ "{\"cmd\":\"set\",\"to\":7}", "to: want a text" },
		{ "{\"cmd\":\"set\",\"\":7}", "set has no \\\"\\\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int result;
		char *got = request_answer(table, NULL, rows[i].line, strlen(rows[i].line), true, &result);

		cr_assert(got);
		cr_expect(!strncmp(got, "{\"ok\":false,\"error\":\"", 21) && strstr(got, rows[i].words), "%s: %s", rows[i].line,
			  got);
		cr_expect_eq(result, -EINVAL);
		free(got);
	}
}

/* As deep as a line can be. */
Test(request, depth)
{
	char line[REQUEST_MAX];
	struct request q;

	memset(line, '[', sizeof(line));
	cr_expect_lt(request_parse(&q, table, line, sizeof(line), true), 0);
	request_fini(&q);
}
