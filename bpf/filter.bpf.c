// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The policies' filters: which events of this generation are wanted, and what their record must
 * look like.  src/expr/kernel_model.c is the same in user space; a property test holds them
 * together. */
#include "fact.h"

#include <bpf/bpf_endian.h>

struct filters_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * FILTERS_MAX);
	__type(key, u32);
	__type(value, struct event_filter);
} filters SEC(".maps");

struct texts_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * FILTER_TEXTS);
	__type(key, u32);
	__type(value, struct filter_text);
} filter_texts SEC(".maps");

struct members_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * FILTER_SETS);
	__type(key, struct filter_member);
	__type(value, u8);
} filter_members SEC(".maps");

enum { OFF_MASK = 1023 };	/* every field that a term names lies below */

static __always_inline u64 term_number(const void *record, const struct filter_term *t)
{
	const void *at = record + (t->off & OFF_MASK);

	if (t->width == 8)
		return *(const u64 *)at;
	return t->is_signed ? (u64)(s64)*(const s32 *)at : *(const u32 *)at;
}

static __always_inline bool number_in(u32 set, u64 value, u32 generation)
{
	struct filter_member key = { .generation = generation, .set = set, .value = value };

	return bpf_map_lookup_elem(&filter_members, &key);
}

static __always_inline bool compare_number(const void *record, const struct filter_term *t, u32 generation)
{
	u64 value = term_number(record, t);
	bool less = t->is_signed ? (s64)value < (s64)t->value : value < t->value;

	switch (t->op) {
	case TERM_EQ: return value == t->value;
	case TERM_LT: return less;
	case TERM_LE: return less || value == t->value;
	case TERM_GT: return !less && value != t->value;
	case TERM_GE: return !less;
	case TERM_ANY: return value & t->value;
	case TERM_ALL: return (value & t->value) == t->value;
	default: return number_in(t->value, value, generation);
	}
}

/* Compare len bytes, eight at a time: both sides may be read to the next multiple of eight. */
static __always_inline bool bytes_equal(const void *a, const char *b, u32 len)
{
	for (u32 i = 0; i < FILTER_TEXT_MAX / 8; i++) {
		u64 x = 0, y = *(const u64 *)(b + i * 8);
		u32 left = len - i * 8;

		if (i * 8 >= len)
			return true;
		bpf_probe_read_kernel(&x, sizeof(x), a + i * 8);
		if (left < 8) {
			u64 mask = (1ull << (left * 8 & 63)) - 1;

			x &= mask;
			y &= mask;
		}
		if (x != y)
			return false;
	}
	return true;
}

/* Where a field's text begins, and its length without the NUL; NULL when there is none. */
static __always_inline const void *term_text(const void *record, const struct filter_term *t, u32 *len)
{
	const void *at = record + (t->off & OFF_MASK);
	const struct span *span = at;

	if (t->width != 16) {
		*len = span->len - 1;
		if (!span->len)
			return 0;
		return record + (span->off & (RECORD_MAX - 1));
	}
	for (*len = 0; *len < 15 && ((const char *)at)[*len & 15]; ++*len)
		;
	return at;
}

static __always_inline bool compare_text(const void *record, const struct filter_term *t, u32 bank)
{
	u32 key = bank * FILTER_TEXTS + ((u32)t->value & (FILTER_TEXTS - 1)), len;
	const struct filter_text *text = bpf_map_lookup_elem(&filter_texts, &key);
	const void *at = term_text(record, t, &len);

	if (!text || !at || text->len > FILTER_TEXT_MAX || len < text->len)
		return false;
	if (t->op == TERM_TEXT_EQ && len != text->len)
		return false;
	if (t->op == TERM_TEXT_SUFFIX)
		at += len - text->len;
	return bytes_equal(at, text->bytes, text->len);
}

/* 4 or 6; an address of version 4 mapped into version 6 (::ffff:0:0/96) is one of version 4, which
 * begins after the twelve bytes. */
static __always_inline u32 addr_version(const struct wire_addr *addr, u32 *begin)
{
	*begin = 0;
	if (addr->family == 2)
		return 4;
	if (addr->family != 10)
		return 0;
	if (*(const u64 *)addr->addr || *(const u32 *)(addr->addr + 8) != bpf_htonl(0xffff))
		return 6;
	*begin = 12;
	return 4;
}

/* The text holds sixteen bytes of address, then the family (4 or 6) and the prefix length. */
static __always_inline bool compare_net(const void *record, const struct filter_term *t, u32 bank)
{
	u32 key = bank * FILTER_TEXTS + ((u32)t->value & (FILTER_TEXTS - 1)), begin, bits;
	const struct filter_text *net = bpf_map_lookup_elem(&filter_texts, &key);
	const struct wire_addr *addr = record + (t->off & OFF_MASK);

	if (!net || addr_version(addr, &begin) != net->bytes[16])
		return false;
	bits = (u8)net->bytes[17];
	for (u32 i = 0; i < 16; i++, bits -= 8) {
		u8 mask = bits >= 8 ? 0xff : 0xff << (8 - bits);

		if (bits == 0 || bits > 128)
			return true;
		if ((addr->addr[begin + i] ^ (u8)net->bytes[i]) & mask)
			return false;
		if (bits < 8)
			return true;
	}
	return true;
}

static __always_inline bool term_passes(const void *record, const struct filter_term *t, u32 generation)
{
	bool yes;

	if (t->op == TERM_NET)
		yes = compare_net(record, t, generation & 1);
	else if (t->op >= TERM_TEXT_EQ)
		yes = compare_text(record, t, generation & 1);
	else
		yes = compare_number(record, t, generation);
	return yes != !!t->negate;
}

/* One term; global, so that the verifier walks it once. */
__noinline int term_check(u32 number, u32 filter_number, u32 place)
{
	struct slot *s = bpf_map_lookup_elem(&slots, &number);
	struct event_filter *f = bpf_map_lookup_elem(&filters, &filter_number);
	u32 alternative = place / FILTER_TERMS, term = place % FILTER_TERMS;

	FORGET(alternative);	/* until 6.2 the verifier knows nothing of quotient and rest */
	FORGET(term);
	if (!s || !f || alternative >= FILTER_ALTERNATIVES || term >= FILTER_TERMS)
		return 1;
	return term_passes(s->record, &f->alternatives[alternative].terms[term],
			   ((struct head *)s->record)->policy);
}

/* Does one alternative of the filter hold?  Late terms hold for now as long as their fields are
 * not there. */
__noinline int filter_check(u32 number, u32 filter_number, u32 late)
{
	struct event_filter *f = bpf_map_lookup_elem(&filters, &filter_number);

	if (!f)
		return 1;
	for (u32 a = 0; a < FILTER_ALTERNATIVES && a < f->nalternatives; a++) {
		u32 holds = 1;

		for (u32 t = 0; t < FILTER_TERMS && t < f->alternatives[a].nterms; t++) {
			if (f->alternatives[a].terms[t].late && !late)
				continue;
			if (!term_check(number, filter_number, a * FILTER_TERMS + t)) {
				holds = 0;
				break;
			}
		}
		if (holds)
			return 1;
	}
	return 0;
}
