// SPDX-License-Identifier: Apache-2.0
/*
 * Whatever a line of JSON shows can be typed: for each value in the lines of records of every event,
 * "evt.type = EVENT and FIELD = VALUE" is true of that record.
 */
#include <criterion/criterion.h>
#include <jansson.h>

#include "event/value.h"
#include "expr.h"
#include "identity/ancestry.h"
#include "identity/cgroup.h"
#include "identity/container.h"
#include "life.h"
#include "output/json.h"

enum { TEXT = 64 << 10, ROUNDS = 4, INIT = 1, SHELL = 50, CGROUP = 5150 };

static struct record record;
static struct expr_view view;
static const json_t *raw;
static unsigned tried, events_shown, nth_of_event;

/* What cannot be meant by one word. */
static const struct { const char *member, *why; } left_out[] = {
	{ "stack", "addresses and files of many frames, which no expression asks" },
	{ "fds", "a call's further descriptors: fd is the one that is meant" },
	{ "policy", "what the expression decides" },
	{ "raw", "the bytes of other members" },
};

/* Members of objects in lists, and keys that are names of their own. */
static const struct { const char *member, *field; } renamed[] = {
	{ "proc.ancestors.pid", "proc.apid" }, { "proc.ancestors.name", "proc.aname" },
	{ "proc.ancestors.exe", "proc.aexe" },
};

/* What a record of the same event need not be asked again. */
static bool is_left_out(const char *member, bool again)
{
	static const char *const same[] = { "time", "event", "cpu", "lane", "proc", "user", "container", "k8s", "cgroup" };

	for (size_t i = 0; i < LEN_OF(same) && again; i++)
		if (!strcmp(same[i], member))
			return true;
	for (size_t i = 0; i < LEN_OF(left_out); i++)
		if (!strcmp(left_out[i].member, member))
			return true;
	return false;
}

static const char *field_of(const char *member)
{
	for (size_t i = 0; i < LEN_OF(renamed); i++)
		if (!strcmp(renamed[i].member, member))
			return renamed[i].field;
	return member;
}

static char *quote(char *to, const char *s, size_t len)
{
	*to++ = '"';
	for (size_t i = 0; i < len; i++) {
		unsigned char c = s[i];

		to += sprintf(to, c == '"' || c == '\\' || c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
	}
	*to++ = '"';
	*to = 0;
	return to;
}

static size_t unhex(char *to, const char *hex)
{
	size_t n = 0;
	unsigned byte;

	for (; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
		to[n] = (char)byte;
	return n;
}

/* Text that is no UTF-8 is known by its bytes; nth: in a list, -1 if it is in none. */
static void say_text(char *to, const char *key, int nth, const json_t *value)
{
	static char bytes[TEXT];
	const char *hex = json_string_value(json_object_get(raw, key)), *s = bytes;
	size_t n = hex ? unhex(bytes, hex) : 0;

	if (!hex) {
		quote(to, json_string_value(value), json_string_length(value));
		return;
	}
	for (; nth > 0; nth--)
		s += strnlen(s, bytes + n - s) + 1;
	quote(to, s, nth < 0 && n && bytes[n - 1] ? n : strnlen(s, bytes + n - s));
}

static void try(const char *member, int nth, const json_t *value)
{
	static char text[2 * TEXT], literal[TEXT];
	const char *event = schema_get(record.head.id)->name;
	struct arena arena;
	struct expr *expr;
	struct diag diag;

	if (json_is_string(value))
		say_text(literal, member, nth, value);
	else if (json_is_boolean(value))
		strcpy(literal, json_is_true(value) ? "true" : "false");
	else
		sprintf(literal, "%lld", (long long)json_integer_value(value));
	snprintf(text, sizeof(text), "evt.type = %s and %s = %s", event, field_of(member), literal);
	if (test_compile(&expr, &arena, text, NULL, &diag))
		cr_expect_fail("%.200s: %s", text, diag.text);
	else
		cr_expect(expr_match(expr, &view), "%.600s is not true", text);
	arena_fini(&arena);
	tried++;
}

static void walk(const char *member, const json_t *value, int nth);

static void walk_object(const char *member, const json_t *object)
{
	char name[256];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		if (!strcmp(member, "k8s.pod.labels"))
			snprintf(name, sizeof(name), "k8s.pod.label[%s]", key);
		else
			snprintf(name, sizeof(name), "%s%s%s", member, *member ? "." : "", key);
		if (!is_left_out(name, nth_of_event > 0))
			walk(name, value, -1);
	}
}

static void walk(const char *member, const json_t *value, int nth)
{
	json_t *item;
	size_t i;

	if (json_is_null(value))
		return;
	if (json_is_object(value)) {
		walk_object(member, value);
	} else if (json_is_array(value)) {
		json_array_foreach((json_t *)value, i, item)
			walk(member, item, (int)i);
	} else {
		try(member, nth, value);
	}
}

static bool has_facts(const struct schema *s)
{
	for (unsigned i = 0; i < s->nfields; i++)
		if (type_info[s->fields[i].type].fetch == FETCH_FD || s->fields[i].type == T_fdpair)
			return true;
	return s->ret == T_fd;
}

static void one_text(const struct span *at)
{
	for (char *p = record.bytes + at->off; p + 1 < record.bytes + at->off + at->len; p++)
		*p = *p ? *p : 'x';
}

/* Texts end with their only NUL, truths are 0 or 1, results as wide as they are shown, and only calls with descriptors have facts: the kernel side
 * writes no others. */
static void as_kernel_side(void)
{
	const struct schema *s = schema_get(record.head.id);

	for (unsigned i = 0; i < s->nfields; i++)
		if (s->fields[i].type == T_bool)
			*(uint64_t *)(record.bytes + schema_field_off(s, i)) &= 1;
		else if (type_info[s->fields[i].type].wire == WIRE_str)
			one_text(record_span(&record, i));
	if (!s->syscall)
		return;
	if (record.call.ret >= 0 || record.call.ret < -4095)
		record.call.ret = (int64_t)value_clean(s->ret, record.call.ret, record.head.abi == ABI_32);
	if (!has_facts(s))
		memset(record.call.facts, 0, sizeof(record.call.facts));
}

static void show(struct json_encoder *json)
{
	static char line[JSON_LINE_MAX];
	size_t n = json_encode(json, &record, &view.subject, line, sizeof(line));
	json_error_t error;
	json_t *root = json_loadb(line, n, 0, &error);

	cr_assert(event_valid(&record, record.head.size));
	cr_assert_not_null(root, "%s", error.text);
	raw = json_object_get(root, "raw");
	walk("", root, -1);
	json_decref(root);
	events_shown++;
}

/* A shell in a pod, which init started, runs cat. */
static void live(struct process_table *processes, struct container_table *containers)
{
	static const char path[] = "/kubepods/burstable/pod9e39cbb9-8d3e-4f4a-9a7e-0a4b8ac3e7cd/"
				   "c0ffee0000000000000000000000000000000000000000000000000000000001";
	const struct being init = { INIT, RECORD_SECOND }, self = { RECORD_PID, RECORD_START };

	cr_assert_eq(process_table_init(processes, PROCESS_BYTES_MIN), 0);
	cr_assert_eq(container_table_init(containers, CGROUPS_MIN), 0);
	life_exec(processes, init, (struct being){ 0 }, "init", "/sbin/init", "init", 5);
	life_fork(processes, init, init, "init", self, INIT);
	life_exec(processes, self, init, "cat", "/bin/sh", "sh", 3);
	life_exec(processes, self, init, "cat", "/bin/cat", "cat\0/etc/\"pass\\wd\"\0\xff\0", 22);
	container_learn(containers, CGROUP, path, strlen(path), RECORD_SECOND, VOUCH_RUNTIME);
	view.record = &record;
	view.boot_to_wall = RECORD_BOOT_TO_WALL;
	view.subject = (struct subject){
		.process = process_find(processes, &record.head.who), .processes = processes,
		.cgroups = &containers->cgroups, .hostname = "host",
		.container = container_of_cgroup(containers, cgroup_find(&containers->cgroups, CGROUP)),
	};
	cr_assert(view.subject.process && view.subject.container);
}

Test(expr_printed, all_can_be_typed, .timeout = 100)
{
	static struct process_table processes;
	static struct container_table containers;
	uint64_t state = 0x5eed5a4e;
	struct json_encoder json;

	record_begin(&record, EVENT_process_exit);
	live(&processes, &containers);
	cr_assert_eq(json_encoder_init(&json, "host", RECORD_BOOT_TO_WALL), 0);
	json.lineage.depth = 4;
	json.cgroups = true;
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		for (unsigned i = 0; schema_get(id) && i < ROUNDS; i++) {
			nth_of_event = i;
			record_random_fill(&record, id, &state);
			as_kernel_side();
			if (i == 0)
				record.head.who.asked = WHO_SESSION;
			show(&json);
		}
	json_encoder_fini(&json);
	process_table_fini(&processes);
	container_table_fini(&containers);
	cr_expect_geq(tried, 25000, "%u values of %u records", tried, events_shown);
}
