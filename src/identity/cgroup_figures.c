// SPDX-License-Identifier: Apache-2.0
#include "identity/cgroup_figures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEN(a) (sizeof(a) / sizeof(*(a)))

enum { UNKNOWN_LIMIT_SHIFT = 62 };	/* version 1 says "no limit" by a number from here on */

/* Finds a number in a file; false when it is not there. */
typedef bool figure_parser(const char *text, const char *key, uint64_t *ret);

/* Digits, after which nothing but white space follows. */
static bool digits(const char *p, uint64_t *ret)
{
	char *end;

	if (*p < '0' || *p > '9')
		return false;
	errno = 0;
	*ret = strtoull(p, &end, 10);
	return errno == 0 && (*end == 0 || *end == ' ' || *end == '\n');
}

static const char *next_line(const char *p)
{
	p += strcspn(p, "\n");
	return *p ? p + 1 : NULL;
}

/* What follows the word and a blank; NULL if the text begins with something else. */
static const char *behind(const char *p, const char *word, char blank)
{
	size_t len = strlen(word);

	return strncmp(p, word, len) == 0 && p[len] == blank ? p + len + 1 : NULL;
}

/* "123", "max", "-1" */
static bool whole(const char *text, const char *key, uint64_t *ret)
{
	return digits(text, ret);
}

static bool limit_v1(const char *text, const char *key, uint64_t *ret)
{
	return digits(text, ret) && *ret >> UNKNOWN_LIMIT_SHIFT == 0;
}

/* "key 123" in a line of its own */
static bool keyed(const char *text, const char *key, uint64_t *ret)
{
	for (const char *line = text, *at; line; line = next_line(line)) {
		at = behind(line, key, ' ');
		if (at)
			return digits(at, ret);
	}
	return false;
}

/* "100000 50000" or "max 50000": the second of two words */
static bool second(const char *text, const char *key, uint64_t *ret)
{
	const char *at = strchr(text, ' ');

	return at && digits(at + 1, ret);
}

/* The number behind the word in a line; false when it has none. */
static bool in_line(const char *line, const char *key, char blank, uint64_t *ret)
{
	const char *end = line + strcspn(line, "\n"), *at;

	for (const char *p = line; p < end; p += p < end) {
		at = behind(p, key, blank);
		if (at)
			return digits(at, ret);
		p += strcspn(p, " \n");
	}
	return false;
}

/* The sum over the lines of all devices.  No line is no traffic. */
static bool sum(const char *text, const char *key, char blank, uint64_t *ret)
{
	uint64_t value;

	*ret = 0;
	for (const char *line = text; line; line = next_line(line))
		if (in_line(line, key, blank, &value))
			*ret += value;
	return true;
}

/* "8:0 rbytes=1 wbytes=2 .." */
static bool sum_v2(const char *text, const char *key, uint64_t *ret)
{
	return sum(text, key, '=', ret);
}

/* "8:0 Read 1" */
static bool sum_v1(const char *text, const char *key, uint64_t *ret)
{
	return sum(text, key, ' ', ret);
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=123" */
static bool pressure(const char *text, const char *key, uint64_t *ret)
{
	for (const char *line = text; line; line = next_line(line))
		if (behind(line, key, ' '))
			return in_line(line, "total", '=', ret);
	return false;
}

static const struct row {
	uint8_t version, tree;
	const char *file;	/* rows of one file follow one another */
	figure_parser *parse;
	const char *key;
	uint16_t figure;
	uint16_t factor;	/* to the unit of the figure */
} rows[] = {
#define V1 CGROUP_V1
#define V2 CGROUP_V2
	{ V1, TREE_CPUACCT, "cpuacct.usage", whole, "", FIGURE_cpu_usage, 1 },
	{ V1, TREE_CPUACCT, "cpuacct.usage_user", whole, "", FIGURE_cpu_user, 1 },
	{ V1, TREE_CPUACCT, "cpuacct.usage_sys", whole, "", FIGURE_cpu_system, 1 },
	{ V1, TREE_CPU, "cpu.cfs_quota_us", whole, "", FIGURE_quota, 1 },
	{ V1, TREE_CPU, "cpu.cfs_period_us", whole, "", FIGURE_period, 1 },
	{ V1, TREE_CPU, "cpu.stat", keyed, "nr_periods", FIGURE_cpu_periods, 1 },
	{ V1, TREE_CPU, "cpu.stat", keyed, "nr_throttled", FIGURE_cpu_throttled_periods, 1 },
	{ V1, TREE_CPU, "cpu.stat", keyed, "throttled_time", FIGURE_cpu_throttled, 1 },
	{ V1, TREE_MEMORY, "memory.usage_in_bytes", whole, "", FIGURE_memory_usage, 1 },
	{ V1, TREE_MEMORY, "memory.limit_in_bytes", limit_v1, "", FIGURE_memory_limit, 1 },
	{ V1, TREE_MEMORY, "memory.max_usage_in_bytes", whole, "", FIGURE_memory_peak, 1 },
	{ V1, TREE_MEMORY, "memory.stat", keyed, "total_rss", FIGURE_memory_anon, 1 },
	{ V1, TREE_MEMORY, "memory.stat", keyed, "total_cache", FIGURE_memory_file, 1 },
	{ V1, TREE_MEMORY, "memory.failcnt", whole, "", FIGURE_memory_failures, 1 },
	{ V1, TREE_MEMORY, "memory.oom_control", keyed, "oom_kill", FIGURE_oom_kills, 1 },
	{ V1, TREE_BLKIO, "blkio.throttle.io_service_bytes_recursive", sum_v1, "Read", FIGURE_io_read, 1 },
	{ V1, TREE_BLKIO, "blkio.throttle.io_service_bytes_recursive", sum_v1, "Write", FIGURE_io_written, 1 },
	{ V1, TREE_BLKIO, "blkio.throttle.io_serviced_recursive", sum_v1, "Read", FIGURE_io_reads, 1 },
	{ V1, TREE_BLKIO, "blkio.throttle.io_serviced_recursive", sum_v1, "Write", FIGURE_io_writes, 1 },
	{ V1, TREE_PIDS, "pids.current", whole, "", FIGURE_pids, 1 },
	{ V1, TREE_PIDS, "pids.max", whole, "", FIGURE_pids_limit, 1 },
	{ V2, TREE_UNIFIED, "cpu.stat", keyed, "usage_usec", FIGURE_cpu_usage, 1000 },
	{ V2, TREE_UNIFIED, "cpu.stat", keyed, "user_usec", FIGURE_cpu_user, 1000 },
	{ V2, TREE_UNIFIED, "cpu.stat", keyed, "system_usec", FIGURE_cpu_system, 1000 },
	{ V2, TREE_UNIFIED, "cpu.stat", keyed, "nr_periods", FIGURE_cpu_periods, 1 },
	{ V2, TREE_UNIFIED, "cpu.stat", keyed, "nr_throttled", FIGURE_cpu_throttled_periods, 1 },
	{ V2, TREE_UNIFIED, "cpu.stat", keyed, "throttled_usec", FIGURE_cpu_throttled, 1000 },
	{ V2, TREE_UNIFIED, "cpu.max", whole, "", FIGURE_quota, 1 },
	{ V2, TREE_UNIFIED, "cpu.max", second, "", FIGURE_period, 1 },
	{ V2, TREE_UNIFIED, "memory.current", whole, "", FIGURE_memory_usage, 1 },
	{ V2, TREE_UNIFIED, "memory.max", whole, "", FIGURE_memory_limit, 1 },
	{ V2, TREE_UNIFIED, "memory.peak", whole, "", FIGURE_memory_peak, 1 },
	{ V2, TREE_UNIFIED, "memory.stat", keyed, "anon", FIGURE_memory_anon, 1 },
	{ V2, TREE_UNIFIED, "memory.stat", keyed, "file", FIGURE_memory_file, 1 },
	{ V2, TREE_UNIFIED, "memory.events", keyed, "max", FIGURE_memory_failures, 1 },
	{ V2, TREE_UNIFIED, "memory.events", keyed, "oom_kill", FIGURE_oom_kills, 1 },
	{ V2, TREE_UNIFIED, "io.stat", sum_v2, "rbytes", FIGURE_io_read, 1 },
	{ V2, TREE_UNIFIED, "io.stat", sum_v2, "wbytes", FIGURE_io_written, 1 },
	{ V2, TREE_UNIFIED, "io.stat", sum_v2, "rios", FIGURE_io_reads, 1 },
	{ V2, TREE_UNIFIED, "io.stat", sum_v2, "wios", FIGURE_io_writes, 1 },
	{ V2, TREE_UNIFIED, "pids.current", whole, "", FIGURE_pids, 1 },
	{ V2, TREE_UNIFIED, "pids.max", whole, "", FIGURE_pids_limit, 1 },
	{ 0, TREE_UNIFIED, "cpu.pressure", pressure, "some", FIGURE_cpu_some, 1000 },
	{ 0, TREE_UNIFIED, "cpu.pressure", pressure, "full", FIGURE_cpu_full, 1000 },
	{ 0, TREE_UNIFIED, "memory.pressure", pressure, "some", FIGURE_memory_some, 1000 },
	{ 0, TREE_UNIFIED, "memory.pressure", pressure, "full", FIGURE_memory_full, 1000 },
	{ 0, TREE_UNIFIED, "io.pressure", pressure, "some", FIGURE_io_some, 1000 },
	{ 0, TREE_UNIFIED, "io.pressure", pressure, "full", FIGURE_io_full, 1000 },
#undef V1
#undef V2
};

static bool of_version(const struct row *row, enum cgroup_version version)
{
	return !row->version || row->version == version;
}

/* --- hierarchies */

void cgroup_trees_open(struct cgroup_trees *trees, const struct cgroup_root *root)
{
	static const char *const controllers[TREES] = {
		[TREE_CPU] = "cpu", [TREE_CPUACCT] = "cpuacct", [TREE_MEMORY] = "memory",
		[TREE_BLKIO] = "blkio", [TREE_PIDS] = "pids",
	};

	trees->version = root->version;
	trees->home = root->fd;
	for (unsigned i = 0; i < TREES; i++)
		trees->fds[i] = root->version == CGROUP_V1 ? cgroup_root_sibling(root, controllers[i]) : -1;
	if (root->version == CGROUP_V2)
		trees->fds[TREE_UNIFIED] = fcntl(root->fd, F_DUPFD_CLOEXEC, 0);
}

void cgroup_trees_close(struct cgroup_trees *trees)
{
	for (unsigned i = 0; i < TREES; i++)
		if (trees->fds[i] >= 0)
			close(trees->fds[i]);
}

/* --- one cgroup */

void cgroup_figures_init(struct cgroup_figures *f)
{
	memset(f, 0xff, sizeof(*f));
}

static void take(struct cgroup_figures *f, const struct row *row, const char *text)
{
	uint64_t value;

	if (row->parse(text, row->key, &value) && value <= UINT64_MAX / row->factor &&
	    f->values[row->figure] == UINT64_MAX)
		f->values[row->figure] = value * row->factor;
}

void cgroup_figures_parse(struct cgroup_figures *f, enum cgroup_version version, const char *file, const char *text)
{
	for (size_t i = 0; i < LEN(rows); i++)
		if (of_version(&rows[i], version) && !strcmp(rows[i].file, file))
			take(f, &rows[i], text);
}

void cgroup_figures_end(struct cgroup_figures *f)
{
	uint64_t quota = f->values[FIGURE_quota], period = f->values[FIGURE_period];

	if (quota != UINT64_MAX && period != UINT64_MAX && period && quota <= UINT64_MAX / 1000)
		f->values[FIGURE_cpu_limit] = quota * 1000 / period;
}

static int open_below(int tree, const char *path)
{
	path += strspn(path, "/");
	return openat(tree, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool read_file(int folder, const char *name, char *buf)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = fd < 0 ? -1 : 1;

	for (; n > 0 && len < FIGURES_TEXT - 1; len += n > 0 ? n : 0)
		n = read(fd, buf + len, FIGURES_TEXT - 1 - len);
	if (fd >= 0)
		close(fd);
	buf[n == 0 ? len : 0] = 0;
	return n == 0;
}

/* Whether the folder is the cgroup of this id. */
static bool is_cgroup(const struct cgroup_trees *trees, uint64_t id, const char *path)
{
	int fd = open_below(trees->home, path);
	struct stat st;
	bool is = fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == id;

	if (fd >= 0)
		close(fd);
	return is;
}

static void read_tree(struct cgroup_figures *f, const struct cgroup_trees *trees, enum cgroup_tree tree,
		      const char *path, char *buf)
{
	int folder = trees->fds[tree] < 0 ? -1 : open_below(trees->fds[tree], path);
	const char *last = "";
	bool there = false;

	for (size_t i = 0; folder >= 0 && i < LEN(rows); i++) {
		if (rows[i].tree != tree || !of_version(&rows[i], trees->version))
			continue;
		if (strcmp(rows[i].file, last) != 0)
			there = read_file(folder, rows[i].file, buf);
		last = rows[i].file;
		if (there)
			take(f, &rows[i], buf);
	}
	if (folder >= 0)
		close(folder);
}

int cgroup_figures_read(struct cgroup_figures *f, const struct cgroup_trees *trees, uint64_t id, const char *path,
			char *buf)
{
	cgroup_figures_init(f);
	if (!is_cgroup(trees, id, path))
		return -ENOENT;
	for (unsigned tree = 0; tree < TREES; tree++)
		read_tree(f, trees, tree, path, buf);
	cgroup_figures_end(f);
	return is_cgroup(trees, id, path) ? 0 : -ENOENT;
}
