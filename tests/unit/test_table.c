// SPDX-License-Identifier: Apache-2.0
#include <criterion/criterion.h>
#include <stdio.h>

#include "output/table.h"
#include "record.h"

static struct table_encoder table;
static struct record r;
static char buf[TABLE_LINE_MAX];

static void setup(void)
{
	setenv("TZ", "UTC", 1);
	cr_assert_eq(table_encoder_init(&table, RECORD_BOOT_TO_WALL, 0), 0);
}

static void teardown(void)
{
	table_encoder_fini(&table);
}

TestSuite(table, .init = setup, .fini = teardown);

static const char *encode(void)
{
	size_t len;

	cr_assert(event_valid(&r, r.head.size), "%s", schema_get(r.head.id)->name);
	len = table_encode(&table, &r, NULL, buf, sizeof(buf));
	cr_assert_gt(len, 0);
	cr_assert_eq(buf[len - 1], '\n');
	for (size_t i = 0; i < len - 1; i++)
		cr_assert((buf[i] >= 0x20 && buf[i] <= 0x7e) || table.options & TABLE_COLOUR, "byte %d", buf[i]);
	buf[len - 1] = 0;
	return buf;
}

/* What is in the last column. */
static const char *details(void)
{
	const char *s = encode();

	return strlen(s) > 70 ? s + 70 : "";
}

static void call(unsigned id, const char *path, int64_t ret)
{
	record_begin(&r, id);
	for (unsigned i = 0; i < schema_get(id)->nfields; i++)
		if (type_info[schema_get(id)->fields[i].type].wire == WIRE_str)
			*record_span(&r, i) = record_str(&r, path);
	r.call.ret = ret;
}

Test(table, columns)
{
	char head[128];
	size_t len = table_header(&table, head, sizeof(head));

	cr_assert_gt(len, 0);
	head[len - 1] = 0;
	cr_expect_str_eq(head, "TIME         PID           UID    NAME             EVENT              DETAILS");
	record_openat(&r);
	cr_expect_str_eq(encode(), "10:00:00.123 4242          1000   cat              openat             "
			 "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3</etc/passwd>");
	r.head.who.proc_tid = 4250;
	cr_expect_eq(strncmp(encode(), "10:00:00.123 4242/4250     1000   cat ", 38), 0);
}

Test(table, calls)
{
	call(EVENT_call_openat, "/x", -2);
	r.call.args[2] = 0102;
	r.call.args[3] = 0644;
	cr_expect_str_eq(details(), "openat(0, \"/x\", O_RDWR|O_CREAT, 0644) = -1 ENOENT (No such file or directory)");
	call(EVENT_call_exit_group, "", 0);
	r.call.args[0] = 3;
	cr_expect_str_eq(details(), "exit_group(3) = ?");
	call(EVENT_call_unlink, "a\nb\"\x1b[31m\xff", 0);
	cr_expect_str_eq(details(), "unlink(\"a\\nb\\\"\\u001b[31m\\u00ff\") = 0");
	call(EVENT_call_execve, "/bin/ls", -513);
	*record_span(&r, 1) = record_bytes(&r, "ls\0/", 5);
	cr_expect_str_eq(details(), "execve(\"/bin/ls\", [\"ls\", \"/\"], NULL) = -1 ERESTARTNOINTR");
}

Test(table, what_could_not_be_read)
{
	record_begin(&r, EVENT_call_unlink);
	cr_expect_str_eq(details(), "unlink(NULL) = 0");
	r.head.faulted = 1;
	cr_expect_str_eq(details(), "unlink(?) = 0");
	call(EVENT_call_unlink, "/x", 0);
	r.head.truncated = 1;
	cr_expect_str_eq(details(), "unlink(\"/x\"...) = 0");
}

Test(table, descriptors)
{
	static const struct fact_sock inet = {
		.family = AF_INET, .type = SOCK_STREAM, .proto = 6, .state = 1,
		.src = { .family = AF_INET, .port = 4, .addr = { 127, 0, 0, 1 } },
		.dst = { .family = AF_INET, .port = 80, .addr = { 1, 2, 3, 4 } },
	};

	record_begin(&r, EVENT_call_close);
	r.call.args[0] = 7;
	record_sock(&r, 0, 7, 0, &inet);
	cr_expect_str_eq(details(), "close(7<127.0.0.1:4->1.2.3.4:80>) = 0");
}

Test(table, long_strings)
{
	char path[201], want[512];

	memset(path, 'a', 200);
	memcpy(path + 63, "\xc3\xa4", 2);
	path[200] = 0;
	call(EVENT_call_unlink, path, 0);
	snprintf(want, sizeof(want), "unlink(\"%.63s\"...) = 0", path);
	cr_expect_str_eq(details(), want);
	table.options = TABLE_FULL;
	snprintf(want, sizeof(want), "unlink(\"%.63s\\u00e4%s\") = 0", path, path + 65);
	cr_expect_str_eq(details(), want);
}

Test(table, sentences)
{
	record_exec(&r, "/bin/ls", "ls\0/", 5);
	cr_expect_str_eq(details(), "/bin/ls [\"ls\", \"/\"]");
	r.process_exec.memfd = 1;
	r.process_exec.script = record_str(&r, "./x");
	cr_expect_str_eq(details(), "/bin/ls [\"ls\", \"/\"] script ./x in memory only");
	record_begin(&r, EVENT_process_exit);
	r.process_exit.lifetime = 1500000000;
	cr_expect_str_eq(details(), "code 0 after 1.500000s");
	r.process_exit.signal = 9;
	r.process_exit.group = 1;
	cr_expect_str_eq(details(), "code 0 killed by SIGKILL, process ended after 1.500000s");
	record_begin(&r, EVENT_sock_state);
	r.sock_state.src = (struct wire_addr){ .family = AF_INET, .port = 1, .addr = { 10, 0, 0, 1 } };
	r.sock_state.dst = (struct wire_addr){ .family = AF_INET, .port = 2, .addr = { 10, 0, 0, 2 } };
	r.sock_state.old = 2;
	r.sock_state.new = 1;
	cr_expect_str_eq(details(), "10.0.0.1:1 -> 10.0.0.2:2 TCP_SYN_SENT -> TCP_ESTABLISHED");
}

/* An event without a sentence. */
Test(table, names_and_values)
{
	record_begin(&r, EVENT_stats);
	*record_span(&r, 0) = record_str(&r, "bulk");
	cr_expect_eq(strncmp(details(), "lane=bulk seen=0 filtered=0 ", 28), 0, "%s", details());
}

/* A sentence names a field that does not exist if its name appears in the line. */
Test(table, sentences_name_fields)
{
	for (unsigned id = 0; id < EVENT_SYSCALL; id++) {
		if (!schema_get(id))
			continue;
		record_begin(&r, id);
		cr_expect_null(strchr(details(), '{'), "%s", schema_get(id)->name);
	}
}

Test(table, colours)
{
	table.options = TABLE_COLOUR;
	call(EVENT_call_unlink, "\x1b[1m", -2);
	cr_expect_not_null(strstr(encode(), "\x1b[36munlink "));
	cr_expect_not_null(strstr(encode(), "\x1b[31m-1 ENOENT (No such file or directory)\x1b[0m"));
	cr_expect_null(strstr(encode(), "\x1b[1m"));
}

Test(table, every_event_with_any_content)
{
	uint64_t state = 88172645463325252;

	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		for (unsigned i = 0; schema_get(id) && i < 40; i++) {
			table.options = i % 2 ? TABLE_FULL : 0;
			record_random_fill(&r, id, &state);
			encode();
		}
	}
}

Test(table, a_line_that_does_not_fit_is_none)
{
	size_t whole;

	record_openat(&r);
	whole = table_encode(&table, &r, NULL, buf, sizeof(buf));
	for (size_t size = 0; size < 800; size++) {
		char *small = malloc(size);
		size_t len = table_encode(&table, &r, NULL, small, size);

		cr_assert(len == 0 || (len == whole && size >= whole), "%zu", size);
		free(small);
	}
}
