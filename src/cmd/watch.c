// SPDX-License-Identifier: Apache-2.0
#include "cmd/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/log.h"
#include "cmd/command.h"
#include "event/schema.h"

/* The way out of an error, "" when the error says it all. */
static const char *advice(int r)
{
	if (r == -EPERM || r == -EACCES)
		return geteuid() == 0 ? ". The kernel or a container's limits forbid BPF; see saker doctor"
				      : ". Run as root or with CAP_BPF, CAP_PERFMON";
	if (r == -ENOENT || r == -ESRCH)
		return access("/sys/kernel/btf/vmlinux", R_OK)
		       ? ". This kernel has no BTF (CONFIG_DEBUG_INFO_BTF); give its types with --btf FILE" : "";
	return "";
}

static int exit_status(int r)
{
	return r == -EPERM || r == -EACCES || r == -EOPNOTSUPP || r == -ENOENT || r == -ESRCH ? EXIT_CANNOT : EXIT_FAILED;
}

int watch_failed(const struct agent *a, int r)
{
	log_say(a->options.log, LOG_error, "%s%s", a->error, advice(r));
	return exit_status(r);
}

/* Events that were asked for and cannot be had on this kernel.  System calls that only another
 * architecture has are left out: no one asked for them by name. */
static void tell_missing(const struct agent *a)
{
	for (unsigned id = 1; id < EVENT_SYSCALL; id++) {
		const struct rung *r = &a->probe.rungs[id];

		if (event_set_has(&a->options.pipeline.selected, id) && schema_get(id) && !r->name)
			log_say(a->options.log, LOG_warning, "%s cannot be watched here: %s", schema_get(id)->name, r->why);
	}
}

int watch(const struct agent_options *options)
{
	static struct agent agent;
	static struct log log;
	struct agent_options with_log = *options;
	int r, status;

	log_open(&log, STDERR_FILENO, getenv("JOURNAL_STREAM"), LOG_info);
	with_log.log = &log;
	r = agent_open(&agent, &with_log);
	if (r < 0) {
		status = watch_failed(&agent, r);
		agent_close(&agent, false);
		return status;
	}
	tell_missing(&agent);
	r = agent_run(&agent);
	if (r < 0)
		status = options->argv && agent.child.go < 0 && r != agent.write_error ? 127 : EXIT_FAILED;
	else
		status = options->argv && agent.child.ended ? child_exit_status(&agent.child) : EXIT_OK;
	if (r < 0)
		log_say(&log, LOG_error, "%s", agent.error);
	agent_summary(&agent);
	agent_close(&agent, false);
	return status;
}
