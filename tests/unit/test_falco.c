// SPDX-License-Identifier: Apache-2.0
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>

#include "event/severity.h"
#include "identity/process.h"
#include "identity/subject.h"
#include "output/encoder.h"
#include "record.h"

static struct encoder encoder;
static struct record r;
static struct process process;
static char buf[ENCODER_LINE_MAX];

static void start(enum format format)
{
	setenv("TZ", "UTC", 1);
	cr_assert_eq(encoder_init(&encoder, &(struct config_stream){ .format = format },
				  &(struct encoder_options){ .host = "node-1", .boot_to_wall = RECORD_BOOT_TO_WALL }), 0);
	process = (struct process){
		.stamp = 1, .exe = "/usr/bin/cat", .cwd = "/", .name = "cat", .args = "/bin/cat\0-n", .args_len = 12, .args_known = true,
	};
}

static size_t encode(void)
{
	size_t len;

	cr_assert(event_valid(&r, r.head.size));
	len = encoder_encode(&encoder, &r, &(struct subject){ .process = &process }, buf, sizeof(buf));
	cr_assert_gt(len, 0);
	cr_assert_eq(buf[len - 1], '\n');
	buf[len - 1] = 0;
	return len;
}

static void expect_json(const char *text)
{
	json_t *want = json_loads(text, 0, NULL), *got;

	encode();
	got = json_loads(buf, JSON_REJECT_DUPLICATES, NULL);
	cr_assert(want && got, "%s", buf);
	cr_expect(json_equal(want, got), "%s", buf);
	json_decref(want);
	json_decref(got);
}

Test(falco, a_system_call_as_an_alert)
{
	start(FORMAT_FALCO);
	record_openat(&r);
	expect_json("{\"output\":\"10:00:00.123456789: Informational openat(AT_FDCWD, \\\"/etc/passwd\\\", O_RDONLY|O_CLOEXEC)"
		    " = 3</etc/passwd> (event=openat user_uid=1000 process=cat pid=4242 exe=/usr/bin/cat)\","
		    "\"output_fields\":{\"evt.time\":1795428000123456789,\"evt.type\":\"openat\",\"evt.category\":\"fs_file_ops\","
		    "\"evt.cpu\":1,\"proc.name\":\"cat\",\"proc.pid\":4242,\"proc.ppid\":1,\"proc.vpid\":7,\"thread.tid\":4242,"
		    "\"proc.exepath\":\"/usr/bin/cat\",\"proc.cwd\":\"/\",\"proc.cmdline\":\"cat -n\",\"user.uid\":1000,"
		    "\"user.loginuid\":1000,\"group.gid\":1000,\"evt.arg.dirfd\":\"AT_FDCWD\",\"evt.arg.path\":\"/etc/passwd\","
		    "\"evt.arg.flags\":\"O_RDONLY|O_CLOEXEC\",\"evt.arg.mode\":\"0\",\"evt.rawres\":3,\"evt.res\":\"SUCCESS\","
		    "\"fd.num\":3,\"fd.name\":\"/etc/passwd\",\"fd.type\":\"file\"},"
		    "\"hostname\":\"node-1\",\"priority\":\"Informational\",\"rule\":\"openat\",\"source\":\"syscall\","
		    "\"tags\":[\"fs_file_ops\"],\"time\":\"2026-11-23T10:00:00.123456789Z\"}");
	encoder_fini(&encoder);
}

/* Any byte can be had back, and the longest line has room for all of them. */
Test(falco, bytes_that_are_no_text)
{
	static char path[4000], args[PROCESS_ARGS_MAX], exe[PROCESS_PATH_MAX];
	const struct fact_sock sock = { .family = AF_UNIX, .type = 1 };
	json_t *got, *fields;

	start(FORMAT_FALCO);
	memset(path, 0xff, sizeof(path) - 1);
	memset(args + 2, 0xfe, sizeof(args) - 3);
	memset(exe, 0xfd, sizeof(exe) - 1);
	process.args = args;
	process.args_len = sizeof(args);
	process.exe = process.cwd = exe;
	record_exec(&r, path, "a\xff\0b", 5);
	memcpy(r.head.who.proc_name.s, "\xe9t\xe9", 4);
	r.process_exec.cwd = record_str(&r, path);
	encode();
	got = json_loads(buf, JSON_REJECT_DUPLICATES, NULL);
	fields = json_object_get(got, "output_fields");
	cr_assert(fields, "%.300s", buf);
	cr_expect_str_eq(json_string_value(json_object_get(fields, "proc.name.raw")), "e974e9");
	cr_expect_str_eq(json_string_value(json_object_get(fields, "evt.arg.argv.raw")), "61ff006200");
	cr_expect_eq(json_string_length(json_object_get(fields, "evt.arg.path.raw")), 2 * sizeof(path));
	cr_expect_eq(json_string_length(json_object_get(fields, "proc.exepath.raw")), 2 * (sizeof(exe) - 1));
	cr_expect_eq(json_string_length(json_object_get(fields, "proc.cmdline.raw")), 2 * sizeof(args));
	cr_expect(!json_object_get(fields, "evt.arg.tty.raw") && !json_object_get(got, "raw"));
	json_decref(got);

	record_begin(&r, EVENT_call_connect);
	record_sock(&r, 0, 4, 0, &sock);
	((struct fact_sock *)(r.bytes + ((struct fact *)(r.bytes + r.call.facts[0].off))->sock.off))->name =
		record_bytes(&r, "\0x\xff", 3);
	process = (struct process){ .stamp = 2, .exe = "/x", .cwd = "/", .args = "" };
	encode();
	got = json_loads(buf, JSON_REJECT_DUPLICATES, NULL);
	fields = json_object_get(got, "output_fields");
	cr_expect_str_eq(json_string_value(json_object_get(fields, "fd.name.raw")), "0078ff", "%s", buf);
	json_decref(got);
	encoder_fini(&encoder);
}

Test(falco, failures_losses_and_policies)
{
	json_t *tree;

	start(FORMAT_FALCO);
	record_openat(&r);
	r.call.ret = -2;
	encoder_policies(&encoder, (const char *const[]){ "base", "more" }, 2, 3);
	encode();
	tree = json_loads(buf, 0, NULL);
	cr_expect_str_eq(json_string_value(json_object_get(json_object_get(tree, "output_fields"), "evt.res")), "ENOENT");
	cr_expect_str_eq(json_string_value(json_array_get(json_object_get(tree, "tags"), 2)), "more");
	json_decref(tree);
	encoder_policies(&encoder, NULL, 0, 0);
	record_begin(&r, EVENT_lost);
	r.head.truncated = 1;
	encode();
	tree = json_loads(buf, 0, NULL);
	cr_expect_str_eq(json_string_value(json_object_get(tree, "source")), "internal");
	cr_expect_str_eq(json_string_value(json_object_get(tree, "priority")), "Warning");
	cr_expect_eq(json_array_size(json_object_get(tree, "tags")), 1);
	cr_expect_str_eq(json_string_value(json_array_get(json_object_get(json_object_get(tree, "output_fields"), "truncated"), 0)),
			 "lane");
	json_decref(tree);
	encoder_fini(&encoder);
}

/* Parsers know no number above the largest of 64 bits with a sign. */
Test(falco, a_time_that_cannot_be)
{
	json_t *tree;

	start(FORMAT_FALCO);
	record_openat(&r);
	r.head.time = UINT64_MAX / 2;
	encode();
	cr_expect(strstr(buf, "{\"evt.time\":-"), "%s", buf);
	tree = json_loads(buf, 0, NULL);
	cr_expect(tree, "%s", buf);
	json_decref(tree);
	encoder_fini(&encoder);
}

Test(falco, text)
{
	static const char argv[] = "cat\0/etc/passwd";

	start(FORMAT_FALCO_TEXT);
	record_exec(&r, "/usr/bin/cat", argv, sizeof(argv));
	encode();
	cr_expect_str_eq(buf, "10:00:00.123456789: Notice /usr/bin/cat [\"cat\", \"/etc/passwd\"] "
			      "(event=process_exec user_uid=1000 process=cat pid=4242 exe=/usr/bin/cat)");
	encoder_fini(&encoder);
}

/* Every event, with values of all kinds, in every size of room. */
Test(falco, fits_or_says_not)
{
	uint64_t state = 5;

	for (int format = FORMAT_FALCO; format <= FORMAT_FALCO_TEXT; format++) {
		start(format);
		for (unsigned id = 0; id < EVENT_COUNT; id++) {
			json_t *tree;
			size_t whole;

			if (!schema_get(id))
				continue;
			record_random_fill(&r, id, &state);
			whole = encode();
			for (size_t i = 0; i + 1 < whole; i++)
				cr_assert(buf[i] >= 0x20 && buf[i] <= 0x7e, "%s", buf);
			tree = json_loads(buf, JSON_REJECT_DUPLICATES, NULL);
			cr_assert_eq(tree != NULL, format == FORMAT_FALCO, "%s", buf);
			json_decref(tree);
			for (size_t size = whole > 99 ? whole - 99 : 0; size < whole; size++) {
				char *small = malloc(size);

				cr_assert_eq(encoder_encode(&encoder, &r, NULL, small, size / 2), 0);
				free(small);
			}
		}
		encoder_fini(&encoder);
	}
}

Test(falco, every_event_has_a_severity)
{
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		cr_assert_lt((unsigned)event_severity(id), (unsigned)SEVERITIES);
	cr_expect_eq(event_severity(EVENT_lost), SEVERITY_WARNING);
	cr_expect_eq(event_severity(EVENT_process_exec), SEVERITY_NOTICE);
	cr_expect_eq(event_severity(EVENT_call_openat), SEVERITY_INFORMATIONAL);
}
