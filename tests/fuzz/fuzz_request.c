// SPDX-License-Identifier: Apache-2.0
/* Any line as a request to the control socket: the answer is one line of printable ASCII, a JSON object
 * that says whether it was granted, and nothing is changed for who may not. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned changes;

static void check(bool ok)
{
	if (!ok)
		abort();
}

static int run_look(struct control *control, struct request *q, json_t *reply)
{
	return 0;
}

static int run_change(struct control *control, struct request *q, json_t *reply)
{
	const char *text;
	int r = request_text(q, "level", &text);

	changes += json_object_size(q->body) > 1 || q->command->right == RIGHT_CHANGE;
	if (r == 0)
		json_object_set_new(reply, "level", request_json(text));
	return r;
}

static const struct control_command table[] = {
	{ .name = "status", .run = run_look },
	{ .name = "loglevel", .right = RIGHT_ARGUMENTS, .arguments = { "level" }, .run = run_change },
	{ .name = "mute", .right = RIGHT_CHANGE, .arguments = { "cgroup", "for" }, .run = run_change },
	{ .name = NULL },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool may_change = size && data[0] & 1;
	char *answer;
	json_t *reply;
	size_t len;
	int r;

	if (!size || size > REQUEST_MAX)
		return 0;
	changes = 0;
	answer = request_answer(table, NULL, (const char *)data + 1, size - 1, may_change, &r);
	check(answer != NULL);
	len = strlen(answer);
	check(len > 0 && answer[len - 1] == '\n');
	for (size_t i = 0; i + 1 < len; i++)
		check(answer[i] >= ' ' && answer[i] <= '~');
	reply = json_loads(answer, 0, NULL);
	check(r == 0 ? json_is_true(json_object_get(reply, "ok")) : json_is_false(json_object_get(reply, "ok")));
	check(r == 0 || json_is_string(json_object_get(reply, "error")));
	check(may_change ? r != -EPERM : changes == 0);
	json_decref(reply);
	free(answer);
	return 0;
}
