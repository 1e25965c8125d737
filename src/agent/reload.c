// SPDX-License-Identifier: Apache-2.0
/* A reload is a transaction: read and check all files, compile all policies, open what sinks are
 * new, attach what hooks are new and fill the kernel's other bank; only then switch.  Up to the
 * switch everything can be undone, and a failure leaves what was in force untouched. */
#include "agent/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/plan.h"
#include "agent/switch.h"
#include "agent/tell.h"
#include "base/clock.h"
#include "base/fnv.h"
#include "base/log.h"
#include "event/schema.h"
#include "policy/policy.h"

/* The configuration names the levels of the log in the log's order. */
_Static_assert(CONFIG_ERROR == (int)LOG_error && CONFIG_DEBUG == (int)LOG_debug, "levels");

/* What shall be and what was said at start differ in what only a start can change: it is told as long as
 * it does. */
static void note_waiting(struct reload *r, const struct config *next)
{
	char waiting[sizeof(r->waiting)];

	config_waiting(&r->started->config, next, waiting, sizeof(waiting));
	if (*waiting && strcmp(waiting, r->waiting) != 0)
		log_say(r->log, LOG_warning, "%s: changed, but it takes effect only when saker is started again", waiting);
	memcpy(r->waiting, waiting, sizeof(waiting));
}

static void apply_metrics(struct reload *r, const struct plan *p)
{
	const struct config_metrics *c = &p->source->config.metrics;

	if (!endpoint_equal(&c->address, &r->metrics.address))
		metrics_move(&r->metrics, &c->address, p->listens ? p->metrics_fd : -1);
	metrics_count_runs(&r->metrics, c->address.len && c->bpf_stats, r->log);
}

/* What was refused for lack of memory or descriptors is tried again with the next reload. */
static void start_metrics(struct reload *r)
{
	int e = metrics_start(&r->metrics, r->agent, r);

	if (e < 0)
		log_say(r->log, LOG_error, "metrics cannot be offered: %s",
			e == -ENOENT ? "libmicrohttpd.so.12 is not installed" : strerror(-e));
}

/* The plan becomes what is in force; nothing of this can fail. */
static void plan_apply(struct reload *r, struct plan *p)
{
	const struct config_agent *agent = &p->source->config.agent;

	r->slots.drain_ms = agent->drain_timeout;
	slots_apply(&r->slots, &p->slots, p->source);
	/* What was set while it ran stays until the configuration says something else. */
	if (r->config.agent.log.level != agent->log.level || !r->agent)
		r->log->level = agent->log.level;
	apply_metrics(r, p);
	if (r->source)
		source_release(r->source);
	r->source = p->source;
	r->config = p->source->config;
	r->hash = p->hash;
	if (r->agent) {
		r->agent->options.report_ms = agent->report_interval;
		r->agent->memory.limit = agent->memory_limit;
		r->agent->options.drain_ms = agent->drain_timeout;
		r->agent->canaries.interval = agent->canary_interval * 1000000;
		r->agent->syscall_stats.interval = agent->syscall_stats.interval * 1000000;
		container_stats_configure(&r->agent->container_stats, agent->container_stats.interval,
					  agent->container_stats.of == CONFIG_STATS_CGROUPS);
		mute_configure(&r->agent->mutes, &r->config);
	}
}

int reload_open(struct reload *r, const char *path, struct log *log, struct policy_set **ret)
{
	struct plan p = { 0 };
	int e;

	*r = (struct reload){ .path = path, .log = log, .slots.log = log };
	e = plan_make(r, &p, NULL);
	if (e < 0) {
		log_lines(log, LOG_error, p.said);
		plan_drop(&p);
		return e;
	}
	*ret = p.policies;
	r->started = p.source;
	r->started->holders++;
	doubts_log(&p.receipt.doubts, log);
	plan_apply(r, &p);
	return 0;
}

static void tell_event(struct agent *a, const struct reload_receipt *t)
{
	struct event_policy_reload *x = build_begin(&a->losses.build, EVENT_policy_reload, clock_boot(), ++a->losses.seq);

	x->generation = t->generation;
	x->added = t->added;
	x->removed = t->removed;
	x->changed = t->changed;
	x->unchanged = t->same;
	x->sinks_added = t->sinks.added;
	x->sinks_removed = t->sinks.removed;
	x->sinks_changed = t->sinks.changed;
	x->hooks = t->hooks;
	x->hooks_before = t->hooks_before;
	x->elapsed = t->elapsed;
	build_str(&a->losses.build, &x->result, t->result < 0 ? "refused" : "applied");
	if (t->result < 0)
		build_str(&a->losses.build, &x->error, t->error);
	build_str(&a->losses.build, &x->waiting, t->waiting);
	for (unsigned i = 0; i < t->doubts.n && i < DOUBTS_KEPT; i++)
		build_strv(&a->losses.build, &x->doubts, t->doubts.texts[i]);
	agent_tell(a);
}

static void tell(struct reload *r, const struct reload_receipt *t, const char *said)
{
	tell_event(r->agent, t);
	r->applied += t->result == 0;
	r->refused += t->result < 0;
	if (t->result == 0) {
		doubts_log(&t->doubts, r->log);
		log_say(r->log, LOG_info, "policies reloaded: %u added, %u removed, %u changed, %u the same; "
			"sinks: %u added, %u removed, %u changed; %u hooks; %llu us", t->added, t->removed, t->changed,
			t->same, t->sinks.added, t->sinks.removed, t->sinks.changed, t->hooks,
			(unsigned long long)t->elapsed / 1000);
	} else {
		log_lines(r->log, LOG_error, said);
		log_say(r->log, LOG_error, "the new policies are refused, those before stay in force");
	}
}

/* A signal and the watch may both see one change, and what is wrong is told once. */
static bool is_news(struct reload *r, const struct plan *p, int e)
{
	uint64_t before = r->wrong;

	if (e == -EBUSY || r->agent->stop_reason)
		return false;
	r->wrong = e < 0 && e != -EALREADY ? fnv64(p->hash, p->error, strlen(p->error)) : 0;
	return e != -EALREADY && (p->asked || !r->wrong || r->wrong != before);
}

static void note_refusal(struct reload *r, const struct reload_receipt *t)
{
	if (t->result == -EBUSY)
		return;
	r->refusal.at = t->result < 0 && t->result != -EALREADY ? clock_boot() : 0;
	r->refusal.generation = t->generation + 1;
	memcpy(r->refusal.error, t->error, sizeof(r->refusal.error));
}

/* The end of a run, be it good or bad. */
static void conclude(struct reload *r, struct plan *p, int e)
{
	struct reload_receipt *t = &p->receipt;

	t->result = e;
	t->generation = r->agent->generation;
	t->hooks = r->agent->probe.nlinks;
	t->elapsed = clock_boot() - p->began;
	snprintf(t->error, sizeof(t->error), "%s", p->error);
	memcpy(t->waiting, r->waiting, sizeof(t->waiting));
	note_refusal(r, t);
	if (is_news(r, p, e))
		tell(r, t, p->said);
	for (unsigned i = 0; i < RELOAD_LISTENERS; i++)
		if (r->listeners[i].over)
			r->listeners[i].over(r->listeners[i].ctx, t);
}

/* What a configuration names is watched, be its policies right or wrong: they may be mended. */
static void watch_again(struct reload *r, const struct config *config)
{
	const char *paths[1 + POLICY_FILES];
	unsigned n = 0;

	paths[n++] = r->path;
	for (unsigned i = 0; i < config->policies.n && n < 1 + POLICY_FILES; i++)
		paths[n++] = config->policies.items[i].text;
	watch_paths(&r->watch, paths, n);
}

/* -EBUSY and -EALREADY are said of files that are being written, and of those that are as before: the
 * kernel, which may say them of a hook, means a failure. */
static int failure(int e)
{
	return e == -EBUSY || e == -EALREADY ? -EIO : e;
}

/* What there is to do about it, beside what is told. */
static const char *way_out(const struct reload *r, int e)
{
	return e == -EPERM && !r->started->config.agent.keep_loading ?
	       ". It was started with agent.keep_loading: false; start it again to attach other hooks" : "";
}

/* The policies are in force, or cannot be. */
static void on_switched(void *ctx, int e)
{
	struct reload *r = ctx;
	struct agent *a = r->agent;
	struct plan *p = r->plan;
	uint64_t empty;

	r->plan = NULL;
	if (e < 0) {
		snprintf(p->error, sizeof(p->error), "%.380s%s", a->error, way_out(r, e));
		snprintf(p->said, sizeof(p->said), "saker: %s%s\n", a->error, way_out(r, e));
		watch_again(r, &p->source->config);
		conclude(r, p, failure(e));
		plan_drop(p);
		free(p);
		return;
	}
	p->policies = NULL;		/* the agent's */
	slots_add_fresh(&r->slots, &p->slots, p->source);
	if (slots_go(&r->slots, &p->slots, &empty))
		agent_settle(a);
	pipeline_forget_sinks(&a->pipeline, empty);
	note_waiting(r, &p->source->config);
	plan_apply(r, p);
	start_metrics(r);
	watch_again(r, &r->config);
	conclude(r, p, 0);
	free(p);
}

/* What is wrong is told, in place of what was in force nothing comes. */
static void refuse(struct reload *r, struct plan *p, int e)
{
	if (e != -EALREADY && e != -EBUSY && p->parsed)
		watch_again(r, &p->source->config);
	conclude(r, p, e);
	plan_drop(p);
	free(p);
}

static void compare(struct reload_receipt *t, const struct policy_set *before, const struct policy_set *after)
{
	struct policy_diff diff = policy_compare(before, after);

	t->added = diff.added;
	t->removed = diff.removed;
	t->changed = diff.changed;
	t->same = diff.same;
}

/* Who asked hears that it was heard; a look at files that are as before is nobody's concern: the service
 * manager would call the service "reloading" for as long. */
static void tell_begun(struct reload *r)
{
	for (unsigned i = 0; i < RELOAD_LISTENERS; i++)
		if (r->listeners[i].begun)
			r->listeners[i].begun(r->listeners[i].ctx);
}

static void prepare(struct reload *r, struct plan *p, bool asked, bool confirmed)
{
	p->asked = asked;
	p->confirmed = confirmed;
	p->began = clock_boot();
	p->receipt.run = ++r->runs;
	p->receipt.hooks_before = r->agent->probe.nlinks;
}

/* Or note that it is to be done, while a run is under way. */
static void begin(struct reload *r, bool asked, bool confirmed)
{
	struct agent *a = r->agent;
	const struct policy_set *before = a->pipeline.policies[a->generation & 1];
	struct plan *p, none = { 0 };
	int e;

	r->again = a->switching != NULL;
	r->again_asked = r->again && (r->again_asked || asked);
	r->again_confirmed = r->again && (r->again_confirmed || confirmed);
	if (r->again)
		return;
	if (asked)
		tell_begun(r);
	p = calloc(1, sizeof(*p));
	prepare(r, p ? p : &none, asked, confirmed);
	if (!p) {
		snprintf(none.error, sizeof(none.error), "not enough memory to read the configuration");
		snprintf(none.said, sizeof(none.said), "saker: %s\n", none.error);
		conclude(r, &none, -ENOMEM);
		return;
	}
	e = plan_make(r, p, before);
	if (e < 0) {
		refuse(r, p, e);
		return;
	}
	if (!asked)
		tell_begun(r);
	compare(&p->receipt, before, p->policies);
	p->receipt.sinks = slots_compare(&r->slots, &p->slots);
	r->plan = p;
	e = agent_switch_begin(a, p->policies, on_switched, r);
	if (e < 0)
		on_switched(r, e);
}

void reload_listen(struct reload *r, const struct reload_listener *listener)
{
	for (unsigned i = 0; i < RELOAD_LISTENERS; i++)
		if (!r->listeners[i].over) {
			r->listeners[i] = *listener;
			return;
		}
}

void reload_unlisten(struct reload *r, const void *ctx)
{
	for (unsigned i = 0; i < RELOAD_LISTENERS; i++)
		if (r->listeners[i].ctx == ctx)
			r->listeners[i] = (struct reload_listener){ 0 };
}

void reload_ask(struct reload *r, bool confirmed)
{
	begin(r, true, confirmed);
}

static void on_change(void *reload)
{
	begin(reload, false, false);
}

void reload_idle(void *reload)
{
	struct reload *r = reload;

	if (r->again && !r->agent->stop_reason)
		begin(r, r->again_asked, r->again_confirmed);
}

void reload_attach(void *reload, struct agent *agent)
{
	struct reload *r = reload;

	r->agent = agent;
	slots_start(&r->slots, &agent->pipeline.road, &agent->loop);
}

static void on_health(void *reload)
{
	struct reload *r = reload;

	if (*r->watch.degraded)
		log_say(r->log, LOG_warning, "%s", r->watch.degraded);
	else
		log_say(r->log, LOG_info, "all files and folders of the configuration are watched again");
}

static void nothing(uv_work_t *work)
{
}

static void on_nothing(uv_work_t *work, int status)
{
}

int reload_watch(struct reload *r, struct agent *agent)
{
	/* Threads are made now: when memory is short libuv would rather end the program. */
	int e = uv_queue_work(&agent->loop, &r->first, nothing, on_nothing);

	if (e < 0)
		return e;
	r->watch.health = on_health;
	start_metrics(r);
	e = watch_start(&r->watch, &agent->loop, &r->path, 1, on_change, r);
	if (e < 0)
		return e;
	watch_again(r, &r->config);
	on_change(r);		/* what changed since it was read */
	return 0;
}

void reload_hangup(void *reload)
{
	struct reload *r = reload;

	slots_reopen(&r->slots);
	reload_ask(r, false);
}

bool reload_finish(struct reload *r)
{
	const struct agent *a = r->agent;
	uint64_t took = a ? (clock_boot() - a->stopped) / 1000000 : 0, most = r->config.agent.drain_timeout;
	bool closed, hurry = false;

	closed = slots_finish(&r->slots, most > took ? most - took : 0, a ? &a->hurry : &hurry);
	if (r->slots.left)
		log_say(r->log, LOG_warning, "%llu events were left in the queues of sinks",
			(unsigned long long)r->slots.left);
	return closed;
}

void reload_close(struct reload *r)
{
	slots_free(&r->slots);
	if (r->source)
		source_release(r->source);
	if (r->started)
		source_release(r->started);
}
