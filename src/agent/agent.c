// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/existing.h"
#include "agent/switch.h"
#include "agent/tell.h"
#include "agent/turn.h"
#include "base/clock.h"
#include "base/log.h"
#include "event/schema.h"
#include "kernel/snapshot.h"
#include "kernel/tree.h"
#include "output/capture.h"
#include "policy/policy.h"

enum {
	FILL_ARGS = 64,		/* processes a second whose arguments are read from /proc */
	FILL_PARENTS = 64,	/* and orphans for whose new parents it is asked */
	FINISH_MS = 1000,	/* for the hashes that events still wait for */
	SECOND_MS = 500,	/* losses must be told within a second */
};

static int fail(struct agent *a, int r, const char *what)
{
	snprintf(a->error, sizeof(a->error), "%s: %s", what, strerror(-r));
	return r;
}

/* The figures, when their time has come: half a tick early is better than half a tick late. */
static void report(struct agent *a)
{
	uint64_t now = clock_boot(), since = now - a->reported + SECOND_MS / 2 * 1000000;

	if (since < a->options.report_ms * 1000000)
		return;
	a->reported = now;
	tell_stats(a);
}

static void on_second(uv_timer_t *timer)
{
	struct agent *a = timer->data;

	lag_late(&a->lag, SECOND_MS);
	losses_report(&a->losses, clock_boot(), pipeline_record, &a->pipeline);
	report(a);
	syscall_stats_tick(a);
	container_stats_tick(a);
	log_tick(a->options.log);
	top_tick(&a->pipeline.top, clock_boot());
	pipeline_clock(&a->pipeline, clock_boot_to_wall());
	process_fill_args(&a->pipeline.processes, FILL_ARGS);
	process_fill_parents(&a->pipeline.processes, FILL_PARENTS);
	lookups_start(a);
	lineages_tell(a);
	if (agent_settled(a))
		agent_settle(a);
	memory_tick(a);
	turn_look(a);
	health_tick(a);
	agent_flush(a);
	agent_look_at_child(a);
}

static void on_deadline(uv_timer_t *timer)
{
	agent_stop(timer->data, "the time is over");
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct agent *a = signal->data;

	if (number == SIGCHLD)
		agent_look_at_child(a);
	else if (number == SIGHUP && a->options.hangup)
		a->options.hangup(a->options.ctx);
	else if (a->stop_reason)
		a->hurry = true;
	else
		agent_stop(a, number == SIGINT ? "interrupted" : "terminated");
}

static int loop_open(struct agent *a)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
	int r = uv_loop_init(&a->loop);

	if (r < 0)
		return r;
	a->opened_loop = true;
	r = lag_start(&a->lag, &a->loop);
	if (r < 0)
		return r;
	uv_timer_init(&a->loop, &a->tick);
	uv_idle_init(&a->loop, &a->more);
	uv_check_init(&a->loop, &a->check);
	uv_timer_init(&a->loop, &a->second);
	uv_timer_init(&a->loop, &a->deadline);
	a->tick.data = a->more.data = a->check.data = a->second.data = a->deadline.data = a;
	for (unsigned i = 0; i < 4; i++) {
		uv_signal_init(&a->loop, &a->signals[i]);
		a->signals[i].data = a;
		uv_signal_start(&a->signals[i], on_signal, numbers[i]);
	}
	for (unsigned i = 0; i < LANES; i++) {
		r = uv_poll_init(&a->loop, &a->polls[i], lanes_fd(&a->lanes, i));
		if (r < 0)
			return r;
		a->polls[i].data = a;
	}
	return 0;
}

/* Is what is mounted not all of the hierarchy, whose root has the first number?  Without a mount paths are
 * those that the kernel tells. */
static bool is_part(const struct cgroup_root *root)
{
	struct stat st;

	return root->fd >= 0 && (fstat(root->fd, &st) < 0 || st.st_ino != 1);
}

/* Which cgroup ids records shall have. */
static int choose_cgroups(struct agent *a)
{
	struct cgroup_root *root = &a->cgroup_root;
	int r = cgroup_root_open(root, &a->options.cgroup);

	if (r < 0) {
		snprintf(a->error, sizeof(a->error), "agent.cgroup: %s", root->error);
		return r;
	}
	if (root->fd < 0)
		log_say(a->options.log, LOG_warning, "containers that run already will not be found: %s", root->error);
	a->options.probe.controller = root->version == CGROUP_V1 ? root->controller : NULL;
	a->options.probe.cgroup_part = is_part(root);
	r = cgroup_root_sockets(root);
	a->options.probe.cgroup_sockets = r < 0 ? 0 : r;
	return 0;
}

static int open_kernel(struct agent *a)
{
	const struct agent_options *o = &a->options;
	/* All at once: reading the kernel's types for a second object would take its time and memory. */
	struct event_set wanted = o->policies ? switch_wanted(o->policies) : o->pipeline.selected;
	int r;

	r = choose_cgroups(a);
	if (r < 0)
		return r;
	switch_add_identity(&wanted);
	r = probe_open(&a->probe, &o->probe, &wanted, &o->filter);
	if (r < 0) {
		snprintf(a->error, sizeof(a->error), "%s", a->probe.error);
		return r;
	}
	r = mute_open(&a->mutes, &a->probe, &a->cgroup_root, o->log);
	if (r < 0)
		return fail(a, r, "cannot mute");
	a->mutes.learn_again = pipeline_containers_again;
	a->mutes.ctx = &a->pipeline;
	if (o->config)
		mute_configure(&a->mutes, o->config);
	a->pipeline.mutes = &a->mutes;
	if (a->child.pid > 0)
		r = tree_add(&a->probe, a->child.pid);
	if (r < 0)
		return fail(a, r, "cannot follow the command");
	if (o->where)
		r = switch_where(a, o->where);
	if (r < 0)
		return r;
	r = lanes_open(&a->lanes, &a->probe, o->probe.lane_bytes, pipeline_record, &a->pipeline);
	return r < 0 ? fail(a, r, "cannot map the lanes") : 0;
}

static int open_all(struct agent *a)
{
	struct agent_options *o = &a->options;
	char host[256] = "";
	int r;

	gethostname(host, sizeof(host) - 1);
	if (o->argv) {
		r = child_fork(&a->child, o->argv);
		if (r < 0)
			return fail(a, r, "cannot fork");
		o->pipeline.from_exec_of = a->child.pid;
		o->filter.by_tree = 1;
	}
	r = pipeline_init(&a->pipeline, &o->pipeline, clock_boot_to_wall(), host);
	if (r < 0)
		return fail(a, r, "cannot start");
	if (o->console)
		road_add(&a->pipeline.road, 0, o->console);
	r = open_kernel(a);
	if (r == 0 && o->policies)
		r = agent_switch(a, o->policies);
	if (r < 0)
		return r;
	r = losses_init(&a->losses, &a->probe, clock_boot());
	if (r < 0)
		return fail(a, r, "cannot read the counters");
	r = loop_open(a);
	return r < 0 ? fail(a, r, "cannot start the loop") : 0;
}

/* Arguments are read at once only where a record shall have them: it takes a while where very many
 * processes run.  Else the process table reads them bit by bit. */
static int look_at_existing(struct agent *a)
{
	const struct pipeline_options *o = &a->options.pipeline;
	struct existing x = { pipeline_record, &a->pipeline, &a->losses.build };

	if (o->capture || event_set_has(&o->selected, EVENT_process_existing))
		return snapshot_processes(&a->probe, existing_record, &x);
	return snapshot_processes(&a->probe, pipeline_record, &a->pipeline);
}

int agent_open(struct agent *a, const struct agent_options *options)
{
	int r;

	memory_begin();
	memset(a, 0, sizeof(*a));
	a->cgroup_root.fd = -1;
	a->options = *options;
	a->memory.limit = options->memory_limit;
	a->started = clock_boot();
	a->canaries.interval = options->canary_ms * 1000000;
	a->syscall_stats.interval = options->syscall_stats_ms * 1000000;
	container_stats_configure(&a->container_stats, options->container_stats_ms, options->cgroup_stats);
	signal(SIGPIPE, SIG_IGN);
	r = open_all(a);
	if (r < 0)
		return r;
	if (options->opened)
		options->opened(options->ctx, a);
	if (options->header)
		road_header(&a->pipeline.road, 0);
	users_open(&a->pipeline.users, &a->pipeline.mounts, clock_boot());
	probe_start(&a->probe);
	r = containers_start(&a->pipeline.containers, &a->loop, &a->cgroup_root, &a->losses.seq);
	if (r < 0)
		return fail(a, r, "cannot look at cgroups");
	r = look_at_existing(a);
	if (r < 0)
		return fail(a, r, "cannot list the processes that run");
	lineages_tell(a);
	tell_start(a);
	agent_flush(a);
	memory_settle();
	return 0;
}

/* What is in the lanes when the hooks are gone. */
static void drain(struct agent *a)
{
	uint64_t most = a->options.drain_ms * 1000000;

	a->stopped = clock_boot();
	probe_detach(&a->probe);
	turn_stop(a);
	turn_drain(a, most ? a->stopped + most : 0);
	if (!a->hurry)
		lookups_finish(a, FINISH_MS);
	losses_report(&a->losses, clock_boot(), pipeline_record, &a->pipeline);
	losses_read(&a->losses);
	tell_stats(a);
	tell_stop(a);
	agent_flush(a);
}

int agent_run(struct agent *a)
{
	int r = 0;

	turn_start(a);
	uv_timer_start(&a->second, on_second, SECOND_MS, SECOND_MS);
	if (a->options.duration_ms)
		uv_timer_start(&a->deadline, on_deadline, a->options.duration_ms, 0);
	if (a->child.pid > 0 && !a->stop_reason)
		r = child_go(&a->child);
	if (r < 0) {
		snprintf(a->error, sizeof(a->error), "cannot run %s: %s", a->options.argv[0], strerror(-r));
		return r;
	}
	if (!a->stop_reason)
		uv_run(&a->loop, UV_RUN_DEFAULT);
	drain(a);
	r = a->write_error ? a->write_error : a->pipeline.capture_error;
	return r == -EPIPE ? 0 : r < 0 ? fail(a, r, "cannot write") : 0;
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void agent_close(struct agent *a, bool hangs)
{
	containers_stop(&a->pipeline.containers);
	if (a->opened_loop && !hangs) {
		uv_walk(&a->loop, close_handle, NULL);
		uv_run(&a->loop, UV_RUN_DEFAULT);
		uv_loop_close(&a->loop);
	}
	lanes_close(&a->lanes);
	losses_fini(&a->losses);
	probe_close(&a->probe);
	mute_close(&a->mutes);
	syscall_stats_close(&a->syscall_stats);
	if (!hangs)
		container_stats_close(&a->container_stats);
	cgroup_root_close(&a->cgroup_root);
	if (a->options.probe.cgroup_sockets > 0)
		close(a->options.probe.cgroup_sockets);
	for (unsigned i = 0; i < 2; i++)
		if (a->pipeline.policies[i]) {
			policy_set_fini(a->pipeline.policies[i]);
			free(a->pipeline.policies[i]);
		}
	if (!hangs)
		pipeline_fini(&a->pipeline);
}

void agent_summary(const struct agent *a)
{
	double seconds = (clock_boot() - a->started) / 1e9;
	uint64_t delivered = tell_delivered(a), lost = losses_total(&a->losses);
	char losses[24] = "none";

	if (lost)
		snprintf(losses, sizeof(losses), "%llu", (unsigned long long)lost);
	log_say(a->options.log, LOG_info, "%llu event%s in %.1f s, %s lost", (unsigned long long)delivered,
		delivered == 1 ? "" : "s", seconds, losses);
	if (a->pipeline.counts.invalid)
		log_say(a->options.log, LOG_warning, "%llu records were malformed",
			(unsigned long long)a->pipeline.counts.invalid);
}
