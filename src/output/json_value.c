// SPDX-License-Identifier: Apache-2.0
#include "output/json_line.h"

#include "output/escape.h"
#include "output/stamp.h"

#define NUMBER_EXACT "9007199254740992"		/* 2^53: greater ones are no exact doubles */

enum form form_of(enum type type)
{
	switch ((int)type) {
	case T_inode:
	case T_cgroup:
		return FORM_ID;
	case T_time:
		return FORM_TIME;
	case T_time_wall:
		return FORM_WALL;
	case T_sock_proto:
	case T_sock_opt:
		return FORM_ARG;
	}
	switch (type_info[type].wire) {
	case WIRE_str: return FORM_STR;
	case WIRE_strv: return FORM_STRV;
	case WIRE_bytes: return FORM_BYTES;
	case WIRE_comm: return FORM_COMM;
	case WIRE_addr: return FORM_ADDR;
	case WIRE_num: break;
	}
	return value_is_number(type) ? FORM_NUMBER : FORM_TEXT;
}

/* add: from the clock of ns to the time since 1970.  0 is no time. */
static void put_stamp(struct text *t, uint64_t ns, int64_t add)
{
	if (!ns) {
		PUT(t, "null");
		return;
	}
	put_char(t, '"');
	stamp_wall(t->p, ns + (uint64_t)add);
	t->p += STAMP_LEN;
	put_char(t, '"');
}

bool text_quoted(struct text *t, const char *s, size_t len)
{
	bool invalid = false;

	if (!text_room(t, ESCAPE_MAX * len + ESCAPE_SLACK + 2))
		return false;
	put_char(t, '"');
	t->p = escape(t->p, s, len, &invalid);
	put_char(t, '"');
	return invalid;
}

void raw_add(struct json_encoder *json, struct json_raw raw)
{
	if (json->nraw < JSON_RAW_MAX)
		json->raw[json->nraw++] = raw;
}

/* Quote the number that was written from start on, if it cannot be exact in a double. */
static void quote_large(struct text *t, char *start)
{
	char *digits = start + (*start == '-');
	size_t n = t->p - digits;

	if (n < sizeof(NUMBER_EXACT) - 1 ||
	    (n == sizeof(NUMBER_EXACT) - 1 && memcmp(digits, NUMBER_EXACT, n) <= 0))
		return;
	memmove(start + 1, start, t->p - start);
	*start = '"';
	t->p++;
	put_char(t, '"');
}

static void put_number(struct text *t, enum type type, uint64_t value, bool compat)
{
	char *start = t->p;

	value_text(t, type, value, compat);
	if (t->p - start > 15)
		quote_large(t, start);
}

static struct memo *memo_find(struct json_encoder *json, enum type type, uint64_t value, bool compat)
{
	uint64_t key = type * 2u + compat + 1, hash = (value ^ key << 32) * 0x9e3779b97f4a7c15u;
	struct memo *memo = &json->memos[hash >> 54];

	_Static_assert(MEMOS == 1 << 10, "bits of the hash");
	if (memo->value == value && memo->key == key)
		return memo;
	memo->len = 0;
	memo->value = value;
	memo->key = key;
	return memo;
}

/* A value that is shown by name. */
static void put_text(struct line *l, enum type type, uint64_t value)
{
	struct memo *memo = memo_find(l->json, type, value, l->compat);
	char *start = l->t.p;

	if (memo->len) {
		memcpy(l->t.p, memo->text, sizeof(memo->text));
		l->t.p += memo->len;
		return;
	}
	put_char(&l->t, '"');
	value_text(&l->t, type, value, l->compat);
	put_char(&l->t, '"');
	if (l->t.p - start <= (ptrdiff_t)sizeof(memo->text)) {
		memo->len = l->t.p - start;
		memcpy(memo->text, start, memo->len);
	}
}

void put_value(struct line *l, enum form form, enum type type, uint64_t value)
{
	if (form == FORM_NUMBER) {
		put_number(&l->t, type, value, l->compat);
	} else if (form == FORM_ID) {
		put_char(&l->t, '"');
		text_udec(&l->t, value);
		put_char(&l->t, '"');
	} else if (form == FORM_TIME) {
		put_stamp(&l->t, value, l->json->boot_to_wall);
	} else if (form == FORM_WALL) {
		put_stamp(&l->t, value, 0);
	} else {
		put_text(l, type, value);
	}
}

/* --- fields that are not numbers */

void text_strv(struct text *t, const char *s, size_t len, bool *invalid)
{
	const char *end = s + len;

	text_char(t, '[');
	for (bool more = false; s < end; more = true) {
		size_t n = strnlen(s, end - s);

		if (more)
			text_char(t, ',');
		*invalid |= text_quoted(t, s, n);
		s += n + 1;
	}
	text_char(t, ']');
}

static void member_bytes(struct line *l, enum type type, const struct span *at, bool *invalid)
{
	const char *data = (const char *)l->record + at->off;
	size_t len = value_size(type, l->compat);
	char buf[VALUE_TEXT_MAX];
	struct text t = { .p = buf, .end = buf + sizeof(buf) };

	if (type == T_bytes) {
		if (!text_room(&l->t, 2 * (size_t)at->len + 2))
			return;
		put_char(&l->t, '"');
		for (size_t i = 0; i < at->len; i++) {
			put_char(&l->t, "0123456789abcdef"[(unsigned char)data[i] >> 4]);
			put_char(&l->t, "0123456789abcdef"[data[i] & 15]);
		}
		put_char(&l->t, '"');
		return;
	}
	value_bytes(&t, type, data, at->len < len ? at->len : len);
	while (t.p > buf && !t.p[-1])
		t.p--;		/* names of unix sockets are often passed with what is behind them */
	for (char *p = buf; p < t.p; p++)
		*p = *p ? *p : '@';
	*invalid |= text_quoted(&l->t, buf, t.p - buf);
}

static void member_span(struct line *l, const struct json_field *f, const char *name, const struct span *at)
{
	const char *data = (const char *)l->record + at->off;
	bool invalid = false;

	if (!at->len)
		PUT(&l->t, "null");
	else if (f->form == FORM_STR)
		invalid = text_quoted(&l->t, data, at->len);
	else if (f->form == FORM_STRV)
		text_strv(&l->t, data, at->len, &invalid);
	else
		member_bytes(l, f->type, at, &invalid);
	if (invalid)
		raw_add(l->json, (struct json_raw){ "args.", name, "", data, at->len, 0 });
}

static void member_comm(struct line *l, const char *name, const char *comm)
{
	if (text_quoted(&l->t, comm, sizeof(wire_comm)))
		raw_add(l->json, (struct json_raw){ "args.", name, "", comm, strnlen(comm, sizeof(wire_comm)), 0 });
}

/* No address and no port: the socket has none yet. */
static bool addr_set(const struct wire_addr *addr)
{
	uint64_t half[2];

	memcpy(half, addr->addr, sizeof(half));
	return addr->family && (addr->port || half[0] || half[1]);
}

void put_addr(struct line *l, const struct wire_addr *addr)
{
	if (!addr_set(addr)) {
		PUT(&l->t, "null");
		return;
	}
	put_char(&l->t, '"');
	value_bytes(&l->t, T_addr, addr, sizeof(*addr));
	put_char(&l->t, '"');
}

static void put_arg(struct line *l, enum type type, unsigned i)
{
	const struct event_syscall *e = l->record;

	put_char(&l->t, '"');
	value_text_arg(&l->t, type, (const uint64_t *)e->args, i, l->compat);
	put_char(&l->t, '"');
}

void line_value(struct line *l, const struct json_field *f, const struct schema *s, unsigned i)
{
	const void *at = (const char *)l->record + f->off;
	uint64_t value;

	if (f->form >= FORM_STR) {
		member_span(l, f, s->fields[i].name, at);
	} else if (f->form == FORM_COMM) {
		member_comm(l, s->fields[i].name, at);
	} else if (f->form == FORM_ADDR) {
		put_addr(l, at);
	} else if (f->form == FORM_ARG && s->syscall) {
		put_arg(l, f->type, i);
	} else {
		memcpy(&value, at, sizeof(value));
		put_value(l, f->form, f->type, value);
	}
}

void line_field(struct line *l, const struct json_field *f, const struct schema *s, unsigned i)
{
	if (!text_room(&l->t, VALUE_ROOM))
		return;
	put_piece(&l->t, l->json, f->key);
	line_value(l, f, s, i);
}
