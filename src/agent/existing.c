// SPDX-License-Identifier: Apache-2.0
#include "agent/existing.h"

#include <string.h>
#include <unistd.h>

#include "identity/proc.h"

enum { ARGV_MAX = 6144 };	/* bytes, as of an exec's record */

/* How many bytes of a process's arguments there are, 0 if none, at most ARGV_MAX; a NUL is behind them. */
static size_t read_arguments(const struct who *who, char *to)
{
	int proc = proc_open(who->host_pid, who->proc_leader_start);
	ssize_t n;

	if (proc < 0)
		return 0;
	n = proc_read(proc, "cmdline", to, ARGV_MAX + 1);
	close(proc);
	return n > 0 ? n : 0;
}

void existing_record(void *ctx, const void *record, size_t len)
{
	struct existing *x = ctx;
	struct event_process_existing *e = (void *)x->build->record;
	size_t off = (len + 7) & ~(size_t)7, n;

	if (len < sizeof(*e) || off + ARGV_MAX + 1 > RECORD_MAX) {
		x->reader(x->ctx, record, len);
		return;
	}
	memcpy(e, record, len);
	n = e->kernel ? 0 : read_arguments(&e->head.who, x->build->record + off);
	if (n) {
		if (n == ARGV_MAX)
			e->head.truncated |= 1u << BIT_process_existing_argv;
		x->build->record[off + n - 1] = 0;
		e->argv = (struct span){ off, n };
		e->head.size = off + n;
	}
	x->reader(x->ctx, e, e->head.size);
}
