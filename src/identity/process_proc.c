// SPDX-License-Identifier: Apache-2.0
/* What no record tells, from /proc. */
#include "identity/process_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_proc(uint32_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

/* What stat tells: the name in field 2 may hold anything, even ')'. */
struct stat_fields { uint32_t ppid; uint64_t start; };

static bool read_stat(uint32_t pid, struct stat_fields *ret)
{
	char buf[1024], *s;
	ssize_t n = read_proc(pid, "stat", buf, sizeof(buf) - 1);

	if (n <= 0)
		return false;
	buf[n] = 0;
	s = strrchr(buf, ')');
	for (int field = 2; s && field < 22; field++) {
		s = strchr(s + 1, ' ');
		if (s && field == 3)
			ret->ppid = strtoul(s + 1, NULL, 10);
	}
	if (s)
		ret->start = strtoull(s + 1, NULL, 10);
	return s;
}

/* Starts are shown there in clock ticks. */
static bool same_start(uint64_t shown, uint64_t start)
{
	uint64_t tick = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK), ours = start / tick;

	return shown + 1 >= ours && shown <= ours + 1;
}

bool process_same(uint32_t pid, uint64_t start)
{
	struct stat_fields shown;

	return read_stat(pid, &shown) && same_start(shown.start, start);
}

static uint32_t read_link(uint32_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	n = readlink(path, buf, size);
	return n < 0 ? 0 : n;
}

/* The arguments are read first: who has the pid and the right start after that had it before. */
static bool fill(struct process_table *t, struct process *p)
{
	char args[PROCESS_ARGS_MAX + 1], exe[PROCESS_PATH_MAX], cwd[PROCESS_PATH_MAX];
	char chain[PROCESS_CHAIN_MAX];
	ssize_t n = read_proc(p->pid, "cmdline", args, sizeof(args));
	struct image_source from = { .exe = exe, .cwd = cwd, .args = args, .chain = chain };
	const char *before;

	if (n < 0)
		return false;
	from.exe_len = p->image ? p->image->exe_len : 0;
	from.cwd_len = p->image ? p->image->cwd_len : 0;
	memcpy(exe, p->exe, from.exe_len);
	memcpy(cwd, p->cwd, from.cwd_len);
	before = process_chain(p, &from.chain_len);
	memcpy(chain, before, from.chain_len);
	if (p->image)
		from.file = p->image->file;
	if (!from.exe_len)
		from.exe_len = read_link(p->pid, "exe", exe, sizeof(exe) - 1);
	if (!from.cwd_len)
		from.cwd_len = read_link(p->pid, "cwd", cwd, sizeof(cwd) - 1);
	if (!process_same(p->pid, p->start))
		return false;
	p->args_truncated = n > PROCESS_ARGS_MAX;
	if (n > PROCESS_ARGS_MAX)
		n = PROCESS_ARGS_MAX;
	/* A process that wrote a title over its arguments leaves NULs behind. */
	while (n > 1 && !args[n - 1] && !args[n - 2])
		n--;
	from.args_len = n;
	image_set(t, p, &from);
	return true;
}

static void fill_slot(struct process_table *t, struct process *p)
{
	bool known = fill(t, p);

	t->lacking -= process_lacks_args(p);
	p->tries++;
	p->args_known = known;
	t->lacking += process_lacks_args(p);
}

unsigned process_fill_args(struct process_table *table, unsigned max)
{
	unsigned n = 0;

	for (uint32_t seen = 0; seen < table->nslots && table->lacking && n < max; seen++) {
		struct process *p;

		table->fill_next = (table->fill_next + 1) % table->nslots;
		p = &table->slots[table->fill_next];
		if (!p->start || !process_lacks_args(p))
			continue;
		fill_slot(table, p);
		n++;
	}
	return n;
}

/* The running one with this pid. */
static struct process *running(struct process_table *t, uint32_t pid)
{
	struct stat_fields shown;

	if (!read_stat(pid, &shown))
		return NULL;
	for (uint32_t i = process_home(t, pid); t->index[i]; i = (i + 1) & t->index_mask) {
		struct process *p = &t->slots[t->index[i]];

		if (p->pid == pid && !p->exited && same_start(shown.start, p->start))
			return p;
	}
	return NULL;
}

static void fill_parent(struct process_table *t, struct process *p)
{
	struct stat_fields shown;
	const struct process *parent;

	if (!read_stat(p->pid, &shown) || !same_start(shown.start, p->start))
		return;
	parent = shown.ppid ? running(t, shown.ppid) : NULL;
	if (!parent && shown.ppid)
		return;
	p->ppid = shown.ppid;
	p->parent_start = parent ? parent->start : 0;
}

static bool orphan(const struct process_table *t, const struct process *p)
{
	const struct process *parent;

	if (!p->pid || p->exited || !p->ppid)
		return false;
	parent = process_lookup(t, p->ppid, p->parent_start);
	return parent && parent->exited;
}

unsigned process_fill_parents(struct process_table *table, unsigned max)
{
	unsigned n = 0;

	if (!table->orphans)
		return 0;
	for (uint32_t seen = 0; seen < table->nslots; seen++) {
		struct process *p = &table->slots[table->adopt_next];

		if (orphan(table, p)) {
			if (n++ == max)
				return max;
			fill_parent(table, p);
		}
		table->adopt_next = (table->adopt_next + 1) % table->nslots;
	}
	table->orphans = false;
	return n;
}
