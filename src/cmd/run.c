// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/containers_options.h"
#include "agent/control.h"
#include "agent/home_ns.h"
#include "agent/instance.h"
#include "agent/notify.h"
#include "agent/plan.h"
#include "agent/reload.h"
#include "agent/rights.h"
#include "agent/switch.h"
#include "base/log.h"
#include "cmd/command.h"
#include "cmd/watch.h"
#include "cmd/usage.h"
#include "config/config.h"
#include "policy/policy.h"

enum { THREADS = 4 };		/* beside one for each sink */

/* The hooks are attached, and no thread has begun. */
static void on_opened(void *ctx, struct agent *agent)
{
	struct reload *reload = ctx;

	if (!reload->config.agent.keep_loading)
		rights_end_loading(&reload->config, &reload->slots, &agent->probe, reload->log);
	reload_attach(reload, agent);
}

static struct agent_options options_of(const struct config *c, struct policy_set *policies, struct reload *reload,
				       const struct perf_events *perf)
{
	const struct config_agent *a = &c->agent;
	static struct read_places places;

	return (struct agent_options){
		.log = reload->log,
		.probe = {
			.transport = a->transport == CONFIG_PERF ? TRANSPORT_PERF : TRANSPORT_RING,
			.lane_bytes = { a->lanes.critical, a->lanes.normal, a->lanes.bulk },
			.btf = a->btf.text,
			.home_pid_ns = a->home_pid_ns,
			.policies = true,
			.call_counts = a->syscall_stats.entries,
			.perf = *perf,
		},
		.pipeline.hash_limits = { a->hash.max_size, a->hash.timeout * 1000000 },
		.pipeline.lineage = { a->ancestors.depth, a->ancestors.details },
		.filter = { .self = getpid() },
		.cgroup = { (enum cgroup_version)a->cgroup.version, a->cgroup.root.text },
		.config = c,
		.pipeline.containers = containers_options_of(&places, c),
		.policies = policies,
		.memory_limit = a->memory_limit,
		.pipeline.process_bytes = memory_for_processes(a->memory_limit),
		.report_ms = a->report_interval,
		.drain_ms = a->drain_timeout,
		.canary_ms = a->canary_interval,
		.syscall_stats_ms = a->syscall_stats.interval,
		.container_stats_ms = a->container_stats.interval,
		.cgroup_stats = a->container_stats.of == CONFIG_STATS_CGROUPS,
		.idle = reload_idle,
		.opened = on_opened,
		.hangup = reload_hangup,
		.ctx = reload,
	};
}

static void tell_start(const struct agent *a, struct log *log)
{
	unsigned policies = a->pipeline.policies[a->generation & 1]->files.n;

	log_say(log, LOG_info, "watching by %u %s and %u hooks", policies, policies == 1 ? "policy" : "policies",
		a->probe.nlinks);
}

/* *closed: false when a thread hangs in a write of a sink. */
static int run_agent(struct reload *reload, struct policy_set *policies, struct control *control,
		     const struct perf_events *perf, bool *closed)
{
	static struct agent agent;
	static struct notify notify;
	struct agent_options options = options_of(&reload->config, policies, reload, perf);
	int status = EXIT_OK, r;
	bool started;

	notify_open(&notify);
	options.stopping = notify_stopping;
	options.stopping_ctx = &notify;
	r = agent_open(&agent, &options);
	if (r == 0)
		r = reload_watch(reload, &agent);
	/* The manager hears of a reload's end before whoever asked for it. */
	reload_listen(reload, &(struct reload_listener){ notify_reloading, notify_reloaded, &notify });
	if (r == 0)
		r = control_open(control, &agent, reload);
	started = r == 0;
	if (started) {
		tell_start(&agent, reload->log);
		notify_ready(&notify, &agent, reload);
		r = agent_run(&agent);
	}
	if (r < 0)
		status = watch_failed(&agent, r);
	*closed = reload_finish(reload);
	if (started)
		agent_summary(&agent);
	watch_stop(&reload->watch);
	control_close(control);
	metrics_stop(&reload->metrics);
	reload_unlisten(reload, &notify);
	notify_close(&notify);
	agent_close(&agent, !*closed);
	return status;
}

/* A sink may hang in a write, and must take a thread of its own with it, not those of others. */
static void size_threads(unsigned sinks)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", THREADS + sinks);
	setenv("UV_THREADPOOL_SIZE", text, 0);
}

static int run_alone(const char *path, const struct instance *instance, struct log *log, bool *closed)
{
	static struct control control;
	static struct reload reload;
	struct policy_set *policies;
	struct diag diag = { 0 };
	struct perf_events perf;
	struct event_set wanted;
	int status;

	if (control_listen(&control, instance, log) < 0 || reload_open(&reload, path, log, &policies) < 0) {
		control_close(&control);
		return EXIT_FAILED;
	}
	if (home_ns_check(&reload.config, &diag) < 0) {
		plan_tell_wrong(log, &reload.config, &diag);
		policy_set_fini(policies);
		free(policies);
		control_close(&control);
		reload_close(&reload);
		return EXIT_FAILED;
	}
	wanted = switch_wanted(policies);
	perf_events_reserve(&perf, &wanted);
	rights_drop(rights_needed(&reload.config, &reload.slots), log);
	containers_options_doubt(&reload.config, log);
	size_threads(reload.config.nsinks);
	status = run_agent(&reload, policies, &control, &perf, closed);
	if (*closed)
		reload_close(&reload);
	return status;
}

/* The lock comes before all else, so that one that may not run touches nothing of the other. */
static int lock(struct instance *instance, const char *path, struct log *log)
{
	struct config config;
	struct diag diag = { 0 };
	int r = config_read(&config, sink_config_kinds, path, &diag, NULL);

	if (r < 0) {
		plan_tell_wrong(log, &config, &diag);
	} else {
		r = instance_open(instance, &config.agent.run_dir, &config.agent.group);
		if (r < 0)
			log_say(log, LOG_error, "%s", instance->error);
	}
	config_fini(&config);
	return r;
}

static int run_file(const char *path)
{
	static struct instance instance = { .dir = -1, .lock = -1 };
	static struct log log;
	bool closed = true;
	int status, r;

	log_open(&log, STDERR_FILENO, getenv("JOURNAL_STREAM"), LOG_info);
	r = lock(&instance, path, &log);
	status = r == 0 ? run_alone(path, &instance, &log, &closed) : r == -EBUSY ? EXIT_BUSY : EXIT_FAILED;
	instance_close(&instance);
	log_close(&log);
	if (!closed)
		_exit(status);		/* exit would wait for the thread */
	return status;
}

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: saker run [-c FILE]\n\n  -c, --config FILE   default /etc/saker/saker.yaml; its settings:\n\n");
	config_help(sink_config_kinds, to);
	return status;
}

static int run(int argc, char **argv)
{
	static const struct option longs[] = { { "config", 1, NULL, 'c' }, { "help", 0, NULL, 'h' }, { 0 } };
	const char *path = "/etc/saker/saker.yaml";
	int id;

	optind = opterr = 0;
	while ((id = getopt_long(argc, argv, ":c:h", longs, NULL)) != -1) {
		if (id == 'h')
			return usage(stdout, EXIT_OK);
		if (id != 'c')
			return usage_option(id, argv, longs);
		path = optarg;
	}
	if (optind < argc)
		return usage_word(argv[optind], argv[0], cmd_run.usage);
	return *path ? run_file(path) : usage_value("config", path, "the name of a file");
}

const struct command cmd_run = {
	.name = "run",
	.usage = "[-c FILE]",
	.doc = "the agent: policies, sinks, reload while it runs",
	.run = run,
};
