// SPDX-License-Identifier: Apache-2.0
/* A reload is a transaction: read and check all files, compile all policies, open what sinks are
 * new, attach what hooks are new and fill the kernel's other bank; only then switch.  Up to the
 * switch everything can be undone, and a failure leaves what was in force untouched. */
#include "agent/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/fingerprint.h"
#include "agent/switch.h"
#include "agent/tell.h"
#include "base/clock.h"
#include "base/log.h"
#include "event/schema.h"
#include "policy/policy.h"

/* The configuration names the levels of the log in the log's order. */
_Static_assert(CONFIG_ERROR == (int)LOG_error && CONFIG_DEBUG == (int)LOG_debug, "levels");

enum { SAID = 1024 };

struct plan {
	struct config config;
	struct arena wheres;
	uint64_t hash;
	struct policy_set *policies;
	struct sink *sinks[CONFIG_SINKS];	/* those in force, or fresh */
	bool fresh[CONFIG_SINKS];
	bool parsed;				/* the configuration is right, whatever the policies are */
	struct diag diag;
	struct expr *wheres_of[CONFIG_SINKS];	/* by the order of the configuration */
	struct policy_diff diff;
	uint64_t began;
	unsigned hooks;				/* before */
	char error[480];			/* the diagnostic in one line */
	char said[SAID];			/* and with the line that is wrong */
};

/* The line of saker.yaml that the diagnostic is about, NULL if it is about another file. */
static const char *config_line(const struct config *c, const struct diag *d)
{
	const struct file_text *f = &c->file;

	if (!f->text || !d->file || strcmp(d->file, f->path))
		return NULL;
	return diag_line(f->text, f->len, d->line);
}

static void print_wrong(const struct diag *d, const char *line, char *to, size_t size)
{
	FILE *f = fmemopen(to, size, "w");

	if (!f)
		return;
	diag_print(d, line, f);
	fclose(f);
}

void reload_tell_wrong(struct log *log, const struct config *config, const struct diag *diag)
{
	char said[SAID] = "";

	print_wrong(diag, config_line(config, diag), said, sizeof(said));
	log_lines(log, LOG_error, said);
}

/* Keep what is to be told of a failure. */
static void note_wrong(struct plan *p, const char *line)
{
	const struct diag *d = &p->diag;

	print_wrong(d, line, p->said, sizeof(p->said));
	if (d->file && d->line)
		snprintf(p->error, sizeof(p->error), "%.128s:%u:%u: %s", d->file, d->line, d->col, d->text);
	else
		snprintf(p->error, sizeof(p->error), "%.128s%s%s", d->file ? d->file : "", d->file ? ": " : "", d->text);
}

static bool sink_is(const struct sink *s, const struct config_sink *c)
{
	return s && !strcmp(s->name, c->name);
}

static bool sink_same(const struct sink *s, const struct config_sink *c)
{
	return s->ops == (c->type == CONFIG_FILE ? &sink_file : &sink_stdout) &&
	       s->format == (enum format)c->stream.format &&
	       !strcmp(s->path, c->path.text ? c->path.text : "");
}

/* A name keeps its place, so that records that the policies before selected find their sinks. */
static unsigned place_of(const struct reload *r, const struct plan *p, const struct config_sink *c)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (sink_is(r->sinks[i], c))
			return i;
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (!r->sinks[i] && !p->sinks[i])
			return i;
	return CONFIG_SINKS;
}

static int sink_make(struct plan *p, unsigned place, const struct config_sink *c)
{
	struct sink *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->ops = c->type == CONFIG_FILE ? &sink_file : &sink_stdout;
	s->format = c->stream.format;
	snprintf(s->name, sizeof(s->name), "%s", c->name);
	if (c->path.text && strlen(c->path.text) >= sizeof(s->path)) {
		free(s);
		return diag_set(&p->diag, c->path.line, c->path.col, "sinks.%s.path: too long", c->name);
	}
	snprintf(s->path, sizeof(s->path), "%s", c->path.text ? c->path.text : "");
	r = sink_open(s);
	if (r < 0) {
		diag_set(&p->diag, c->line, c->col, "sink \"%s\": cannot open %s: %s", c->name, s->path, strerror(-r));
		free(s);
		return r;
	}
	p->sinks[place] = s;
	p->fresh[place] = true;
	return 0;
}

static int plan_sinks(const struct reload *r, struct plan *p)
{
	for (unsigned i = 0; i < p->config.nsinks; i++) {
		const struct config_sink *c = &p->config.sinks[i];
		unsigned place = place_of(r, p, c);
		int e;

		if (place == CONFIG_SINKS)
			return diag_set(&p->diag, c->line, c->col, "too many sinks come and go at once");
		if (r->sinks[place] && sink_same(r->sinks[place], c)) {
			p->sinks[place] = r->sinks[place];
			continue;
		}
		e = sink_make(p, place, c);
		if (e < 0)
			return e;
	}
	return 0;
}

/* A file that somebody has open for writing may be half of what it will be: its closing brings us
 * back. */
static bool being_written(const struct plan *p, const struct policy_file_set *files)
{
	if (fingerprint_writing(p->config.file.path) == 1)
		return true;
	for (unsigned i = 0; i < files->n; i++)
		if (fingerprint_writing(files->files[i]->file.path) == 1)
			return true;
	return false;
}

static int plan_policies(const struct reload *r, struct plan *p, const struct policy_set *before)
{
	struct policy_file_set files;
	const char *names[CONFIG_SINKS];
	int e;

	policy_file_set_init(&files);
	e = policy_file_add_all(&files, &p->config, &p->diag, NULL);
	if (e < 0) {
		note_wrong(p, policy_file_line(&files, &p->diag));
		policy_file_set_fini(&files);
		return e;
	}
	p->hash = config_hash(p->config.hash, &files.hash, sizeof(files.hash));
	if (r->agent && (p->hash == r->hash || being_written(p, &files))) {
		policy_file_set_fini(&files);
		return -EALREADY;
	}
	e = plan_sinks(r, p);
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		names[i] = p->sinks[i] ? p->sinks[i]->name : "";
	p->policies = calloc(1, sizeof(*p->policies));
	if (e < 0 || !p->policies) {
		policy_file_set_fini(&files);
		note_wrong(p, config_line(&p->config, &p->diag));
		return e < 0 ? e : -ENOMEM;
	}
	e = policy_compile(p->policies, &files, before, names, CONFIG_SINKS, &p->diag);
	if (e < 0)
		note_wrong(p, policy_file_line(&p->policies->files, &p->diag));
	return e;
}

/* The filters of the sinks: compiled for every event. */
static int plan_wheres(struct plan *p)
{
	struct event_set all;

	memset(&all, 0xff, sizeof(all));
	arena_init(&p->wheres, CONFIG_ARENA);
	for (unsigned i = 0; i < p->config.nsinks; i++) {
		const struct config_sink *c = &p->config.sinks[i];
		struct expr_source where = { p->config.file.path, c->where.line, c->where.col, 1 };
		int e;

		p->wheres_of[i] = NULL;
		if (!c->where.text)
			continue;
		e = expr_compile(&p->wheres_of[i], &p->wheres, c->where.text, &where, NULL, &all, &p->diag);
		if (e < 0) {
			note_wrong(p, config_line(&p->config, &p->diag));
			return e;
		}
	}
	return 0;
}

static void plan_drop(struct plan *p)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (p->fresh[i]) {
			sink_close(p->sinks[i]);
			free(p->sinks[i]);
		}
	if (p->policies) {
		policy_set_fini(p->policies);
		free(p->policies);
	}
	arena_fini(&p->wheres);
	config_fini(&p->config);
}

static int plan_make(const struct reload *r, struct plan *p, const struct policy_set *before)
{
	int e = config_read(&p->config, r->path, &p->diag, NULL);

	if (e == 0)
		e = config_honoured(&p->config, &p->diag);
	if (e < 0) {
		note_wrong(p, config_line(&p->config, &p->diag));
		return e;
	}
	p->parsed = true;
	e = plan_wheres(p);
	return e < 0 ? e : plan_policies(r, p, before);
}

/* Whether a sink that records may still be on their way to goes away. */
static bool sinks_go(const struct reload *r, const struct plan *p)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (r->sinks[i] && r->sinks[i] != p->sinks[i])
			return true;
	return false;
}

/* Records of the new policies may come before the old ones' sinks go. */
static void add_fresh(struct pipeline *pipeline, const struct plan *p)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++) {
		if (!p->fresh[i])
			continue;
		for (unsigned k = 0; k < p->config.nsinks; k++)
			if (sink_is(p->sinks[i], &p->config.sinks[k]))
				p->sinks[i]->where = p->wheres_of[k];
		if (!pipeline->sinks[i])
			pipeline->sinks[i] = p->sinks[i];
	}
}

/* Lanes are mapped and programs loaded by what was said at start. */
static void tell_late(struct log *log, const struct config_agent *before, const struct config_agent *after)
{
	if (before->transport != after->transport || memcmp(&before->lanes, &after->lanes, sizeof(before->lanes)))
		log_say(log, LOG_warning, "agent.transport and agent.lanes take effect when saker is started again");
}

/* The plan becomes what is in force; nothing of this can fail. */
static void plan_apply(struct reload *r, struct plan *p)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++) {
		struct sink *old = r->sinks[i];

		r->sinks[i] = p->sinks[i];
		if (old && old != p->sinks[i]) {
			sink_close(old);
			free(old);
		}
	}
	for (unsigned i = 0; i < p->config.nsinks; i++)
		r->sinks[place_of(r, p, &p->config.sinks[i])]->where = p->wheres_of[i];
	/* What was set while it ran stays until the configuration says something else. */
	if (r->config.agent.log.level != p->config.agent.log.level || !r->agent)
		r->log->level = p->config.agent.log.level;
	arena_fini(&r->wheres);
	config_fini(&r->config);
	r->wheres = p->wheres;
	r->config = p->config;
	r->hash = p->hash;
	if (r->agent) {
		r->agent->options.report_ms = r->config.agent.report_interval;
		r->agent->options.drain_ms = r->config.agent.drain_timeout;
		r->agent->canaries.interval = r->config.agent.canary_interval * 1000000;
	}
}

static void give_sinks(struct reload *r)
{
	struct pipeline *p = &r->agent->pipeline;

	p->nsinks = CONFIG_SINKS;
	memcpy(p->sinks, r->sinks, sizeof(r->sinks));
}

int reload_open(struct reload *r, const char *path, struct log *log, struct policy_set **ret)
{
	struct plan p = { 0 };
	int e;

	*r = (struct reload){ .path = path, .log = log };
	e = plan_make(r, &p, NULL);
	if (e < 0) {
		log_lines(log, LOG_error, p.said);
		plan_drop(&p);
		return e;
	}
	*ret = p.policies;
	plan_apply(r, &p);
	return 0;
}

static void tell(struct reload *r, const struct plan *p, int e)
{
	const struct policy_diff *diff = &p->diff;
	struct agent *a = r->agent;
	struct event_policy_reload *x = build_begin(&a->losses.build, EVENT_policy_reload, clock_boot(), ++a->losses.seq);

	x->generation = a->generation;
	x->added = diff->added;
	x->removed = diff->removed;
	x->changed = diff->changed;
	x->unchanged = diff->same;
	x->hooks = a->probe.nlinks;
	x->hooks_before = p->hooks;
	x->elapsed = clock_boot() - p->began;
	build_str(&a->losses.build, &x->result, e < 0 ? "refused" : "applied");
	if (e < 0)
		build_str(&a->losses.build, &x->error, p->error);
	agent_tell(a);
	r->applied += e == 0;
	r->refused += e < 0;
	if (e == 0) {
		log_say(r->log, LOG_info, "policies reloaded: %u added, %u removed, %u changed, %u the same; %u hooks; "
			"%llu us", diff->added, diff->removed, diff->changed, diff->same, a->probe.nlinks,
			(unsigned long long)x->elapsed / 1000);
	} else {
		log_lines(r->log, LOG_error, p->said);
		log_say(r->log, LOG_error, "the new policies are refused, those before stay in force");
	}
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

/* The policies are in force, or cannot be. */
static void on_switched(void *ctx, int e)
{
	struct reload *r = ctx;
	struct agent *a = r->agent;
	struct plan *p = r->plan;

	r->plan = NULL;
	if (e < 0) {
		snprintf(p->error, sizeof(p->error), "%.400s", a->error);
		snprintf(p->said, sizeof(p->said), "saker: %s\n", a->error);
		watch_again(r, &p->config);
		if (!a->stop_reason)
			tell(r, p, e);
		plan_drop(p);
		free(p);
		return;
	}
	p->policies = NULL;		/* the agent's */
	add_fresh(&a->pipeline, p);
	if (sinks_go(r, p))
		agent_settle(a);
	tell_late(r->log, &r->config.agent, &p->config.agent);
	plan_apply(r, p);
	give_sinks(r);
	watch_again(r, &r->config);
	tell(r, p, 0);
	free(p);
}

/* What is wrong is told, in place of what was in force nothing comes. */
static void refuse(struct reload *r, struct plan *p, int e)
{
	if (e != -EALREADY) {
		if (p->parsed)
			watch_again(r, &p->config);
		tell(r, p, e);
	}
	plan_drop(p);
	free(p);
}

void reload_now(void *reload)
{
	struct reload *r = reload;
	struct agent *a = r->agent;
	const struct policy_set *before = a->pipeline.policies[a->generation & 1];
	struct plan *p;
	int e;

	r->again = a->switching != NULL;
	if (r->again)
		return;
	p = calloc(1, sizeof(*p));
	if (!p) {
		log_say(r->log, LOG_error, "not enough memory to read the configuration");
		return;
	}
	p->began = clock_boot();
	p->hooks = a->probe.nlinks;
	e = plan_make(r, p, before);
	if (e < 0) {
		refuse(r, p, e);
		return;
	}
	p->diff = policy_compare(before, p->policies);
	r->plan = p;
	e = agent_switch_begin(a, p->policies, on_switched, r);
	if (e < 0)
		on_switched(r, e);
}

void reload_idle(void *reload)
{
	struct reload *r = reload;

	if (r->again && !r->agent->stop_reason)
		reload_now(r);
}

int reload_watch(struct reload *r, struct agent *agent)
{
	int e;

	r->agent = agent;
	give_sinks(r);
	e = watch_start(&r->watch, &agent->loop, &r->path, 1, reload_now, r);
	if (e < 0)
		return e;
	if (r->watch.degraded[0])
		log_say(r->log, LOG_warning, "%s", r->watch.degraded);
	watch_again(r, &r->config);
	reload_now(r);		/* what changed since it was read */
	return 0;
}

void reload_close(struct reload *r)
{
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (r->sinks[i]) {
			sink_close(r->sinks[i]);
			free(r->sinks[i]);
		}
	arena_fini(&r->wheres);
	config_fini(&r->config);
}
