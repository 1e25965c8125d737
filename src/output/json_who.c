// SPDX-License-Identifier: Apache-2.0
/* Who did it: proc and user. */
#include "output/json_line.h"

#include "identity/ancestry.h"
#include "identity/hashes.h"
#include "identity/process.h"
#include "identity/subject.h"
#include "identity/users.h"
#include "output/redact.h"

static void who_strings(struct line *l, const struct subject *who)
{
	const struct process *p = who->process;
	char hash[HASH_TEXT];
	bool invalid = false;

	text_str(&l->t, ",\"exe\":");
	if (!p || !*p->exe)
		text_str(&l->t, "null");
	else if (text_quoted(&l->t, p->exe, strlen(p->exe)))
		raw_add(l->json, (struct json_raw){ "proc.", "exe", "", p->exe, strlen(p->exe), 0 });
	if (p && who->hashes && hashes_text(who->hashes, p, hash)) {
		text_str(&l->t, ",\"exe_sha256\":\"");
		text_raw(&l->t, hash, HASH_TEXT - 1);
		text_char(&l->t, '"');
	}
	text_str(&l->t, ",\"args\":");
	if (!p || !p->args_known)
		text_str(&l->t, "null");
	else
		text_strv(&l->t, p->args, p->args_len, &invalid);
	if (invalid)
		raw_add(l->json, (struct json_raw){ "proc.", "args", "", p->args, p->args_len, 0 });
}

/* Four bytes wide; all bits set is -1, none. */
static void who_number(struct line *l, const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	if (value == UINT32_MAX)
		PUT(&l->t, "-1");
	else
		text_udec(&l->t, value);
}

/* What proc.pid, tid and ppid are on the host, where they are of another namespace. */
static void who_host(struct line *l, const struct who *who)
{
	if (who->proc_pid == who->host_pid && who->proc_tid == who->host_tid && who->proc_ppid == who->host_ppid)
		return;
	if (!text_room(&l->t, VALUE_ROOM))
		return;
	PUT(&l->t, ",\"host_pid\":");
	text_udec(&l->t, who->host_pid);
	PUT(&l->t, ",\"host_tid\":");
	text_udec(&l->t, who->host_tid);
	PUT(&l->t, ",\"host_ppid\":");
	text_udec(&l->t, who->host_ppid);
}

static void ancestor_raw(struct line *l, unsigned n, const char *member, const char *text, uint32_t len)
{
	raw_add(l->json, (struct json_raw){ "proc.", "ancestors.", member, text, len, n + 1 });
}

static void ancestor_write(struct line *l, const struct process *p, unsigned n)
{
	bool invalid = false;

	if (!text_room(&l->t, VALUE_ROOM))
		return;
	PUT(&l->t, "{\"pid\":");
	text_udec(&l->t, p->shown_pid);
	PUT(&l->t, ",\"name\":");
	if (text_quoted(&l->t, p->name, sizeof(p->name)))
		ancestor_raw(l, n, ".name", p->name, strnlen(p->name, sizeof(p->name)));
	text_str(&l->t, ",\"exe\":");
	if (!*p->exe)
		text_str(&l->t, "null");
	else if (text_quoted(&l->t, p->exe, strlen(p->exe)))
		ancestor_raw(l, n, ".exe", p->exe, strlen(p->exe));
	if (l->json->lineage.details && text_room(&l->t, VALUE_ROOM)) {
		PUT(&l->t, ",\"start\":");
		put_value(l, FORM_TIME, T_time, p->start);
		PUT(&l->t, ",\"args\":");
		if (p->args_known)
			text_strv(&l->t, p->args, p->args_len, &invalid);
		else
			text_str(&l->t, "null");
	}
	if (invalid)
		ancestor_raw(l, n, ".args", p->args, p->args_len);
	text_char(&l->t, '}');
}

/* The list stops before one that is not known, and when all names in it would be too long. */
static void who_ancestors(struct line *l, const struct subject *who)
{
	const struct json_lineage *show = &l->json->lineage;
	unsigned left = JSON_LINEAGE_MAX, n = 0;
	struct ancestry ancestry;
	struct ancestor one;

	ancestry_begin(&ancestry, who, &((const struct head *)l->record)->who);
	while (n < show->depth && ancestry_next(&ancestry, &one) && one.process) {
		const struct process *p = l->json->redactor ? redact_ancestor(l->json->redactor, one.process, n) : one.process;
		unsigned size = PROCESS_NAME + strlen(p->exe) + (show->details ? p->args_len : 0);

		l->json->lineage_cut = size > left;
		if (size > left)
			break;
		left -= size;
		text_str(&l->t, n ? "," : ",\"ancestors\":[");
		ancestor_write(l, p, n++);
	}
	if (n)
		text_char(&l->t, ']');
}

static void who_chain(struct line *l, const struct process *p)
{
	bool invalid = false;
	uint32_t len;
	size_t n;
	const char *chain = process_chain(p, &len);

	if (!len)
		return;
	chain = redact_text(l->json->redactor, chain, len - 1, SECRET_STRINGS, &n);
	len = n + 1;	/* and a NUL */
	text_str(&l->t, ",\"exec_chain\":");
	text_strv(&l->t, chain, len, &invalid);
	if (invalid)
		raw_add(l->json, (struct json_raw){ "proc.", "exec_chain", "", chain, len, 0 });
}

/* Of the parent it has now. */
static void who_parent(struct line *l, const struct subject *who)
{
	const struct process *parent = subject_parent(who, &((const struct head *)l->record)->who);

	if (!parent || !*parent->name)
		return;
	if (l->json->redactor)
		parent = redact_ancestor(l->json->redactor, parent, REDACT_PARENT);
	text_str(&l->t, ",\"pname\":");
	if (text_quoted(&l->t, parent->name, PROCESS_NAME))
		raw_add(l->json, (struct json_raw){ "proc.", "pname", "", parent->name, strnlen(parent->name, PROCESS_NAME), 0 });
}

static void who_name(struct line *l, const char *name, const struct subject *who)
{
	const struct process *p = who->process;

	if (text_quoted(&l->t, name, sizeof(wire_comm)))
		raw_add(l->json, (struct json_raw){ "proc.", "name", "", name, strnlen(name, sizeof(wire_comm)), 0 });
	who_strings(l, who);
	who_host(l, &((const struct head *)l->record)->who);
	if (p)
		who_chain(l, p);
	who_parent(l, who);
	who_ancestors(l, who);
}

static void user_member(struct line *l, const char *key, const char *name)
{
	if (!name)
		return;
	text_str(&l->t, key);
	text_quoted(&l->t, name, strlen(name));
}

/* Behind the last number of user.  Names are printable, see accounts.c. */
static void who_user(struct line *l, struct users *users)
{
	const struct who *who = &((const struct head *)l->record)->who;
	const char *group = users ? users_name(users, who, USER_GROUP) : NULL;

	if (users) {
		user_member(l, ",\"name\":", users_name(users, who, USER_NAME));
		user_member(l, ",\"loginname\":", users_name(users, who, USER_LOGIN));
	}
	text_char(&l->t, '}');
	user_member(l, ",\"group\":{\"name\":", group);
	if (group)
		text_char(&l->t, '}');
}

/* The fields that all records have; the keys hold what opens and closes the groups. */
static void who_write(struct line *l, const struct subject *who)
{
	const struct json_field *f = l->json->who, *end = f + l->json->nwho;
	bool asked = ((const struct head *)l->record)->who.asked & WHO_SESSION;

	for (; f < end; f++) {
		const void *at = (const char *)l->record + f->off;
		uint64_t value;

		if (f->form == FORM_ASKED && !asked)
			continue;
		if (!text_room(&l->t, VALUE_ROOM))
			return;
		put_piece(&l->t, l->json, f->key);
		if (f->form == FORM_WHO || f->form == FORM_ASKED) {
			who_number(l, at);
		} else if (f->form == FORM_COMM) {
			who_name(l, at, who);
		} else {
			memcpy(&value, at, sizeof(value));
			put_value(l, f->form, f->type, value);
		}
	}
	who_user(l, who->users);
}

static uint64_t tree_stamp(const struct subject *who)
{
	return who->processes ? who->processes->tree_stamp : 0;
}

static uint64_t names_stamp(const struct subject *who)
{
	return (who->users ? who->users->mounts->stamp : 0) + (who->hashes ? who->hashes->stamp : 0);
}

/* Whether what was written of ancestors still holds; only when some process changed are they looked up. */
static bool same_lineage(struct line *l, struct fragment *kept, const struct subject *who)
{
	uint64_t tree = tree_stamp(who);

	if (kept->tree == tree)
		return true;
	if (kept->lineage != ancestry_stamp(who, &kept->who, l->json->lineage.depth))
		return false;
	kept->tree = tree;
	return true;
}

/* What was written of this thread before, if nothing changed since; else write and keep it. */
void line_who(struct line *l, const struct subject *who)
{
	const struct process *p = who->process;
	const struct head *h = l->record;
	struct fragment *kept = &l->json->fragments[h->who.proc_tid % FRAGMENTS];
	uint64_t stamp = p ? p->stamp : 0;
	unsigned nraw = l->json->nraw;
	char *start = l->t.p;
	bool compat = l->compat;
	size_t len;

	if (kept->len && kept->stamp == stamp && !memcmp(&kept->who, &h->who, sizeof(kept->who)) &&
	    kept->names == names_stamp(who) && same_lineage(l, kept, who)) {
		text_raw(&l->t, kept->text, kept->len);
		return;
	}
	l->compat = false;
	who_write(l, who);
	l->compat = compat;
	len = l->t.p - start;
	if (len > sizeof(kept->text) || l->t.full || l->json->nraw > nraw || l->json->lineage_cut)
		return;
	kept->who = h->who;
	kept->stamp = stamp;
	kept->names = names_stamp(who);
	kept->tree = tree_stamp(who);
	kept->lineage = ancestry_stamp(who, &h->who, l->json->lineage.depth);
	kept->len = len;
	memcpy(kept->text, start, len);
}
