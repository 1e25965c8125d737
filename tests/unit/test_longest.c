// SPDX-License-Identifier: Apache-2.0
/* The longest line of every format in every envelope: it must fit where lines go. */
#include <criterion/criterion.h>
#include <jansson.h>

#include "identity/cgroup.h"
#include "identity/container.h"
#include "identity/container_meta.h"
#include "identity/mapping.h"
#include "identity/subject.h"
#include "life.h"
#include "output/encoder.h"

enum {
	NAME_MOST = 1023,	/* bytes of a mapping's name */
	SPARE = 8 << 10,	/* what masking may add to a line */
	POLICIES = 8, POLICY_NAME = 1000,
};

static struct process_table table;
static struct cgroup_table cgroups;
static struct encoder encoder;
static struct record r;
static struct container container;
static struct container_meta meta;
static struct stack stack;
static char buf[ENCODER_LINE_MAX], wrong[RECORD_MAX];

static const struct being nobody = { 0 }, init = { 1, RECORD_SECOND }, self = { RECORD_PID, RECORD_START };

/* n - 1 bytes that are no UTF-8 and a NUL. */
static const char *bytes(size_t n)
{
	return wrong + sizeof(wrong) - n;
}

static void exec_as(struct being who, struct being parent, size_t path, size_t args)
{
	struct record exec;

	record_begin(&exec, EVENT_process_exec);
	exec.head.who.proc_pid = exec.head.who.host_pid = exec.head.who.host_tid = who.pid;
	exec.head.who.proc_leader_start = exec.head.who.proc_start = who.start;
	exec.head.who.host_ppid = parent.pid;
	exec.head.who.proc_parent_start = parent.start;
	memset(&exec.head.who.proc_name, 0xff, sizeof(exec.head.who.proc_name));
	exec.process_exec.path = record_bytes(&exec, bytes(path), path);
	exec.process_exec.argv = record_bytes(&exec, bytes(args), args);
	exec.process_exec.cwd = record_bytes(&exec, bytes(PROCESS_PATH_MAX), PROCESS_PATH_MAX);
	exec.process_exec.argv_size = args;
	process_observe(&table, &exec);
}

/* A cgroup with names of a unit and a slice as long as names can be. */
static void fill_cgroup(void)
{
	static char path[CGROUP_PATH_MAX];

	memset(path, 0xff, sizeof(path) - 1);
	for (unsigned at = 0; at < sizeof(path) - 1; at += 256)
		path[at] = '/';
	memcpy(path + 512 - 6, ".slice", 6);
	memcpy(path + 768 - 8, ".service", 8);
	record_begin(&r, EVENT_process_exec);
	cr_assert_eq(cgroup_table_init(&cgroups, CGROUPS_MIN), 0);
	cgroup_add(&cgroups, r.head.who.proc_cgroup, path, sizeof(path) - 1, 0);
}

static void fill_container(void)
{
	static char labels[4096];

	for (size_t i = 0; i < sizeof(labels); i++)
		labels[i] = i % 128 == 127 ? 0 : i % 128 == 60 ? '=' : (char)(i % 128 ? 0xff : 'A' + i / 128);
	for (unsigned i = 0; i < META_TEXTS; i++)
		meta.texts[i] = bytes(META_TEXT_MAX);
	for (unsigned i = 0; i < META_LISTS; i++)
		meta.lists[i] = (struct meta_members){ labels, sizeof(labels) };
	container = (struct container){ .runtime = 1, .qos = 1, .state = CONTAINER_CLAIMED, .stamp = 3, .meta = &meta };
	memset(container.id, 'f', sizeof(container.id) - 1);
	memset(container.outer, 'f', sizeof(container.outer) - 1);
}

/* The parent is as large as one line shows of ancestors, or as one can be. */
static void setup(struct config_stream *stream, size_t parent_path, size_t parent_args)
{
	static char names[POLICIES][POLICY_NAME + 1];
	const char *policies[POLICIES];
	struct encoder_options options = {
		.host = "node-1", .boot_to_wall = RECORD_BOOT_TO_WALL, .lineage = { JSON_ANCESTORS_MAX, true },
	};

	memset(wrong, 0xff, sizeof(wrong) - 1);
	cr_assert_eq(process_table_init(&table, PROCESS_BYTES_MIN), 0);
	exec_as(init, nobody, parent_path, parent_args);
	exec_as(self, init, PROCESS_CHAIN_MAX, 2);
	exec_as(self, init, PROCESS_PATH_MAX, PROCESS_ARGS_MAX);
	fill_container();
	fill_cgroup();
	stack.n = STACK_FRAMES;
	for (unsigned i = 0; i < STACK_FRAMES; i++)
		stack.frames[i] = (struct frame){ -1, -1, bytes(NAME_MOST + 1) };
	cr_assert_eq(encoder_init(&encoder, stream, &options), 0);
	for (unsigned i = 0; i < POLICIES; i++)
		policies[i] = memset(names[i], 'p', POLICY_NAME);
	encoder_policies(&encoder, policies, POLICIES, UINT32_MAX);
}

static void teardown(void)
{
	encoder_fini(&encoder);
	process_table_fini(&table);
	cgroup_table_fini(&cgroups);
}

/* All that a record can have, every number as long as it can be. */
static void fill_record(unsigned id)
{
	const struct schema *s = schema_get(id);
	unsigned spans = 0;

	record_begin(&r, id);
	memset(r.bytes + sizeof(r.head), 0xff, s->size - sizeof(r.head));
	if (s->syscall)
		memset(r.call.facts, 0, sizeof(r.call.facts));
	memset(r.head.who.proc_name.s, 0xff, sizeof(r.head.who.proc_name.s));
	r.head.seq = r.head.cpu = r.head.truncated = r.head.faulted = -1;
	r.head.slot = r.head.policy = -1;
	r.head.stack = record_bytes(&r, bytes(STACK_FRAMES * 8 + 1), STACK_FRAMES * 8);
	r.head.hostname = record_bytes(&r, bytes(65), 65);
	for (unsigned i = 0; i < s->nfields; i++)
		spans += type_info[s->fields[i].type].wire >= WIRE_str;
	for (unsigned i = 0; i < s->nfields; i++) {
		size_t room = RECORD_MAX - ((r.head.size + 7) & ~7u);

		if (type_info[s->fields[i].type].wire < WIRE_str)
			continue;
		room = spans-- > 1 ? room / (spans + 1) & ~7u : room;
		*record_span(&r, i) = record_bytes(&r, bytes(room), room);
	}
}

static size_t longest(const char *what)
{
	size_t most = 0, len;

	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		struct subject who = { .processes = &table, .cgroups = &cgroups, .container = &container, .stack = &stack };

		if (!schema_get(id))
			continue;
		fill_record(id);
		who.process = process_of(&table, &r.head);
		cr_assert(who.process && who.process->args_len == PROCESS_ARGS_MAX);
		len = encoder_encode(&encoder, &r, &who, buf, sizeof(buf));
		cr_assert_gt(len, 0, "%s: %s does not fit", what, schema_get(id)->name);
		most = len > most ? len : most;
	}
	return most;
}

Test(longest, every_line_fits)
{
	for (unsigned format = 0; format < FORMATS; format++)
		for (unsigned kind = 0; kind < 3; kind++)
			for (unsigned large = 0; large < 2; large++) {
				struct config_stream stream = {
					.format = format, .envelope = { .kind = kind, .facility = 23, .app = "saker", .counted = true },
				};
				char what[64];
				size_t most;

				snprintf(what, sizeof(what), "%s in envelope %u, %s parent", format_name(format), kind,
					 large ? "large" : "small");
				setup(&stream, large ? PROCESS_PATH_MAX : 2030, large ? PROCESS_ARGS_MAX : 2040);
				most = longest(what);
				teardown();
				cr_expect_lt(most, ENCODER_LINE_MAX - SPARE, "%s: %zu", what, most);
			}
}

Test(longest, a_stack_that_is_cut_says_so_and_keeps_its_bytes)
{
	struct config_stream stream = { .format = FORMAT_JSON };
	struct subject who = { .processes = &table, .cgroups = &cgroups, .container = &container, .stack = &stack };
	json_t *tree, *frames, *raw;
	json_error_t error;
	const char *kept;
	size_t len;

	setup(&stream, 2030, 2040);
	fill_record(EVENT_process_exec);
	who.process = process_of(&table, &r.head);
	len = encoder_encode(&encoder, &r, &who, buf, sizeof(buf));
	tree = json_loadb(buf, len, JSON_REJECT_DUPLICATES, &error);
	cr_assert_not_null(tree, "%s at %d: %.*s", error.text, error.position, 100, buf + (error.position > 80 ? error.position - 80 : 0));
	frames = json_object_get(tree, "stack");
	raw = json_object_get(tree, "raw");
	cr_expect_eq(json_array_size(frames), STACK_FRAMES);
	cr_expect_not_null(json_object_get(json_array_get(frames, 0), "file"));
	cr_expect_null(json_object_get(json_array_get(frames, STACK_FRAMES - 1), "file"));
	cr_expect_not_null(json_object_get(json_array_get(frames, STACK_FRAMES - 1), "addr"));
	kept = json_string_value(json_object_get(raw, "stack.0.file"));
	cr_expect(kept && strlen(kept) == 2 * NAME_MOST, "%s", kept);
	cr_expect_not_null(json_object_get(raw, "proc.ancestors.0.exe"));
	cr_expect_not_null(strstr(buf, "\"stack\",\"cgroup.path\"]"));
	json_decref(tree);
	/* A short name fits in every frame. */
	for (unsigned i = 0; i < STACK_FRAMES; i++)
		stack.frames[i].file = "/usr/lib/x86_64-linux-gnu/a-library-with-a-rather-long-name.so.1.2.3";
	len = encoder_encode(&encoder, &r, &who, buf, sizeof(buf));
	tree = json_loadb(buf, len, JSON_REJECT_DUPLICATES, NULL);
	frames = json_object_get(tree, "stack");
	cr_expect_not_null(json_object_get(json_array_get(frames, STACK_FRAMES - 1), "file"));
	cr_expect_null(strstr(buf, "\"stack\"]"));
	json_decref(tree);
	teardown();
}
