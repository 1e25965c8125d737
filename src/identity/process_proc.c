// SPDX-License-Identifier: Apache-2.0
/* What no record tells, from /proc. */
#include "identity/process_own.h"

#include <string.h>
#include <unistd.h>

#include "identity/proc.h"

static int read_stat(uint32_t pid, struct proc_stat *ret)
{
	int proc = proc_open(pid, 0), r = proc < 0 ? proc : proc_read_stat(proc, ret);

	if (proc >= 0)
		close(proc);
	return r;
}

static uint32_t read_link(int proc, const char *name, char *buf, size_t size)
{
	ssize_t n = readlinkat(proc, name, buf, size);

	return n < 0 ? 0 : n;
}

/* What is known stays; the arguments are always read. */
static bool fill_from(struct process_table *t, struct process *p, int proc)
{
	char args[PROCESS_ARGS_MAX + 2], exe[PROCESS_PATH_MAX], cwd[PROCESS_PATH_MAX], chain[PROCESS_CHAIN_MAX];
	char tty[PROCESS_TTY_MAX];
	struct image_source from = { .exe = exe, .cwd = cwd, .args = args, .chain = chain, .tty = tty };
	ssize_t n = proc_read(proc, "cmdline", args, sizeof(args));
	const char *before = process_chain(p, &from.chain_len);

	if (n < 0)
		return false;
	from.exe_len = p->image ? p->image->exe_len : 0;
	from.cwd_len = p->image ? p->image->cwd_len : 0;
	from.tty_len = p->image ? p->image->tty_len : 0;
	if (from.tty_len)
		memcpy(tty, process_tty(p), from.tty_len);
	memcpy(exe, p->exe, from.exe_len);
	memcpy(cwd, p->cwd, from.cwd_len);
	memcpy(chain, before, from.chain_len);
	if (p->image)
		from.file = p->image->file;
	if (!from.exe_len)
		from.exe_len = read_link(proc, "exe", exe, sizeof(exe) - 1);
	if (!from.cwd_len)
		from.cwd_len = read_link(proc, "cwd", cwd, sizeof(cwd) - 1);
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

static bool fill(struct process_table *t, struct process *p)
{
	int proc = proc_open(p->pid, p->start);
	bool known = proc >= 0 && fill_from(t, p, proc);

	if (proc >= 0)
		close(proc);
	return known;
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

	for (uint32_t seen = 0; seen < table->touched && table->lacking && n < max; seen++) {
		struct process *p;

		table->fill_next = (table->fill_next + 1) % table->touched;
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
	struct proc_stat shown;

	if (read_stat(pid, &shown) < 0)
		return NULL;
	for (uint32_t i = process_home(t, pid); t->index[i]; i = (i + 1) & t->index_mask) {
		struct process *p = &t->slots[t->index[i]];

		if (p->pid == pid && !p->exited && proc_same_start(shown.start, p->start))
			return p;
	}
	return NULL;
}

static void fill_parent(struct process_table *t, struct process *p)
{
	struct proc_stat shown;
	const struct process *parent;

	if (read_stat(p->pid, &shown) < 0 || !proc_same_start(shown.start, p->start))
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
	for (uint32_t seen = 0; seen < table->touched; seen++) {
		struct process *p = &table->slots[table->adopt_next];

		if (orphan(table, p)) {
			if (n++ == max)
				return max;
			fill_parent(table, p);
		}
		table->adopt_next = (table->adopt_next + 1) % table->touched;
	}
	table->orphans = false;
	return n;
}
