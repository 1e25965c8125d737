// SPDX-License-Identifier: Apache-2.0
#include <criterion/criterion.h>

#include "event/schema.h"
#include "expr/expr.h"
#include "expr/operand.h"
#include "policy/key.h"
#include "record.h"

static const struct key_seed seed = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };

static struct record a, b;

static bool same(struct key x, struct key y)
{
	return x.hi == y.hi && x.lo == y.lo;
}

/* As `openssl mac -macopt size:16 SIPHASH` has them, for the bytes 0, 1, 2, .. */
Test(key, is_siphash)
{
	static const struct {
		unsigned words;
		uint64_t hi, lo;	/* in the order of bytes there */
	} rows[] = {
		{ 0, 0xa3817f04ba25a8e6, 0x6df67214c7550293 },
		{ 1, 0x3b62a9ba6258f561, 0x0f83e264f31497b4 },
		{ 2, 0x6ee2a4ca67b054bb, 0xfd3315bf85230577 },
	};

	for (unsigned i = 0; i < LEN_OF(rows); i++) {
		struct key_state s;
		struct key key;

		key_begin(&s, &seed);
		for (unsigned w = 0; w < rows[i].words; w++)
			key_word(&s, 0x0706050403020100 + w * 0x0808080808080808);
		key = key_end(&s);
		cr_expect_eq(__builtin_bswap64(key.hi), rows[i].hi, "%u words", rows[i].words);
		cr_expect_eq(__builtin_bswap64(key.lo), rows[i].lo, "%u words", rows[i].words);
	}
}

Test(key, seeds_differ)
{
	struct key_seed one = { { 0 } }, two = { { 0 } };
	struct key_state s, t;

	cr_assert_eq(key_seed_init(&one), 0);
	cr_assert_eq(key_seed_init(&two), 0);
	key_begin(&s, &one);
	key_begin(&t, &two);
	cr_expect_not(same(key_end(&s), key_end(&t)));
}

Test(key, pieces_are_told_apart)
{
	static const char *const rows[][2] = {
		{ "a", "bc" }, { "ab", "c" }, { "abc", "" }, { "", "abc" }, { "abcdefgh", "" },
		{ "", "abcdefgh" }, { "abcd", "efgh" }, { "abcdefghi", "" }, { "a\1", "" },
		{ "\1", "a" },
	};
	struct key keys[LEN_OF(rows)];

	for (unsigned i = 0; i < LEN_OF(rows); i++) {
		struct key_state s;

		key_begin(&s, &seed);
		key_bytes(&s, rows[i][0], strlen(rows[i][0]));
		key_bytes(&s, rows[i][1], strlen(rows[i][1]));
		keys[i] = key_end(&s);
		for (unsigned j = 0; j < i; j++)
			cr_expect_not(same(keys[i], keys[j]), "%u %u", i, j);
	}
}

static struct key field_key(const struct record *r, struct key_field f)
{
	return key_fields(&seed, &(struct expr_view){ .record = r }, &f, 1);
}

/* Every field of every event: the same value has the same key, wherever its text lies; another has
 * another. */
Test(key, each_field)
{
	uint64_t random = 88172645463325252u;

	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		const struct schema *s = schema_get(id);

		for (unsigned n = 0; s && n < s->nfields; n++) {
			struct key_field f = key_field_event(s, n);
			enum wire wire = type_info[f.type].wire;
			const char *name = s->fields[n].name;
			struct key before;

			record_random_fill(&a, id, &random);
			a.head.truncated = a.head.faulted = 0;
			cr_assert(event_valid(&a, a.head.size));
			b = a;
			b.head.seq++;
			before = field_key(&a, f);
			cr_expect(same(before, field_key(&b, f)), "%s.%s", s->name, name);
			if (wire == WIRE_num)
				b.bytes[f.off] ^= 1;
			else if (wire == WIRE_comm || wire == WIRE_addr)
				b.bytes[f.off] = b.bytes[f.off] == 'x' ? 'y' : 'x';
			else
				*record_span(&b, n) = record_str(&b, "another");
			cr_expect_not(same(before, field_key(&b, f)), "%s.%s", s->name, name);
		}
	}
}

Test(key, fields_of_all)
{
	unsigned count;

	schema_common(&count);
	for (unsigned n = 0; n < count; n++) {
		struct key_field f = key_field_common(n);

		record_openat(&a);
		record_exec(&b, "/bin/a", "a", 2);
		cr_expect(same(field_key(&a, f), field_key(&b, f)), "common %u", n);
		b.bytes[f.off] ^= 1;
		cr_expect_not(same(field_key(&a, f), field_key(&b, f)), "common %u", n);
	}
}

Test(key, text_is_what_counts)
{
	const struct schema *s = schema_get(EVENT_call_openat);
	struct key_field f = key_field_event(s, 1);

	record_openat(&a);
	record_begin(&b, EVENT_call_openat);
	record_str(&b, "something before it");
	*record_span(&b, 1) = record_str(&b, "/etc/passwd");
	cr_expect(same(field_key(&a, f), field_key(&b, f)));
	b.head.truncated = 1 << 2;
	cr_expect(same(field_key(&a, f), field_key(&b, f)), "another field was cut");
	b.head.truncated = 1 << 1;
	cr_expect_not(same(field_key(&a, f), field_key(&b, f)), "it was cut");
	*record_span(&a, 1) = *record_span(&b, 1) = (struct span){ 0 };
	b.head.truncated = 0;
	cr_expect(same(field_key(&a, f), field_key(&b, f)));
	b.head.faulted = 1 << 1;
	cr_expect_not(same(field_key(&a, f), field_key(&b, f)), "unreadable is not absent");
}

/* Behind a name's end, and in the unused half of a register, may be anything. */
Test(key, leftovers_do_not_count)
{
	const struct schema *s = schema_get(EVENT_call_openat);
	struct key_field name = { 0 };
	unsigned count;
	const struct field *common = schema_common(&count);

	for (unsigned n = 0; n < count; n++)
		if (common[n].type == T_comm)
			name = key_field_common(n);
	record_openat(&a);
	record_openat(&b);
	b.head.who.proc_name.s[9] = 'x';
	cr_expect(same(field_key(&a, name), field_key(&b, name)));
	b.call.args[0] |= 0xffffffff00000000;
	cr_expect(same(field_key(&a, key_field_event(s, 0)), field_key(&b, key_field_event(s, 0))));
	b.call.ret = 4;
	cr_expect_not(same(field_key(&a, key_field_ret(s)), field_key(&b, key_field_ret(s))));
	memset(&b.head.who.proc_name, 'x', 16);
	cr_expect_not(same(field_key(&a, name), field_key(&b, name)), "a name without end");
}

Test(key, identities)
{
	struct who who = { .host_pid = 7, .proc_leader_start = 8, .proc_cgroup = 9 }, other = who;

	other.proc_leader_start = 9;
	cr_expect_eq(key_identity(&seed, LIMIT_cgroup, &who, "/bin/a", 0), 9);
	cr_expect_eq(key_identity(&seed, LIMIT_container, &who, "/bin/a", 0), 9);
	cr_expect_eq(key_identity(&seed, LIMIT_container, &who, "/bin/a", 77), 77);
	cr_expect_eq(key_identity(&seed, LIMIT_global, &who, "/bin/a", 77), 0);
	cr_expect_neq(key_identity(&seed, LIMIT_process, &who, "", 0),
		      key_identity(&seed, LIMIT_process, &other, "", 0));
	cr_expect_eq(key_identity(&seed, LIMIT_executable, &who, "/bin/a", 0),
		     key_identity(&seed, LIMIT_executable, &other, "/bin/a", 0));
	cr_expect_neq(key_identity(&seed, LIMIT_executable, &who, "/bin/a", 0),
		      key_identity(&seed, LIMIT_executable, &who, "/bin/b", 0));
	cr_expect_neq(key_identity(&seed, LIMIT_executable, &who, "", 0),
		      key_identity(&seed, LIMIT_executable, &other, "", 0));
}
