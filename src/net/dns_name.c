/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of a DNS message (RFC 1035 3.1, 4.1.4).
 *
 * A pointer must lead to before the run of labels that it ends, so each hop begins earlier than the one
 * before and there are no loops; RFC 1035 asks for a prior occurrence.
 */
#include "net/dns_reader.h"

enum { POINTER = 0xc0 };

/* What a byte of a label is written as: itself, behind a backslash, or in decimal. */
enum { PLAIN, BACKSLASH, DECIMAL };

static unsigned kind_of(uint8_t c)
{
	switch (c) {
	case '"': case '$': case '(': case ')': case '.': case ';': case '@': case '\\':
		return BACKSLASH;
	default:
		return c > ' ' && c < 0x7f ? PLAIN : DECIMAL;
	}
}

static void show_label(struct text *t, const uint8_t *label, size_t n)
{
	size_t plain = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned kind = kind_of(label[i]);

		if (kind == PLAIN)
			continue;
		text_raw(t, label + plain, i - plain);
		text_char(t, '\\');
		if (kind == DECIMAL)
			text_udec_pad(t, label[i], 3);
		plain = kind == DECIMAL ? i + 1 : i;
	}
	text_raw(t, label + plain, n - plain);
}

void dns_show_string(struct text *t, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n && !t->full; i++) {
		if (bytes[i] >= ' ' && bytes[i] < 0x7f) {
			if (bytes[i] == '"' || bytes[i] == '\\')
				text_char(t, '\\');
			text_char(t, (char)bytes[i]);
		} else {
			text_char(t, '\\');
			text_udec_pad(t, bytes[i], 3);
		}
	}
}

struct name {
	size_t from;		/* where the run of labels begins that is read now */
	size_t size;		/* bytes that the name has without compression */
	unsigned hops;
	size_t after;		/* where reading goes on behind the name; 0 until the first pointer */
};

/* Go to where the pointer at the reader's place leads. */
static bool follow(struct dns_reader *r, struct name *name)
{
	size_t to;

	if (!dns_need(r, 2))
		return false;
	to = dns_peek16(r->bytes + r->at) & ~(POINTER << 8);
	if (to > r->at)
		return dns_fail(r, DNS_POINTER_FORWARD);
	if (to >= name->from)
		return dns_fail(r, DNS_POINTER_LOOP);
	if (to < DNS_HEADER)
		return dns_fail(r, DNS_POINTER_HEADER);
	if (++name->hops > DNS_HOPS_MAX)
		return dns_fail(r, DNS_TOO_MANY_HOPS);
	if (!name->after)
		name->after = r->at + 2;
	r->at = name->from = to;
	return true;
}

/* The label of n bytes at the reader's place. */
static bool read_label(struct dns_reader *r, struct name *name, size_t n)
{
	if (n > DNS_LABEL_MAX)
		return dns_fail(r, DNS_LABEL_TOO_LONG);
	if (name->size + 1 + n + 1 > DNS_NAME_MAX)
		return dns_fail(r, DNS_NAME_TOO_LONG);
	if (!dns_need(r, 1 + n))
		return false;
	if (name->size)
		text_char(&r->out, '.');
	show_label(&r->out, r->bytes + r->at + 1, n);
	name->size += 1 + n;
	r->at += 1 + n;
	return true;
}

static bool read_parts(struct dns_reader *r, struct name *name)
{
	for (;;) {
		unsigned n;

		if (!dns_need(r, 1))
			return false;
		n = r->bytes[r->at];
		if (!n)
			break;
		if (n >= POINTER ? !follow(r, name) : !read_label(r, name, n))
			return false;
	}
	if (!name->size)
		text_char(&r->out, '.');
	r->at++;
	return true;
}

bool dns_read_name(struct dns_reader *r)
{
	struct name name = { .from = r->at };

	if (!read_parts(r, &name))
		return false;
	if (name.after)
		r->at = name.after;
	return true;
}

void dns_fold(char *name, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] |= 0x20;
	}
}
