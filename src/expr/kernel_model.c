// SPDX-License-Identifier: Apache-2.0
/*
 * Bounded loops, no recursion, no state.  What is absent compares as false, then negate turns it.
 * An address of version 4 mapped into version 6 counts as version 4.
 */
#include "expr/kernel_model.h"

#include <string.h>
#include <sys/socket.h>

#include "event.h"

enum { COMM = 16, NET_FAMILY = 16, NET_BITS = 17 };

static __u64 number(const struct filter_term *t, const char *at)
{
	__u32 low;
	__u64 all;

	if (t->width == 8) {
		memcpy(&all, at, 8);
		return all;
	}
	memcpy(&low, at, 4);
	return t->is_signed ? (__u64)(__s64)(__s32)low : low;
}

static bool in_set(const struct push_down *shared, __u64 set, __u64 value)
{
	for (unsigned i = 0; i < shared->nmembers; i++)
		if (shared->members[i].set == set && shared->members[i].value == value)
			return true;
	return false;
}

static bool number_is(const struct filter_term *t, const struct push_down *shared, const char *at)
{
	__u64 x = number(t, at), y = t->value;
	bool below = t->is_signed ? (__s64)x < (__s64)y : x < y;

	switch (t->op) {
	case TERM_EQ: return x == y;
	case TERM_LT: return below;
	case TERM_LE: return below || x == y;
	case TERM_GT: return !below && x != y;
	case TERM_GE: return !below;
	case TERM_ANY: return x & y;
	case TERM_ALL: return (x & y) == y;
	default: return in_set(shared, y, x);
	}
}

/* The bytes behind the NUL of a task name may be anything. */
static bool text_is(const struct filter_term *t, const struct filter_text *want, const char *record)
{
	const char *s = record + t->off;
	__u32 len;

	if (t->width == COMM) {
		len = strnlen(s, COMM);
	} else {
		const struct span *at = (const void *)s;

		if (!at->len)
			return false;
		s = record + at->off;
		len = at->len - 1;
	}
	if (len < want->len)
		return false;
	if (t->op == TERM_TEXT_EQ && len != want->len)
		return false;
	if (t->op == TERM_TEXT_SUFFIX)
		s += len - want->len;
	return !memcmp(s, want->bytes, want->len);
}

static bool net_is(const struct filter_text *want, const char *at)
{
	static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct wire_addr *addr = (const void *)at;
	const __u8 *p = addr->addr, *net = (const void *)want->bytes;
	__u8 family = addr->family == AF_INET ? 4 : addr->family == AF_INET6 ? 6 : 0;
	unsigned bits = net[NET_BITS];

	if (family == 6 && !memcmp(p, mapped, sizeof(mapped))) {
		family = 4;
		p += sizeof(mapped);
	}
	if (family != net[NET_FAMILY])
		return false;
	for (unsigned i = 0; i < 16 && 8 * i < bits; i++) {
		__u8 mask = bits - 8 * i >= 8 ? 0xff : (__u8)(0xff00 >> (bits - 8 * i));

		if ((p[i] ^ net[i]) & mask)
			return false;
	}
	return true;
}

static bool term_is(const struct filter_term *t, const struct push_down *shared, const char *record)
{
	switch (t->op) {
	case TERM_TEXT_EQ: case TERM_TEXT_PREFIX: case TERM_TEXT_SUFFIX:
		return text_is(t, &shared->texts[t->value], record);
	case TERM_NET:
		return net_is(&shared->texts[t->value], record + t->off);
	default:
		return number_is(t, shared, record + t->off);
	}
}

bool model_match(const struct event_filter *filter, const struct push_down *shared,
		 const void *record)
{
	for (unsigned i = 0; i < filter->nalternatives && i < FILTER_ALTERNATIVES; i++) {
		const struct filter_alternative *all = &filter->alternatives[i];
		bool passes = true;

		for (unsigned j = 0; j < all->nterms && j < FILTER_TERMS && passes; j++)
			passes = term_is(&all->terms[j], shared, record) != all->terms[j].negate;
		if (passes)
			return true;
	}
	return false;
}
