// SPDX-License-Identifier: Apache-2.0
#include "event/select.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "event/claim.h"
#include "event/schema.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

static bool has(const struct event_set *set, const char *name)
{
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (schema_get(id) && !strcmp(schema_get(id)->name, name))
			return event_set_has(set, id);
	cr_expect(false, "no event %s", name);
	return false;
}

/* lists: separated by newlines, as -e repeated; in and out: names that must and must not be there. */
static const struct { const char *lists, *in, *out; } rows[] = {
	{ "openat", "openat lost agent_start agent_stop", "open file_open stats process_existing" },
	{ "openat,read", "openat read", "write" },
	{ "openat\nread", "openat read", "write" },
	{ " openat , read ", "openat read", "write" },
	{ "sched_process_exec", "process_exec", "process_exit" },
	{ "security_file_open,loss", "file_open lost", "process_exit" },
	{ "fs_read_write", "read write pread64", "open file_open" },
	{ "fs", "read open file_open io_uring_submit", "connect process_exec" },
	{ "net", "connect sock_state sendto", "open" },
	{ "proc", "process_exec clone mmap getpid", "open process_existing" },
	{ "syscalls", "open connect getpid ipc", "file_open process_exec" },
	{ "all", "open file_open process_exec cgroup_mkdir", "stats process_existing" },
	{ "all,-syscalls", "file_open process_exec", "open" },
	{ "syscalls,-fs,openat", "connect openat", "open read file_open" },
	{ "open*", "open openat openat2 open_by_handle_at", "file_open" },
	{ "open*,-open", "openat openat2", "open" },
	{ "open,-open*", "lost", "open openat" },
	{ "-open,open", "open process_exec", "openat" },
	{ "-file_open", "process_exec sock_state lost", "file_open open" },
	{ "-file_open,getpid", "process_exec getpid", "file_open" },
	{ "getpid\n-getpid", "lost", "getpid process_exec" },
	{ "process_*", "process_exec process_exit process_fork", "process_existing" },
	{ "process_existing,stats", "process_existing stats", "process_exec" },
	{ "process_existing,proc", "process_existing process_exec", "" },
	{ "proc,process_existing,-process_*", "getpid", "process_existing process_exec" },
	{ "agent", "lost agent_start", "stats" },
	{ "all,-lost", "lost", "" },
	{ "time", "time clock_gettime nanosleep", "times" },
	{ "[t]ime", "time", "clock_gettime" },
	{ "ipc", "ipc pipe shmget futex", "open" },
	{ "?pen", "open", "openat" },
};

static void expect_all(const struct event_set *set, const char *names, bool want, const char *lists)
{
	char copy[256], *rest = copy;

	snprintf(copy, sizeof(copy), "%s", names);
	for (char *name; (name = strsep(&rest, " "));)
		if (*name)
			cr_expect(has(set, name) == want, "-e %s: %s", lists, name);
}

Test(select, table)
{
	for (size_t i = 0; i < LEN(rows); i++) {
		struct event_set set = { 0 };
		char copy[256], *rest = copy;
		struct select_error error = { "" };

		snprintf(copy, sizeof(copy), "%s", rows[i].lists);
		for (char *list; (list = strsep(&rest, "\n"));)
			cr_expect_eq(select_parse(&set, list, &error), 0, "-e %s: %s", list, error.text);
		expect_all(&set, rows[i].in, true, rows[i].lists);
		expect_all(&set, rows[i].out, false, rows[i].lists);
	}
}

static const struct { const char *list, *text; } wrong[] = {
	{ "opne", "unknown event \"opne\", did you mean \"open\"?" },
	{ "open,proces_exec", "unknown event \"proces_exec\", did you mean \"process_exec\"?" },
	{ "-security_file_opn", "unknown event \"security_file_opn\", did you mean \"security_file_open\"?" },
	{ "syscall", "unknown event \"syscall\", did you mean \"syscalls\"?" },
	{ "fs_read_wrte", "unknown event \"fs_read_wrte\", did you mean \"fs_read_write\"?" },
	{ "quite_unlike_any", "unknown event \"quite_unlike_any\"; saker events lists them" },
	{ "zzz*", "unknown event \"zzz*\"; saker events lists them" },
	{ "fs_read", "unknown event \"fs_read\"; saker events lists them" },
	{ "", "a list of events has an empty place" },
	{ "open,", "a list of events has an empty place" },
	{ ",open", "a list of events has an empty place" },
	{ "open,-", "a list of events has an empty place" },
	{ " ", "a list of events has an empty place" },
};

Test(select, wrong)
{
	for (size_t i = 0; i < LEN(wrong); i++) {
		const struct event_set before = { .bits = { 1 } };
		struct event_set set = before;
		struct select_error error = { "" };

		cr_expect_eq(select_parse(&set, wrong[i].list, &error), -EINVAL, "%s", wrong[i].list);
		cr_expect_str_eq(error.text, wrong[i].text);
		cr_expect(!memcmp(&set, &before, sizeof(set)), "%s: the set changed", wrong[i].list);
	}
}

Test(select, hostile)
{
	char list[10000];
	struct event_set set = { 0 };
	struct select_error error;

	memset(list, 'a', sizeof(list) - 1);
	list[sizeof(list) - 1] = 0;
	cr_expect_eq(select_parse(&set, list, &error), -EINVAL);
	memset(list, ',', sizeof(list) - 1);
	cr_expect_eq(select_parse(&set, list, &error), -EINVAL);
	memset(list, '[', sizeof(list) - 1);
	cr_expect_eq(select_parse(&set, list, &error), -EINVAL);
}

/* Every word a listing shows can be typed, and no alias means two events. */
Test(select, every_name)
{
	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		const struct schema *s = schema_get(id);
		struct event_set set = { 0 };
		char aliases[256], *rest = aliases;

		if (!s)
			continue;
		cr_expect_geq(select_word(&set, s->name), 1);
		cr_expect(event_set_has(&set, id), "%s", s->name);
		cr_expect_geq(select_word(&set, s->category), 1);
		snprintf(aliases, sizeof(aliases), "%s", s->aliases);
		for (char *a; (a = strsep(&rest, " "));)
			cr_expect(!*a || select_word(&set, a) == 1, "%s: %s", s->name, a);
	}
}

Test(select, claims)
{
	const struct schema *s = schema_get(EVENT_call_openat);

	cr_expect(!event_claim(s, 0), "dirfd");
	cr_expect(event_claim(s, 1), "path");
	cr_expect(!event_claim(s, 2), "flags");
	s = schema_get(EVENT_process_exec);
	cr_expect(!event_claim(s, 0), "path");
	cr_expect(event_claim(s, 1), "filename");
	cr_expect(event_claim(s, 2), "argv");
}
