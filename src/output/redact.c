// SPDX-License-Identifier: Apache-2.0
#include "output/redact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "event/fd.h"
#include "event/schema.h"
#include "expr/dfa.h"
#include "expr/regex.h"

enum {
	PATTERNS_ARENA = 8 << 20,
	RECORD_ROOM = 2 * RECORD_MAX + REDACT_GROWTH,
	NULS = 64,		/* one behind each masked text, beyond the room for texts */
	MASKED = 8,		/* processes that are kept */
};

struct masked_text {
	char *text;		/* of size bytes, of which len are used, a NUL included */
	size_t size, len;
	bool used;		/* something was replaced: the text stands for the process's own */
	bool whole;
};

struct masked_process {
	struct process process;
	struct masked_text exe, cwd, args;
	bool name;
	char exe_text[PROCESS_PATH_MAX + REDACT_GROWTH], cwd_text[PROCESS_PATH_MAX + REDACT_GROWTH];
	char args_text[PROCESS_ARGS_MAX + REDACT_GROWTH];
};

/* Where a masked text is written. */
struct room {
	struct text t;
	size_t growth;		/* bytes it may still be longer than what it replaces */
};

static const char *name_of(const struct redactor *r, unsigned kind)
{
	return kind < SECRET_KINDS ? secret_info[kind].name : r->config.patterns[kind - SECRET_KINDS].name.text;
}

/* --- what is to be replaced */

/* In order of their begin; of what overlaps, one of both lengths with the name of the first. */
static void insert(struct secret_list *list, struct secret s, size_t n)
{
	unsigned i = list->n;

	if (list->n == SECRETS_MAX) {
		list->items[SECRETS_MAX - 1].end = n;
		return;
	}
	for (; i > 0 && list->items[i - 1].begin > s.begin; i--)
		list->items[i] = list->items[i - 1];
	list->items[i] = s;
	list->n++;
}

static void join(struct secret_list *list)
{
	unsigned n = 0;

	for (unsigned i = 0; i < list->n; i++) {
		const struct secret *s = &list->items[i];

		if (n && s->begin < list->items[n - 1].end) {
			if (s->end > list->items[n - 1].end)
				list->items[n - 1].end = s->end;
		} else {
			list->items[n++] = *s;
		}
	}
	list->n = n;
}

/* Each string of the text is one for a pattern. */
static void find_pattern(const struct redactor *r, unsigned pattern, const char *text, size_t n,
			 struct secret_list *list)
{
	for (size_t at = 0; at < n;) {
		size_t len = strnlen(text + at, n - at), from = 0, begin, end;

		while (from < len && regex_find(r->regexes[pattern], text + at, len, from, &begin, &end)) {
			insert(list, (struct secret){ at + begin, at + end, SECRET_KINDS + pattern }, n);
			from = end;
		}
		at += len + 1;
	}
}

/* False: nothing. */
static bool find(const struct redactor *r, const char *text, size_t n, unsigned flags, struct secret_list *list)
{
	list->n = 0;
	if (secret_possible(text, n))
		secret_scan(text, n, flags, list);
	for (unsigned i = 0; i < r->config.npatterns; i++)
		find_pattern(r, i, text, n, list);
	if (r->config.npatterns)
		join(list);
	return list->n;
}

/* --- replacing it */

static bool put_token(struct redactor *r, struct room *room, const struct secret *s)
{
	const char *name = name_of(r, s->kind);
	size_t len = strlen(name) + sizeof("<redacted:>") - 1, had = s->end - s->begin;

	if (len > had && len - had > room->growth)
		return false;
	room->growth -= len > had ? len - had : 0;
	r->counts->found[r->slots[s->kind]]++;
	text_str(&room->t, "<redacted:");
	text_raw(&room->t, name, strlen(name));
	text_char(&room->t, '>');
	return !room->t.full;
}

/* Copy the text with its secrets replaced; false if it ends early for want of room. */
static bool replace(struct redactor *r, struct room *room, const char *text, size_t n, const struct secret_list *list)
{
	size_t at = 0;

	for (unsigned i = 0; i < list->n; i++) {
		const struct secret *s = &list->items[i];

		text_raw(&room->t, text + at, s->begin - at);
		if (room->t.full || !put_token(r, room, s)) {
			r->counts->cut++;
			return false;
		}
		at = s->end;
	}
	text_raw(&room->t, text + at, n - at);
	r->counts->cut += room->t.full;
	return !room->t.full;
}

/* --- records */

/* The record that is written, once there is need for one. */
struct copy {
	struct redactor *r;
	const char *from;	/* the record as it came */
	char *to;		/* its copy; NULL: there was nothing to replace yet */
	struct room room;
};

static void copy_begin(struct copy *c)
{
	const struct head *h = (const struct head *)c->from;

	if (c->to)
		return;
	c->to = c->r->record;
	memcpy(c->to, c->from, h->size);
	c->room.t = (struct text){ .p = c->to + h->size, .end = c->to + RECORD_ROOM - NULS };
	c->room.growth = REDACT_GROWTH;
}

/* at: offset of the span in the record; bit: of its field in truncated. */
static void mask_span(struct copy *c, size_t at, unsigned flags, unsigned bit)
{
	const struct head *h = (const struct head *)c->from;
	struct secret_list list;
	struct span span;
	char *begin;
	bool nul;

	memcpy(&span, c->from + at, sizeof(span));
	if (!span.len)
		return;
	nul = !c->from[span.off + span.len - 1];
	if (!c->r->config.npatterns && !secret_possible(c->from + span.off, span.len - nul))
		return;
	if (h->truncated >> bit & 1)
		flags |= SECRET_CUT;
	if (!find(c->r, c->from + span.off, span.len - nul, flags, &list))
		return;
	copy_begin(c);
	begin = c->room.t.p;
	if (!replace(c->r, &c->room, c->from + span.off, span.len - nul, &list))
		((struct head *)c->to)->truncated |= 1u << bit;
	c->room.t.full = false;
	if (nul)
		*c->room.t.p++ = 0;
	span = (struct span){ begin - c->to, c->room.t.p - begin };
	memcpy(c->to + at, &span, sizeof(span));
}

/* A name of 15 bytes has no room for a token. */
static const char masked_name[PROCESS_NAME] = "<redacted>";

_Static_assert(sizeof(wire_comm) == sizeof(masked_name), "a name of a record is one of a process");

/* Whether one of the patterns finds something; that is counted then. */
static bool hides_name(struct redactor *r, const char name[PROCESS_NAME])
{
	struct secret_list list = { 0 };

	for (unsigned i = 0; i < r->config.npatterns; i++)
		find_pattern(r, i, name, strnlen(name, PROCESS_NAME), &list);
	if (list.n)
		r->counts->found[r->slots[list.items[0].kind]]++;
	return list.n;
}

static void mask_comm(struct copy *c, size_t at)
{
	if (!hides_name(c->r, c->from + at))
		return;
	copy_begin(c);
	memcpy(c->to + at, masked_name, sizeof(masked_name));
}

static void mask_field(struct copy *c, const struct schema *s, unsigned i)
{
	enum type type = s->fields[i].type;
	unsigned flags = type == T_strv ? SECRET_STRINGS : type == T_envp ? SECRET_STRINGS | SECRET_ENVIRONMENT : 0;

	if (type_info[type].wire == WIRE_comm)
		mask_comm(c, schema_field_off(s, i));
	else
		mask_span(c, schema_field_off(s, i), flags, i);
}

/* The fields that may have a secret, a bit each. */
static uint32_t text_fields(const struct schema *s)
{
	uint32_t fields = 0;

	for (unsigned i = 0; s && i < s->nfields; i++) {
		enum wire wire = type_info[s->fields[i].type].wire;

		if (wire == WIRE_str || wire == WIRE_strv || wire == WIRE_comm || s->fields[i].type == T_bytes)
			fields |= 1u << i;
	}
	return fields;
}

/* Paths and names of sockets behind descriptors. */
static void mask_facts(struct copy *c)
{
	const struct event_syscall *e = (const struct event_syscall *)c->from;

	for (unsigned i = 0; i < FACTS_MAX; i++) {
		const struct fact *fact = fd_fact(e, i);

		if (!fact)
			continue;
		mask_span(c, e->facts[i].off + offsetof(struct fact, name), 0, FIELD_FACTS);
		if (fact->sock.len)
			mask_span(c, fact->sock.off + offsetof(struct fact_sock, name), 0, FIELD_FACTS);
	}
}

static const void *mask_record(struct redactor *r, const void *record)
{
	const struct head *h = record;
	const struct schema *s = schema_get(h->id);
	struct copy c = { .r = r, .from = record };

	if (r->config.npatterns)
		mask_comm(&c, offsetof(struct head, who.proc_name));
	for (uint32_t left = r->fields[h->id]; left; left &= left - 1)
		mask_field(&c, s, __builtin_ctz(left));
	if (s->syscall)
		mask_facts(&c);
	return c.to ? c.to : record;
}

/* --- processes */

/* The text in its place in the slot; false: nothing had to be replaced. */
static bool mask_text(struct redactor *r, struct masked_text *to, const char *text, size_t n, unsigned flags)
{
	struct room room = { { .p = to->text, .end = to->text + to->size - 1 }, REDACT_GROWTH };
	struct secret_list list;

	to->used = find(r, text, n, flags, &list);
	if (!to->used)
		return false;
	to->whole = replace(r, &room, text, n, &list);
	*room.t.p++ = 0;
	to->len = room.t.p - to->text;
	return true;
}

static bool mask_texts(struct redactor *r, struct masked_process *m, const struct process *p)
{
	unsigned flags = SECRET_STRINGS | (p->args_truncated ? SECRET_CUT : 0);
	bool exe, cwd, args, name;

	m->name = name = hides_name(r, p->name);
	exe = mask_text(r, &m->exe, p->exe, strlen(p->exe), 0);
	cwd = mask_text(r, &m->cwd, p->cwd, strlen(p->cwd), 0);
	args = mask_text(r, &m->args, p->args, p->args_len ? p->args_len - 1 : 0, flags);
	return exe || cwd || args || name;
}

/* The strings of a process may have changed their place since they were looked at, not their bytes. */
static const struct process *mask_process(struct redactor *r, const struct process *p, struct masked_process *slots,
					  unsigned nslots)
{
	struct masked_process *m;

	if (!p || r->config.off || r->clean[p->stamp % REDACT_CLEAN] == p->stamp)
		return p;
	m = &slots[p->stamp % nslots];
	if (m->process.stamp != p->stamp && !mask_texts(r, m, p)) {
		m->process.stamp = 0;
		r->clean[p->stamp % REDACT_CLEAN] = p->stamp;
		return p;
	}
	m->process = *p;
	if (m->name)
		memcpy(m->process.name, masked_name, sizeof(masked_name));
	if (m->exe.used)
		m->process.exe = m->exe.text;
	if (m->cwd.used)
		m->process.cwd = m->cwd.text;
	if (m->args.used) {
		m->process.args = m->args.text;
		m->process.args_len = m->args.len;
		m->process.args_truncated |= !m->args.whole;
	}
	return &m->process;
}

void redact(struct redactor *r, const void *record, const struct subject *subject, struct redacted *ret)
{
	ret->subject = subject ? *subject : (struct subject){ 0 };
	if (r->config.off) {
		ret->record = record;
		return;
	}
	r->texts_used = 0;
	r->texts_growth = REDACT_GROWTH;
	ret->record = mask_record(r, record);
	ret->subject.process = mask_process(r, ret->subject.process, r->masked, MASKED);
}

const struct process *redact_ancestor(struct redactor *r, const struct process *p, unsigned n)
{
	return mask_process(r, p, &r->masked[MASKED + (n < REDACT_PARENT ? n : REDACT_PARENT)], 1);
}

/* --- what is around them */

const char *redact_text(struct redactor *r, const char *text, size_t n, unsigned flags, size_t *ret_n)
{
	struct secret_list list;
	struct room room;
	char *to;

	*ret_n = n;
	if (!r || r->config.off || !find(r, text, n, flags, &list))
		return text;
	to = r->texts + r->texts_used;
	room = (struct room){ { .p = to, .end = r->texts + REDACT_TEXTS - 1 }, r->texts_growth };
	replace(r, &room, text, n, &list);
	r->texts_growth = room.growth;
	*ret_n = room.t.p - to;
	*room.t.p = 0;
	r->texts_used = room.t.p + 1 - r->texts;
	if (r->texts_used == REDACT_TEXTS)
		r->texts_used--;	/* what is next gets no room, but its NUL */
	return to;
}

/* --- making */

static int compile(const struct config_redact *config, struct arena *arena, const struct regex **regexes,
		   struct diag *diag)
{
	struct effort effort = { .arena = arena };

	arena_init(arena, PATTERNS_ARENA);
	for (unsigned i = 0; i < config->npatterns; i++) {
		const struct option_text *text = &config->patterns[i].regex;
		struct regex_error error;

		regexes[i] = regex_compile(&effort, text->text, strlen(text->text), REGEX_FIND, &error);
		if (regexes[i])
			continue;
		if (!error.text)
			return -ENOMEM;
		return diag_set(diag, text->line, text->col + error.at, "%s.patterns.regex \"%.64s\": %s",
				config->patterns[i].where, text->text, error.text);
	}
	return 0;
}

int redact_check(const struct config_redact *config, struct diag *diag)
{
	const struct regex *regexes[CONFIG_PATTERNS];
	struct arena arena;
	int r;

	if (config->npatterns > CONFIG_PATTERNS)
		return diag_set(diag, config->patterns[CONFIG_PATTERNS].name.line,
				config->patterns[CONFIG_PATTERNS].name.col,
				"%s.patterns: more than %d with those of the agent",
				config->patterns[CONFIG_PATTERNS].where, CONFIG_PATTERNS);
	r = compile(config, &arena, regexes, diag);
	if (r == -ENOMEM)
		diag_set(diag, 0, 0, "not enough memory");
	arena_fini(&arena);
	return r;
}

/* The place of a name among the counts. */
static unsigned slot_of(struct redact_counts *counts, const char *name)
{
	unsigned i = 0;

	while (i < counts->n && strcmp(counts->names[i], name))
		i++;
	if (i == counts->n && counts->n < REDACT_NAMES)
		snprintf(counts->names[counts->n++], sizeof(counts->names[0]), "%s", i + 1 < REDACT_NAMES ? name : "other");
	return i < REDACT_NAMES ? i : REDACT_NAMES - 1;
}

int redactor_init(struct redactor *r, const struct config_redact *config, struct redact_counts *counts)
{
	struct diag diag = { 0 };
	int e;

	*r = (struct redactor){ .config = *config };
	r->counts = counts ? counts : &r->own;
	for (unsigned i = 0; i < SECRET_KINDS + config->npatterns; i++)
		r->slots[i] = slot_of(r->counts, name_of(r, i));
	e = compile(config, &r->arena, r->regexes, &diag);
	if (e < 0 || config->off)
		return e;
	r->record = malloc(RECORD_ROOM);
	r->masked = calloc(MASKED + REDACT_ANCESTORS + 1, sizeof(*r->masked));
	r->fields = calloc(EVENT_COUNT, sizeof(*r->fields));
	r->texts = malloc(REDACT_TEXTS);
	if (!r->record || !r->masked || !r->fields || !r->texts)
		return -ENOMEM;
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		r->fields[id] = text_fields(schema_get(id));
	for (unsigned i = 0; i < MASKED + REDACT_ANCESTORS + 1; i++) {
		struct masked_process *m = &r->masked[i];

		m->exe = (struct masked_text){ .text = m->exe_text, .size = sizeof(m->exe_text) };
		m->cwd = (struct masked_text){ .text = m->cwd_text, .size = sizeof(m->cwd_text) };
		m->args = (struct masked_text){ .text = m->args_text, .size = sizeof(m->args_text) };
	}
	return 0;
}

void redactor_fini(struct redactor *r)
{
	free(r->fields);
	free(r->record);
	free(r->texts);
	free(r->masked);
	arena_fini(&r->arena);
	*r = (struct redactor){ 0 };
}
