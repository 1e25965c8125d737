// SPDX-License-Identifier: Apache-2.0
#include "output/sink.h"
#include "policy/policy_file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../config/root.h"
#include "event/schema.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

static struct policy_file_set set;
static struct diag diag;

static void begin(void)
{
	policy_file_set_init(&set);
	memset(&diag, 0, sizeof(diag));
}

static void end(void)
{
	policy_file_set_fini(&set);
}

TestSuite(policy_file, .init = begin, .fini = end);

static const struct policy_file *parse(const char *text)
{
	cr_assert_eq(policy_file_parse(&set, "test.yaml", text, strlen(text), &diag), 0,
		     "%s: %u:%u: %s", text, diag.line, diag.col, diag.text);
	return set.files[set.n - 1];
}

static bool has(const struct policy_file_entry *e, const char *name)
{
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (schema_get(id) && !strcmp(schema_get(id)->name, name))
			return event_set_has(&e->events, id);
	cr_expect(false, "no event %s", name);
	return false;
}

/* --- what is shipped */

static const char *const shipped[] = {
	"default", "quiet", "everything", "exec-audit", "file-integrity", "egress-watch",
};

/* The caller frees. */
static char *read_shipped(const char *name, size_t *len)
{
	char path[PATH_MAX], file[64];
	char *text;

	snprintf(file, sizeof(file), "conf/policies/%s.yaml", name);
	text = root_read(root_path(path, file), len);
	cr_assert(text, "no %s", path);
	return text;
}

Test(policy_file, shipped)
{
	for (size_t i = 0; i < LEN(shipped); i++) {
		size_t len;
		char *file = read_shipped(shipped[i], &len),
		     *text = arena_copy(&set.arena, file, len);

		free(file);
		cr_expect_eq(policy_file_parse(&set, shipped[i], text, len, &diag), 0,
			     "%s:%u:%u: %s", shipped[i], diag.line, diag.col, diag.text);
		cr_expect_str_eq(set.files[set.n - 1]->name.text, shipped[i]);
		cr_expect(set.files[set.n - 1]->description.text);
	}
	cr_expect_eq(set.n, LEN(shipped));
}

/* Each prefix of a file that says "strict" is refused, unless it has all but white space. */
static void cut_shipped(const char *name, bool is_config)
{
	char path[PATH_MAX];
	size_t len;
	char *text = root_read(root_path(path, name), &len), *whole = strstr(text, "\nend: true");

	cr_assert(text && whole, "%s has no end", name);
	for (size_t n = 0; n < len; n++) {
		struct diag said = { 0 };
		struct policy_file_set cut_set;
		struct config config = { 0 };
		char *cut = strndup(text, n);
		int r;

		policy_file_set_init(&cut_set);
		r = is_config ? config_parse(&config, sink_config_kinds, name, cut, n, &said)
			      : policy_file_parse(&cut_set, name, cut, n, &said);
		cr_expect_eq(r < 0, n < (size_t)(whole + 10 - text), "%s, cut at %zu of %zu: %s", name, n, len, said.text);
		cr_expect_eq(r < 0, said.text[0] != 0);
		policy_file_set_fini(&cut_set);
		config_fini(&config);
		free(cut);
	}
	free(text);
}

Test(policy_file, no_prefix_of_what_is_shipped_is_taken_for_whole)
{
	char path[PATH_MAX];
	DIR *dir = opendir(root_path(path, "conf/policies"));
	unsigned n = 0;

	cr_assert(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.') {
			char name[300];

			snprintf(name, sizeof(name), "conf/policies/%s", entry->d_name);
			cut_shipped(name, false);
			n++;
		}
	closedir(dir);
	cr_expect_geq(n, 6);
	cut_shipped("conf/saker.yaml", true);
}

Test(policy_file, a_strict_configuration_wants_whole_policies)
{
	static const char text[] = "name: a\nevents: {getpid: }\n", whole[] = "name: a\nevents: {getpid: }\nend: true\n";
	struct diag said = { 0 };

	policy_file_set_init(&set);
	set.strict = true;
	cr_expect_eq(policy_file_parse(&set, "x", text, sizeof(text) - 1, &said), -EINVAL);
	cr_expect_str_eq(said.text, "the end of the file is missing: want end: true as its last line");
	cr_expect_eq(said.line, 2);
	cr_expect_eq(policy_file_parse(&set, "x", whole, sizeof(whole) - 1, &said), 0);
	policy_file_set_fini(&set);
}

/* SAKER_UPDATE=1 in the environment: ship what the table says. */
Test(policy_file, manual)
{
	char path[PATH_MAX], *made, *file;
	size_t n, len;
	FILE *to = open_memstream(&made, &n);

	policy_file_manual(to);
	fclose(to);
	if (getenv("SAKER_UPDATE")) {
		to = fopen(root_path(path, "conf/saker-policy.5"), "w");
		cr_assert(to && fwrite(made, 1, n, to) == n && fclose(to) == 0);
	}
	file = root_read(root_path(path, "conf/saker-policy.5"), &len);
	cr_assert(file, "no %s", path);
	cr_expect(n == len && !memcmp(made, file, n), "%s is not what its table says:\n%s", path,
		  made);
	free(made);
	free(file);
}

/* --- what is written is what is read */

Test(policy_file, everything_at_once)
{
	const struct policy_file *p = parse(
		"name: all-options\n"
		"description: 'Each option, once'\n"
		"scope: container.id != host\n"
		"lists:\n"
		"  shells: [bash, 'sh', 1]\n"
		"  none: []\n"
		"macros:\n"
		"  shell: >\n"
		"    proc.name\n"
		"      in (shells)\n"
		"events:\n"
		"  openat:\n"
		"    where: \"args.path startswith /etc\"\n"
		"    limit: 5/s burst 1 per process\n"
		"    dedup: {key: [proc.name, args.path, dirfd, ret], size: 100, ttl: 5m}\n"
		"    sample: 1/10\n"
		"    unless_empty: args.path\n"
		"    required: true\n"
		"    capture: {stack: true}\n"
		"    sinks: [events, siem]\n"
		"  sched_process_exec: {optional: true}\n"
		"  net:\n");
	const struct policy_file_entry *e = p->entries;

	cr_expect_str_eq(p->description.text, "Each option, once");
	cr_expect_str_eq(p->scope.text, "container.id != host");
	cr_expect(p->scope.line == 3 && p->scope.col == 8);
	cr_expect_eq(p->nlists, 2);
	cr_expect_eq(p->lists[0].items.n, 3);
	cr_expect_str_eq(p->lists[0].items.items[2].text, "1");
	cr_expect_eq(p->lists[1].items.n, 0);
	cr_expect_str_eq(p->macros[0].text.text, "proc.name\n      in (shells)");
	cr_expect(p->macros[0].text.line == 9 && p->macros[0].text.col == 5);
	cr_expect_eq(p->nentries, 3);
	cr_expect(e->line == 12 && e->col == 3);
	cr_expect_str_eq(e->where.text, "args.path startswith /etc");
	cr_expect(e->where.line == 13 && e->where.col == 13);
	cr_expect(e->limit.rate.count == 5 && e->limit.rate.interval == 1000 && e->limit.rate.burst == 1);
	cr_expect_eq(e->limit.per, LIMIT_process);
	cr_expect(e->dedup.key.n == 4 && e->dedup.size == 100 && e->dedup.ttl == 300000);
	cr_expect(e->sample.share == 1 && e->sample.whole == 10);
	cr_expect_str_eq(e->unless_empty.items[0].text, "args.path");
	cr_expect_eq(e->need, POLICY_REQUIRED);
	cr_expect(e->capture.stack && !e->capture.env);
	cr_expect_str_eq(e->sinks.items[1].text, "siem");
	cr_expect(has(&e[0], "openat") && !has(&e[0], "open"));
	cr_expect(has(&e[1], "process_exec"));
	cr_expect_eq(e[1].need, POLICY_OPTIONAL);
	cr_expect(has(&e[2], "connect") && has(&e[2], "sock_state"));
	cr_expect(!e[2].limit.rate.count && !e[2].dedup.key.n && !e[2].sample.whole && !e[2].where.text);
	cr_expect_eq(e[2].need, POLICY_WANTED);
}

Test(policy_file, list_of_events)
{
	const struct policy_file *p = parse("name: x\nevents: [openat, 'process_*']\n");

	cr_expect_eq(p->nentries, 2);
	cr_expect(has(&p->entries[1], "process_fork"));
	cr_expect(!has(&p->entries[1], "process_existing"), "nobody means it by a glob");
}

/* Names are left out of words for many, wherever they stand; of such words the first wins. */
Test(policy_file, shares)
{
	const struct policy_file *p =
		parse("name: x\nevents:\n  fs_read_write:\n  fs:\n  read:\n  all:\n");

	cr_expect(!has(&p->entries[0], "read") && has(&p->entries[0], "write"));
	cr_expect(!has(&p->entries[1], "write") && has(&p->entries[1], "openat"));
	cr_expect(has(&p->entries[2], "read") && !has(&p->entries[2], "write"));
	cr_expect(!has(&p->entries[3], "openat") && has(&p->entries[3], "connect"));
	cr_expect(!has(&p->entries[3], "lost") && !has(&p->entries[3], "stats"));
}

Test(policy_file, quiet_by_name)
{
	const struct policy_file *p =
		parse("name: x\nevents: [stats, process_existing, lost, all]\n");

	cr_expect(has(&p->entries[0], "stats"));
	cr_expect(has(&p->entries[1], "process_existing"));
	cr_expect(has(&p->entries[2], "lost"));
}

/* --- limit and sample */

static const struct {
	const char *text;
	uint64_t count, interval, burst;
	unsigned per;
} limits[] = {
	{ "5/s", 5, 1000, 5, LIMIT_cgroup },
	{ "5/s burst 1 per cgroup", 5, 1000, 1, LIMIT_cgroup },
	{ "1 per 15s", 1, 15000, 1, LIMIT_cgroup },
	{ "1 per 15s per container", 1, 15000, 1, LIMIT_container },
	{ "300/m per executable burst 10", 300, 60000, 10, LIMIT_executable },
	{ "2/500ms per global", 2, 500, 2, LIMIT_global },
	{ "1 per m per process", 1, 60000, 1, LIMIT_process },
	{ "  1000000/h   burst 1", 1000000, 3600000, 1, LIMIT_cgroup },
	{ "1/24h", 1, 86400000, 1, LIMIT_cgroup },
	{ "{rate: 5/s}", 5, 1000, 5, LIMIT_cgroup },
	{ "{rate: 1 per 15s, burst: 3, per: process}", 1, 15000, 3, LIMIT_process },
};

static const struct { const char *text; uint32_t share, whole;
} samples[] = {
	{ "1/1", 1, 1 },
	{ "1/100", 1, 100 },
	{ "1/1000000", 1, 1000000 },
	{ "10%", 100000, 1000000 },
	{ "2.5%", 25000, 1000000 },
	{ "0.0001%", 1, 1000000 },
	{ "100%", 1000000, 1000000 },
	{ "100.0000%", 1000000, 1000000 },
};

static const struct policy_file_entry *option(unsigned i, const char *name, const char *value)
{
	char text[200];

	end();
	begin();
	snprintf(text, sizeof(text), "name: x%u\nevents: {openat: {%s: %s}}\n", i, name, value);
	/* The text must outlive the set. */
	return parse(arena_strdup(&set.arena, text))->entries;
}

Test(policy_file, limits)
{
	for (unsigned i = 0; i < LEN(limits); i++) {
		const struct policy_limit *l = &option(i, "limit", limits[i].text)->limit;

		cr_expect_eq(l->rate.count, limits[i].count, "%s", limits[i].text);
		cr_expect_eq(l->rate.interval, limits[i].interval, "%s", limits[i].text);
		cr_expect_eq(l->rate.burst, limits[i].burst, "%s", limits[i].text);
		cr_expect_eq(l->per, limits[i].per, "%s", limits[i].text);
	}
}

Test(policy_file, samples)
{
	for (unsigned i = 0; i < LEN(samples); i++) {
		const struct policy_sample *s = &option(i, "sample", samples[i].text)->sample;

		cr_expect_eq(s->share, samples[i].share, "%s", samples[i].text);
		cr_expect_eq(s->whole, samples[i].whole, "%s", samples[i].text);
	}
}

/* --- several files */

#define POLICY(name) "name: " name "\nevents: {openat: {sinks: [out]}}\n"

Test(policy_file, name_taken)
{
	parse(POLICY("a"));
	cr_expect_eq(policy_file_parse(&set, "other.yaml", POLICY("a"), strlen(POLICY("a")), &diag),
		     -EINVAL);
	cr_expect_str_eq(diag.text, "name \"a\": already the name of the policy in test.yaml");
	cr_expect(diag.line == 1 && diag.col == 7);
	cr_expect_str_eq(diag.file, "other.yaml");
	cr_expect_eq(set.n, 1);
}

Test(policy_file, too_many)
{
	char texts[POLICY_FILES + 1][64];

	for (unsigned i = 0; i < POLICY_FILES; i++) {
		snprintf(texts[i], sizeof(texts[i]), "name: p%u\nevents: [openat]\n", i);
		parse(texts[i]);
	}
	cr_expect_eq(policy_file_parse(&set, "x", POLICY("y"), strlen(POLICY("y")), &diag),
		     -EINVAL);
	cr_expect_str_eq(diag.text, "more than 64 policies");
}

static uint64_t hash_of(const char *first, const char *second)
{
	end();
	begin();
	parse(first);
	if (second)
		parse(second);
	return set.hash;
}

Test(policy_file, hash)
{
	cr_expect_eq(hash_of(POLICY("a"), POLICY("b")), hash_of(POLICY("a"), POLICY("b")));
	cr_expect_neq(hash_of(POLICY("a"), POLICY("b")), hash_of(POLICY("b"), POLICY("a")));
	cr_expect_neq(hash_of(POLICY("a"), NULL), hash_of(POLICY("a"), POLICY("b")));
	cr_expect_neq(hash_of(POLICY("a"), NULL), hash_of(POLICY("a") "\n", NULL));
}

/* --- files */

static char folder[] = "/tmp/saker-policy-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *to;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	to = fopen(path, "w");
	cr_assert(to);
	fputs(text, to);
	fclose(to);
	chmod(path, 0644);
}

static void begin_folder(void)
{
	begin();
	cr_assert(mkdtemp(folder));
}

static void end_folder(void)
{
	char command[64];

	end();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(policy_folder, .init = begin_folder, .fini = end_folder);

Test(policy_folder, sorted)
{
	put("b.yaml", POLICY("first"));
	put("c.yml", POLICY("second"));
	put("a.yaml~", "broken: [");
	cr_expect_eq(policy_file_add(&set, folder, &diag, NULL), 0, "%s", diag.text);
	cr_assert_eq(set.n, 2);
	cr_expect_str_eq(set.files[0]->name.text, "first");
}

Test(policy_folder, empty)
{
	cr_expect_eq(policy_file_add(&set, folder, &diag, NULL), -EINVAL);
	cr_expect_str_eq(diag.text, "the folder has no *.yaml or *.yml");
	cr_expect_str_eq(diag.file, folder);
}

Test(policy_folder, broken)
{
	put("a.yaml", POLICY("a"));
	put("b.yaml", "name: b\nevents: [opnat]\n");
	cr_expect_eq(policy_file_add(&set, folder, &diag, NULL), -EINVAL);
	cr_expect_str_eq(diag.text, "unknown event \"opnat\", did you mean \"openat\"?");
	cr_expect(diag.line == 2 && diag.col == 10);
	cr_expect_str_eq(set.last.path, diag.file);
	cr_expect_str_eq(diag_line(set.last.text, set.last.len, 2), "events: [opnat]\n");
	cr_expect_eq(set.n, 1);
}

static int add_all(const char *config_text)
{
	char path[64];
	struct config config;
	int r;

	put("saker.yaml", config_text);
	snprintf(path, sizeof(path), "%s/saker.yaml", folder);
	cr_assert_eq(config_read(&config, sink_config_kinds, path, &diag, NULL), 0, "%s", diag.text);
	r = policy_file_add_all(&set, &config, &diag, NULL);
	config_fini(&config);
	return r;
}

Test(policy_folder, sinks)
{
	put("a.yaml", POLICY("a"));
	cr_expect_eq(add_all("policies: a.yaml\nsinks: {out: {type: stdout}}\n"), 0, "%s",
		     diag.text);
	cr_expect_eq(set.n, 1);
}

Test(policy_folder, unknown_sink)
{
	put("a.yaml", POLICY("a"));
	cr_expect_eq(add_all("policies: a.yaml\nsinks: {ou: {type: stdout}}\n"), -EINVAL);
	cr_expect_str_eq(diag.text, "unknown sink \"out\", did you mean \"ou\"?");
	cr_expect(diag.line == 2 && diag.col == 27);
}

Test(policy_folder, secret_path)
{
	setenv("SAKER_TEST_FOLDER", "/no/such/place", 1);
	cr_expect_eq(add_all("policies: '${SAKER_TEST_FOLDER}/a'\n"), -ENOENT);
	cr_expect(diag.line == 1 && diag.col == 11, "%u:%u", diag.line, diag.col);
	cr_expect_str_eq(diag.text, "policies \"***\": cannot open: No such file or directory");
}
