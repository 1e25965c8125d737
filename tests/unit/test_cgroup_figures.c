// SPDX-License-Identifier: Apache-2.0
/* The kernel's files of cgroups, as they were found on machines, and odd ones. */
#include "identity/cgroup_figures.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NONE UINT64_MAX
#define LEN(a) (sizeof(a) / sizeof(*(a)))

static const char stat_v1[] =
	"cache 135168\nrss 1216512\nrss_huge 0\nshmem 0\nmapped_file 0\ndirty 0\nwriteback 0\npgpgin 1089\n"
	"hierarchical_memory_limit 52428800\ntotal_cache 270336\ntotal_rss 2433024\ntotal_rss_huge 0\n";

static const char stat_v2[] =
	"anon 1003520\nfile 40960\nkernel 249856\nkernel_stack 16384\npagetables 69632\nsock 0\nshmem 0\n"
	"file_mapped 8192\nanon_thp 0\n";

static const char cpu_v2[] =
	"usage_usec 2003456\nuser_usec 1500000\nsystem_usec 503456\nnr_periods 200\nnr_throttled 190\n"
	"throttled_usec 9500123\nnr_bursts 0\nburst_usec 0\n";

static const char io_v2[] =
	"254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n"
	"8:16 rbytes=1048576 wbytes=0 rios=16 wios=0 dbytes=0 dios=0\n253:1 \n";

static const char io_v1[] =
	"8:0 Read 12288\n8:0 Write 4096\n8:0 Sync 16384\n8:0 Async 0\n8:0 Discard 0\n8:0 Total 16384\n"
	"8:16 Read 1\n8:16 Write 2\n8:16 Sync 3\n8:16 Async 0\n8:16 Discard 0\n8:16 Total 3\nTotal 16387\n";

static const char pressure[] =
	"some avg10=1.53 avg60=0.87 avg300=0.22 total=1134523\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=77\n";

static const struct {
	enum cgroup_version version;
	const char *file, *text;
	enum cgroup_figure figure;
	uint64_t value;
} files[] = {
	{ CGROUP_V1, "cpuacct.usage", "2091234567\n", FIGURE_cpu_usage, 2091234567 },
	{ CGROUP_V1, "cpuacct.usage_user", "1091234567\n", FIGURE_cpu_user, 1091234567 },
	{ CGROUP_V1, "cpuacct.usage_sys", "0\n", FIGURE_cpu_system, 0 },
	{ CGROUP_V1, "cpu.stat", "nr_periods 10\nnr_throttled 4\nthrottled_time 123456789\n", FIGURE_cpu_periods, 10 },
	{ CGROUP_V1, "cpu.stat", "nr_periods 10\nnr_throttled 4\nthrottled_time 1\n", FIGURE_cpu_throttled_periods, 4 },
	{ CGROUP_V1, "cpu.stat", "nr_periods 10\nnr_throttled 4\nthrottled_time 123456789\n", FIGURE_cpu_throttled, 123456789 },
	{ CGROUP_V1, "memory.usage_in_bytes", "3907584\n", FIGURE_memory_usage, 3907584 },
	{ CGROUP_V1, "memory.limit_in_bytes", "52428800\n", FIGURE_memory_limit, 52428800 },
	{ CGROUP_V1, "memory.limit_in_bytes", "9223372036854771712\n", FIGURE_memory_limit, NONE },
	{ CGROUP_V1, "memory.max_usage_in_bytes", "4007584\n", FIGURE_memory_peak, 4007584 },
	{ CGROUP_V1, "memory.stat", stat_v1, FIGURE_memory_anon, 2433024 },
	{ CGROUP_V1, "memory.stat", stat_v1, FIGURE_memory_file, 270336 },
	{ CGROUP_V1, "memory.failcnt", "17\n", FIGURE_memory_failures, 17 },
	{ CGROUP_V1, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", FIGURE_oom_kills, 3 },
	{ CGROUP_V1, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n", FIGURE_oom_kills, NONE },
	{ CGROUP_V1, "blkio.throttle.io_service_bytes_recursive", io_v1, FIGURE_io_read, 12289 },
	{ CGROUP_V1, "blkio.throttle.io_service_bytes_recursive", io_v1, FIGURE_io_written, 4098 },
	{ CGROUP_V1, "blkio.throttle.io_service_bytes_recursive", "Total 0\n", FIGURE_io_read, 0 },
	{ CGROUP_V1, "blkio.throttle.io_serviced_recursive", io_v1, FIGURE_io_reads, 12289 },
	{ CGROUP_V1, "blkio.throttle.io_serviced_recursive", io_v1, FIGURE_io_writes, 4098 },
	{ CGROUP_V1, "pids.current", "3\n", FIGURE_pids, 3 },
	{ CGROUP_V1, "pids.max", "max\n", FIGURE_pids_limit, NONE },
	{ CGROUP_V1, "cpu.pressure", pressure, FIGURE_cpu_some, 1134523000 },
	{ CGROUP_V2, "cpu.stat", cpu_v2, FIGURE_cpu_usage, 2003456000 },
	{ CGROUP_V2, "cpu.stat", cpu_v2, FIGURE_cpu_user, 1500000000 },
	{ CGROUP_V2, "cpu.stat", cpu_v2, FIGURE_cpu_system, 503456000 },
	{ CGROUP_V2, "cpu.stat", cpu_v2, FIGURE_cpu_periods, 200 },
	{ CGROUP_V2, "cpu.stat", cpu_v2, FIGURE_cpu_throttled_periods, 190 },
	{ CGROUP_V2, "cpu.stat", cpu_v2, FIGURE_cpu_throttled, 9500123000 },
	{ CGROUP_V2, "memory.current", "1294336\n", FIGURE_memory_usage, 1294336 },
	{ CGROUP_V2, "memory.max", "max\n", FIGURE_memory_limit, NONE },
	{ CGROUP_V2, "memory.max", "0\n", FIGURE_memory_limit, 0 },
	{ CGROUP_V2, "memory.peak", "1300000\n", FIGURE_memory_peak, 1300000 },
	{ CGROUP_V2, "memory.stat", stat_v2, FIGURE_memory_anon, 1003520 },
	{ CGROUP_V2, "memory.stat", stat_v2, FIGURE_memory_file, 40960 },
	{ CGROUP_V2, "memory.events", "low 0\nhigh 0\nmax 42\noom 2\noom_kill 1\n", FIGURE_memory_failures, 42 },
	{ CGROUP_V2, "memory.events", "low 0\nhigh 0\nmax 42\noom 2\noom_kill 1\n", FIGURE_oom_kills, 1 },
	{ CGROUP_V2, "io.stat", io_v2, FIGURE_io_read, 1052672 },
	{ CGROUP_V2, "io.stat", io_v2, FIGURE_io_written, 8192 },
	{ CGROUP_V2, "io.stat", io_v2, FIGURE_io_reads, 17 },
	{ CGROUP_V2, "io.stat", io_v2, FIGURE_io_writes, 2 },
	{ CGROUP_V2, "io.stat", "", FIGURE_io_read, 0 },
	{ CGROUP_V2, "pids.current", "12\n", FIGURE_pids, 12 },
	{ CGROUP_V2, "pids.max", "512\n", FIGURE_pids_limit, 512 },
	{ CGROUP_V2, "memory.pressure", pressure, FIGURE_memory_some, 1134523000 },
	{ CGROUP_V2, "io.pressure", pressure, FIGURE_io_full, 77000 },
	/* kernels before 5.13 tell no "full" of processors */
	{ CGROUP_V2, "cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", FIGURE_cpu_full, NONE },
	/* what belongs to the other version, or is nothing at all */
	{ CGROUP_V2, "cpuacct.usage", "1\n", FIGURE_cpu_usage, NONE },
	{ CGROUP_V1, "memory.current", "1\n", FIGURE_memory_usage, NONE },
	{ CGROUP_V2, "memory.current", "", FIGURE_memory_usage, NONE },
	{ CGROUP_V2, "memory.current", "-5\n", FIGURE_memory_usage, NONE },
	{ CGROUP_V2, "memory.current", "12x\n", FIGURE_memory_usage, NONE },
	{ CGROUP_V2, "memory.current", "99999999999999999999999\n", FIGURE_memory_usage, NONE },
	{ CGROUP_V2, "cpu.stat", "usage_usec 18446744073709551\n", FIGURE_cpu_usage, 18446744073709551000u },
	{ CGROUP_V2, "cpu.stat", "usage_usec 18446744073709552\n", FIGURE_cpu_usage, NONE },
	{ CGROUP_V2, "cpu.stat", "usage_usec", FIGURE_cpu_usage, NONE },
	{ CGROUP_V2, "cpu.stat", "usage_usec \n", FIGURE_cpu_usage, NONE },
	{ CGROUP_V2, "memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00\n", FIGURE_memory_some, NONE },
};

Test(cgroup_figures, files)
{
	for (size_t i = 0; i < LEN(files); i++) {
		struct cgroup_figures f;

		cgroup_figures_init(&f);
		cgroup_figures_parse(&f, files[i].version, files[i].file, files[i].text);
		cr_expect_eq(f.values[files[i].figure], files[i].value, "%s, row %zu: %llu", files[i].file, i,
			     (unsigned long long)f.values[files[i].figure]);
	}
}

static uint64_t limit(enum cgroup_version version, const char *quota_file, const char *quota, const char *period)
{
	struct cgroup_figures f;

	cgroup_figures_init(&f);
	cgroup_figures_parse(&f, version, quota_file, quota);
	if (period)
		cgroup_figures_parse(&f, version, "cpu.cfs_period_us", period);
	cgroup_figures_end(&f);
	return f.values[FIGURE_cpu_limit];
}

Test(cgroup_figures, processor_limit)
{
	cr_expect_eq(limit(CGROUP_V1, "cpu.cfs_quota_us", "50000\n", "100000\n"), 500);
	cr_expect_eq(limit(CGROUP_V1, "cpu.cfs_quota_us", "-1\n", "100000\n"), NONE);
	cr_expect_eq(limit(CGROUP_V1, "cpu.cfs_quota_us", "50000\n", "0\n"), NONE);
	cr_expect_eq(limit(CGROUP_V1, "cpu.cfs_quota_us", "50000\n", NULL), NONE);
	cr_expect_eq(limit(CGROUP_V2, "cpu.max", "150000 100000\n", NULL), 1500);
	cr_expect_eq(limit(CGROUP_V2, "cpu.max", "max 100000\n", NULL), NONE);
	cr_expect_eq(limit(CGROUP_V2, "cpu.max", "150000\n", NULL), NONE);
}

/* --- reading */

static char folder[] = "/tmp/test-figures-XXXXXX";
static char buf[FIGURES_TEXT];

static void put(const char *name, const char *text, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/c/%s", folder, name);
	f = fopen(path, "w");
	cr_assert(f);
	fwrite(text, 1, len, f);
	fclose(f);
}

static struct cgroup_trees trees_there(uint64_t *id)
{
	struct cgroup_trees trees = { .version = CGROUP_V2, .fds = { -1, -1, -1, -1, -1, -1 } };
	char path[64];
	struct stat st;

	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/c", folder);
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_assert_eq(stat(path, &st), 0);
	*id = st.st_ino;
	trees.home = trees.fds[TREE_UNIFIED] = open(folder, O_RDONLY | O_DIRECTORY);
	return trees;
}

Test(cgroup_figures, folder)
{
	char clean[128], *large = malloc(2 * FIGURES_TEXT);
	struct cgroup_figures f;
	struct cgroup_trees trees;
	uint64_t id;

	trees = trees_there(&id);
	memset(large, ' ', 2 * FIGURES_TEXT);
	put("cpu.stat", cpu_v2, strlen(cpu_v2));
	put("io.stat", large, 2 * FIGURES_TEXT);
	put("memory.max", "1000\n", 5);
	cr_assert_eq(cgroup_figures_read(&f, &trees, id, "/c", buf), 0);
	cr_expect_eq(f.values[FIGURE_cpu_usage], 2003456000);
	cr_expect_eq(f.values[FIGURE_memory_limit], 1000);
	cr_expect_eq(f.values[FIGURE_memory_usage], NONE, "there is no such file");
	cr_expect_eq(f.values[FIGURE_io_read], NONE, "a file that is too long tells nothing");
	cr_expect_eq(cgroup_figures_read(&f, &trees, id + 1, "/c", buf), -ENOENT, "another one has the path");
	cr_expect_eq(cgroup_figures_read(&f, &trees, id, "/d", buf), -ENOENT, "it is gone");
	cgroup_trees_close(&trees);
	snprintf(clean, sizeof(clean), "rm -r %s", folder);
	cr_expect_eq(system(clean), 0);
	free(large);
}
