/* SPDX-License-Identifier: Apache-2.0 */
/* Policies that are right and surely not meant so. */
#include "policy/doubt.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "policy/policy.h"

enum { POLICIES = 3 };

/* Policies together, and all that is told of them. */
static const struct { const char *policies[POLICIES + 1], *told; } rows[] = {
	{ { "name: a\nevents: {openat: {where: evt.type = read}}" },
	  "0:2:10: \"openat\" never matches: scope or where ask for other events; if that is meant, add confirm: [never] to the policy\n" },
	{ { "name: a\nlists: {l: []}\nevents: {openat: {where: proc.name in (l)}}" },
	  "0:3:10: \"openat\" never matches: it asks for a member of an empty list; if that is meant, add confirm: [never] to the policy\n" },
	{ { "name: a\nevents:\n  openat: {where: proc.name = a and proc.name = b}" },
	  "0:3:3: \"openat\" never matches: what its where asks cannot be true at once; if that is meant, add confirm: [never] to the policy\n" },
	{ { "name: a\nevents: {openat: {where: 'time > 2026-11-23T10:00:00Z and time < 100s'}}" }, "" },	/* dates and times since boot */
	{ { "name: a\nevents: {openat: {where: 'time > 2026-11-23T10:00:00Z and time < 2025-11-23T10:00:00Z'}}" },
	  "0:2:10: \"openat\" never matches: what its where asks cannot be true at once; if that is meant, add confirm: [never] to the policy\n" },
	{ { "name: a\nscope: user.uid = 0\nevents:\n  openat: {where: user.uid >= 1000}\n  connect:" },
	  "0:4:3: \"openat\" never matches: scope and where contradict each other; if that is meant, add confirm: [never] to the policy\n" },
	{ { "name: a\nscope: user.uid = 0 and user.uid = 1\nevents: {openat: , connect: }" },
	  "0:3:10: \"openat\" never matches: what the scope asks cannot be true at once; if that is meant, add confirm: [never] to the policy\n"
	  "0:3:20: \"connect\" never matches: what the scope asks cannot be true at once; if that is meant, add confirm: [never] to the policy\n" },
	{ { "name: a\nconfirm: [never]\nevents: {openat: {where: evt.type = read}}" },
	  "0:3:10: \"openat\" never matches: scope or where ask for other events (confirmed)\n" },
	{ { "name: a\nevents: {'open*': {where: evt.type = openat}}" }, "" },	/* some of them */
	{ { "name: a\nevents: {read: }" },
	  "0:2:10: \"read\" takes every read of every process; scope, where, limit, sample and dedup take fewer; if that "
	  "is meant, add confirm: [flood] to the policy\n" },
	{ { "name: a\nevents: {read: {where: proc.name != cat or proc.name != ls}}" },
	  "0:2:10: \"read\" takes every read of every process; scope, where, limit, sample and dedup take fewer; if that "
	  "is meant, add confirm: [flood] to the policy\n" },
	{ { "name: a\nscope: proc.name exists\nevents: {fs: }" },
	  "0:3:10: \"fs\" takes every read of every process; scope, where, limit, sample and dedup take fewer; if that "
	  "is meant, add confirm: [flood] to the policy\n" },
	{ { "name: a\nconfirm: {flood: true}\nevents: {read: }" },
	  "0:3:10: \"read\" takes every read of every process; scope, where, limit, sample and dedup take fewer (confirmed)\n" },
	{ { "name: a\nconfirm: [never, shadow]\nevents: {read: }" },		/* what was not asked about */
	  "0:3:10: \"read\" takes every read of every process; scope, where, limit, sample and dedup take fewer; if that "
	  "is meant, add confirm: [flood] to the policy\n" },
	{ { "name: a\nevents: {read: {limit: 5/s}, write: {sample: 1/9}, poll: {dedup: {key: proc.name}}, openat: }" }, "" },
	{ { "name: a\nevents: {read: {where: proc.name != cat}}" }, "" },
	{ { "name: a\nevents:\n  'open*': {where: ret < 0}\n  fs_file_ops: {where: ret >= 0}" },
	  "0:4:3: \"fs_file_ops\" does not get 4 of its 19 events: they are those of \"open*\" in line 3, which comes first; "
	  "if that is meant, add confirm: [shadow] to the policy\n" },
	{ { "name: a\nconfirm: [shadow]\nevents:\n  'open*': {where: ret < 0}\n  fs_file_ops: {where: ret >= 0}" },
	  "0:5:3: \"fs_file_ops\" does not get 4 of its 19 events: they are those of \"open*\" in line 4, which comes first "
	  "(confirmed)\n" },
	{ { "name: a\nevents: {'open*': {where: ret < 0}, fs_file_ops: {where: ret < 0}}" }, "" },	/* as good */
	{ { "name: a\nevents: {fs_file_ops: {where: ret < 0}, openat: {where: ret >= 0}}" }, "" },	/* a name's own */
	{ { "name: a\nevents: {openat: {where: ret < 0 and proc.name = a}}",
	    "name: b\nevents: {openat: {where: proc.name = 'a' and ret < 0}}" },
	  "1:1:7: policy \"b\" asks the same as policy \"a\" and adds nothing to it; if that is meant, add confirm: [shadow] to the policy\n" },
	{ { "name: a\nevents: {openat: }", "name: b\nconfirm: [shadow]\nevents: {openat: }", "name: c\nevents: {openat: , connect: }" },
	  "1:1:7: policy \"b\" asks the same as policy \"a\" and adds nothing to it (confirmed)\n" },
	{ { "name: a\nevents: {openat: }", "name: b\nevents: {openat: {where: ret < 0}}" }, "" },	/* its name says so */
	{ { "name: a\nevents: {openat: }", "name: b\nevents: {openat: {sinks: [one]}}" }, "" },
	{ { "name: a\nevents: {openat: }", "name: b\nevents: {openat: {capture: [stack]}}" }, "" },
	{ { "name: a\nevents: {openat: }", "name: b\nscope: user.uid = 0\nevents: {openat: }" }, "" },
};

static void parse(struct policy_file_set *files, const char *const *texts)
{
	static const char *const names[] = { "0", "1", "2" };
	struct diag diag = { 0 };

	policy_file_set_init(files);
	for (unsigned i = 0; texts[i]; i++)
		cr_assert_eq(policy_file_parse(files, names[i], texts[i], strlen(texts[i]), &diag), 0, "%u:%u: %s: %s", diag.line,
			     diag.col, diag.text, texts[i]);
}

static void compile(struct policy_set *set, const char *const *texts)
{
	static const char *const sinks[] = { "one", "two" };
	struct policy_file_set files;
	struct diag diag = { 0 };

	parse(&files, texts);
	cr_assert_eq(policy_compile(set, &files, NULL, sinks, 2, &diag), 0, "%u:%u: %s", diag.line, diag.col, diag.text);
}

static void on_doubt(void *ctx, const struct policy_doubt *d)
{
	char *said = ctx;
	size_t n = strlen(said);

	snprintf(said + n, 4096 - n, "%s:%u:%u: %s\n", d->file->file.path, d->line, d->col, d->text);
}

Test(doubt, told)
{
	static struct policy_set set;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char said[4096] = "";

		compile(&set, rows[i].policies);
		policy_doubts(&set, on_doubt, said);
		cr_expect_str_eq(said, rows[i].told, "%s\nsaid %swant %s", rows[i].policies[0], said, rows[i].told);
		policy_set_fini(&set);
	}
}

/* Entries before and after: how many are left counts, not which. */
Test(doubt, removed)
{
	static const char *const three[] = { "name: a\nevents: {openat: , connect: , getppid: }", NULL };
	static const char *const two[] = { "name: b\nevents: {dup: , dup2: }", NULL };
	static const char *const one[] = { "name: a\nevents: {openat: }", NULL };
	static const struct { const char *const *before, *const *after; bool most; } steps[] = {
		{ three, three, false }, { three, two, false }, { three, one, true }, { two, one, false }, { one, three, false },
		{ one, one, false },
	};
	static struct policy_set before, after;
	unsigned had, left;

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		compile(&before, steps[i].before);
		compile(&after, steps[i].after);
		cr_expect_eq(policy_removes_most(&before, &after, &had, &left), steps[i].most, "step %zu: %u, %u", i, had, left);
		cr_expect_eq(policy_has(&before, after.files.files[0]), steps[i].before == steps[i].after);
		policy_set_fini(&before);
		policy_set_fini(&after);
	}
}
