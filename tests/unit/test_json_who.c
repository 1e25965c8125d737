// SPDX-License-Identifier: Apache-2.0
#include <criterion/criterion.h>
#include <jansson.h>

#include "identity/subject.h"
#include "identity/users.h"
#include "life.h"
#include "output/json.h"

static struct process_table table;
static struct json_encoder json;
static struct record r;
static struct users *names;
static char buf[JSON_LINE_MAX];

static const struct being nobody = { 0 }, init = { 1, RECORD_SECOND }, sshd = { 20, 2ULL * RECORD_SECOND };
static const struct being bash = { 30, 3ULL * RECORD_SECOND }, self = { RECORD_PID, RECORD_START };

/* init -> sshd -> bash -> the process of record_begin, whose parent is init by now. */
static void setup(void)
{
	cr_assert_eq(process_table_init(&table, PROCESS_BYTES_MIN), 0);
	cr_assert_eq(json_encoder_init(&json, "node-1", RECORD_BOOT_TO_WALL), 0);
	life_exec(&table, init, nobody, "init", "/sbin/init", "init", 5);
	life_spawn(&table, init, sshd, "sshd", "/usr/sbin/sshd", "sshd\0-D", 8);
	life_spawn(&table, sshd, bash, "bash", "/bin/bash", "-bash", 6);
	life_spawn(&table, bash, self, "cat", "/bin/cat", "cat", 4);
}

static void teardown(void)
{
	json_encoder_fini(&json);
	process_table_fini(&table);
}

TestSuite(json_who, .init = setup, .fini = teardown);

static json_t *encode(void)
{
	struct subject who = { .process = process_of(&table, &r.head), .processes = &table, .users = names };
	size_t len = json_encode(&json, &r, &who, buf, sizeof(buf));
	json_t *tree = json_loadb(buf, len, JSON_REJECT_DUPLICATES, NULL);

	cr_assert_not_null(tree, "%.*s", (int)len, buf);
	return tree;
}

static void expect(const char *group, const char *name, const char *value)
{
	json_t *tree = encode(), *got = json_object_get(tree, group);
	char *text;

	got = name ? json_object_get(got, name) : got;
	text = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	cr_expect_str_eq(text ? text : "none", value, "%s.%s is %s, not %s", group, name, text, value);
	free(text);
	json_decref(tree);
}

#define BASH "{\"pid\":30,\"name\":\"bash\",\"exe\":\"/bin/bash\"}"
#define SSHD "{\"pid\":20,\"name\":\"sshd\",\"exe\":\"/usr/sbin/sshd\"}"
#define INIT "{\"pid\":1,\"name\":\"init\",\"exe\":\"/sbin/init\"}"

Test(json_who, ancestors_as_deep_as_asked)
{
	static const char *const want[] = { "none", "[" BASH "]", "[" BASH "," SSHD "]", "[" BASH "," SSHD "," INIT "]" };

	record_openat(&r);
	for (unsigned depth = 0; depth < 16; depth++) {
		json_encoder_fini(&json);
		json_encoder_init(&json, "node-1", RECORD_BOOT_TO_WALL);
		json.lineage.depth = depth;
		expect("proc", "ancestors", want[depth < 3 ? depth : 3]);
		expect("proc", "ancestors", want[depth < 3 ? depth : 3]);
		expect("proc", "pname", "\"init\"");
	}
}

Test(json_who, details)
{
	record_openat(&r);
	json.lineage = (struct json_lineage){ 1, true };
	expect("proc", "ancestors", "[{\"pid\":30,\"name\":\"bash\",\"exe\":\"/bin/bash\","
	       "\"start\":\"2026-11-23T09:58:23.000000000Z\",\"args\":[\"-bash\"]}]");
}

/* What is kept of a thread is told anew when an ancestor changes. */
Test(json_who, ancestors_change)
{
	record_openat(&r);
	json.lineage.depth = 2;
	expect("proc", "ancestors", "[" BASH "," SSHD "]");
	life_exec(&table, sshd, init, "sudo", "/usr/bin/sudo", "sudo", 5);
	expect("proc", "ancestors", "[" BASH ",{\"pid\":20,\"name\":\"sudo\",\"exe\":\"/usr/bin/sudo\"}]");
	life_exec(&table, init, nobody, "systemd", "/lib/systemd", "init", 5);
	expect("proc", "pname", "\"systemd\"");
	life_exit(&table, bash, RECORD_TIME);
	expect("proc", "ancestors", "[" BASH ",{\"pid\":20,\"name\":\"sudo\",\"exe\":\"/usr/bin/sudo\"}]");
}

Test(json_who, list_ends_before_the_unknown)
{
	const struct being stray = { 500, 5ULL * RECORD_SECOND };

	json.lineage.depth = 5;
	life_spawn(&table, (struct being){ 400, 4ULL * RECORD_SECOND }, stray, "stray", "/stray", "stray", 6);
	life_by(&r, EVENT_file_open, stray, (struct being){ 400, 4ULL * RECORD_SECOND }, "stray");
	expect("proc", "ancestors", "none");
	expect("proc", "pname", "none");
	cr_expect_gt(table.lost_ancestors, 0);
}

Test(json_who, names_that_are_no_utf8_and_exec_chains)
{
	record_openat(&r);
	json.lineage.depth = 1;
	life_exec(&table, bash, sshd, "b\xff", "/b\xfe", "b", 2);
	life_exec(&table, self, init, "cat", "/bin/tac", "tac", 4);
	expect("proc", "ancestors", "[{\"pid\":30,\"name\":\"b\\u00FF\",\"exe\":\"/b\\u00FE\"}]");
	expect("raw", "proc.ancestors.0.name", "\"62ff\"");
	expect("raw", "proc.ancestors.0.exe", "\"2f62fe\"");
	expect("proc", "exec_chain", "[\"/bin/cat\"]");
}

/* As of a container whose user namespace begins at 100000. */
Test(json_who, names_once_they_are_known)
{
	struct mounts mounts;
	struct users users = { .mounts = &mounts, .host_ns = 9 };
	struct accounts *a = calloc(1, sizeof(*a));
	struct mount_space *space;

	names = &users;
	cr_assert_eq(mounts_init(&mounts), 0);
	record_openat(&r);
	r.head.who.user_uid = r.head.who.user_gid = r.head.who.user_loginuid = 101000;
	expect("group", "name", "none");
	expect("user", "name", "none");
	mounts_add(&mounts, r.head.who.proc_mnt_ns, (struct mount_pid){ RECORD_PID, 1 }, 1);
	expect("user", "name", "none");
	cr_expect_eq(users.wanted, 1);
	account_maps_parse(&a->uids, "0 100000 65536");
	account_maps_parse(&a->gids, "0 100000 65536");
	account_names_parse(&a->users, "app:x:1000:", 11);
	account_names_parse(&a->groups, "staff:x:1000:", 13);
	space = mounts_find(&mounts, r.head.who.proc_mnt_ns);
	mounts_set_accounts(&mounts, space, a);
	expect("user", "name", "none");
	space->usable = true;
	mounts.stamp++;
	expect("user", "name", "\"app\"");
	expect("user", "loginname", "none");
	expect("group", "name", "\"staff\"");
	expect("user", "uid", "101000");
	mounts_fini(&mounts);
}

Test(json_who, long_lines_are_cut_and_say_so)
{
	static char path[3000];

	record_openat(&r);
	json.lineage.depth = 3;
	memset(path, 'x', sizeof(path) - 1);
	life_exec(&table, bash, sshd, "bash", path, "b", 2);
	life_exec(&table, sshd, init, "sshd", path, "b", 2);
	for (unsigned i = 0; i < 2; i++) {
		json_t *tree = encode();

		cr_expect_eq(json_array_size(json_object_get(json_object_get(tree, "proc"), "ancestors")), 1);
		json_decref(tree);
		expect("truncated", NULL, "[\"proc.ancestors\"]");
	}
}
