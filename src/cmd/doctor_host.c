// SPDX-License-Identifier: Apache-2.0
#include "cmd/doctor_host.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/caps.h"

static const struct { unsigned bit; const char *name; } caps[] = {
	{ CAP_BPF, "CAP_BPF" },
	{ CAP_PERFMON, "CAP_PERFMON" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE" },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH" },
	{ CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE" },
};

enum { CAPS = sizeof(caps) / sizeof(*caps) };

static bool has_cap(const struct host *h, unsigned bit)
{
	return h->caps >> bit & 1;
}

/* --- looking */

/* The first line of a file; false when it cannot be read. */
static bool read_line(const char *path, char *to, size_t size)
{
	FILE *f = fopen(path, "re");
	bool good = f && fgets(to, (int)size, f);

	if (f)
		fclose(f);
	if (good)
		to[strcspn(to, "\n")] = 0;
	return good;
}

static int64_t file_bytes(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -errno : st.st_size;
}

/* The word in brackets of "none [integrity] confidentiality". */
static void look_lockdown(struct host *h)
{
	char line[128], *begin;

	if (!read_line("/sys/kernel/security/lockdown", line, sizeof(line)))
		return;
	begin = strchr(line, '[');
	if (begin)
		snprintf(h->lockdown, sizeof(h->lockdown), "%.*s", (int)strcspn(begin + 1, "]"), begin + 1);
}

static const char *cgroups_mounted(void)
{
	FILE *f = fopen("/proc/mounts", "re");
	char line[4096], type[64];
	bool v1 = false, v2 = false;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %*s %63s", type) != 1)
			continue;
		v1 |= !strcmp(type, "cgroup");
		v2 |= !strcmp(type, "cgroup2");
	}
	if (f)
		fclose(f);
	return v1 && v2 ? "hybrid" : v1 ? "v1" : v2 ? "v2" : "not mounted";
}

/* By asking for one: there is no other way to know. */
static int make_ring(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	union bpf_attr attr;
	int fd;

	setrlimit(RLIMIT_MEMLOCK, &unlimited);	/* as for the real ones */
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_RINGBUF;
	attr.max_entries = (unsigned)sysconf(_SC_PAGESIZE);
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Since 5.11 maps are charged to the memory cgroup instead (commit 3ac1f01b43b6). */
static bool charges_memlock(const char *release)
{
	unsigned major = 0, minor = 0;

	return sscanf(release, "%u.%u", &major, &minor) == 2 && (major < 5 || (major == 5 && minor < 11));
}

void host_look(struct host *h, const char *btf)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	char line[32];

	memset(h, 0, sizeof(*h));
	uname(&h->kernel);
	h->btf = btf ? btf : "/sys/kernel/btf/vmlinux";
	h->btf_bytes = file_bytes(h->btf);
	h->uid = geteuid();
	h->caps = caps_effective();
	getrlimit(RLIMIT_MEMLOCK, &limit);
	h->memlock = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
	h->memlock_matters = charges_memlock(h->kernel.release) && h->memlock != UINT64_MAX &&
			     !has_cap(h, CAP_SYS_RESOURCE);
	look_lockdown(h);
	h->cgroups = cgroups_mounted();
	h->jit = read_line("/proc/sys/net/core/bpf_jit_enable", line, sizeof(line)) ? atoi(line) : -1;
	h->ring = make_ring();
}

/* --- judging */

static bool may_load(const struct host *h)
{
	return has_cap(h, CAP_SYS_ADMIN) || (has_cap(h, CAP_BPF) && has_cap(h, CAP_PERFMON));
}

void host_obstacle(const struct host *h, char *to, size_t size)
{
	*to = 0;
	if (!may_load(h))
		snprintf(to, size, "loading BPF programs is not permitted. "
			 "Run as root or with CAP_BPF and CAP_PERFMON");
	else if (h->ring == -EPERM && h->memlock_matters)
		snprintf(to, size, "the kernel charges maps to our limit of locked memory, which is too small. "
			 "Raise it (ulimit -l unlimited), or grant CAP_SYS_RESOURCE");
	else if (h->ring == -EPERM)
		snprintf(to, size, "the kernel refuses BPF in spite of our capabilities: inside a container they must "
			 "be those of the host, and its seccomp profile must allow bpf()");
	else if (h->ring == -ENOSYS)
		snprintf(to, size, "the kernel is built without BPF (CONFIG_BPF_SYSCALL)");
	else if (!strcmp(h->lockdown, "confidentiality"))
		snprintf(to, size, "kernel lockdown in mode confidentiality keeps BPF from reading kernel memory. "
			 "Boot with lockdown=integrity");
	else if (h->btf_bytes < 0)
		snprintf(to, size, "there is no BTF: %s: %s. Use a kernel with CONFIG_DEBUG_INFO_BTF, or give a file "
			 "with this kernel's types: --btf FILE", h->btf, strerror((int)-h->btf_bytes));
}

static const char *ring_words(const struct host *h)
{
	if (h->ring == 0)
		return "available";
	if (h->ring == -EINVAL)
		return "not known to this kernel; use --transport perf";
	return h->ring == -EPERM ? "not permitted, so it cannot be told" : strerror(-h->ring);
}

static const char *jit_words(const struct host *h)
{
	return h->jit < 0 ? "cannot be read" : h->jit == 0 ? "off: events cost several times more" : "on";
}

static void memlock_text(const struct host *h, FILE *to)
{
	if (h->memlock == UINT64_MAX) {
		fprintf(to, "no limit\n");
		return;
	}
	fprintf(to, "%llu KiB; ", (unsigned long long)(h->memlock >> 10));
	if (h->memlock_matters)
		fprintf(to, "matters: kernels before 5.11 charge maps to it. Raise it, or grant CAP_SYS_RESOURCE\n");
	else if (charges_memlock(h->kernel.release))
		fprintf(to, "does not matter: saker may raise it\n");
	else
		fprintf(to, "does not matter: this kernel charges maps to cgroups\n");
}

void host_text(const struct host *h, FILE *to)
{
	fprintf(to, "kernel       %s %s\n", h->kernel.release, h->kernel.machine);
	if (h->btf_bytes < 0)
		fprintf(to, "BTF          %s: %s\n", h->btf, strerror((int)-h->btf_bytes));
	else
		fprintf(to, "BTF          %s, %lld KiB\n", h->btf, (long long)(h->btf_bytes >> 10));
	fprintf(to, "user         uid %u;", h->uid);
	for (unsigned i = 0; i < CAPS; i++)
		fprintf(to, "%s %s %s", i ? "," : "", caps[i].name, has_cap(h, caps[i].bit) ? "yes" : "no");
	fprintf(to, "\nmemlock      ");
	memlock_text(h, to);
	fprintf(to, "lockdown     %s\n", h->lockdown[0] ? h->lockdown : "cannot be read, or not built in");
	fprintf(to, "cgroups      %s\n", h->cgroups);
	fprintf(to, "BPF JIT      %s\n", jit_words(h));
	fprintf(to, "ring buffer  %s\n", ring_words(h));
}

json_t *host_json(const struct host *h)
{
	json_t *have = json_object();

	for (unsigned i = 0; i < CAPS; i++)
		json_object_set_new(have, caps[i].name, json_boolean(has_cap(h, caps[i].bit)));
	return json_pack("{s:{s:s, s:s}, s:{s:s, s:o}, s:{s:I, s:o}, s:{s:o, s:b}, s:o, s:s, s:o, s:o}",
			 "kernel", "release", h->kernel.release, "arch", h->kernel.machine,
			 "btf", "file", h->btf, "bytes", h->btf_bytes < 0 ? json_null() : json_integer(h->btf_bytes),
			 "user", "uid", (json_int_t)h->uid, "caps", have,
			 "memlock", "bytes", h->memlock == UINT64_MAX ? json_null() : json_integer((json_int_t)h->memlock),
			 "matters", h->memlock_matters,
			 "lockdown", h->lockdown[0] ? json_string(h->lockdown) : json_null(),
			 "cgroups", h->cgroups,
			 "jit", h->jit < 0 ? json_null() : json_boolean(h->jit > 0),
			 "ring", h->ring == -EPERM ? json_null() : json_boolean(h->ring == 0));
}
