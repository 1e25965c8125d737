// SPDX-License-Identifier: Apache-2.0
/* Bounds and ways of the reader that no packet of a file shows; what messages hold is in test_dns_packets.c. */
#include "net/dns.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "dns_line.h"

enum { ROOM = 70000, IN = 1, A = 1, TXT = 16, UNKNOWN = 65280 };

/* A message that is being written. */
struct writer {
	uint8_t *p;
	size_t n;
};

static uint8_t room[ROOM];
static struct dns_message m;

static void put8(struct writer *w, unsigned value)
{
	cr_assert_lt(w->n, ROOM);
	w->p[w->n++] = (uint8_t)value;
}

static void put16(struct writer *w, unsigned value)
{
	put8(w, value >> 8);
	put8(w, value & 255);
}

/* An answer to "q. IN A", with so many answers said to follow. */
static struct writer begin(unsigned answers)
{
	const uint16_t head[] = { 7, 0x8180, 1, (uint16_t)answers, 0, 0, 0x0171, A, IN };
	struct writer w = { room, 0 };

	for (int i = 0; i < 9; i++) {
		put16(&w, head[i]);
		if (i == 6)
			put8(&w, 0);
	}
	return w;
}

/* A record of the question's name whose n bytes of data follow. */
static void put_record(struct writer *w, unsigned type, size_t n)
{
	put16(w, 0xc00c);
	put16(w, type);
	put16(w, IN);
	put16(w, 0);
	put16(w, 60);
	put16(w, (unsigned)n);
}

static void put_bytes(struct writer *w, unsigned value, size_t n)
{
	while (n--)
		put8(w, value);
}

static void put_address(struct writer *w)
{
	put_record(w, A, 4);
	put_bytes(w, 10, 4);
}

static const char *data(unsigned i)
{
	return dns_text(&m, m.answers[i].data);
}

/* --- how much */

Test(dns, no_longer_than_64_kib)
{
	struct writer w = begin(1);

	put_address(&w);
	cr_expect_eq(dns_read(room, w.n, DNS_MESSAGE_MAX + 1, false, &m), DNS_MESSAGE_MAX + 1);
	cr_expect_eq(m.malformed, DNS_TOO_LONG);
	cr_expect_not(m.header);
	cr_expect_eq(dns_read(room, w.n, DNS_MESSAGE_MAX, false, &m), DNS_MESSAGE_MAX);
	cr_expect_eq(m.malformed, DNS_TRAILING);
	cr_expect_eq(m.answers_kept, 1);
}

/* As many records as there can be: the rest behind those that are kept is looked at, too. */
Test(dns, most_records)
{
	enum { COUNT = (DNS_MESSAGE_MAX - 19) / 16 };
	struct writer w = begin(COUNT);

	for (int i = 0; i < COUNT; i++)
		put_address(&w);
	dns_read(room, w.n, w.n, false, &m);
	cr_expect_eq(m.malformed, DNS_WELL_FORMED);
	cr_expect_eq(m.cut, DNS_CUT_COUNT);
	cr_expect_eq(m.answer_count, COUNT);
	cr_expect_eq(m.answers_kept, DNS_ANSWERS_MAX);
	cr_expect_str_eq(data(DNS_ANSWERS_MAX - 1), "10.10.10.10");
	room[w.n - 5] = 5;
	dns_read(room, w.n, w.n, false, &m);
	cr_expect_eq(m.malformed, DNS_DATA_LENGTH);
	cr_expect_eq(m.answers_kept, DNS_ANSWERS_MAX);
}

/* Data that is longer as text than all text may be begins, and nothing is kept behind it. */
Test(dns, text_is_cut)
{
	struct writer w = begin(4);

	put_address(&w);
	put_record(&w, UNKNOWN, 30000);
	put_bytes(&w, 0xab, 30000);
	put_address(&w);
	put_address(&w);
	dns_read(room, w.n, w.n, false, &m);
	cr_expect_eq(m.malformed, DNS_WELL_FORMED);
	cr_expect_eq(m.cut, DNS_CUT_TEXT);
	cr_expect_eq(m.answer_count, 4);
	cr_expect_eq(m.answers_kept, 2);
	cr_expect_str_eq(data(0), "10.10.10.10");
	cr_expect(!strncmp(data(1), "\\# 30000 abab", 13));
	cr_expect_eq(strlen(data(1)), m.answers[1].data.len);
	cr_expect_gt(m.answers[1].data.len, DNS_TEXT_MAX - 100);
	room[7] = 2;
	dns_read(room, w.n - 32, w.n - 32, false, &m);
	cr_expect_eq(m.malformed, DNS_WELL_FORMED);
	cr_expect_eq(m.cut, DNS_CUT_TEXT, "although no answer is missing");
}

/* What fills the text to its last byte is not cut; what follows then is. */
Test(dns, text_is_full)
{
	enum { FIXED = 2 + 12 + 10 /* "q", addresses, "\# 16370 " and their ends */, LEFT = (DNS_TEXT_MAX - FIXED) / 2 };

	for (unsigned more = 0; more < 2; more++) {
		struct writer w = begin(2 + more);

		put_address(&w);
		put_record(&w, UNKNOWN, LEFT);
		put_bytes(&w, 0xab, LEFT);
		if (more)
			put_address(&w);
		dns_read(room, w.n, w.n, false, &m);
		cr_expect_eq(m.answers_kept, 2);
		cr_expect_eq(m.answers[1].data.at + m.answers[1].data.len, DNS_TEXT_MAX - 1, "%u %u", LEFT,
			     m.answers[1].data.at + m.answers[1].data.len);
		cr_expect_eq(m.cut, more ? DNS_CUT_TEXT : 0);
	}
}

/* Names of 255 bytes that are all escaped, in as many records as are kept. */
Test(dns, longest_names)
{
	struct writer w = { room, 0 };

	put16(&w, 1);
	put16(&w, 0);
	put16(&w, DNS_QUESTIONS_MAX + 1);
	put_bytes(&w, 0, 6);
	for (int i = 0; i <= DNS_QUESTIONS_MAX; i++) {
		for (unsigned left = 254; left; left -= left > 64 ? 64 : left) {
			put8(&w, (left > 64 ? 64 : left) - 1);
			put_bytes(&w, 0xff, (left > 64 ? 64 : left) - 1);
		}
		put8(&w, 0);
		put16(&w, A);
		put16(&w, IN);
	}
	dns_read(room, w.n, w.n, false, &m);
	cr_expect_eq(m.malformed, DNS_WELL_FORMED);
	cr_expect_eq(m.cut, DNS_CUT_COUNT);
	cr_expect_eq(m.questions_kept, DNS_QUESTIONS_MAX);
	cr_expect_eq(m.questions[0].name.len, 250 * 4 + 3);
	cr_expect_str_eq(dns_text(&m, m.questions[0].name), dns_text(&m, m.questions[DNS_QUESTIONS_MAX - 1].name));
}

/* --- TCP */

static size_t in_stream(const uint8_t *p, size_t n)
{
	return dns_read(p, n, n, true, &m);
}

/* Three messages in a segment, the last of them not whole; each call tells where the next begins. */
Test(dns, messages_in_a_segment)
{
	struct writer w = begin(1);
	uint8_t segment[200];
	size_t n, at = 0;

	put_address(&w);
	n = 2 + w.n;
	for (int i = 0; i < 3; i++) {
		segment[at] = (uint8_t)(w.n >> 8);
		segment[at + 1] = (uint8_t)w.n;
		memcpy(segment + at + 2, room, w.n);
		segment[at + 3] = (uint8_t)i;
		at += n;
	}
	for (unsigned i = 0; i < 2; i++) {
		cr_expect_eq(in_stream(segment + i * n, at - 5 - i * n), n);
		cr_expect_eq(m.malformed, DNS_WELL_FORMED);
		cr_expect_eq(m.cut, 0);
		cr_expect_eq(m.id, i);
		cr_expect_eq(m.answers_kept, 1);
	}
	cr_expect_eq(in_stream(segment + 2 * n, n - 5), n);
	cr_expect_eq(m.malformed, DNS_WELL_FORMED);
	cr_expect_eq(m.cut, DNS_CUT_CAPTURE);
	cr_expect_eq(m.questions_kept, 1);
	cr_expect_eq(m.answers_kept, 0);
}

/* What is left of a message is no name together with what follows. */
Test(dns, next_message_is_apart)
{
	struct writer w = begin(1);
	uint8_t segment[64] = { 0, (uint8_t)(w.n + 1) };

	put8(&w, 0xc0);
	put8(&w, 12);
	memcpy(segment + 2, room, w.n);
	cr_expect_eq(in_stream(segment, 60), w.n + 1);
	cr_expect_eq(m.malformed, DNS_RECORD_CUT);
	cr_expect_eq(m.questions_kept, 1);
}

/* Some send the length in a segment of its own. */
Test(dns, length_alone)
{
	const uint8_t length[2] = { 1, 0 };

	cr_expect_eq(in_stream(length, 2), 258);
	cr_expect_eq(m.malformed, DNS_WELL_FORMED);
	cr_expect_eq(m.cut, DNS_CUT_CAPTURE);
	cr_expect_not(m.header);
	cr_expect_eq(in_stream(length, 1), 2);
	cr_expect_eq(m.cut, DNS_CUT_CAPTURE);
	cr_expect_eq(in_stream(length, 0), 0);
	cr_expect_eq(m.malformed, DNS_EMPTY);
}

/* --- what was there before is gone */

Test(dns, used_again)
{
	struct writer w = begin(1);

	put_address(&w);
	memset(&m, 0xff, sizeof(m));
	dns_read(room, w.n, w.n, false, &m);
	cr_expect_eq(m.malformed, DNS_WELL_FORMED);
	cr_expect_eq(m.answers_kept, 1);
	cr_expect_not(m.edns.present);
	dns_read(room, 3, 3, false, &m);
	cr_expect_eq(m.malformed, DNS_HEADER_CUT);
	cr_expect_not(m.header);
	cr_expect_eq(m.questions_kept, 0);
	cr_expect_eq(m.answers_kept, 0);
	cr_expect_eq(m.answer_count, 0);
}

/* More is said to be captured than there is. */
Test(dns, captured_beyond_length)
{
	struct writer w = begin(0);

	cr_expect_eq(dns_read(room, ROOM, w.n, false, &m), w.n);
	cr_expect_eq(m.malformed, DNS_WELL_FORMED);
	cr_expect_eq(m.questions_kept, 1);
}

/* --- names */

Test(dns, folded)
{
	char name[] = "WwW.ExAMPLE.oRg\\200\\@[`{-_Zz";

	dns_fold(name, sizeof(name) - 1);
	cr_expect_str_eq(name, "www.example.org\\200\\@[`{-_zz");
	dns_fold(name, 0);
}

Test(dns, faults)
{
	cr_expect_str_eq(dns_fault_text(DNS_WELL_FORMED), "");
	cr_expect_str_eq(dns_fault_text(DNS_FAULTS_COUNT), "");
	for (unsigned i = 1; i < DNS_FAULTS_COUNT; i++) {
		cr_expect(*dns_fault_text(i));
		for (unsigned j = 0; j < i; j++)
			cr_expect_str_neq(dns_fault_text(i), dns_fault_text(j));
	}
}

/* Numbers and what they are called, both ways. */
static const struct { enum type type; uint64_t value; const char *text; } called[] = {
	{ T_dns_type, 1, "A" }, { T_dns_type, 28, "AAAA" }, { T_dns_type, 65, "HTTPS" }, { T_dns_type, 255, "ANY" },
	{ T_dns_type, 257, "CAA" }, { T_dns_type, 32769, "DLV" }, { T_dns_type, 0, "TYPE0" },
	{ T_dns_type, 65280, "TYPE65280" }, { T_dns_class, 1, "IN" }, { T_dns_class, 3, "CH" },
	{ T_dns_class, 0x8001, "CLASS32769" }, { T_dns_opcode, 0, "QUERY" }, { T_dns_opcode, 5, "UPDATE" },
	{ T_dns_opcode, 15, "OPCODE15" }, { T_dns_rcode, 0, "NOERROR" }, { T_dns_rcode, 3, "NXDOMAIN" },
	{ T_dns_rcode, 16, "BADVERS" }, { T_dns_rcode, 4095, "RCODE4095" }, { T_dns_flags, 0, "0" },
	{ T_dns_flags, DNS_AA | DNS_TC | DNS_RD | DNS_RA | DNS_Z | DNS_AD | DNS_CD, "AA|TC|RD|RA|Z|AD|CD" },
};

Test(dns, called)
{
	for (size_t i = 0; i < sizeof(called) / sizeof(*called); i++) {
		char buf[64] = "";
		struct text t = { .p = buf, .end = buf + sizeof(buf) - 1 };
		uint64_t value = 1 << 20;

		value_text(&t, called[i].type, called[i].value, false);
		cr_expect_str_eq(buf, called[i].text);
		cr_expect_eq(value_parse(called[i].type, called[i].text, &value), 0, "%s", called[i].text);
		cr_expect_eq(value, called[i].value, "%s", called[i].text);
	}
}

Test(dns, called_wrong)
{
	static const struct { enum type type; const char *text; int r; } rows[] = {
		{ T_dns_type, "AAAAA", -EINVAL }, { T_dns_type, "", -EINVAL }, { T_dns_type, "TYPE", -EINVAL },
		{ T_dns_type, "TYPE65536", -ERANGE }, { T_dns_type, "TYPEx", -EINVAL }, { T_dns_rcode, "NXDOMAINS", -EINVAL },
		{ T_dns_class, "TYPE1", -EINVAL }, { T_dns_flags, "AA|XX", -EINVAL },
	};
	uint64_t value;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_eq(value_parse(rows[i].type, rows[i].text, &value), rows[i].r, "%s", rows[i].text);
	cr_expect_eq(value_parse(T_dns_rcode, "BADSIG", &value), 0);
	cr_expect_eq(value, 16);
	cr_expect_eq(value_parse(T_dns_type, "28", &value), 0);
	cr_expect_eq(value, 28);
}
