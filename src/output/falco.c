// SPDX-License-Identifier: Apache-2.0
#include "output/falco.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "event/fd.h"
#include "event/severity.h"
#include "identity/ancestry.h"
#include "identity/container.h"
#include "identity/container_meta.h"
#include "identity/process.h"
#include "identity/subject.h"
#include "identity/users.h"
#include "output/escape.h"
#include "output/json_line.h"
#include "output/redact.h"
#include "output/stamp.h"

enum { BEHIND_RAW = 24 << 10 };	/* bytes that the rest of a line takes at most */

/* What a record is reported as. */
struct alert {
	const char *rule, *source;
	enum severity priority;
	const char *sentence;		/* what happened, printable ASCII */
	size_t sentence_len;
	const char *category;		/* the first tag; the policies are the others */
};

/* --- values */

/* Bytes that are no UTF-8, of the member with this key. */
static void keep_raw(struct line *l, const char *key, const void *data, size_t len)
{
	raw_add(l->json, (struct json_raw){ key, "", "", data, len, 0 });
}

/* A string as a member, when there is one; true if it was not UTF-8. */
static bool member_text(struct line *l, const char *key, const char *s, size_t len)
{
	if (!s || !len || !*s || !text_room(&l->t, KEY_MAX))
		return false;
	text_str(&l->t, key);
	return text_quoted(&l->t, s, len);
}

/* Likewise, of any bytes, which stay where they are until the line is written. */
static void member_any(struct line *l, const char *key, const char *s, size_t len)
{
	if (member_text(l, key, s, len))
		keep_raw(l, key, s, len);
}

static void member_number(struct line *l, const char *key, int64_t value)
{
	text_str(&l->t, key);
	text_dec(&l->t, value);
}

/* A first word and a vector as one string, a space between words; true if it was not UTF-8. */
static bool put_joined(struct line *l, const char *first, size_t first_len, const char *s, size_t len)
{
	const char *end = s + len;
	bool invalid = false;

	if (!text_room(&l->t, ESCAPE_MAX * (first_len + len) + ESCAPE_SLACK + 2))
		return false;
	put_char(&l->t, '"');
	l->t.p = escape(l->t.p, first, first_len, &invalid);
	while (s < end) {
		size_t n = strnlen(s, end - s);

		put_char(&l->t, ' ');
		l->t.p = escape(l->t.p, s, n, &invalid);
		s += n + 1;
	}
	put_char(&l->t, '"');
	return invalid;
}

static bool put_vector(struct line *l, const char *s, size_t len)
{
	size_t first = strnlen(s, len), rest = first < len ? first + 1 : len;

	return put_joined(l, s, first, s + rest, len - rest);
}

/* The task's name in place of the first argument, as in expressions. */
static void member_cmdline(struct line *l, const char *key, const struct process *p)
{
	size_t first = strnlen(p->args, p->args_len), name = strnlen(p->name, sizeof(p->name));
	size_t rest = first < p->args_len ? first + 1 : p->args_len;

	if (!p->args_len)
		return;
	text_str(&l->t, key);
	if (put_joined(l, name ? p->name : p->args, name ? name : first, p->args + rest, p->args_len - rest))
		keep_raw(l, key, p->args, p->args_len);
}

static void member_ip(struct line *l, const char *key, const struct wire_addr *addr)
{
	text_str(&l->t, key);
	text_char(&l->t, '"');
	if (text_room(&l->t, VALUE_ROOM))
		value_ip(&l->t, addr->family, addr->addr);
	text_char(&l->t, '"');
}

/* --- fields */

static const struct cgroup_keys cgroup_keys_falco = {
	.path = ",\"cgroup.path\":", .unit = ",\"cgroup.unit\":", .slice = ",\"cgroup.slice\":",
	.session = ",\"cgroup.session\":", .end = "",
};

static void fields_process(struct line *l, const struct falco_encoder *f, const struct subject *who)
{
	const struct head *h = l->record;
	const struct process *p = who->process, *parent = subject_parent(who, &h->who);

	member_any(l, ",\"proc.name\":", h->who.proc_name.s, strnlen(h->who.proc_name.s, sizeof(h->who.proc_name)));
	member_number(l, ",\"proc.pid\":", (int32_t)h->who.proc_pid);
	member_number(l, ",\"proc.ppid\":", (int32_t)h->who.proc_ppid);
	member_number(l, ",\"proc.vpid\":", (int32_t)h->who.proc_vpid);
	member_number(l, ",\"thread.tid\":", (int32_t)h->who.proc_tid);
	if (p) {
		member_any(l, ",\"proc.exepath\":", p->exe, strlen(p->exe));
		member_any(l, ",\"proc.cwd\":", p->cwd, strlen(p->cwd));
		member_cmdline(l, ",\"proc.cmdline\":", p);
	}
	if (parent && f->json.redactor)
		parent = redact_ancestor(f->json.redactor, parent, REDACT_PARENT);
	if (parent) {
		member_any(l, ",\"proc.pname\":", parent->name, strnlen(parent->name, sizeof(parent->name)));
		member_any(l, ",\"proc.pexepath\":", parent->exe, strlen(parent->exe));
		member_cmdline(l, ",\"proc.pcmdline\":", parent);
	}
	member_number(l, ",\"user.uid\":", h->who.user_uid == UINT32_MAX ? -1 : (int64_t)h->who.user_uid);
	member_number(l, ",\"user.loginuid\":", (int32_t)h->who.user_loginuid);
	member_number(l, ",\"group.gid\":", h->who.user_gid == UINT32_MAX ? -1 : (int64_t)h->who.user_gid);
}

static void fields_names(struct line *l, const struct subject *who)
{
	static const struct { const char *key; unsigned name; } names[] = {
		{ ",\"user.name\":", USER_NAME }, { ",\"user.loginname\":", USER_LOGIN }, { ",\"group.name\":", USER_GROUP },
	};
	const struct head *h = l->record;

	for (size_t i = 0; who->users && i < sizeof(names) / sizeof(*names); i++) {
		const char *name = users_name(who->users, &h->who, names[i].name);

		if (name)
			member_text(l, names[i].key, name, strlen(name));
	}
}

/* Of a container, without secrets. */
static void member_masked(struct line *l, const char *key, const char *s)
{
	size_t n;

	if (!s)
		return;
	s = redact_text(l->json->redactor, s, strlen(s), 0, &n);
	member_text(l, key, s, n);
}

static void fields_container(struct line *l, const struct container *c)
{
	const struct container_meta *m = c ? c->meta : NULL;
	static const struct { const char *key; unsigned text; } texts[] = {
		{ ",\"container.name\":", META_name },	  { ",\"container.image\":", META_image },
		{ ",\"k8s.ns.name\":", META_namespace }, { ",\"k8s.pod.name\":", META_pod },
	};

	if (!c)
		return;
	if (c == &container_host)
		member_text(l, ",\"container.id\":", "host", 4);
	else
		member_text(l, ",\"container.id\":", c->id, strlen(c->id));
	for (size_t i = 0; m && i < sizeof(texts) / sizeof(*texts); i++)
		member_masked(l, texts[i].key, m->texts[texts[i].text]);
}

static void fields_sock(struct line *l, const struct fact_sock *sock)
{
	if (sock->src.family != AF_INET && sock->src.family != AF_INET6)
		return;
	member_ip(l, ",\"fd.lip\":", &sock->src);
	member_number(l, ",\"fd.lport\":", sock->src.port);
	if (!sock->dst.family)
		return;
	member_ip(l, ",\"fd.rip\":", &sock->dst);
	member_number(l, ",\"fd.rport\":", sock->dst.port);
}

static void fields_fd(struct line *l)
{
	const struct fact *fact = fd_main(l->record);
	struct fd_name name;
	const char *type;

	if (!fact)
		return;
	fd_name(&name, l->record, fact);
	member_number(l, ",\"fd.num\":", fact->fd);
	if (member_text(l, ",\"fd.name\":", name.text, name.len)) {
		const struct fact_sock *sock = name.text == name.made ? fd_sock(l->record, fact) : NULL;

		keep_raw(l, ",\"fd.name\":", sock ? event_span(l->record, &sock->name) : name.text,
			 sock ? sock->name.len : name.len);
	}
	type = fd_type(l->record, fact);
	member_text(l, ",\"fd.type\":", type, strlen(type));
	if (fact->sock.len)
		fields_sock(l, fd_sock(l->record, fact));
}

static void fields_result(struct line *l, const struct json_shape *shape)
{
	const struct event_syscall *e = l->record;
	const char *name = e->ret < 0 && e->ret >= -4095 ? errno_name(-(int)e->ret) : NULL;

	if (!shape->has_ret)
		return;
	member_number(l, ",\"evt.rawres\":", e->ret);
	name = name ? name : "SUCCESS";
	member_text(l, ",\"evt.res\":", name, strlen(name));
}

static void fields_args(struct line *l, const struct json_shape *shape, const struct schema *s)
{
	for (unsigned i = 0; i < shape->nfields && text_room(&l->t, VALUE_ROOM); i++) {
		const struct json_field *f = &shape->fields[i];
		const struct span *at = (const struct span *)((const char *)l->record + f->off);

		PUT(&l->t, ",\"evt.arg.");
		text_str(&l->t, s->fields[i].name);
		PUT(&l->t, "\":");
		if (f->form != FORM_STRV || !at->len)
			line_value(l, f, s, i);
		else if (put_vector(l, event_span(l->record, at), at->len))
			raw_add(l->json, (struct json_raw){ "args.", s->fields[i].name, "", event_span(l->record, at), at->len, 0 });
	}
}

/*
 * The bytes of members that are no UTF-8: evt.arg.path.raw beside evt.arg.path, of a list each text with its NUL.  A
 * group is a key as it was written, or what comes before the name.  The text comes first where the line is too short.
 */
static void fields_raw(struct line *l)
{
	bool cut = false;

	for (unsigned i = 0; i < l->json->nraw; i++) {
		const struct json_raw *raw = &l->json->raw[i];
		const char *group = *raw->group == ',' ? raw->group + 2 : strcmp(raw->group, "args.") ? raw->group : "evt.arg.";

		if ((size_t)(l->t.end - l->t.p) < 2 * (size_t)raw->len + BEHIND_RAW) {
			cut = true;
			continue;
		}
		text_str(&l->t, ",\"");
		text_raw(&l->t, group, strcspn(group, "\""));
		text_str(&l->t, raw->name);
		text_str(&l->t, ".raw\":\"");
		line_hex(l, raw->data, raw->len);
		text_char(&l->t, '"');
	}
	if (cut)
		text_str(&l->t, ",\"evt.raw.truncated\":true");
	l->json->nraw = 0;
}

/* --- the alert */

static struct alert alert_of(struct falco_encoder *f, const void *record, const struct schema *s)
{
	const struct head *h = record;

	return (struct alert){
		.rule = s->name,
		.source = h->id >= EVENT_lost && h->id < EVENT_SYSCALL ? "internal" : "syscall",
		.priority = event_severity(h->id),
		.sentence = f->sentence,
		.sentence_len = table_details(&f->table, record, f->sentence, TABLE_LINE_MAX),
		.category = s->category,
	};
}

/* Falco's clock: the time of day with nanoseconds. */
static void put_clock(struct text *t, struct falco_encoder *f, uint64_t time)
{
	uint64_t wall = time + (uint64_t)f->json.boot_to_wall;

	table_time_of_day(&f->table, wall / 1000000000, t);
	text_char(t, '.');
	text_udec_pad(t, wall % 1000000000, 9);
}

static void words(struct text *t, const char *key, const char *s, size_t len)
{
	bool invalid;

	text_str(t, key);
	if (text_room(t, ESCAPE_MAX * len + ESCAPE_SLACK))
		t->p = escape(t->p, s, len, &invalid);
}

/* 10:00:00.123456789: Notice what happened (user_uid=0 process=cat ..) */
static void put_output(struct text *t, struct falco_encoder *f, const struct alert *a, const struct line *l,
		       const struct subject *who)
{
	const struct head *h = l->record;

	put_clock(t, f, h->time);
	text_str(t, ": ");
	text_str(t, severity_names[a->priority]);
	text_char(t, ' ');
	text_raw(t, a->sentence, a->sentence_len);
	text_str(t, " (event=");
	text_str(t, a->rule);
	text_str(t, " user_uid=");
	text_dec(t, (int32_t)h->who.user_uid);
	words(t, " process=", h->who.proc_name.s, sizeof(h->who.proc_name));
	text_str(t, " pid=");
	text_dec(t, (int32_t)h->who.proc_pid);
	if (who->process)
		words(t, " exe=", who->process->exe, strlen(who->process->exe));
	text_char(t, ')');
}

static void put_tags(struct line *l, const struct falco_encoder *f, const struct alert *a)
{
	text_str(&l->t, ",\"tags\":[\"");
	text_str(&l->t, a->category);
	text_char(&l->t, '"');
	for (unsigned i = 0; i < f->npolicies; i++) {
		text_char(&l->t, ',');
		text_quoted(&l->t, f->policies[i], strlen(f->policies[i]));
	}
	text_char(&l->t, ']');
}

static void put_alert(struct line *l, struct falco_encoder *f, const struct alert *a, const struct subject *who)
{
	const struct head *h = l->record;
	const struct schema *s = schema_get(h->id);
	const struct json_shape *shape = &f->json.shapes[h->id];
	int64_t wall = (int64_t)(h->time + (uint64_t)f->json.boot_to_wall);
	char *output = f->sentence + TABLE_LINE_MAX;
	struct text t = { .p = output, .end = output + TABLE_LINE_MAX };

	put_output(&t, f, a, l, who);
	text_str(&l->t, "{\"output\":");
	text_quoted(&l->t, output, t.p - output);
	text_str(&l->t, ",\"output_fields\":{\"evt.time\":");
	text_dec(&l->t, wall);
	member_text(l, ",\"evt.type\":", s->name, strlen(s->name));
	member_text(l, ",\"evt.category\":", s->category, strlen(s->category));
	member_number(l, ",\"evt.cpu\":", h->cpu);
	fields_process(l, f, who);
	fields_names(l, who);
	fields_container(l, who->container);
	line_cgroup(l, who, &cgroup_keys_falco);
	fields_args(l, shape, s);
	if (s->syscall) {
		fields_result(l, shape);
		fields_fd(l);
	}
	fields_raw(l);
	line_flaws(l, s, who);
	text_char(&l->t, '}');
	line_hostname(l);
	member_text(l, ",\"priority\":", severity_names[a->priority], strlen(severity_names[a->priority]));
	member_text(l, ",\"rule\":", a->rule, strlen(a->rule));
	member_text(l, ",\"source\":", a->source, strlen(a->source));
	put_tags(l, f, a);
	text_str(&l->t, ",\"time\":\"");
	if (text_room(&l->t, STAMP_LEN)) {
		stamp_wall(l->t.p, wall);
		l->t.p += STAMP_LEN;
	}
	text_str(&l->t, "\"}\n");
}

size_t falco_encode(struct falco_encoder *f, const void *record, const struct subject *subject, char *buf, size_t size)
{
	static const struct subject unknown;
	const struct head *h = record;
	const struct schema *s = schema_get(h->id);
	const struct subject *who = subject ? subject : &unknown;
	const struct alert alert = alert_of(f, record, s);
	struct line l = {
		.t = { .p = buf, .end = buf + size }, .json = &f->json, .record = record,
		.compat = s->syscall && h->abi == ABI_32,
	};

	f->json.nraw = 0;
	f->json.cgroup_cut = false;
	if (f->text) {
		put_output(&l.t, f, &alert, &l, who);
		text_char(&l.t, '\n');
	} else {
		put_alert(&l, f, &alert, who);
	}
	return l.t.full ? 0 : (size_t)(l.t.p - buf);
}

/* --- making */

int falco_encoder_init(struct falco_encoder *f, const char *hostname, int64_t boot_to_wall, bool text)
{
	int r;

	*f = (struct falco_encoder){ .text = text };
	r = json_encoder_init(&f->json, hostname, boot_to_wall);
	if (r == 0)
		r = table_encoder_init(&f->table, boot_to_wall, 0);
	f->sentence = r == 0 ? malloc(2 * (size_t)TABLE_LINE_MAX) : NULL;
	return r == 0 && !f->sentence ? -ENOMEM : r;
}

void falco_encoder_fini(struct falco_encoder *f)
{
	free(f->sentence);
	f->sentence = NULL;
	table_encoder_fini(&f->table);
	json_encoder_fini(&f->json);
}

void falco_encoder_clock(struct falco_encoder *f, int64_t boot_to_wall)
{
	json_encoder_clock(&f->json, boot_to_wall);
	table_encoder_clock(&f->table, boot_to_wall);
}

void falco_encoder_policies(struct falco_encoder *f, const char *const *names, unsigned n)
{
	f->npolicies = n < FALCO_TAGS ? n : FALCO_TAGS;
	for (unsigned i = 0; i < f->npolicies; i++)
		f->policies[i] = names[i];
}
