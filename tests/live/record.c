// SPDX-License-Identifier: Apache-2.0
#include "live.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "live_own.h"
#include "second.h"

#define LOOKED "looked at"

json_t *record_at(json_t *record, const char *path)
{
	char name[64];

	while (record && *path) {
		size_t len = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		record = json_is_array(record) ? json_array_get(record, strtoul(name, NULL, 10))
					       : json_object_get(record, name);
		path += len + (path[len] == '.');
	}
	return record;
}

const char *value(json_t *record, const char *path)
{
	static char *texts[16];
	static unsigned turn;
	json_t *at = record_at(record, path);

	if (json_is_string(at))
		return json_string_value(at);
	turn = (turn + 1) % 16;
	free(texts[turn]);
	texts[turn] = at ? json_dumps(at, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("(none)");
	return texts[turn];
}

long long number(json_t *record, const char *path)
{
	json_t *at = record_at(record, path);

	return json_is_string(at) ? strtoll(json_string_value(at), NULL, 0) : json_integer_value(at);
}

void looked_at(json_t *record, const char *path)
{
	json_t *looked = json_object_get(record, LOOKED);

	if (!looked) {
		looked = json_object();
		json_object_set_new(record, LOOKED, looked);
	}
	json_object_set_new(looked, path, json_true());
}

bool is_at(const char *file, int line, json_t *record, const char *path, const char *format, ...)
{
	char want[8192];
	const char *have;
	va_list args;

	va_start(args, format);
	vsnprintf(want, sizeof(want), format, args);
	va_end(args);
	looked_at(record, path);
	have = value(record, path);
	if (!strcmp(have, want))
		return true;
	fail_at(file, line, "%s of %s by %s is %.600s, not %.600s", path, value(record, "event"),
		value(record, "proc.tid"), have, want);
	return false;
}

static void unlooked(const char *file, int line, json_t *record, const char *prefix, json_t *object)
{
	json_t *looked = json_object_get(record, LOOKED), *member;
	const char *key;
	char path[128];

	json_object_foreach(object, key, member) {
		snprintf(path, sizeof(path), "%s%s", prefix, key);
		if (!json_object_get(looked, path))
			fail_at(file, line, "%s of %s is %.300s, which was not compared", path, value(record, "event"),
				value(record, path));
	}
}

void complete_at(const char *file, int line, json_t *record)
{
	static const char *const flaws[] = { "truncated", "faulted", "raw" };
	json_t *looked = json_object_get(record, LOOKED);
	int64_t t = boot_time(record, "time");
	double age = now() - t / 1e9;

	unlooked(file, line, record, "args.", json_object_get(record, "args"));
	if (json_object_get(record, "fd"))
		unlooked(file, line, record, "fd.", json_object_get(record, "fd"));
	for (unsigned i = 0; i < 3; i++)
		if (json_object_get(record, flaws[i]) && !json_object_get(looked, flaws[i]))
			fail_at(file, line, "%s: %s is %.300s", value(record, "event"), flaws[i], value(record, flaws[i]));
	if (age < -0.001 || age > 120)
		fail_at(file, line, "time is %s, %.3f s ago", value(record, "time"), age);
	if (number(record, "seq") < 1 && strcmp(value(record, "event"), "process_existing"))	/* in no lane */
		fail_at(file, line, "seq is %s", value(record, "seq"));
	if (number(record, "cpu") < 0 || number(record, "cpu") >= sysconf(_SC_NPROCESSORS_CONF))
		fail_at(file, line, "cpu is %s", value(record, "cpu"));
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* The pair of looks that nothing came between. */
static int64_t boot_at(void)
{
	int64_t at = 0, least = INT64_MAX;

	for (int i = 0; i < 5; i++) {
		int64_t before = clock_ns(CLOCK_BOOTTIME), wall = clock_ns(CLOCK_REALTIME);
		int64_t after = clock_ns(CLOCK_BOOTTIME);

		if (after - before < least) {
			least = after - before;
			at = wall - before;
		}
	}
	return at;
}

int64_t boot_time(json_t *record, const char *path)
{
	const char *text = value(record, path), *dot;
	struct tm tm = { 0 };
	int64_t wall;

	if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return -1;
	dot = strchr(text, '.');
	wall = timegm(&tm) * INT64_C(1000000000) + (dot ? strtoll(dot + 1, NULL, 10) : 0);
	return wall - boot_at();
}

bool record_fits(json_t *record, const char *event, pid_t pid, const char *const *where)
{
	if (event && strcmp(value(record, "event"), event))
		return false;
	if (pid && number(record, "proc.pid") != pid)
		return false;
	for (; *where; where++) {
		const char *eq = strchr(*where, '=');
		char path[64];

		snprintf(path, sizeof(path), "%.*s", (int)(eq - *where), *where);
		if (strcmp(value(record, path), eq + 1))
			return false;
	}
	return true;
}

json_t *record_parse(const char *line, size_t len)
{
	json_error_t error;
	json_t *record;

	for (size_t i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] > '~') {
			fail("a line holds byte %#x: %.300s", line[i] & 0xff, line);
			return NULL;
		}
	record = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	second_line(line, len);
	if (!record)
		fail("a line is no JSON: %s: %.300s", error.text, line);
	return record;
}

static void start_is(const char *file, int line, json_t *record, const char *path, unsigned long long ticks)
{
	/* The wall clock may be adjusted between both conversions. */
	int64_t ns = boot_time(record, path), tick = 1000000000 / sysconf(_SC_CLK_TCK), slack = 1000000;
	int64_t from = (int64_t)ticks * tick - slack, to = (int64_t)(ticks + 1) * tick + slack;

	if (ns < from || ns > to)
		fail_at(file, line, "%s of %s is %s, %.6f s after boot, not tick %llu", path, value(record, "event"),
			value(record, path), ns / 1e9, ticks);
}

void who_is_at(const char *file, int line, json_t *record, const struct truth *t)
{
	is_at(file, line, record, "proc.pid", "%d", t->pid);
	is_at(file, line, record, "proc.tid", "%d", t->tid);
	is_at(file, line, record, "proc.ppid", "%d", t->ppid);
	is_at(file, line, record, "proc.vpid", "%d", t->vpid);
	is_at(file, line, record, "proc.vtid", "%d", t->vtid);
	is_at(file, line, record, "proc.vppid", "%d", t->vppid);
	start_is(file, line, record, "proc.start", t->start);
	start_is(file, line, record, "proc.leader_start", t->leader_start);
	start_is(file, line, record, "proc.parent_start", t->parent_start);
	is_at(file, line, record, "proc.name", "%s", t->name);
	is_at(file, line, record, "proc.exe", "%s", t->exe);
	is_at(file, line, record, "proc.cgroup", "%llu", (unsigned long long)t->cgroup);
	is_at(file, line, record, "proc.mnt_ns", "%u", t->mnt_ns);
	is_at(file, line, record, "proc.pid_ns", "%u", t->pid_ns);
	is_at(file, line, record, "proc.net_ns", "%u", t->net_ns);
	is_at(file, line, record, "proc.uts_ns", "%u", t->uts_ns);
	is_at(file, line, record, "user.uid", "%u", t->uid);
	is_at(file, line, record, "user.gid", "%u", t->gid);
	is_at(file, line, record, "user.euid", "%u", t->euid);
	is_at(file, line, record, "user.egid", "%u", t->egid);
	is_at(file, line, record, "user.loginuid", "%d", t->loginuid);
	is_at(file, line, record, "user.session", "%d", t->session);
	is_at(file, line, record, "hostname", "%s", t->hostname);
}
