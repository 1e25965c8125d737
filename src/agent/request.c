// SPDX-License-Identifier: Apache-2.0
#include "agent/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

enum { COMMANDS_MAX = 64, TEXT_MAX = 4200 };

int request_fail(struct request *q, int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(q->error, sizeof(q->error), format, args);
	va_end(args);
	return r;
}

static int unknown(struct request *q, const struct control_command *table, const char *name)
{
	const char *names[COMMANDS_MAX], *near;
	unsigned n = 0;

	for (; table->name && n < COMMANDS_MAX; table++)
		names[n++] = table->name;
	near = nearest(name, names, n);
	return request_fail(q, -EINVAL, "unknown command \"%.64s\"%s%s%s", name, near ? ", did you mean \"" : "",
			    near ? near : "", near ? "\"?" : "");
}

static bool takes(const struct control_command *c, const char *name)
{
	for (unsigned i = 0; i < REQUEST_ARGUMENTS && c->arguments[i]; i++)
		if (!strcmp(c->arguments[i], name))
			return true;
	return !strcmp(name, "cmd");
}

static int check_arguments(struct request *q)
{
	const char *name;
	json_t *value;

	json_object_foreach(q->body, name, value)
		if (!takes(q->command, name))
			return request_fail(q, -EINVAL, "%s has no \"%.64s\"", q->command->name, name);
	return 0;
}

static bool allowed(const struct request *q, bool may_change)
{
	if (may_change || q->command->right == RIGHT_READ)
		return true;
	return q->command->right == RIGHT_ARGUMENTS && json_object_size(q->body) == 1;
}

int request_parse(struct request *q, const struct control_command *table, const char *line, size_t len,
		  bool may_change)
{
	json_error_t error;
	const char *name;
	int r;

	*q = (struct request){ 0 };
	q->body = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!q->body)
		return request_fail(q, -EINVAL, "no JSON, column %d: %s", error.column, error.text);
	name = json_string_value(json_object_get(q->body, "cmd"));
	if (!name)
		return request_fail(q, -EINVAL, "want an object with a text \"cmd\"");
	for (q->command = table; q->command->name && strcmp(q->command->name, name) != 0;)
		q->command++;
	if (!q->command->name)
		return unknown(q, table, name);
	r = check_arguments(q);
	if (r < 0)
		return r;
	if (!allowed(q, may_change))
		return request_fail(q, -EPERM, "%s is for root and the agent's own user", name);
	return 0;
}

void request_fini(struct request *q)
{
	json_decref(q->body);
	q->body = NULL;
}

int request_text(struct request *q, const char *name, const char **ret)
{
	json_t *value = json_object_get(q->body, name);

	*ret = json_string_value(value);
	return value && !*ret ? request_fail(q, -EINVAL, "%s: want a text", name) : 0;
}

char *request_line(json_t *reply)
{
	char *text = json_dumps(reply, JSON_COMPACT | JSON_ENSURE_ASCII), *line = NULL;
	size_t len;

	json_decref(reply);
	if (!text)
		return NULL;
	len = strlen(text);
	line = realloc(text, len + 2);
	if (!line) {
		free(text);
		return NULL;
	}
	memcpy(line + len, "\n", 2);
	return line;
}

json_t *request_json(const char *text)
{
	char shown[TEXT_MAX];
	size_t n = 0;

	if (!text)
		return json_null();
	for (; *text && n < sizeof(shown) - 1; text++)
		shown[n++] = *text >= ' ' && *text <= '~' ? *text : '?';
	shown[n] = 0;
	return json_string(shown);
}

char *request_refusal(const char *error)
{
	return request_line(json_pack("{s:b, s:o}", "ok", 0, "error", request_json(error)));
}

char *request_answer(const struct control_command *table, struct control *control, const char *line, size_t len,
		     bool may_change, int *result)
{
	json_t *reply = json_pack("{s:b}", "ok", 1);
	struct request q;
	int r = request_parse(&q, table, line, len, may_change);

	if (r == 0)
		r = q.command->run(control, &q, reply);
	*result = r;
	request_fini(&q);
	if (r == 0)
		return request_line(reply);
	json_decref(reply);
	return r == -EINPROGRESS ? NULL : request_refusal(q.error);
}
