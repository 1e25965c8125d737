// SPDX-License-Identifier: Apache-2.0
#include <criterion/criterion.h>
#include <jansson.h>

#include "identity/cgroup.h"
#include "identity/container.h"
#include "identity/subject.h"
#include "output/encoder.h"
#include "record.h"

static struct cgroup_table cgroups;
static struct encoder encoder;
static struct record r;
static char buf[ENCODER_LINE_MAX];

static void begin(struct config_stream stream)
{
	const struct encoder_options options = { .host = "node-1", .boot_to_wall = RECORD_BOOT_TO_WALL };

	cr_assert_eq(cgroup_table_init(&cgroups, CGROUPS_MIN), 0);
	cr_assert_eq(encoder_init(&encoder, &stream, &options), 0);
}

static void end(void)
{
	encoder_fini(&encoder);
	cgroup_table_fini(&cgroups);
}

static json_t *encode(uint64_t cgroup, const struct container *container)
{
	struct subject who = { .cgroups = &cgroups, .container = container };
	json_t *tree;
	size_t len;

	record_openat(&r);
	r.head.who.proc_cgroup = cgroup;
	len = encoder_encode(&encoder, &r, &who, buf, sizeof(buf));
	tree = json_loadb(buf, len, JSON_REJECT_DUPLICATES, NULL);
	cr_assert_not_null(tree, "%.*s", (int)len, buf);
	return tree;
}

/* Twice: written, and as it was kept. */
static void expect_in(uint64_t cgroup, const struct container *container, const char *member, const char *value)
{
	for (int i = 0; i < 2; i++) {
		json_t *tree = encode(cgroup, container), *got = json_object_get(tree, member);
		char *text = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

		cr_expect_str_eq(text ? text : "none", value, "%s of %lu is %s, not %s", member, cgroup, text, value);
		free(text);
		json_decref(tree);
	}
}

static void expect(uint64_t cgroup, const char *value)
{
	expect_in(cgroup, &container_host, "cgroup", value);
}

static void add(uint64_t id, const char *path)
{
	cgroup_add(&cgroups, id, path, strlen(path), 0);
}

Test(json_cgroup, of_the_host)
{
	begin((struct config_stream){ .format = FORMAT_JSON });
	expect(7, "none");
	add(1, "/");
	add(7, "/system.slice/ssh.service");
	add(8, "/user.slice/user-1000.slice/session-3.scope");
	add(9, "/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope");
	add(10, "/made/by/hand");
	expect(1, "{\"path\":\"/\"}");
	expect(7, "{\"path\":\"/system.slice/ssh.service\",\"unit\":\"ssh.service\",\"slice\":\"system.slice\"}");
	expect(8, "{\"path\":\"/user.slice/user-1000.slice/session-3.scope\",\"unit\":\"session-3.scope\","
		  "\"slice\":\"user-1000.slice\",\"session\":1000}");
	expect(9, "{\"path\":\"/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\",\"unit\":\"x.scope\","
		  "\"slice\":\"app.slice\",\"session\":1000}");
	expect(10, "{\"path\":\"/made/by/hand\"}");
	end();
}

Test(json_cgroup, an_id_that_comes_again_is_another_one)
{
	begin((struct config_stream){ .format = FORMAT_JSON });
	add(7, "/system.slice/a.service");
	expect(7, "{\"path\":\"/system.slice/a.service\",\"unit\":\"a.service\",\"slice\":\"system.slice\"}");
	cgroup_drop(&cgroups, cgroup_find(&cgroups, 7));
	expect(7, "none");
	add(7, "/system.slice/b.service");
	expect(7, "{\"path\":\"/system.slice/b.service\",\"unit\":\"b.service\",\"slice\":\"system.slice\"}");
	end();
}

Test(json_cgroup, of_containers_when_asked_for)
{
	const struct container known = { .id = "c0ffee", .state = CONTAINER_KNOWN, .stamp = 2 };
	const struct container claimed = { .id = "c0ffee", .state = CONTAINER_CLAIMED, .stamp = 3 };
	struct option_text item = { .text = "cgroup.path" };
	struct config_stream stream = { .format = FORMAT_JSON };

	begin(stream);
	add(7, "/lxc.payload.c0ffee");
	expect_in(7, &known, "cgroup", "none");
	expect_in(7, NULL, "cgroup", "none");
	expect_in(7, &claimed, "cgroup", "{\"path\":\"/lxc.payload.c0ffee\"}");
	end();
	stream.fields = (struct option_list){ &item, 1 };
	begin(stream);
	add(7, "/lxc.payload.c0ffee");
	expect_in(7, &known, "cgroup", "{\"path\":\"/lxc.payload.c0ffee\"}");
	add(8, "/system.slice/ssh.service");
	expect(8, "{\"path\":\"/system.slice/ssh.service\"}");
	end();
}

Test(json_cgroup, bytes_length_and_secrets)
{
	char path[JSON_CGROUP_MAX + 100] = "/";
	json_t *tree;

	begin((struct config_stream){ .format = FORMAT_JSON });
	add(7, "/\xff\xfe.service");
	expect(7, "{\"path\":\"/\\u00FF\\u00FE.service\",\"unit\":\"\\u00FF\\u00FE.service\"}");
	expect_in(7, &container_host, "raw",
		  "{\"cgroup.path\":\"2ffffe2e73657276696365\",\"cgroup.unit\":\"fffe2e73657276696365\"}");
	memset(path + 1, 'x', sizeof(path) - 2);
	add(8, path);
	expect_in(8, &container_host, "truncated", "[\"cgroup.path\"]");
	tree = encode(8, &container_host);
	cr_expect_eq(json_string_length(json_object_get(json_object_get(tree, "cgroup"), "path")), JSON_CGROUP_MAX);
	json_decref(tree);
	add(9, "/password=hunter2");
	expect(9, "{\"path\":\"/password=<redacted:password>\"}");
	end();
}

Test(json_cgroup, in_alerts)
{
	begin((struct config_stream){ .format = FORMAT_FALCO });
	add(7, "/user.slice/user-1000.slice/session-3.scope");
	for (int i = 0; i < 2; i++) {
		json_t *tree = encode(7, &container_host), *fields = json_object_get(tree, "output_fields");

		cr_expect_str_eq(json_string_value(json_object_get(fields, "cgroup.path")),
				 "/user.slice/user-1000.slice/session-3.scope");
		cr_expect_str_eq(json_string_value(json_object_get(fields, "cgroup.unit")), "session-3.scope");
		cr_expect_eq(json_integer_value(json_object_get(fields, "cgroup.session")), 1000);
		json_decref(tree);
	}
	end();
}
