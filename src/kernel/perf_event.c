// SPDX-License-Identifier: Apache-2.0
#include "kernel/perf_event.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "event/schema.h"

/* What may be kept.  first to last: ids of the events that the program serves. */
static const struct { const char *program, *tracepoint; unsigned first, last; } rows[] = {
	{ "process_fork__perf_tp", "task/task_newtask", EVENT_process_fork, EVENT_process_fork },
	{ "process_exec__perf_tp", "sched/sched_process_exec", EVENT_process_exec, EVENT_process_exec },
	{ "process_exit__perf_tp", "sched/sched_process_exit", EVENT_process_exit, EVENT_process_exit },
	{ "io_uring_submit__perf_tp", "io_uring/io_uring_submit_req", EVENT_io_uring_submit, EVENT_io_uring_submit },
	{ "syscall_stats__perf_tp", "raw_syscalls/sys_exit", EVENT_syscall_stats, EVENT_syscall_stats },
	{ "syscall__exit_perf_tp", "raw_syscalls/sys_exit", EVENT_SYSCALL, EVENT_COUNT - 1 },
	{ "syscall__exit_perf_tp", "raw_syscalls/sys_exit", EVENT_file_open, EVENT_file_open },
	{ "syscall__enter_perf_tp", "raw_syscalls/sys_enter", EVENT_SYSCALL, EVENT_COUNT - 1 },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

_Static_assert((int)ROWS == (int)PERF_EVENTS, "a descriptor a row");

static int open_in_tracefs(const char *path)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char full[160];
	int fd = -1;

	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots) && fd < 0; i++) {
		snprintf(full, sizeof(full), "%s/events/%s", roots[i], path);
		fd = open(full, O_RDONLY | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

/* What perf calls the tracepoint; negative errno. */
static long read_id(const char *tracepoint)
{
	char path[96], text[24];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/id", tracepoint);
	fd = open_in_tracefs(path);
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0 ? atol(text) : -EIO;
}

/* On one cpu, as it must be said; a program attached to it is called on all. */
static int event_open(long id)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .config = id, .disabled = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int tracepoint_open(const char *tracepoint)
{
	long id = read_id(tracepoint);

	return id < 0 ? (int)id : event_open(id);
}

static int kept(const struct perf_events *e, const char *program)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (e->fds[i] && !strcmp(rows[i].program, program))
			return e->fds[i];
	return 0;
}

static bool is_privilege(void)
{
	char text[16];
	int fd = open("/proc/sys/kernel/perf_event_paranoid", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return atoi(text) > 2;
}

static bool any(const struct event_set *wanted, unsigned first, unsigned last)
{
	for (unsigned id = first; id <= last; id++)
		if (event_set_has(wanted, id))
			return true;
	return false;
}

void perf_events_reserve(struct perf_events *e, const struct event_set *wanted)
{
	/* No kernel that lets programs be preempted is without it. */
	int newer = open_in_tracefs("sched/sched_prepare_exec");

	memset(e, 0, sizeof(*e));
	if (newer < 0)
		return;
	close(newer);
	for (unsigned i = 0; is_privilege() && i < ROWS; i++) {
		int fd;

		if (!any(wanted, rows[i].first, rows[i].last) || kept(e, rows[i].program))
			continue;
		fd = tracepoint_open(rows[i].tracepoint);
		e->fds[i] = fd > 0 ? fd : 0;
	}
}

static bool is_among(const char *program, struct bpf_program *const *programs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(bpf_program__name(programs[i]), program))
			return true;
	return false;
}

void perf_events_release(struct perf_events *e, struct bpf_program *const *programs, unsigned n)
{
	for (unsigned i = 0; i < ROWS; i++) {
		if (!e->fds[i] || is_among(rows[i].program, programs, n))
			continue;
		close(e->fds[i]);
		e->fds[i] = 0;
	}
}

int perf_event_trial(const struct perf_events *e, const char *program, const char *tracepoint, const char **why)
{
	int fd;

	if (kept(e, program))
		return 0;
	fd = tracepoint_open(tracepoint);
	if (fd >= 0)
		close(fd);
	else if (fd == -ENOENT)
		*why = "tracefs is not mounted, or has no such tracepoint";
	else if (is_privilege())
		*why = "perf_event_paranoid is above 2 and CAP_SYS_ADMIN was not there at start";
	else
		*why = "perf refuses it";
	return fd < 0 ? fd : 0;
}

struct bpf_link *perf_event_attach(const struct perf_events *e, const struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog);
	struct bpf_link *link;
	int fd, r;

	if (strncmp(section, "tp/", 3) != 0)
		return bpf_program__attach(prog);
	fd = kept(e, bpf_program__name(prog));
	fd = fd ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : tracepoint_open(section + 3);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	link = bpf_program__attach_perf_event(prog, fd);
	r = errno;
	if (!link)
		close(fd);
	errno = r;
	return link;
}
