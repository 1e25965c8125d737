// SPDX-License-Identifier: Apache-2.0
/* Every line is read back by jansson and compared as a tree. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>

#include "identity/process.h"
#include "identity/subject.h"
#include "output/json.h"
#include "record.h"

static struct json_encoder json;
static struct record r;
static struct process process;
static char buf[JSON_LINE_MAX];
static size_t len;

static void setup(void)
{
	cr_assert_eq(json_encoder_init(&json, "node-1", RECORD_BOOT_TO_WALL), 0);
	process = (struct process){
		.stamp = 1, .exe = "/usr/bin/cat", .cwd = "/", .args = "cat\0-n", .args_len = 7, .args_known = true,
	};
}

static void teardown(void)
{
	json_encoder_fini(&json);
}

TestSuite(json, .init = setup, .fini = teardown);

/* The line of the record as a tree. */
static json_t *encode(const struct process *p)
{
	json_error_t error;
	json_t *tree;

	cr_assert(event_valid(&r, r.head.size), "%s", schema_get(r.head.id)->name);
	len = json_encode(&json, &r, &(struct subject){ .process = p }, buf, sizeof(buf));
	cr_assert_gt(len, 0);
	cr_assert_eq(buf[len - 1], '\n');
	for (size_t i = 0; i < len - 1; i++)
		cr_assert(buf[i] >= 0x20 && buf[i] <= 0x7e, "byte %d at %zu", buf[i], i);
	tree = json_loadb(buf, len, JSON_REJECT_DUPLICATES, &error);
	cr_assert_not_null(tree, "%s at %d: %.*s", error.text, error.position, (int)(len < 3000 ? len : 3000), buf);
	return tree;
}

/* A value by a path such as args.path or fds.0.num. */
static json_t *at(json_t *tree, const char *path)
{
	char key[64];

	while (tree && *path) {
		size_t n = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)n, path);
		tree = json_is_array(tree) ? json_array_get(tree, atoi(key)) : json_object_get(tree, key);
		path += n + (path[n] == '.');
	}
	return tree;
}

static void expect(json_t *tree, const char *path, const char *value)
{
	json_t *want = json_loads(value, JSON_DECODE_ANY, NULL), *got = at(tree, path);
	char *text = got ? json_dumps(got, JSON_ENCODE_ANY) : NULL;

	cr_assert_not_null(want, "%s", value);
	cr_expect(json_equal(got, want), "%s is %s, not %s", path, text, value);
	free(text);
	json_decref(want);
}

static void expect_tree(const struct process *p, const char *value)
{
	json_t *tree = encode(p);

	expect(tree, "", value);
	json_decref(tree);
}

static void expect_at(const char *path, const char *value)
{
	json_t *tree = encode(NULL);

	expect(tree, path, value);
	json_decref(tree);
}

static void expect_none(const char *path)
{
	json_t *tree = encode(NULL);

	cr_expect_null(at(tree, path), "%s", path);
	json_decref(tree);
}

#define PROC(strings) \
	"\"proc\":{\"pid\":4242,\"tid\":4242,\"ppid\":1,\"vpid\":7,\"vtid\":7,\"vppid\":0," \
	"\"start\":\"2026-11-23T09:59:50.000000000Z\",\"leader_start\":\"2026-11-23T09:59:50.000000000Z\"," \
	"\"parent_start\":\"2026-11-23T09:58:21.000000000Z\",\"name\":\"cat\"," strings ",\"cgroup\":\"5150\"," \
	"\"mnt_ns\":4026531841,\"pid_ns\":4026531836,\"net_ns\":4026531840,\"uts_ns\":4026531838}," \
	"\"user\":{\"uid\":1000,\"gid\":1000,\"euid\":0,\"egid\":1000,\"loginuid\":1000,\"session\":-1}"

#define LINE(event, lane, proc, rest) \
	"{\"time\":\"2026-11-23T10:00:00.123456789Z\",\"event\":\"" event "\",\"seq\":17,\"cpu\":1," \
	"\"lane\":\"" lane "\"," proc ",\"container\":{\"id\":null},\"hostname\":\"node-1\"," rest "}"

Test(json, system_call)
{
	record_openat(&r);
	expect_tree(&process, LINE("openat", "normal", PROC("\"exe\":\"/usr/bin/cat\",\"args\":[\"cat\",\"-n\"]"),
		"\"args\":{\"dirfd\":\"AT_FDCWD\",\"path\":\"/etc/passwd\",\"flags\":\"O_RDONLY|O_CLOEXEC\",\"mode\":\"0\"},"
		"\"ret\":3,\"fd\":{\"num\":3,\"type\":\"file\",\"name\":\"/etc/passwd\",\"dev\":\"8:3\",\"ino\":\"1234\"}"));
	expect_tree(NULL, LINE("openat", "normal", PROC("\"exe\":null,\"args\":null"),
		"\"args\":{\"dirfd\":\"AT_FDCWD\",\"path\":\"/etc/passwd\",\"flags\":\"O_RDONLY|O_CLOEXEC\",\"mode\":\"0\"},"
		"\"ret\":3,\"fd\":{\"num\":3,\"type\":\"file\",\"name\":\"/etc/passwd\",\"dev\":\"8:3\",\"ino\":\"1234\"}"));
}

Test(json, event)
{
	record_begin(&r, EVENT_task_rename);
	r.task_rename.old = (wire_comm){ "one" };
	memcpy(r.task_rename.new.s, "sixteen bytes ..", 16);
	r.task_rename.tid = 4243;
	expect_tree(NULL, LINE("task_rename", "normal", PROC("\"exe\":null,\"args\":null"),
		"\"args\":{\"old\":\"one\",\"new\":\"sixteen bytes ..\",\"tid\":4243}"));
}

Test(json, kinds_of_values)
{
	record_exec(&r, "/usr/bin/cat", "cat\0\0x", 7);
	expect_at("args.argv", "[\"cat\",\"\",\"x\"]");
	expect_at("args.script", "null");
	expect_at("args.ctime", "\"2023-11-14T22:13:20.000000000Z\"");
	expect_at("args.interpreter_ctime", "null");
	expect_at("args.inode", "\"4711\"");
	expect_at("args.memfd", "false");
	expect_at("args.mode", "\"S_IFREG|0755\"");
	expect_at("args.stdin", "\"/dev/pts/0\"");
	record_begin(&r, EVENT_process_exit);
	r.process_exit.lifetime = 1234567;
	r.process_exit.core = 1;
	expect_at("args.lifetime", "1234567");
	expect_at("args.core", "true");
	r.process_exit.lifetime = 1ULL << 53;
	expect_at("args.lifetime", "9007199254740992");
	r.process_exit.lifetime = (1ULL << 53) + 1;
	expect_at("args.lifetime", "\"9007199254740993\"");
	record_begin(&r, EVENT_lost);
	r.lost.since = RECORD_TIME;
	expect_at("args.since", "\"2026-11-23T10:00:00.123456789Z\"");
}

Test(json, addresses)
{
	static const struct wire_addr four = { .family = AF_INET, .port = 80, .addr = { 1, 2, 3, 4 } };
	static const struct wire_addr six = { .family = AF_INET6, .port = 443, .addr = { 0xfe, 0x80, [15] = 1 } };

	record_begin(&r, EVENT_sock_state);
	r.sock_state.src = four;
	r.sock_state.dst = six;
	expect_at("args.src", "\"1.2.3.4:80\"");
	expect_at("args.dst", "\"[fe80::1]:443\"");
	memset(&r.sock_state.dst, 0, sizeof(r.sock_state.dst));
	expect_at("args.dst", "null");
	r.sock_state.dst.family = AF_INET;
	expect_at("args.dst", "null");
	r.sock_state.dst.port = 1;
	expect_at("args.dst", "\"0.0.0.0:1\"");
}

Test(json, results)
{
	record_begin(&r, EVENT_call_mmap);
	r.call.ret = 0x7f0012345000;
	expect_at("ret", "\"0x7f0012345000\"");
	expect_none("errno");
	r.call.ret = -12;
	expect_at("ret", "-12");
	expect_at("errno", "\"ENOMEM\"");
	r.call.ret = -4096;
	expect_none("errno");
	record_begin(&r, EVENT_call_exit_group);
	expect_none("ret");
	expect_none("abi");
	r.head.abi = ABI_32;
	expect_at("abi", "\"32-bit\"");
}

Test(json, what_is_only_sometimes_there)
{
	static const char *const names[] = { "nest", "policy", "truncated", "faulted", "raw", "fd", "fds" };

	record_begin(&r, EVENT_call_openat);
	for (size_t i = 0; i < LEN_OF(names); i++)
		expect_none(names[i]);
	r.head.slot = 2;
	r.head.policy = 9;
	r.head.truncated = 1 << 1 | 1u << 31 | 1 << 20;
	r.head.faulted = 1 << 2 | 1 << FIELD_FACTS | 1 << FIELD_RET;
	r.head.hostname = record_str(&r, "pod-7");
	expect_at("nest", "2");
	expect_at("policy", "{\"generation\":9}");
	json_encoder_policies(&json, (const char *const[]){ "one", "two" }, 2, 7);
	expect_at("policy", "{\"generation\":9,\"names\":[\"one\",\"two\"],\"suppressed\":7}");
	json_encoder_policies(&json, NULL, 0, 0);
	expect_at("truncated", "[\"path\",\"record\"]");
	expect_at("faulted", "[\"flags\",\"ret\",\"fd\"]");
	expect_at("hostname", "\"pod-7\"");
	expect_at("args.path", "null");
}

Test(json, descriptors)
{
	static const struct fact_sock inet = {
		.family = AF_INET, .type = SOCK_STREAM, .proto = 6, .state = 1,
		.src = { .family = AF_INET, .port = 4, .addr = { 127, 0, 0, 1 } },
		.dst = { .family = AF_INET, .port = 80, .addr = { 1, 2, 3, 4 } },
	};
	struct fact_sock local = { .family = AF_UNIX, .type = SOCK_DGRAM };

	record_begin(&r, EVENT_call_sendfile);
	record_sock(&r, 0, 5, 0, &inet);
	record_file(&r, 1, 6, 1, "/srv/a \"b\"");
	expect_at("fd.num", "5");
	expect_at("fd.type", "\"ipv4\"");
	expect_at("fd.name", "\"127.0.0.1:4->1.2.3.4:80\"");
	expect_at("fd.proto", "\"IPPROTO_TCP\"");
	expect_at("fd.src", "\"127.0.0.1:4\"");
	expect_at("fd.dst", "\"1.2.3.4:80\"");
	expect_at("fds.0.arg", "\"in_fd\"");
	expect_at("fds.0.name", "\"/srv/a \\\"b\\\"\"");
	expect_none("fds.1");
	record_begin(&r, EVENT_call_connect);
	local.name = record_bytes(&r, "\0bus\0x", 6);
	record_sock(&r, 0, 5, 0, &local);
	expect_at("fd.type", "\"unix\"");
	expect_at("fd.name", "\"@bus@x\"");
	expect_none("fd.src");
}

/* The result comes before the arguments. */
Test(json, the_descriptor_that_is_shown_first)
{
	record_begin(&r, EVENT_call_openat);
	record_file(&r, 0, 4, 0, "/tmp");
	record_file(&r, 1, 5, FIELD_RET, "/tmp/x")->flags = FACT_DELETED | FACT_CREATED;
	expect_at("fd.num", "5");
	expect_at("fd.deleted", "true");
	expect_at("fd.created", "true");
	expect_at("fds.0.num", "4");
	expect_at("fds.0.arg", "\"dirfd\"");
	expect_none("fds.0.deleted");
}

Test(json, types_of_descriptors)
{
	static const struct { uint32_t mode, magic; const char *path, *type, *name; } rows[] = {
		{ S_IFDIR, 0xef53, "/etc", "\"directory\"", "\"/etc\"" },
		{ S_IFCHR, 0x1cd1, "/dev/pts/0", "\"char\"", "\"/dev/pts/0\"" },
		{ S_IFIFO, 0x50495045, "", "\"pipe\"", "\"pipe:[1234]\"" },
		{ S_IFIFO, 0xef53, "/run/fifo", "\"pipe\"", "\"/run/fifo\"" },
		{ S_IFREG, 0x01021994, "/memfd:x", "\"memfd\"", "\"/memfd:x\"" },
		{ S_IFREG, 0x01021994, "/dev/shm/x", "\"file\"", "\"/dev/shm/x\"" },
		{ 0, 0x09041934, "/[eventfd]", "\"event\"", "\"[eventfd]\"" },
		{ 0, 0x09041934, "[eventpoll]", "\"eventpoll\"", "\"[eventpoll]\"" },
		{ 0, 0x09041934, "/bpf-map", "\"bpf\"", "\"bpf-map\"" },
		{ 0, 0x09041934, "/", "\"anonymous\"", "null" },
		{ S_IFSOCK, 0x534f434b, "", "\"socket\"", "\"socket:[1234]\"" },
	};

	for (size_t i = 0; i < LEN_OF(rows); i++) {
		struct fact *fact;

		record_begin(&r, EVENT_call_close);
		fact = record_file(&r, 0, 3, 0, rows[i].path);
		fact->mode = rows[i].mode;
		fact->magic = rows[i].magic;
		expect_at("fd.type", rows[i].type);
		expect_at("fd.name", rows[i].name);
	}
}

static void set_path(const char *s)
{
	record_begin(&r, EVENT_call_openat);
	*record_span(&r, 1) = record_str(&r, s);
}

Test(json, text)
{
	static const struct { const char *bytes, *value; bool raw; } rows[] = {
		{ "", "\"\"", false },
		{ "a\"b\\c/d", "\"a\\\"b\\\\c/d\"", false },
		{ "tab\tnl\ncr\rbel\adel\x7f", "\"tab\\tnl\\ncr\\rbel\\u0007del\\u007f\"", false },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\\u00e4\\u20ac\\ud83d\\ude00\"", false },
		{ "\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf", "\"\\u0080\\u07ff\\u0800\\uffff\\udbff\\udfff\"", false },
		{ "a\xff", "\"a\\u00ff\"", true },
		{ "\xc0\xaf", "\"\\u00c0\\u00af\"", true },
		{ "\xe0\x80\x80", "\"\\u00e0\\u0080\\u0080\"", true },
		{ "\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"", true },
		{ "\xf4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\"", true },
		{ "\xf0\x9f\x98", "\"\\u00f0\\u009f\\u0098\"", true },
		{ "1234567\xe2\x82\xac" "89", "\"1234567\\u20ac89\"", false },
	};

	for (size_t i = 0; i < LEN_OF(rows); i++) {
		set_path(rows[i].bytes);
		expect_at("args.path", rows[i].value);
		if (!rows[i].raw)
			expect_none("raw");
	}
	set_path("a\xff");
	expect_at("raw", "{\"args.path\":\"61ff00\"}");
}

/* Any byte at any place of the words that are looked at at once. */
Test(json, every_byte_everywhere)
{
	for (unsigned place = 0; place < 19; place++) {
		for (unsigned byte = 1; byte < 256; byte++) {
			char s[20] = "abcdefghijklmnopqrs";
			unsigned point = byte;
			json_t *tree;
			const char *got;

			s[place] = byte;
			set_path(s);
			tree = encode(NULL);
			got = json_string_value(at(tree, "args.path"));
			cr_assert_eq(memcmp(got, s, place), 0);
			if (byte < 0x80)
				cr_assert_str_eq(got, s);
			else
				cr_assert(got[place] == (char)(0xc0 | point >> 6) && at(tree, "raw"));
			cr_assert_str_eq(got + place + 1 + (byte >= 0x80), s + place + 1);
			json_decref(tree);
		}
	}
}

static void fill_span(unsigned i, const char *data, size_t n)
{
	const struct field *f = &schema_get(r.head.id)->fields[i];
	enum wire wire = type_info[f->type].wire;

	if (wire == WIRE_comm)
		memcpy(r.bytes + schema_field_off(schema_get(r.head.id), i), data + 200, 16);
	if (wire == WIRE_str || wire == WIRE_strv || wire == WIRE_bytes)
		*record_span(&r, i) = record_bytes(&r, data, n);
}

Test(json, every_string_field_takes_every_byte)
{
	char data[257];

	for (unsigned i = 0; i < 256; i++)
		data[i] = i + 1;
	data[256] = 0;
	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		if (!schema_get(id))
			continue;
		record_begin(&r, id);
		for (unsigned i = 0; i < schema_get(id)->nfields; i++)
			fill_span(i, data, sizeof(data));
		json_decref(encode(NULL));
	}
}

Test(json, every_event_with_any_content)
{
	uint64_t state = 88172645463325252;

	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		for (unsigned i = 0; schema_get(id) && i < 20; i++) {
			record_random_fill(&r, id, &state);
			json_decref(encode(i % 2 ? &process : NULL));
		}
	}
}

Test(json, fragments_follow_their_process)
{
	json_t *first, *again;

	record_openat(&r);
	first = encode(&process);
	again = encode(&process);
	cr_expect(json_equal(first, again));
	json_decref(again);
	json_decref(first);
	process.exe = "/bin/dog";
	process.stamp++;
	again = encode(&process);
	expect(again, "proc.exe", "\"/bin/dog\"");
	json_decref(again);
	r.head.who.user_uid = 0;
	expect_at("user.uid", "0");
	r.head.who.proc_name = (wire_comm){ "x\xff" };
	for (int i = 0; i < 2; i++)
		expect_at("raw", "{\"proc.name\":\"78ff\"}");
	json_encoder_clock(&json, RECORD_BOOT_TO_WALL + RECORD_SECOND);
	expect_at("time", "\"2026-11-23T10:00:01.123456789Z\"");
	expect_at("proc.start", "\"2026-11-23T09:59:51.000000000Z\"");
	json_encoder_clock(&json, RECORD_BOOT_TO_WALL + RECORD_SECOND + 999999);
	expect_at("time", "\"2026-11-23T10:00:01.123456789Z\"");
	process.args_truncated = true;
	again = encode(&process);
	expect(again, "truncated", "[\"proc.args\"]");
	json_decref(again);
}

Test(json, sessions_only_where_they_were_asked_for)
{
	record_openat(&r);
	r.head.who.proc_sid = r.head.who.proc_vsid = 7;
	expect_none("proc.sid");
	r.head.who.asked = WHO_SESSION;
	expect_at("proc.sid", "7");
	expect_at("proc.pgid", "0");
	expect_at("proc.vsid", "7");
	expect_at("proc.vpgid", "0");
	expect_at("user.uid", "1000");
}

Test(json, dates)
{
	static const struct { uint64_t second; const char *text; } rows[] = {
		{ 0, "\"1970-01-01T00:00:00.123456789Z\"" },
		{ 951782400, "\"2000-02-29T00:00:00.123456789Z\"" },
		{ 951868800, "\"2000-03-01T00:00:00.123456789Z\"" },
		{ 1735689599, "\"2024-12-31T23:59:59.123456789Z\"" },
		{ 4107542400, "\"2100-03-01T00:00:00.123456789Z\"" },
	};

	for (size_t i = 0; i < LEN_OF(rows); i++) {
		json_encoder_clock(&json, ((int64_t)rows[i].second - 100) * RECORD_SECOND);
		record_openat(&r);
		expect_at("time", rows[i].text);
	}
}

Test(json, fractions)
{
	uint64_t state = 3;

	for (int i = 0; i < 2000; i++) {
		uint32_t ns = i < 2 ? i * 999999999u : record_random(&state) % 1000000000;
		char want[16];

		record_openat(&r);
		r.head.time = 100ULL * RECORD_SECOND + ns;
		len = json_encode(&json, &r, NULL, buf, sizeof(buf));
		snprintf(want, sizeof(want), ".%09uZ", ns);
		cr_assert_eq(memcmp(buf + 28, want, 11), 0, "%u: %.60s", ns, buf);
	}
}

/* Bytes that grow most, in a record and a process as large as can be. */
static void worst_case(unsigned id)
{
	static char data[RECORD_MAX], args[PROCESS_ARGS_MAX], exe[PROCESS_PATH_MAX];
	const struct schema *s = schema_get(id);
	unsigned spans = 0, left;

	memset(data, 0xff, sizeof(data));
	memset(args, 0xff, sizeof(args));
	memset(exe, 0xff, sizeof(exe) - 1);
	process = (struct process){ .stamp = 2, .exe = exe, .args = args, .args_len = sizeof(args), .args_known = true };
	record_begin(&r, id);
	memset(r.bytes + sizeof(r.head), 0xff, s->size - sizeof(r.head));
	if (s->syscall)
		memset(r.call.facts, 0, sizeof(r.call.facts));
	memset(r.head.who.proc_name.s, 0xff, 16);
	r.head.seq = r.head.cpu = -1;
	r.head.truncated = r.head.faulted = -1;
	for (unsigned i = 0; i < s->nfields; i++)
		if (type_info[s->fields[i].type].wire - WIRE_str <= WIRE_bytes - WIRE_str)
			spans++;
	left = spans;
	for (unsigned i = 0; i < s->nfields; i++) {
		enum wire wire = type_info[s->fields[i].type].wire;
		size_t room = RECORD_MAX - ((r.head.size + 7) & ~7u);

		if (wire != WIRE_str && wire != WIRE_strv && wire != WIRE_bytes)
			continue;
		room = left-- > 1 ? room / spans : room;
		data[room - 1] = 0;
		*record_span(&r, i) = record_bytes(&r, data, room);
		data[room - 1] = 0xff;
	}
}

Test(json, the_longest_lines_fit)
{
	size_t longest = 0;

	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		if (!schema_get(id))
			continue;
		worst_case(id);
		json_decref(encode(&process));
		longest = len > longest ? len : longest;
	}
	cr_expect_gt(longest, 128 << 10);
	cr_expect_lt(longest, JSON_LINE_MAX - (16 << 10), "%zu", longest);
}

Test(json, a_line_that_does_not_fit_is_none)
{
	size_t whole;

	record_openat(&r);
	json_decref(encode(&process));
	whole = len;
	for (size_t size = 0; size < 6000; size++) {
		char *small = malloc(size);

		len = json_encode(&json, &r, &(struct subject){ .process = &process }, small, size);
		cr_assert(len == 0 || (len == whole && size >= whole), "%zu", size);
		cr_assert(len || size < 5000);
		free(small);
	}
}
