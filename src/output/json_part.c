// SPDX-License-Identifier: Apache-2.0
#include "output/json_line.h"

#include "identity/mapping.h"
#include "identity/process.h"
#include "identity/subject.h"
#include "event/fd.h"
#include "output/redact.h"

void line_hostname(struct line *l)
{
	const struct head *h = l->record;
	const char *name = event_span(l->record, &h->hostname);

	if (!h->hostname.len && !schema_host_known(h))
		return;		/* a task that has left its namespaces */
	if (!h->hostname.len) {
		text_raw(&l->t, l->json->hostname, l->json->hostname_len);
		return;
	}
	text_str(&l->t, ",\"hostname\":");
	if (text_quoted(&l->t, name, h->hostname.len))
		raw_add(l->json, (struct json_raw){ "", "hostname", "", name, h->hostname.len, 0 });
}

/* --- descriptors */

static const char *arg_name(const struct schema *s, unsigned arg)
{
	return arg < s->nfields ? s->fields[arg].name : "ret";
}

static void fact_sock(struct line *l, const struct fact_sock *sock)
{
	const bool inet = sock->src.family || sock->dst.family;

	if (!text_room(&l->t, 3 * VALUE_ROOM))
		return;
	PUT(&l->t, ",\"family\":");
	put_value(l, FORM_TEXT, T_family, sock->family);
	PUT(&l->t, ",\"socktype\":");
	put_value(l, FORM_TEXT, T_sock_type, sock->type);
	if (!inet)
		return;
	PUT(&l->t, ",\"proto\":");
	put_value(l, FORM_TEXT, T_sock_proto, sock->proto);
	PUT(&l->t, ",\"state\":");
	put_value(l, FORM_TEXT, T_sock_state, sock->state);
	PUT(&l->t, ",\"src\":");
	put_addr(l, &sock->src);
	PUT(&l->t, ",\"dst\":");
	put_addr(l, &sock->dst);
}

/* index: among fds; negative for fd. */
static void fact_name(struct line *l, const struct fact *fact, int index)
{
	struct fd_name name;

	fd_name(&name, l->record, fact);
	if (!name.len) {
		text_str(&l->t, "null");
		return;
	}
	if (!text_quoted(&l->t, name.text, name.len))
		return;
	if (name.text == name.made) {	/* a socket's path */
		const struct fact_sock *sock = fd_sock(l->record, fact);

		name.text = event_span(l->record, &sock->name);
		name.len = sock->name.len;
	}
	raw_add(l->json, (struct json_raw){ index < 0 ? "fd." : "fds.", "", index < 0 ? "name" : ".name", name.text,
					    name.len, index + 1 });
}

/* The members of one descriptor, and the brace behind them. */
static void fact_members(struct line *l, const struct fact *fact, int index)
{
	if (!text_room(&l->t, VALUE_ROOM))
		return;
	PUT(&l->t, "\"num\":");
	text_dec(&l->t, fact->fd);
	PUT(&l->t, ",\"type\":\"");
	text_str(&l->t, fd_type(l->record, fact));
	PUT(&l->t, "\",\"name\":");
	fact_name(l, fact, index);
	if (!text_room(&l->t, VALUE_ROOM))
		return;
	PUT(&l->t, ",\"dev\":");
	put_value(l, FORM_TEXT, T_dev, fact->dev);
	PUT(&l->t, ",\"ino\":");
	put_value(l, FORM_ID, T_inode, fact->ino);
	if (fact->flags & FACT_DELETED)
		PUT(&l->t, ",\"deleted\":true");
	if (fact->flags & FACT_CREATED)
		PUT(&l->t, ",\"created\":true");
	if (fact->sock.len)
		fact_sock(l, fd_sock(l->record, fact));
	text_char(&l->t, '}');
}

void line_facts(struct line *l, const struct schema *s)
{
	const struct event_syscall *e = l->record;
	const struct fact *first = fd_main(e), *fact;
	int others = 0;

	if (!first)
		return;
	text_str(&l->t, ",\"fd\":{");
	fact_members(l, first, -1);
	for (unsigned i = 0; i < FACTS_MAX; i++) {
		fact = fd_fact(e, i);
		if (!fact || fact == first)
			continue;
		text_str(&l->t, others ? ",{\"arg\":\"" : ",\"fds\":[{\"arg\":\"");
		text_str(&l->t, arg_name(s, fact->arg));
		text_str(&l->t, "\",");
		fact_members(l, fact, others++);
	}
	if (others)
		text_char(&l->t, ']');
}

void line_result(struct line *l, const struct json_shape *shape)
{
	const struct event_syscall *e = l->record;
	const char *name;

	if (!shape->has_ret || !text_room(&l->t, VALUE_ROOM))
		return;
	PUT(&l->t, ",\"ret\":");
	if (e->ret >= 0 || e->ret < -4095) {
		put_value(l, form_of(shape->ret_type), shape->ret_type, e->ret);
		return;
	}
	text_dec(&l->t, e->ret);
	name = errno_name(-(int)e->ret);
	if (!name)
		return;
	PUT(&l->t, ",\"errno\":\"");
	text_str(&l->t, name);
	put_char(&l->t, '"');
}

static void stack_hex(struct line *l, const char *key, uint64_t value)
{
	if (!text_room(&l->t, VALUE_ROOM))
		return;
	text_str(&l->t, key);
	text_hex(&l->t, value);
	put_char(&l->t, '"');
}

/* Where the address lies, if there is room left for the name: raw bytes count, too. */
static void stack_file(struct line *l, const struct frame *f, unsigned i, size_t *left)
{
	char *start = l->t.p;
	size_t n, took;
	const char *file = redact_text(l->json->redactor, f->file, strlen(f->file), 0, &n);
	bool invalid;

	text_str(&l->t, ",\"file\":");
	invalid = text_quoted(&l->t, file, n);
	took = l->t.p - start + (invalid ? 2 * n + KEY_MAX : 0);
	if (took > *left) {
		l->t.p = start;
		l->json->stack_cut = true;
		return;
	}
	*left -= took;
	if (invalid)
		raw_add(l->json, (struct json_raw){ "stack.", "", ".file", file, n, i + 1 });
	stack_hex(l, ",\"offset\":\"0x", f->offset);
}

void line_stack(struct line *l, const struct subject *who)
{
	const struct head *h = l->record;
	unsigned n = h->stack.len / sizeof(uint64_t);
	size_t left = JSON_STACK_MAX;

	if (!n)
		return;
	text_str(&l->t, ",\"stack\":[");
	for (unsigned i = 0; i < n && i < STACK_FRAMES; i++) {
		struct frame bare = { 0 };
		const struct frame *f = who->stack ? &who->stack->frames[i] : &bare;

		memcpy(&bare.address, (const char *)h + h->stack.off + i * sizeof(bare.address), sizeof(bare.address));
		stack_hex(l, i ? ",{\"addr\":\"0x" : "{\"addr\":\"0x", f->address);
		if (f->file)
			stack_file(l, f, i, &left);
		text_char(&l->t, '}');
	}
	text_char(&l->t, ']');
}

static void flaw_add(struct line *l, const char *key, const char *name, bool *more)
{
	text_str(&l->t, *more ? "," : key);
	text_char(&l->t, '"');
	text_str(&l->t, name);
	text_char(&l->t, '"');
	*more = true;
}

/* What else a line may have only a part of, a bit each. */
static const char *const cut_parts[] = { "proc.args", "proc.ancestors", "stack", "cgroup.path" };

/* key opens the list. */
static void flaws(struct line *l, const struct schema *s, const char *key, uint32_t bits, unsigned parts)
{
	bool more = false, record = false;

	for (; bits; bits &= bits - 1) {
		const char *name = schema_flaw(s, __builtin_ctz(bits));

		if (name)
			flaw_add(l, key, name, &more);
		else
			record = true;
	}
	if (record)
		flaw_add(l, key, "record", &more);
	for (; parts; parts &= parts - 1)
		flaw_add(l, key, cut_parts[__builtin_ctz(parts)], &more);
	if (more)
		text_char(&l->t, ']');
}

void line_hex(struct line *l, const void *data, size_t len)
{
	const unsigned char *p = data;

	if (!text_room(&l->t, 2 * len))
		return;
	for (size_t i = 0; i < len; i++) {
		put_char(&l->t, "0123456789abcdef"[p[i] >> 4]);
		put_char(&l->t, "0123456789abcdef"[p[i] & 15]);
	}
}

static void raw_write(struct line *l, const struct json_raw *raw)
{
	text_char(&l->t, '"');
	text_str(&l->t, raw->group);
	text_str(&l->t, raw->name);
	if (raw->nth)
		text_udec(&l->t, raw->nth - 1);
	text_str(&l->t, raw->member);
	text_str(&l->t, "\":\"");
	line_hex(l, raw->data, raw->len);
	text_char(&l->t, '"');
}

void line_flaws(struct line *l, const struct schema *s, const struct subject *who)
{
	const struct head *h = l->record;
	const struct process *p = who->process;
	unsigned parts = (p && p->args_truncated ? 1 : 0) | (l->json->lineage_cut ? 2 : 0) | (l->json->stack_cut ? 4 : 0) |
			 (l->json->cgroup_cut ? 8 : 0);

	if (h->truncated || parts)
		flaws(l, s, ",\"truncated\":[", h->truncated, parts);
	if (h->faulted)
		flaws(l, s, ",\"faulted\":[", h->faulted, 0);
	if (!l->json->nraw)
		return;
	text_str(&l->t, ",\"raw\":{");
	for (unsigned i = 0; i < l->json->nraw; i++) {
		if (i)
			text_char(&l->t, ',');
		raw_write(l, &l->json->raw[i]);
	}
	text_char(&l->t, '}');
}
