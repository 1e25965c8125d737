/* SPDX-License-Identifier: Apache-2.0 */
/* Policies compiled and asked: what several want of one record, and what outlives a reload. */
#include "policy/policy.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "identity/process.h"
#include "policy/where.h"
#include "record.h"

static struct record r;
static struct diag diag;

static int compile(struct policy_set *set, const struct policy_set *before, const char *const *texts, unsigned n)
{
	static const char *const sinks[] = { "one", "two" };
	struct policy_file_set files;

	memset(&diag, 0, sizeof(diag));
	policy_file_set_init(&files);
	for (unsigned i = 0; i < n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%u.yaml", i);
		if (policy_file_parse(&files, strdup(name), texts[i], strlen(texts[i]), &diag) < 0) {
			policy_file_set_fini(&files);
			return -EINVAL;
		}
	}
	return policy_compile(set, &files, before, sinks, 2, &diag);
}

static void compile_ok(struct policy_set *set, const struct policy_set *before, const char *const *texts, unsigned n)
{
	cr_assert_eq(compile(set, before, texts, n), 0, "%u:%u: %s", diag.line, diag.col, diag.text);
}

Test(policy, stacks_of_whom_it_can_be)
{
	static const char *const texts[] = {
		"name: a\nevents:\n  openat: {capture: [stack]}\n  process_*: {capture: [stack, env]}\n  getpid:\n",
		"name: b\nevents:\n  openat:\n  execve: {capture: {stack: true}}\n  getuid: {capture: {stack: false}}\n",
	};
	struct policy_set set;

	compile_ok(&set, NULL, texts, 2);
	cr_expect(event_set_has(&set.stacks, EVENT_call_openat) && event_set_has(&set.stacks, EVENT_call_execve));
	cr_expect_not(event_set_has(&set.stacks, EVENT_process_exec));
	cr_expect_not(event_set_has(&set.stacks, EVENT_call_getpid) || event_set_has(&set.stacks, EVENT_call_getuid));
	cr_expect(set.envp);
	policy_set_fini(&set);
}

/* An openat of this path at this second. */
static struct policy_verdict ask(struct policy_set *set, const char *path, unsigned second)
{
	struct expr_view view = { .record = &r };

	record_begin(&r, EVENT_call_openat);
	r.head.time = second * UINT64_C(1000000000);
	r.head.who.proc_cgroup = 7;
	*record_span(&r, 1) = record_str(&r, path);
	return policy_match(set, &view);
}

/* Each policy's time is taken at one record in 64; a pattern of a thousand steps a letter is over its budget. */
Test(policy, time_is_counted)
{
	static const char *const texts[] = {
		"name: quick\nevents:\n  openat: {where: args.path startswith /etc}\n",
		"name: slow\nevents:\n  openat: {where: \"args.path regex '([ab]*a[ab]{60}){3}'\"}\n",
	};
	static char path[4001];
	struct policy_counts again = { 0 };
	struct policy_set set;

	memset(path, 'a', sizeof(path) - 1);
	compile_ok(&set, NULL, texts, 2);
	for (unsigned i = 0; i < 3 * POLICY_TIMED + 1; i++)
		ask(&set, path, 1);
	for (unsigned i = 0; i < 2; i++)
		cr_expect(set.counts[i].timed == 3 && set.counts[i].spent > 0, "%u", i);
	cr_expect_eq(set.counts[1].over_budget, 3);
	cr_expect(set.counts[0].spent < set.counts[1].spent);
	policy_add_counts(&again, &set, "slow");
	cr_expect(!memcmp(&again, &set.counts[1], sizeof(again)));
	policy_set_fini(&set);
}

Test(policy, several_want_one_record)
{
	static const char *const texts[] = {
		"name: all\nevents:\n  openat:\n",
		"name: etc\nscope: proc.pid >= 0\nevents:\n  openat: {where: args.path startswith /etc, sinks: two}\n",
		"name: other\nevents:\n  getppid:\n",
	};
	struct policy_set set;
	struct policy_verdict v;

	compile_ok(&set, NULL, texts, 3);
	cr_expect(event_set_has(&set.events, EVENT_call_openat) && event_set_has(&set.events, EVENT_call_getppid));
	v = ask(&set, "/etc/passwd", 1);
	cr_expect_eq(v.policies, 3);
	v = ask(&set, "/var/log", 1);
	cr_expect_eq(v.policies, 1);
	cr_expect_eq(set.filter_of[EVENT_call_openat], FILTER_NONE, "somebody wants them all");
	cr_expect_eq(set.filter_of[EVENT_call_connect], FILTER_UNWANTED);
	cr_expect_eq(set.counts[0].matched, 2);
	policy_set_fini(&set);
}

Test(policy, sinks_by_name)
{
	static const char *const texts[] = {
		"name: a\nevents:\n  openat: {sinks: two}\n",
	};
	struct policy_set set;

	compile_ok(&set, NULL, texts, 1);
	cr_expect_eq(ask(&set, "/", 1).sinks, 2);
	policy_set_fini(&set);
}

Test(policy, filters_for_the_kernel_are_joined)
{
	static const char *const texts[] = {
		"name: a\nevents:\n  openat: {where: args.path startswith /etc}\n",
		"name: b\nscope: user.uid = 7\nevents:\n  openat: {where: args.path startswith /var}\n",
	};
	struct policy_set set;
	const struct event_filter *f;

	compile_ok(&set, NULL, texts, 2);
	cr_assert_eq(set.filter_of[EVENT_call_openat], 1);
	f = &set.filters[0];
	cr_expect_eq(f->nalternatives, 2);
	cr_expect_eq(f->alternatives[0].nterms, 1);
	cr_expect_eq(f->alternatives[1].nterms, 2, "where and scope");
	policy_set_fini(&set);
}

Test(policy, limit_dedup_and_what_outlives_a_reload)
{
	static const char *const limited[] = {
		"name: a\nevents:\n  openat: {limit: 1 per 15s}\n",
		"name: b\nevents:\n  openat: {dedup: {key: args.path, size: 10, ttl: 60s}}\n",
	};
	static const char *const changed[] = {
		"name: a\nevents:\n  openat: {limit: 1 per 15s}\n  getppid:\n",
		"name: b\nevents:\n  openat: {dedup: {key: args.path, size: 11, ttl: 60s}}\n",
	};
	struct policy_set set, after;
	struct policy_diff diff;

	compile_ok(&set, NULL, limited, 2);
	cr_expect_eq(ask(&set, "/x", 100).policies, 3);
	cr_expect_eq(ask(&set, "/x", 101).policies, 0, "one per 15 s, and the path is known");
	cr_expect_eq(ask(&set, "/y", 102).policies, 2);
	compile_ok(&after, &set, changed, 2);
	diff = policy_compare(&set, &after);
	cr_expect_eq(diff.changed, 2);
	policy_set_fini(&set);
	cr_expect_eq(ask(&after, "/x", 103).policies, 2, "the limit goes on, the changed cache begins anew");
	cr_expect_eq(ask(&after, "/x", 116).policies, 1);
	cr_expect_eq(ask(&after, "/z", 132).suppressed, 0);
	policy_set_fini(&after);
}

/* An openat that opened this file, under another name each time, by a process that runs this. */
static struct policy_verdict ask_opened(struct policy_set *set, const char *file, const char *exe)
{
	const struct process process = { .exe = exe };
	struct expr_view view = { .record = &r, .subject = { .process = *exe ? &process : NULL } };
	static unsigned turn;
	char name[16];

	record_begin(&r, EVENT_call_openat);
	r.head.time = UINT64_C(100000000000) + turn;
	snprintf(name, sizeof(name), "name%u", turn++);
	*record_span(&r, 1) = record_str(&r, name);
	r.call.ret = 3;
	if (*file)
		record_file(&r, 0, 3, FIELD_RET, file);
	return policy_match(set, &view);
}

Test(policy, dedup_by_what_expressions_know)
{
	static const char *const texts[] = {
		"name: a\nevents:\n  openat: {dedup: {key: fd.name}}\n",
		"name: b\nevents:\n  openat: {dedup: {key: proc.exe}}\n",
		"name: c\nevents:\n  openat: {dedup: {key: [fd.name, proc.exe]}}\n",
		"name: d\nevents:\n  openat: {unless_empty: fd.name}\n",
	};
	static const struct { const char *file, *exe; unsigned takes; } rows[] = {
		{ "/etc/passwd", "/bin/cat", 1 | 2 | 4 | 8 },
		{ "/etc/passwd", "/bin/cat", 8 },
		{ "/etc/passwd", "/bin/sh", 2 | 4 | 8 },
		{ "/etc/hosts", "/bin/sh", 1 | 4 | 8 },
		{ "/etc/passwd", "/bin/sh", 8 },
		{ "/etc/hosts", "/bin/cat", 4 | 8 },
		{ "", "/bin/cat", 1 | 4 },		/* what is not known is a value of its own */
		{ "", "", 2 | 4 },
		{ "", "", 0 },
	};
	struct policy_set set;

	compile_ok(&set, NULL, texts, 4);
	for (size_t i = 0; i < LEN_OF(rows); i++)
		cr_expect_eq(ask_opened(&set, rows[i].file, rows[i].exe).policies, rows[i].takes, "row %zu", i);
	policy_set_fini(&set);
}

/* Numbers, addresses and texts of any kind. */
Test(policy, dedup_by_each_class)
{
	static const char *const texts[] = {
		"name: a\nevents:\n  sock_state: {dedup: {key: [fd.rip, fd.rport]}}\n",
		"name: b\nevents:\n  sock_state: {dedup: {key: fd.rport}}\n",
	};
	static const struct { uint8_t addr; uint16_t port; unsigned takes; } rows[] = {
		{ 1, 80, 3 }, { 1, 80, 0 }, { 2, 80, 1 }, { 2, 443, 3 }, { 1, 443, 1 }, { 1, 80, 0 },
	};
	struct policy_set set;

	compile_ok(&set, NULL, texts, 2);
	for (size_t i = 0; i < LEN_OF(rows); i++) {
		struct expr_view view = { .record = &r };

		record_begin(&r, EVENT_sock_state);
		r.sock_state.dst = (struct wire_addr){ .family = 2, .port = rows[i].port, .addr = { 10, 0, 0, rows[i].addr } };
		r.sock_state.src = (struct wire_addr){ .family = 2, .port = 1000 + i, .addr = { 10, 0, 0, 9 } };
		cr_expect_eq(policy_match(&set, &view).policies, rows[i].takes, "row %zu", i);
	}
	policy_set_fini(&set);
}

Test(policy, suppressed_are_told_with_the_next)
{
	static const char *const texts[] = { "name: a\nevents:\n  openat: {limit: 1 per 10s}\n" };
	struct policy_set set;

	compile_ok(&set, NULL, texts, 1);
	ask(&set, "/", 100);
	ask(&set, "/", 101);
	ask(&set, "/", 102);
	cr_expect_eq(ask(&set, "/", 111).suppressed, 2);
	policy_forget(&set, 7);
	cr_expect_eq(ask(&set, "/", 112).policies, 1, "the cgroup is gone, another has its number");
	policy_set_fini(&set);
}

Test(policy, sample_and_unless_empty)
{
	static const char *const texts[] = {
		"name: a\nevents:\n  openat: {sample: 1/4}\n",
		"name: b\nevents:\n  openat: {unless_empty: path}\n",
	};
	struct policy_set set;
	unsigned taken = 0;

	compile_ok(&set, NULL, texts, 2);
	for (unsigned i = 0; i < 1000; i++)
		taken += ask(&set, "/", 1000 + i).policies & 1;
	cr_expect(taken > 180 && taken < 320, "%u of 1000", taken);
	cr_expect_eq(ask(&set, "", 5000).policies & 2, 0);
	cr_expect_eq(ask(&set, "/", 5000).policies & 2, 2);
	policy_set_fini(&set);
}

Test(policy, mistakes_are_pointed_at)
{
	static const struct { const char *text, *wrong; unsigned line, col; } rows[] = {
		{ "name: a\nevents:\n  openat: {where: args.pth = x}\n", "args.pth", 3, 19 },
		{ "name: a\nscope: proc.pid = abc\nevents:\n  openat:\n", "proc.pid", 2, 19 },
		{ "name: a\nevents:\n  openat: {sinks: three}\n", "three", 3, 19 },
		{ "name: a\nevents:\n  openat: {dedup: {key: proc.ex}}\n", "did you mean \"proc.exe\"", 3, 25 },
		{ "name: a\nevents:\n  process_fork: {dedup: {key: fd.name}}\n", "process_fork has no such value", 3, 30 },
		{ "name: a\nevents:\n  openat: {dedup: {key: proc.aname}}\n", "openat has no such value", 3, 25 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct policy_set set = { 0 };

		cr_expect_neq(compile(&set, NULL, &rows[i].text, 1), 0, "%s", rows[i].text);
		cr_expect(strstr(diag.text, rows[i].wrong), "%s", diag.text);
		cr_expect(diag.line == rows[i].line, "%u:%u: %s", diag.line, diag.col, diag.text);
		policy_set_fini(&set);
	}
}

Test(policy, an_expression_selects_its_events)
{
	struct event_set all;
	struct where w;

	memset(&all, 0xff, sizeof(all));
	cr_assert_eq(where_compile(&w, "evt.type in (openat, getppid) and proc.pid = 5", &all, &diag), 0);
	cr_expect(event_set_has(&w.events, EVENT_call_openat) && event_set_has(&w.events, EVENT_call_getppid));
	cr_expect(!event_set_has(&w.events, EVENT_call_close));
	cr_expect(w.filter_of[EVENT_call_openat] != FILTER_NONE && w.filter_of[EVENT_call_close] == FILTER_UNWANTED);
	where_fini(&w);
}
