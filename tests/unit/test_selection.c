// SPDX-License-Identifier: Apache-2.0
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>

#include "identity/cgroup.h"
#include "identity/container.h"
#include "identity/process.h"
#include "output/encoder.h"
#include "record.h"

static struct record r;
static struct process process = {
	.stamp = 1, .exe = "/usr/bin/c\"a\\t", .cwd = "/", .args = "cat\0{\"x\":[1,2]}\0\\", .args_len = 18, .args_known = true,
};
static struct cgroup_table cgroups;
static char whole[ENCODER_LINE_MAX], line[ENCODER_LINE_MAX];

static json_t *encode(struct encoder *e, char *buf)
{
	const struct subject who = {
		.process = &process, .container = &container_host, .cgroups = cgroups.slots ? &cgroups : NULL,
	};
	size_t len = encoder_encode(e, &r, &who, buf, ENCODER_LINE_MAX);
	json_error_t error;
	json_t *tree;

	cr_assert_gt(len, 1);
	cr_assert_eq(buf[len - 1], '\n');
	buf[len] = 0;
	tree = json_loadb(buf, len, JSON_REJECT_DUPLICATES, &error);
	cr_assert(tree, "%s: %.300s", error.text, buf);
	return tree;
}

/* Whether lines may have such a member or group. */
static bool known(const char *path)
{
	struct option_text item = { .text = path };
	struct diag said = { 0 };

	return selection_check(&(struct option_list){ &item, 1 }, &said) == 0;
}

static void start(struct encoder *e, const char *const *names, unsigned n)
{
	static struct option_text items[SELECTION_MAX];
	struct config_stream stream = { .format = FORMAT_JSON, .fields = { items, n } };
	struct diag diag = { 0 };

	for (unsigned i = 0; i < n; i++)
		items[i] = (struct option_text){ .text = names[i] };
	cr_assert_eq(stream_check(&stream, &diag), 0, "%s", diag.text);
	cr_assert_eq(encoder_init(e, &stream, &(struct encoder_options){ .host = "node-1", .boot_to_wall = RECORD_BOOT_TO_WALL }), 0);
}

static void expect(const char *const *names, unsigned n, const char *want)
{
	struct encoder e;

	start(&e, names, n);
	json_decref(encode(&e, line));
	cr_expect_str_eq(line, want);
	encoder_fini(&e);
}

#define FIELDS(...) (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)

Test(selection, groups_and_members)
{
	record_openat(&r);
	expect(FIELDS("event"), "{\"event\":\"openat\"}\n");
	expect(FIELDS("time", "event", "proc.pid", "args.path", "ret"),
	       "{\"time\":\"2026-11-23T10:00:00.123456789Z\",\"event\":\"openat\",\"proc\":{\"pid\":4242},"
	       "\"args\":{\"path\":\"/etc/passwd\"},\"ret\":3}\n");
	expect(FIELDS("proc.exe", "proc.args", "seq"),
	       "{\"seq\":17,\"proc\":{\"exe\":\"/usr/bin/c\\\"a\\\\t\",\"args\":[\"cat\",\"{\\\"x\\\":[1,2]}\",\"\\\\\"]}}\n");
	expect(FIELDS("args", "container.id"),
	       "{\"container\":{\"id\":\"host\"},\"args\":{\"dirfd\":\"AT_FDCWD\",\"path\":\"/etc/passwd\",\"flags\":\"O_RDONLY|O_CLOEXEC\",\"mode\":\"0\"}}\n");
	expect(FIELDS("errno", "event"), "{\"event\":\"openat\"}\n");
}

Test(selection, what_is_shortened_is_told_and_raw_goes_with_its_field)
{
	record_openat(&r);
	*record_span(&r, 1) = record_str(&r, "/\xff");
	r.head.truncated = 2;
	expect(FIELDS("args.path"), "{\"args\":{\"path\":\"/\\u00ff\"},\"truncated\":[\"path\"],\"raw\":{\"args.path\":\"2fff00\"}}\n");
	expect(FIELDS("event"), "{\"event\":\"openat\",\"truncated\":[\"path\"]}\n");
}

Test(selection, unknown_names)
{
	static const struct { const char *name, *want; } rows[] = {
		{ "proc.nam", "fields: no line has \"proc.nam\", did you mean \"proc.name\"?" },
		{ "args.pth", "fields: no line has \"args.pth\", did you mean \"args.path\"?" },
		{ "evnt", "fields: no line has \"evnt\", did you mean \"event\"?" },
		{ "qqqqqqqq", "fields: no line has \"qqqqqqqq\"; want members of the JSON such as time, proc or args.path" },
	};

	for (size_t i = 0; i < LEN_OF(rows); i++) {
		struct option_text item = { .text = rows[i].name, .line = 3, .col = 7 };
		struct diag diag = { 0 };

		cr_expect_lt(selection_check(&(struct option_list){ &item, 1 }, &diag), 0);
		cr_expect_str_eq(diag.text, rows[i].want);
		cr_expect(diag.line == 3 && diag.col == 7);
	}
}

Test(selection, only_json_has_fields)
{
	struct option_text item = { .text = "time", .line = 1, .col = 1 };
	struct diag diag = { 0 };

	cr_expect_lt(stream_check(&(struct config_stream){ .format = FORMAT_TABLE, .fields = { &item, 1 } }, &diag), 0);
}

/* Every member that any line has can be selected, and then comes as it is in the whole line. */
Test(selection, knows_every_member, .timeout = 120)
{
	struct encoder all, one;
	uint64_t state = 99;

	record_begin(&r, EVENT_process_exec);
	cr_assert_eq(cgroup_table_init(&cgroups, CGROUPS_MIN), 0);
	cgroup_add(&cgroups, r.head.who.proc_cgroup, "/system.slice/a.service", 23, 0);
	start(&all, NULL, 0);
	for (unsigned i = 0; i < 3 * EVENT_COUNT; i++) {
		const char *group, *name;
		json_t *tree, *members, *value;

		if (!schema_get(i % EVENT_COUNT))
			continue;
		record_random_fill(&r, i % EVENT_COUNT, &state);
		tree = encode(&all, whole);
		json_object_foreach(tree, group, members) {
			char path[128];

			cr_assert(known(group), "%s", group);
			if (!json_is_object(members) || !strcmp(group, "raw") || record_random(&state) % 16)
				continue;
			json_object_foreach(members, name, value) {
				json_t *part, *got;

				snprintf(path, sizeof(path), "%s.%s", group, name);
				cr_assert(known(path), "%s", path);
				start(&one, FIELDS(path));
				part = encode(&one, line);
				got = json_object_get(json_object_get(part, group), name);
				cr_assert(json_equal(got, value), "%s of %s", path, whole);
				cr_assert_eq(json_object_size(json_object_get(part, group)), 1);
				json_decref(part);
				encoder_fini(&one);
			}
		}
		json_decref(tree);
	}
	encoder_fini(&all);
	cgroup_table_fini(&cgroups);
}
