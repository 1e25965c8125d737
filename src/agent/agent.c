// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "agent/existing.h"
#include "agent/tell.h"
#include "base/clock.h"
#include "event/schema.h"
#include "kernel/filters.h"
#include "kernel/snapshot.h"
#include "kernel/tree.h"
#include "output/capture.h"
#include "policy/policy.h"
#include "policy/where.h"

enum {
	TICK_MS = 1,		/* between reads while records come */
	TICK_IDLE_MS = 10,	/* for perf buffers, which cannot wake us */
	IDLE_TICKS = 50,	/* without a record before we sleep */
	TURN_RECORDS = 4096,	/* read at most before timers and signals get their turn */
	FILL_ARGS = 64,		/* processes a second whose arguments are read from /proc */
	SECOND_MS = 500,	/* losses must be told within a second */
	SETTLE_NS = 200000000,	/* after which no probe still works for the generation before */
};

/* What the process table learns from, wanted or not. */
static const unsigned identity_events[] = {
	EVENT_process_fork, EVENT_process_exec, EVENT_process_exit, EVENT_process_existing,
};

static int fail(struct agent *a, int r, const char *what)
{
	snprintf(a->error, sizeof(a->error), "%s: %s", what, strerror(-r));
	return r;
}

static void stop(struct agent *a, const char *reason)
{
	if (a->stop_reason)
		return;
	a->stop_reason = reason;
	uv_stop(&a->loop);
}

static void flush(struct agent *a)
{
	int r = pipeline_flush(&a->pipeline);

	if (r == 0 && a->options.pipeline.capture)
		r = a->pipeline.capture_error ? a->pipeline.capture_error
					      : capture_flush(a->options.pipeline.capture);
	if (r == 0)
		return;
	a->write_error = r;
	stop(a, r == -EPIPE ? "the reader went away" : strerror(-r));
}

/* The followed command has ended when all of its process tree has. */
static void look_at_child(struct agent *a)
{
	if (a->child.pid > 0 && child_ended(&a->child) && tree_empty(&a->probe))
		stop(a, "the command ended");
}

static void on_tick(uv_timer_t *timer);

static void on_wake(uv_poll_t *poll, int status, int events)
{
	struct agent *a = poll->data;

	for (unsigned i = 0; i < LANES; i++)
		uv_poll_stop(&a->polls[i]);
	a->idle_ticks = 0;
	uv_timer_start(&a->tick, on_tick, 0, TICK_MS);
}

static unsigned read_lanes(struct agent *a)
{
	unsigned n = lanes_read(&a->lanes, TURN_RECORDS);

	if (n)
		flush(a);
	if (a->pipeline.done)
		stop(a, "the count was reached");
	return n;
}

/* Nothing came for a while: let the kernel wake us. */
static void sleep_until_woken(struct agent *a)
{
	lanes_sleep(&a->lanes);
	if (read_lanes(a))
		return;
	uv_timer_start(&a->tick, on_tick, TICK_IDLE_MS, TICK_IDLE_MS);
	if (a->options.probe.transport == TRANSPORT_PERF)
		return;
	uv_timer_stop(&a->tick);
	for (unsigned i = 0; i < LANES; i++)
		uv_poll_start(&a->polls[i], UV_READABLE, on_wake);
}

static void on_tick(uv_timer_t *timer)
{
	struct agent *a = timer->data;

	if (read_lanes(a)) {
		if (a->idle_ticks >= IDLE_TICKS)
			uv_timer_start(&a->tick, on_tick, TICK_MS, TICK_MS);
		a->idle_ticks = 0;
	} else if (++a->idle_ticks == IDLE_TICKS) {
		sleep_until_woken(a);
	}
	look_at_child(a);
}

static void add_identity(struct event_set *set)
{
	for (unsigned i = 0; i < sizeof(identity_events) / sizeof(*identity_events); i++)
		event_set_add(set, identity_events[i]);
}

/* For the kernel side.  What tells who did it is never filtered. */
static struct filter_image image_make(const uint16_t *filter_of, const struct event_filter *filters, unsigned n,
				      const struct push_down *shared)
{
	struct filter_image image = {
		.filters = filters, .texts = shared->texts, .members = shared->members,
		.nfilters = n, .ntexts = shared->ntexts, .nmembers = shared->nmembers,
	};

	memcpy(image.filter_of, filter_of, sizeof(image.filter_of));
	for (unsigned i = 0; i < sizeof(identity_events) / sizeof(*identity_events); i++)
		image.filter_of[identity_events[i]] = FILTER_NONE;
	return image;
}

static struct filter_image image_of(const struct policy_set *set)
{
	return image_make(set->filter_of, set->filters, set->nfilters, &set->shared);
}

/* An expression's filters are those of generation 0, which records do not name. */
static int fill_where(struct agent *a, const struct where *w)
{
	struct filter_image image = image_make(w->filter_of, w->filters, w->nfilters, &w->shared);
	int r = filters_fill(&a->probe, 0, &image);

	return r < 0 ? fail(a, r, "cannot fill the kernel's filters") : 0;
}

static struct event_set shown_by(const struct policy_set *set)
{
	struct event_set shown = set->events;

	event_set_add(&shown, EVENT_lost);
	event_set_add(&shown, EVENT_agent_start);
	event_set_add(&shown, EVENT_agent_stop);
	event_set_add(&shown, EVENT_policy_reload);
	return shown;
}

/* As many records as the lanes can hold, so all that are in them now: more may come all the time. */
static void read_all(struct agent *a)
{
	const struct probe_options *o = &a->options.probe;
	size_t bytes = 0;

	for (unsigned i = 0; i < LANES; i++)
		bytes += o->lane_bytes[i] * (o->transport == TRANSPORT_PERF ? get_nprocs_conf() : 1);
	for (size_t n = 0; n < bytes / sizeof(struct head); n += TURN_RECORDS)
		if (lanes_read(&a->lanes, TURN_RECORDS) < TURN_RECORDS)
			break;
}

/* Until no probe works for the generation before any more.  Where the kernel does not tell, it takes
 * as long as it may; the lanes must not fill up meanwhile. */
static void await_probes(struct agent *a)
{
	bool told = false;

	while (clock_boot() - a->switched < SETTLE_NS && !told) {
		told = syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0;
		if (!told && lanes_read(&a->lanes, TURN_RECORDS) == 0)
			usleep(TICK_MS * 1000);
	}
}

void agent_settle(struct agent *a)
{
	struct policy_set *before = a->pipeline.policies[!(a->generation & 1)];
	struct filter_image image;

	if (!before)
		return;
	image = image_of(before);
	await_probes(a);
	read_all(a);
	filters_forget(&a->probe, before->generation, &image);
	a->pipeline.policies[!(a->generation & 1)] = NULL;
	policy_set_fini(before);
	free(before);
	a->pipeline.options.selected = shown_by(a->pipeline.policies[a->generation & 1]);
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

	losses_report(&a->losses, clock_boot(), pipeline_record, &a->pipeline);
	report(a);
	pipeline_clock(&a->pipeline, clock_boot_to_wall());
	process_fill_args(&a->pipeline.processes, FILL_ARGS);
	if (clock_boot() - a->switched > SETTLE_NS)
		agent_settle(a);
	flush(a);
	look_at_child(a);
}

static void on_deadline(uv_timer_t *timer)
{
	stop(timer->data, "the time is over");
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct agent *a = signal->data;

	if (number == SIGCHLD)
		look_at_child(a);
	else if (number == SIGHUP && a->options.hangup)
		a->options.hangup(a->options.ctx);
	else
		stop(a, number == SIGINT ? "interrupted" : "terminated");
}

static int loop_open(struct agent *a)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
	int r = uv_loop_init(&a->loop);

	if (r < 0)
		return r;
	a->opened_loop = true;
	uv_timer_init(&a->loop, &a->tick);
	uv_timer_init(&a->loop, &a->second);
	uv_timer_init(&a->loop, &a->deadline);
	a->tick.data = a->second.data = a->deadline.data = a;
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

static int required_there(struct agent *a, const struct policy_set *set)
{
	for (unsigned id = 1; id < EVENT_COUNT; id++)
		if (event_set_has(&set->required, id) && !a->probe.rungs[id].name) {
			snprintf(a->error, sizeof(a->error), "%s is required and cannot be had here: %s",
				 schema_get(id)->name, a->probe.rungs[id].why);
			return -EOPNOTSUPP;
		}
	return 0;
}

int agent_switch(struct agent *a, struct policy_set *set)
{
	uint16_t generation = a->generation == UINT16_MAX ? 2 : a->generation + 1;
	struct filter_image image = image_of(set);
	struct event_set wanted = shown_by(set), before = a->probe.wanted;
	int r;

	agent_settle(a);
	add_identity(&wanted);
	r = probe_extend(&a->probe, &wanted);
	if (r < 0) {
		snprintf(a->error, sizeof(a->error), "%s", a->probe.error);
		return r;
	}
	r = required_there(a, set);
	if (r == 0) {
		r = filters_fill(&a->probe, generation, &image);
		if (r < 0)
			fail(a, r, "cannot fill the kernel's filters");
	}
	if (r < 0) {
		probe_reduce(&a->probe, &before);
		return r;
	}
	set->generation = a->generation = generation;
	a->pipeline.policies[generation & 1] = set;
	for (unsigned i = 0; i < EVENTS_MAX / 64; i++)
		a->pipeline.options.selected.bits[i] |= wanted.bits[i];
	probe_environment(&a->probe, set->envp);
	filters_switch(&a->probe, generation);
	a->switched = clock_boot();
	probe_reduce(&a->probe, &wanted);
	return 0;
}

static int open_kernel(struct agent *a)
{
	const struct agent_options *o = &a->options;
	struct event_set wanted = o->pipeline.selected;
	int r;

	add_identity(&wanted);
	r = probe_open(&a->probe, &o->probe, &wanted, &o->filter);
	if (r < 0) {
		snprintf(a->error, sizeof(a->error), "%s", a->probe.error);
		return r;
	}
	if (a->child.pid > 0)
		r = tree_add(&a->probe, a->child.pid);
	if (r < 0)
		return fail(a, r, "cannot follow the command");
	if (o->where)
		r = fill_where(a, o->where);
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
	for (unsigned i = 0; i < o->nsinks && i < PIPELINE_SINKS; i++)
		a->pipeline.sinks[a->pipeline.nsinks++] = o->sinks[i];
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

static void print_header(struct agent *a, struct writer *w)
{
	writer_add(w, table_header(&a->pipeline.table, writer_room(w), WRITER_ROOM));
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

	memset(a, 0, sizeof(*a));
	a->options = *options;
	a->started = clock_boot();
	signal(SIGPIPE, SIG_IGN);
	r = open_all(a);
	if (r < 0)
		return r;
	if (options->header)
		print_header(a, &options->sinks[0]->writer);
	probe_start(&a->probe);
	r = look_at_existing(a);
	if (r < 0)
		return fail(a, r, "cannot list the processes that run");
	tell_start(a);
	flush(a);
	return 0;
}

/* What is in the lanes when the hooks are gone. */
static void drain(struct agent *a)
{
	uint64_t begin = clock_boot(), most = a->options.drain_ms * 1000000;

	probe_detach(&a->probe);
	while (lanes_read(&a->lanes, TURN_RECORDS) && !a->pipeline.done && pipeline_flush(&a->pipeline) == 0)
		if (most && clock_boot() - begin > most)
			break;
	losses_report(&a->losses, clock_boot(), pipeline_record, &a->pipeline);
	losses_read(&a->losses);
	tell_stats(a);
	tell_stop(a);
	flush(a);
}

int agent_run(struct agent *a)
{
	int r = 0;

	uv_timer_start(&a->tick, on_tick, 0, TICK_MS);
	uv_timer_start(&a->second, on_second, SECOND_MS, SECOND_MS);
	if (a->options.duration_ms)
		uv_timer_start(&a->deadline, on_deadline, a->options.duration_ms, 0);
	if (a->child.pid > 0)
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

void agent_close(struct agent *a)
{
	if (a->opened_loop) {
		uv_walk(&a->loop, close_handle, NULL);
		uv_run(&a->loop, UV_RUN_DEFAULT);
		uv_loop_close(&a->loop);
	}
	lanes_close(&a->lanes);
	losses_fini(&a->losses);
	probe_close(&a->probe);
	for (unsigned i = 0; i < 2; i++)
		if (a->pipeline.policies[i]) {
			policy_set_fini(a->pipeline.policies[i]);
			free(a->pipeline.policies[i]);
		}
	pipeline_fini(&a->pipeline);
}

void agent_summary(const struct agent *a)
{
	double seconds = (clock_boot() - a->started) / 1e9;
	uint64_t delivered = tell_delivered(a), lost = losses_total(&a->losses);

	fprintf(stderr, "saker: %llu events in %.1f s, ", (unsigned long long)delivered, seconds);
	if (lost)
		fprintf(stderr, "%llu lost\n", (unsigned long long)lost);
	else
		fprintf(stderr, "none lost\n");
	if (a->pipeline.counts.invalid)
		fprintf(stderr, "saker: %llu records were malformed\n", (unsigned long long)a->pipeline.counts.invalid);
}
