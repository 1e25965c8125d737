// SPDX-License-Identifier: Apache-2.0
#include "agent/mute.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/mute_find.h"
#include "base/log.h"
#include "config/config.h"
#include "event.h"
#include "identity/cgroup_root.h"
#include "kernel/mutes.h"
#include "shared.h"

static const char *const kind_names[MUTE_KINDS] = {
	[MUTE_NAMESPACE] = "namespace", [MUTE_POD] = "pod", [MUTE_CONTAINER] = "container", [MUTE_CGROUP] = "cgroup",
};

const char *mute_kind_name(enum mute_kind kind)
{
	return kind_names[kind];
}

enum mute_kind mute_kind_of(const char *word)
{
	enum mute_kind kind = 0;

	while (kind < MUTE_KINDS && strcmp(kind_names[kind], word) != 0)
		kind++;
	return kind;
}

int mute_open(struct mutes *m, struct probe *probe, const struct cgroup_root *root, struct log *log)
{
	*m = (struct mutes){ .probe = probe, .root = root, .log = log };
	m->muted = calloc(MUTES_MAX, sizeof(*m->muted));
	return m->muted ? 0 : -ENOMEM;
}

void mute_close(struct mutes *m)
{
	free(m->muted);
	m->muted = NULL;
	m->nmuted = m->nrules = 0;
}

/* --- cgroups that are muted */

/* The first that is not less. */
static unsigned place_of(const struct mutes *m, uint64_t cgroup, unsigned rule)
{
	unsigned low = 0, n = m->nmuted;

	while (n > 0) {
		const struct muted *at = &m->muted[low + n / 2];

		if (at->cgroup < cgroup || (at->cgroup == cgroup && at->rule < rule)) {
			low += n / 2 + 1;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return low;
}

static bool is_muted(const struct mutes *m, uint64_t cgroup)
{
	unsigned at = place_of(m, cgroup, 0);

	return at < m->nmuted && m->muted[at].cgroup == cgroup;
}

static void refuse(struct mutes *m, uint64_t cgroup, const char *why)
{
	m->refused++;
	log_say(m->log, LOG_warning, "cgroup %llu is not muted: %s", (unsigned long long)cgroup, why);
}

static void take(struct mutes *m, uint64_t cgroup, unsigned rule)
{
	unsigned at = place_of(m, cgroup, rule);
	int r;

	if (at < m->nmuted && m->muted[at].cgroup == cgroup && m->muted[at].rule == rule)
		return;
	if (m->nmuted == MUTES_MAX) {
		refuse(m, cgroup, "too many are");
		return;
	}
	mutes_switch(m->probe, true);
	r = mutes_set(m->probe, cgroup);
	if (r < 0) {
		refuse(m, cgroup, strerror(-r));
		return;
	}
	memmove(&m->muted[at + 1], &m->muted[at], (m->nmuted - at) * sizeof(*m->muted));
	m->muted[at] = (struct muted){ .cgroup = cgroup, .rule = rule };
	m->nmuted++;
}

/* A cgroup that two rules mean is counted by the kernel once, and by the first of them. */
static bool is_first(const struct mutes *m, unsigned at)
{
	return at == 0 || m->muted[at - 1].cgroup != m->muted[at].cgroup;
}

static uint64_t records_of(const struct mutes *m, unsigned at)
{
	return m->muted[at].here + (is_first(m, at) ? mutes_count(m->probe, m->muted[at].cgroup) : 0);
}

static void drop(struct mutes *m, unsigned at)
{
	uint64_t cgroup = m->muted[at].cgroup;
	bool counted = is_first(m, at);

	m->rules[m->muted[at].rule].past += records_of(m, at);
	memmove(&m->muted[at], &m->muted[at + 1], (m->nmuted - at - 1) * sizeof(*m->muted));
	m->nmuted--;
	if (is_muted(m, cgroup)) {
		if (counted)
			mutes_begin_anew(m->probe, cgroup);
		return;
	}
	mutes_unset(m->probe, cgroup);
	if (m->nmuted == 0)
		mutes_switch(m->probe, false);
}

bool mute_takes(struct mutes *m, uint64_t cgroup)
{
	unsigned at = m->nmuted ? place_of(m, cgroup, 0) : 0;

	if (at == m->nmuted || m->muted[at].cgroup != cgroup)
		return false;
	m->muted[at].here++;
	return true;
}

/* --- rules */

struct finding { struct mutes *mutes; unsigned rule; };

static void found(void *ctx, uint64_t cgroup)
{
	const struct finding *f = ctx;

	take(f->mutes, cgroup, f->rule);
}

static void take_below(struct mutes *m, const char *path, unsigned rule)
{
	struct finding f = { m, rule };

	mute_find_below(m->root, path, found, &f);
}

static int rule_find(const struct mutes *m, enum mute_kind kind, const char *name)
{
	for (unsigned i = 0; i < m->nrules; i++)
		if (m->rules[i].kind == kind && !strcmp(m->rules[i].name, name))
			return i;
	return -ENOENT;
}

static bool name_fits(enum mute_kind kind, const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= MUTE_NAME)
		return false;
	return kind != MUTE_CGROUP || (name[0] == '/' && len > 1 && name[len - 1] != '/');
}

static int rule_add(struct mutes *m, enum mute_kind kind, const char *name, bool configured)
{
	struct mute_rule *rule = &m->rules[m->nrules];
	unsigned before = m->nmuted;

	if (kind >= MUTE_KINDS || !name_fits(kind, name))
		return -EINVAL;
	if (rule_find(m, kind, name) >= 0)
		return -EEXIST;
	if (m->nrules == MUTE_RULES)
		return -ENOSPC;
	*rule = (struct mute_rule){ .kind = kind, .configured = configured };
	memcpy(rule->name, name, strlen(name) + 1);
	m->nrules++;
	if (kind == MUTE_CGROUP)
		take_below(m, name, m->nrules - 1);
	else if (m->learn_again)
		m->learn_again(m->ctx);
	return m->nmuted - before;
}

static void rule_remove(struct mutes *m, unsigned rule)
{
	for (unsigned i = m->nmuted; i-- > 0;) {
		if (m->muted[i].rule == rule)
			drop(m, i);
		else if (m->muted[i].rule > rule)
			m->muted[i].rule--;
	}
	memmove(&m->rules[rule], &m->rules[rule + 1], (m->nrules - rule - 1) * sizeof(*m->rules));
	m->nrules--;
}

int mute_add(struct mutes *m, enum mute_kind kind, const char *name)
{
	return rule_add(m, kind, name, false);
}

int mute_remove(struct mutes *m, enum mute_kind kind, const char *name)
{
	int rule = rule_find(m, kind, name);

	if (rule < 0)
		return rule;
	rule_remove(m, rule);
	return 0;
}

static bool said(const struct config *config, const struct mute_rule *rule)
{
	for (unsigned i = 0; i < config->nmutes; i++)
		if (config->mutes[i].kind == rule->kind && !strcmp(config->mutes[i].name.text, rule->name))
			return true;
	return false;
}

void mute_configure(struct mutes *m, const struct config *config)
{
	for (unsigned i = m->nrules; i-- > 0;)
		if (m->rules[i].configured && !said(config, &m->rules[i]))
			rule_remove(m, i);
	for (unsigned i = 0; i < config->nmutes; i++) {
		const struct config_mute *c = &config->mutes[i];
		int old = rule_find(m, (enum mute_kind)c->kind, c->name.text), r = 0;

		if (old >= 0)
			m->rules[old].configured = true;
		else
			r = rule_add(m, (enum mute_kind)c->kind, c->name.text, true);
		if (r < 0)
			log_say(m->log, LOG_warning, "mute %s %s: %s", kind_names[c->kind], option_shown(&c->name),
				strerror(-r));
		old = rule_find(m, (enum mute_kind)c->kind, c->name.text);
		if (old >= 0)
			m->rules[old].secret = c->name.secret;
	}
}

void mute_list(struct mutes *m, void (*each)(void *ctx, const struct mute_info *info), void *ctx)
{
	for (unsigned rule = 0; rule < m->nrules; rule++) {
		const struct mute_rule *r = &m->rules[rule];
		struct mute_info info = { r->kind, r->secret ? OPTION_HIDDEN : r->name, r->configured, 0, r->past };

		for (unsigned i = 0; i < m->nmuted; i++)
			if (m->muted[i].rule == rule) {
				info.cgroups++;
				info.records += records_of(m, i);
			}
		each(ctx, &info);
	}
}

/* --- who lives where */

static bool is_below(const char *path, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(path, name, len) && (!path[len] || path[len] == '/');
}

/* By a rule for its path, and by those that hold the cgroup above it. */
static void begun(struct mutes *m, uint64_t cgroup, const char *path)
{
	uint64_t above = m->nmuted ? mute_find_above(m->root, path) : 0;

	for (unsigned rule = 0; rule < m->nrules; rule++) {
		unsigned at = above ? place_of(m, above, rule) : m->nmuted;

		if ((m->rules[rule].kind == MUTE_CGROUP && is_below(path, m->rules[rule].name)) ||
		    (at < m->nmuted && m->muted[at].cgroup == above && m->muted[at].rule == rule))
			take(m, cgroup, rule);
	}
}

static void ended(struct mutes *m, uint64_t cgroup)
{
	unsigned at;

	while (m->nmuted && (at = place_of(m, cgroup, 0)) < m->nmuted && m->muted[at].cgroup == cgroup)
		drop(m, at);
}

void mute_observe(struct mutes *m, const void *record)
{
	const struct event_cgroup_mkdir *e = record;

	if (m->nrules == 0 || (e->head.id != EVENT_cgroup_mkdir && e->head.id != EVENT_cgroup_rmdir) ||
	    (int64_t)e->hierarchy != m->root->hierarchy || !e->path.len)
		return;
	if (e->head.id == EVENT_cgroup_mkdir)
		begun(m, e->id, (const char *)record + e->path.off);
	else
		ended(m, e->id);
}

static bool is_name(const char *name, const char *want)
{
	return name && !strcmp(name, want);
}

/* A short id has twelve digits. */
static bool is_id(const char *id, const char *want)
{
	return id && strlen(want) >= 12 && !strncmp(id, want, strlen(want));
}

static bool means(const struct mute_rule *rule, const struct mute_subject *s)
{
	switch (rule->kind) {
	case MUTE_NAMESPACE: return is_name(s->namespace, rule->name);
	case MUTE_POD: return is_name(s->pod, rule->name);
	case MUTE_CONTAINER: return is_name(s->container_name, rule->name) || is_id(s->container_id, rule->name);
	case MUTE_CGROUP: case MUTE_KINDS: break;
	}
	return false;
}

void mute_learn(struct mutes *m, const struct mute_subject *s)
{
	for (unsigned rule = 0; rule < m->nrules; rule++)
		if (means(&m->rules[rule], s)) {
			take(m, s->cgroup, rule);
			if (s->path)
				take_below(m, s->path, rule);
		}
}
