// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"
#include "output/sink.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../config/root.h"
#include "base/fnv.h"
#include "config/unit.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

static struct config config;
static struct diag diag, doubt;
static char folder[PATH_MAX], path[PATH_MAX + 64];

static void begin(void)
{
	memset(&config, 0, sizeof(config));
	memset(&diag, 0, sizeof(diag));
	memset(&doubt, 0, sizeof(doubt));
}

static void end(void)
{
	config_fini(&config);
}

static void begin_folder(void)
{
	begin();
	snprintf(folder, sizeof(folder), "/tmp/saker-config-XXXXXX");
	cr_assert(mkdtemp(folder));
}

static void end_folder(void)
{
	char command[PATH_MAX + 16];

	end();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(config, .init = begin, .fini = end);
TestSuite(config_file, .init = begin_folder, .fini = end_folder);

static void parse(const char *text)
{
	cr_assert_eq(config_parse(&config, sink_config_kinds, "/etc/saker/saker.yaml", text, strlen(text), &diag), 0,
		     "%s: %s", text, diag.text);
}

/* --- what the tables say is what is shipped */

/* SAKER_UPDATE=1 in the environment: ship what the table says. */
static void ship(const char *name, const char *made, size_t n)
{
	FILE *to = fopen(root_path(path, name), "w");

	cr_assert(to && fwrite(made, 1, n, to) == n && !fclose(to), "%s", path);
}

static void same_as_shipped(const char *name, void (*print)(const struct config_sink_kind *const *, FILE *))
{
	char *made, *shipped;
	size_t n, len;
	FILE *to = open_memstream(&made, &n);

	print(sink_config_kinds, to);
	fclose(to);
	if (getenv("SAKER_UPDATE"))
		ship(name, made, n);
	shipped = root_read(root_path(path, name), &len);
	cr_assert(shipped, "no %s", path);
	cr_expect(n == len && !memcmp(made, shipped, n), "%s is not what its table says:\n%s", path,
		  made);
	free(made);
	free(shipped);
}

Test(config, sample)
{
	same_as_shipped("conf/saker.yaml", config_sample);
}

Test(config, manual)
{
	same_as_shipped("conf/saker.yaml.5", config_manual);
}

/* The shipped file has every default: without it the same comes out. */
Test(config, shipped_is_default)
{
	struct config shipped = { 0 };
	size_t len;
	char *text = root_read(root_path(path, "conf/saker.yaml"), &len);

	cr_assert_eq(config_parse(&shipped, sink_config_kinds, "/etc/saker/saker.yaml", text, len, &diag), 0, "%s",
		     diag.text);
	parse("policies: [policies/default.yaml]");
	cr_expect(!memcmp(&shipped.agent, &config.agent, sizeof(config.agent)));
	cr_expect_str_eq(shipped.policies.items[0].text, config.policies.items[0].text);
	cr_expect_eq(shipped.nsinks, config.nsinks);
	cr_expect_eq(shipped.sinks[0]->type, config.sinks[0]->type);
	cr_expect_eq(shipped.sinks[0]->stream.format, config.sinks[0]->stream.format);
	config_fini(&shipped);
	free(text);
}

/* --- values */

Test(config, values)
{
	parse("agent:\n"
	      "  transport: perf\n"
	      "  lanes: {critical: 64K, normal: 1G}\n"
	      "  btf: kernel.btf\n"
	      "  cgroup: {version: v1, root: /cgroup}\n"
	      "  home_pid_ns: 4026531836\n"
	      "  memory_limit: 256M\n"
	      "  report_interval: 90\n"
	      "  drain_timeout: 1500ms\n"
	      "  canary_interval: 200ms\n"
	      "  log: {level: debug}\n"
	      "metrics: {address: '[::1]:9464', bpf_stats: true}\n"
	      "policies: [a.yaml, /b, ../c]\n"
	      "sinks:\n"
	      "  out: {type: stdout, format: table, where: proc.name = cat}\n"
	      "  log: {type: file, path: events.json}\n");
	cr_expect_eq(config.agent.transport, CONFIG_PERF);
	cr_expect_eq(config.agent.lanes.critical, 65536);
	cr_expect_eq(config.agent.lanes.normal, 1 << 30);
	cr_expect_eq(config.agent.lanes.bulk, 4 << 20);
	cr_expect_str_eq(config.agent.btf.text, "/etc/saker/kernel.btf");
	cr_expect_eq(config.agent.cgroup.version, CONFIG_CGROUPS_V1);
	cr_expect_str_eq(config.agent.cgroup.root.text, "/cgroup");
	cr_expect_eq(config.agent.home_pid_ns, 4026531836);
	cr_expect_eq(config.agent.memory_limit, 256 << 20);
	cr_expect_eq(config.agent.report_interval, 90000);
	cr_expect_eq(config.agent.drain_timeout, 1500);
	cr_expect_eq(config.agent.canary_interval, 200);
	cr_expect_eq(config.agent.log.level, CONFIG_DEBUG);
	cr_expect_eq(config.metrics.address.at.ss_family, AF_INET6);
	cr_expect_eq(config.metrics.bpf_stats, true);
	cr_expect_str_eq(config.policies.items[0].text, "/etc/saker/a.yaml");
	cr_expect_str_eq(config.policies.items[1].text, "/b");
	cr_expect_str_eq(config.policies.items[2].text, "/etc/saker/../c");
	cr_expect_eq(config.nsinks, 2);
	cr_expect_eq(config_sink(&config, "out")->stream.format, FORMAT_TABLE);
	cr_expect_str_eq(config_sink(&config, "out")->where.text, "proc.name = cat");
	cr_expect_eq(config_sink(&config, "out")->where.line, 15);
	cr_expect_eq(config_sink(&config, "out")->where.col, 45);
	cr_expect_str_eq(((const struct option_text *)config_sink(&config, "log")->settings)->text, "/etc/saker/events.json");
	cr_expect_null(config_sink(&config, "other"));
}

Test(config, defaults)
{
	parse("policies: p\nagent:\n");
	cr_expect_eq(config.agent.transport, CONFIG_RING);
	cr_expect_eq(config.agent.lanes.normal, 8 << 20);
	cr_expect_null(config.agent.btf.text);
	cr_expect_eq(config.agent.report_interval, 1000);
	cr_expect_eq(config.policies.n, 1);
	cr_expect_eq(config.nsinks, 1);
	cr_expect_str_eq(config.sinks[0]->kind->name, "stdout");
}

Test(config, environment)
{
	setenv("SAKER_TEST_FOLDER", "/secret", 1);
	parse("policies: ['${SAKER_TEST_FOLDER}/${SAKER_TEST_FOLDER}', $x, "
	      "'$${SAKER_TEST_FOLDER}', /plain]\n");
	cr_expect_str_eq(config.policies.items[0].text, "/secret//secret");
	cr_expect(config.policies.items[0].secret);
	cr_expect_str_eq(option_shown(&config.policies.items[0]), "***");
	cr_expect_str_eq(config.policies.items[1].text, "/etc/saker/$x");
	cr_expect_str_eq(config.policies.items[2].text, "/etc/saker/${SAKER_TEST_FOLDER}");
	cr_expect(!config.policies.items[2].secret);
	cr_expect_str_eq(option_shown(&config.policies.items[3]), "/plain");
}

/* What is wrong with a secret is told without it. */
static const struct { const char *value, *text; } secrets[] = {
	{ "a\nb", "the variable SAKER_TEST_SECRET has characters that do not show" },
	{ "a\x1b[0m", "the variable SAKER_TEST_SECRET has characters that do not show" },
	{ "a\xff", "the variable SAKER_TEST_SECRET has characters that do not show" },
	{ "", "policies \"${SAKER_TEST_SECRET}\": want a path that is not empty" },
};

Test(config, wrong_environment)
{
	static const char text[] = "policies: '${SAKER_TEST_SECRET}'\n";

	for (size_t i = 0; i < LEN(secrets); i++) {
		memset(&diag, 0, sizeof(diag));
		setenv("SAKER_TEST_SECRET", secrets[i].value, 1);
		cr_expect_eq(config_parse(&config, sink_config_kinds, "x", text, strlen(text), &diag), -EINVAL);
		cr_expect_str_eq(diag.text, secrets[i].text);
		config_fini(&config);
		memset(&config, 0, sizeof(config));
	}
}

Test(config, huge_environment)
{
	static const char text[] = "policies: '${SAKER_TEST_LONG}${SAKER_TEST_LONG}'\n";
	char *value = calloc(1, 40001);

	memset(value, 'a', 40000);
	setenv("SAKER_TEST_LONG", value, 1);
	cr_expect_eq(config_parse(&config, sink_config_kinds, "x", text, strlen(text), &diag), -EINVAL);
	cr_expect_str_eq(diag.text, "with its variables the text is longer than 64K");
	free(value);
}

Test(config, hash)
{
	parse("policies: p\n");
	cr_expect_eq(config.hash, fnv64(0, "policies: p\n", 12));
	cr_expect_neq(config.hash, fnv64(0, "policies: q\n", 12));
}

static const struct { const char *text; uint64_t value; int r;
} sizes[] = {
	{ "0", 0, 0 },
	{ "1", 1, 0 },
	{ "64K", 65536, 0 },
	{ "8M", 8 << 20, 0 },
	{ "1G", 1 << 30, 0 },
	{ "", 0, -EINVAL },
	{ "K", 0, -EINVAL },
	{ "1k", 0, -EINVAL },
	{ "-1", 0, -EINVAL },
	{ "+1", 0, -EINVAL },
	{ " 1", 0, -EINVAL },
	{ "1 K", 0, -EINVAL },
	{ "99999999999999999999", 0, -ERANGE },
	{ "18446744073709551615G", 0, -ERANGE },
};

static const struct { const char *text; uint64_t value; int r;
} times[] = {
	{ "0", 0, 0 },
	{ "1", 1000, 0 },
	{ "1500ms", 1500, 0 },
	{ "5s", 5000, 0 },
	{ "2m", 120000, 0 },
	{ "1h", 3600000, 0 },
	{ "", 0, -EINVAL },
	{ "5 s", 0, -EINVAL },
	{ "1d", 0, -EINVAL },
	{ "1.5s", 0, -EINVAL },
	{ "18446744073709551615h", 0, -ERANGE },
};

Test(config, units)
{
	char again[UNIT_TEXT];
	uint64_t value;

	for (size_t i = 0; i < LEN(sizes); i++) {
		value = 0;
		cr_expect_eq(unit_size(sizes[i].text, &value), sizes[i].r, "%s", sizes[i].text);
		cr_expect_eq(value, sizes[i].value, "%s", sizes[i].text);
		if (sizes[i].r == 0)
			cr_expect_str_eq(unit_print_size(again, value), sizes[i].text);
	}
	for (size_t i = 0; i < LEN(times); i++) {
		value = 0;
		cr_expect_eq(unit_duration(times[i].text, &value), times[i].r, "%s", times[i].text);
		cr_expect_eq(value, times[i].value, "%s", times[i].text);
		if (times[i].r == 0)
			cr_expect_eq(unit_duration(unit_print_duration(again, value), &value), 0,
				     "%s", again);
		cr_expect_eq(value, times[i].value, "%s", again);
	}
}

/* --- files */

static const char *put(const char *name, const char *text, mode_t mode)
{
	FILE *to;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	to = fopen(path, "w");
	cr_assert(to);
	fputs(text, to);
	fclose(to);
	chmod(path, mode);
	return path;
}

/* 0 and the text, or the error. */
static const char *read_file(const char *name)
{
	static char said[400];
	struct file_text file;
	struct arena arena;
	int r;

	memset(&diag, 0, sizeof(diag));
	arena_init(&arena, CONFIG_ARENA);
	r = file_read(&file, name, &arena, &diag, NULL);
	snprintf(said, sizeof(said), "%s", r == 0 ? file.text : diag.text);
	cr_expect((r < 0) == (diag.text[0] != 0));
	arena_fini(&arena);
	return said;
}

Test(config_file, good)
{
	cr_expect_str_eq(read_file(put("a.yaml", "text", 0644)), "text");
	cr_expect_str_eq(read_file(put("empty", "", 0600)), "");
}

Test(config_file, modes)
{
	cr_expect_str_eq(read_file(put("g", "x", 0664)),
			 "the file can be written by its group (mode 0664); want chmod go-w");
	cr_expect_str_eq(read_file(put("o", "x", 0646)),
			 "the file can be written by everybody (mode 0646); want chmod go-w");
	put("a", "x", 0644);
	chmod(folder, 0777);
	cr_expect_str_eq(read_file(path),
			 "its folder can be written by everybody (mode 0777); want chmod go-w");
	chmod(folder, 01777);
	cr_expect_str_eq(read_file(path),
			 "its folder can be written by everybody (mode 1777); want chmod go-w");
	chmod(folder, 0700);
	cr_expect_str_eq(read_file(path), "x");
}

Test(config_file, folder_above)
{
	char below[PATH_MAX + 16];

	snprintf(below, sizeof(below), "%s/d", folder);
	mkdir(below, 0755);
	put("d/a", "x", 0644);
	chmod(folder, 0775);
	cr_expect_str_eq(
		read_file(path),
		"a folder above it can be written by its group (mode 0775); want chmod go-w");
	chmod(folder, 01777);
	cr_expect_str_eq(read_file(path), "x");
}

Test(config_file, owner)
{
	char want[200];

	if (geteuid() != 0)
		cr_skip_test("changing an owner needs root");
	put("a", "x", 0644);
	cr_assert_eq(chown(path, 12345, 0), 0);
	snprintf(want, sizeof(want), "the file belongs to user 12345; want root or user %u",
		 geteuid());
	cr_expect_str_eq(read_file(path), want);
}

Test(config_file, doubt)
{
	struct file_text file;
	struct arena arena;

	arena_init(&arena, CONFIG_ARENA);
	cr_expect_eq(file_read(&file, put("a", "x", 0666), &arena, &diag, &doubt), 0);
	cr_expect_str_eq(file.text, "x");
	cr_expect_str_eq(diag.text, "");
	cr_expect_str_eq(doubt.text,
			 "the file can be written by everybody (mode 0666); want chmod go-w");
	arena_fini(&arena);
}

Test(config_file, kinds)
{
	snprintf(path, sizeof(path), "%s/fifo", folder);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect_str_eq(read_file(path), "is a FIFO; want a regular file");
	cr_expect_str_eq(read_file("/etc"), "is a folder; want a file");
	cr_expect_str_eq(read_file("/dev/null"), "is a device; want a regular file");
	cr_expect_str_eq(read_file("/no/such/file"), "cannot open: No such file or directory");
	cr_expect_str_eq(read_file(""), "cannot open: No such file or directory");
}

Test(config_file, large)
{
	put("a", "x", 0644);
	cr_assert_eq(truncate(path, YAML_BYTES + 1), 0);
	cr_expect_str_eq(read_file(path), "larger than 1M");
	cr_assert_eq(truncate(path, YAML_BYTES), 0);
	cr_expect_str_eq(read_file(path), "x");
}

/* As Kubernetes does: the file is a link into a folder that is a link. */
Test(config_file, links)
{
	char at[PATH_MAX + 64];

	snprintf(at, sizeof(at), "%s/..1", folder);
	mkdir(at, 0755);
	put("..1/a.yaml", "x", 0644);
	snprintf(at, sizeof(at), "%s/..data", folder);
	cr_assert_eq(symlink("..1", at), 0);
	snprintf(at, sizeof(at), "%s/a.yaml", folder);
	cr_assert_eq(symlink("..data/a.yaml", at), 0);
	cr_expect_str_eq(read_file(at), "x");
	snprintf(at, sizeof(at), "%s/loop", folder);
	cr_assert_eq(symlink("loop", at), 0);
	cr_expect_str_eq(read_file(at),
			 "cannot follow a symbolic link: Too many levels of symbolic links");
	snprintf(at, sizeof(at), "%s/far", folder);
	cr_assert_eq(symlink("/dev/zero", at), 0);
	cr_expect_str_eq(read_file(at), "is a device; want a regular file");
}

Test(config_file, relative)
{
	char here[PATH_MAX];

	put("a", "x", 0644);
	cr_assert(getcwd(here, sizeof(here)));
	cr_assert_eq(chdir(folder), 0);
	cr_expect_str_eq(read_file("a"), "x");
	cr_expect_str_eq(read_file("./a"), "x");
	cr_expect_str_eq(read_file(".//..///../tmp/./../proc/self/cwd/a"), "x");
	cr_assert_eq(chdir(here), 0);
}

Test(config_file, listing)
{
	static const char *const names[] = {
		"b.yaml",     "a.yml",	    "c.yaml~", ".d.yaml", "#e.yaml#", "#f.yaml", ".#g.yaml",
		"h.yaml.swp", "i.yaml.bak", "j.json",  "4913",	  "yaml",     "k.YAML",
	};
	struct file_list list;
	struct arena arena;

	for (size_t i = 0; i < LEN(names); i++)
		put(names[i], "x", 0644);
	arena_init(&arena, CONFIG_ARENA);
	cr_expect_eq(file_list(&list, folder, &arena, &diag, NULL), 0, "%s", diag.text);
	cr_assert_eq(list.n, 2);
	cr_expect_str_eq(strrchr(list.paths[0], '/'), "/a.yml");
	cr_expect_str_eq(strrchr(list.paths[1], '/'), "/b.yaml");
	cr_expect_eq(file_list(&list, path, &arena, &diag, NULL), -EINVAL);
	cr_expect_str_eq(diag.text, "is no folder");
	arena_fini(&arena);
}

Test(config_file, whole)
{
	cr_expect_eq(config_read(&config, sink_config_kinds, put("saker.yaml", "policies: p\n", 0644), &diag, NULL), 0,
		     "%s", diag.text);
	cr_expect_str_eq(strrchr(config.policies.items[0].text, '/'), "/p");
	config_fini(&config);
	cr_expect_eq(config_read(&config, sink_config_kinds, put("saker.yaml", "polices: p\n", 0644), &diag, NULL),
		     -EINVAL);
	cr_expect_str_eq(diag.text, "unknown key \"polices\", did you mean \"policies\"?");
	cr_expect_str_eq(diag.file, path);
}

Test(config, what_is_not_honoured_is_refused)
{
	static const struct { const char *text, *wrong; } rows[] = {
		{ "policies: [x]\nagent: {memory_limit: 21M}\n", "agent.memory_limit: want at least 23M" },
		{ "policies: [x]\nagent: {home_pid_ns: 7}\n", NULL },
		{ "policies: [x]\nagent: {cgroup: {version: v2}}\n", NULL },
		{ "policies: [x]\nagent: {log: {level: debug}}\n", NULL },
		{ "policies: [x]\nagent: {report_interval: 5s}\n", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct config c = { 0 };
		struct diag d = { 0 };

		cr_assert_eq(config_parse(&c, sink_config_kinds, "test", rows[i].text, strlen(rows[i].text), &d), 0, "%s", d.text);
		cr_expect_eq(config_honoured(&c, &d), rows[i].wrong ? -EINVAL : 0);
		cr_expect(!rows[i].wrong || strstr(d.text, rows[i].wrong), "%s", d.text);
		config_fini(&c);
	}
}

Test(config, what_waits_for_the_next_start)
{
	static const struct { const char *text, *waiting; } rows[] = {
		{ "policies: [y]\nagent: {report_interval: 9s}\n", "" },
		{ "policies: [x]\nagent: {transport: perf, lanes: {bulk: 1M}}\n", "agent.transport, agent.lanes.bulk" },
		{ "policies: [x]\nagent: {btf: /some/where}\n", "agent.btf" },
		{ "policies: [x]\nagent: {keep_capabilities: [CAP_CHOWN]}\n", "agent.keep_capabilities" },
	};
	static const char plain[] = "policies: [x]\n";
	struct config now = { 0 };
	struct diag d = { 0 };
	char waiting[256];

	cr_assert_eq(config_parse(&now, sink_config_kinds, "test", plain, sizeof(plain) - 1, &d), 0, "%s", d.text);
	for (size_t i = 0; i < LEN(rows); i++) {
		struct config next = { 0 };

		cr_assert_eq(config_parse(&next, sink_config_kinds, "test", rows[i].text, strlen(rows[i].text), &d), 0,
			     "%s", d.text);
		cr_expect_str_eq(config_waiting(&now, &next, waiting, sizeof(waiting)), rows[i].waiting);
		config_fini(&next);
	}
	config_fini(&now);
}
