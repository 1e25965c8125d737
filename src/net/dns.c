/* SPDX-License-Identifier: Apache-2.0 */
#include "net/dns.h"

#include "net/dns_reader.h"

#include <arpa/nameser.h>

/* The opcode whose messages have other things behind the header than records (RFC 8490). */
enum { OPCODE_STATEFUL = 6 };

/* So there is text left when all questions were read. */
_Static_assert(DNS_QUESTIONS_MAX * 4 * (DNS_NAME_MAX + 1) < DNS_TEXT_MAX, "questions fit");

enum section { ANSWER, AUTHORITY, ADDITIONAL };

struct record {
	struct dns_text name;
	unsigned type, class;
	uint32_t ttl;
};

static const char *const faults[DNS_FAULTS_COUNT] = {
#define FAULT(name, text) [DNS_##name] = text,
	DNS_FAULTS(FAULT)
#undef FAULT
};

const char *dns_fault_text(enum dns_fault fault)
{
	return fault < DNS_FAULTS_COUNT ? faults[fault] : "";
}

/* The text since from, ended by a NUL, for which a byte is held back at the end of the message's text. */
static struct dns_text end_text(struct dns_reader *r, const char *from)
{
	char *end = r->out.p;

	*end = 0;
	if (end < r->out.end)
		r->out.p++;
	else
		r->out.full = true;
	return (struct dns_text){ (uint32_t)(from - r->m->text), (uint32_t)(end - from) };
}

static bool read_text_name(struct dns_reader *r, struct dns_text *ret)
{
	const char *from = r->out.p;

	if (!dns_read_name(r))
		return false;
	*ret = end_text(r, from);
	return true;
}

static bool read_question(struct dns_reader *r)
{
	struct dns_message *m = r->m;
	struct dns_question q = { 0 };
	char *before = r->out.p;

	if (!read_text_name(r, &q.name) || !dns_need(r, 4))
		return false;
	q.type = (uint16_t)dns_take16(r);
	q.class = (uint16_t)dns_take16(r);
	if (m->questions_kept == DNS_QUESTIONS_MAX) {
		m->cut |= DNS_CUT_COUNT;
		r->out.p = before;
	} else {
		m->questions[m->questions_kept++] = q;
	}
	return true;
}

/* Most have the name of the question and say so by a pointer to the first thing behind the header. */
static bool read_owner(struct dns_reader *r, struct dns_text *ret)
{
	static const uint8_t first[2] = { 0xc0, DNS_HEADER };

	if (r->end - r->at < 2 || r->at + 2 > r->captured || memcmp(r->bytes + r->at, first, 2) || !r->m->questions_kept)
		return read_text_name(r, ret);
	r->at += 2;
	*ret = r->m->questions[0].name;
	return true;
}

/* The options must fill the data; what they say is not told. */
static bool read_edns(struct dns_reader *r, enum section section, bool root, const struct record *record)
{
	struct dns_message *m = r->m;

	if (section != ADDITIONAL || m->edns.present || !root)
		return dns_fail(r, DNS_EDNS);
	m->edns = (struct dns_edns){
		.present = true,
		.udp_size = (uint16_t)record->class,
		.version = record->ttl >> 16 & 0xff,
		.dnssec_ok = record->ttl & 0x8000,
	};
	m->rcode |= (uint16_t)(record->ttl >> 24 << 4);
	while (r->at < r->end) {
		size_t n;

		if (!dns_need(r, 4))
			return false;
		r->at += 2;
		n = dns_take16(r);
		if (!dns_need(r, n))
			return false;
		r->at += n;
	}
	return true;
}

static void keep_answer(struct dns_reader *r, const struct record *record, struct dns_text data)
{
	struct dns_message *m = r->m;

	m->answers[m->answers_kept++] = (struct dns_answer){
		.name = record->name, .data = data, .ttl = record->ttl,
		.type = (uint16_t)record->type, .class = (uint16_t)record->class,
	};
}

/* Whether the next answer is to be kept, as far as is known before its data. */
static bool wanted(struct dns_reader *r, enum section section)
{
	unsigned cut = 0;

	if (section != ANSWER)
		return false;
	if (r->m->answers_kept == DNS_ANSWERS_MAX)
		cut = DNS_CUT_COUNT;
	else if (r->out.full)
		cut = DNS_CUT_TEXT;
	r->m->cut |= (uint8_t)cut;
	return !cut;
}

/* The record's data, which ends at r->end. What is not kept is read all the same, to see whether it is sound. */
static bool read_body(struct dns_reader *r, enum section section, bool root, const struct record *record)
{
	bool keep = wanted(r, section);
	const char *from = r->out.p;

	if (record->type == ns_t_opt)
		return read_edns(r, section, root, record);
	if (!dns_read_data(r, record->type, record->class))
		return false;
	if (r->at < r->end)
		return dns_fail(r, DNS_DATA_FORM);
	if (keep) {
		r->m->cut |= r->out.full ? DNS_CUT_TEXT : 0;
		keep_answer(r, record, end_text(r, from));
	}
	return true;
}

static bool read_record(struct dns_reader *r, enum section section)
{
	struct record record = { 0 };
	bool root, sound;
	size_t n;

	r->beyond = DNS_RECORD_CUT;
	if (!dns_need(r, 1))
		return false;
	root = !r->bytes[r->at];
	if (!read_owner(r, &record.name) || !dns_need(r, 10))
		return false;
	record.type = dns_take16(r);
	record.class = dns_take16(r);
	record.ttl = dns_take32(r);
	n = dns_take16(r);
	if (n > r->length - r->at)
		return dns_fail(r, DNS_DATA_LENGTH);
	r->end = r->at + n;
	r->beyond = DNS_DATA_FORM;
	sound = read_body(r, section, root, &record);
	r->end = r->length;
	return sound;
}

/* Whether one more thing that the header counts may follow. */
static bool more(struct dns_reader *r)
{
	return r->at < r->length || dns_fail(r, DNS_COUNT);
}

static bool read_records(struct dns_reader *r, enum section section, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (!more(r) || !read_record(r, section))
			return false;
	}
	return true;
}

static void read_header(struct dns_reader *r)
{
	struct dns_message *m = r->m;
	unsigned bits;

	m->header = true;
	m->id = (uint16_t)dns_take16(r);
	bits = dns_take16(r);
	m->response = bits >> 15;
	m->opcode = bits >> 11 & 15;
	m->rcode = bits & 15;
	m->flags = bits & (DNS_AA | DNS_TC | DNS_RD | DNS_RA | DNS_Z | DNS_AD | DNS_CD);
	m->question_count = (uint16_t)dns_take16(r);
	m->answer_count = (uint16_t)dns_take16(r);
	m->authority_count = (uint16_t)dns_take16(r);
	m->additional_count = (uint16_t)dns_take16(r);
}

static void read_sections(struct dns_reader *r)
{
	struct dns_message *m = r->m;

	for (unsigned i = 0; i < m->question_count; i++) {
		if (!more(r) || !read_question(r))
			return;
	}
	if (!read_records(r, ANSWER, m->answer_count) || !read_records(r, AUTHORITY, m->authority_count) ||
	    !read_records(r, ADDITIONAL, m->additional_count))
		return;
	if (r->at < r->length && m->opcode != OPCODE_STATEFUL)
		dns_fail(r, DNS_TRAILING);
}

static void read_message(struct dns_reader *r)
{
	r->end = r->length;
	r->beyond = DNS_HEADER_CUT;
	if (!dns_need(r, DNS_HEADER))
		return;
	read_header(r);
	r->beyond = DNS_RECORD_CUT;
	read_sections(r);
}

/* The length before a message of TCP; false when there is no message to read. */
static bool read_stream_length(struct dns_reader *r)
{
	r->beyond = DNS_TCP_LENGTH;
	r->end = 2;
	if (!dns_need(r, 2))
		return false;
	r->length = dns_peek16(r->bytes);
	r->bytes += 2;
	r->captured -= 2;
	return r->length >= DNS_HEADER || dns_fail(r, DNS_TCP_LENGTH);
}

size_t dns_read(const void *bytes, size_t n, size_t length, bool stream, struct dns_message *ret)
{
	struct dns_reader r = {
		.bytes = bytes, .captured = n < length ? n : length, .length = stream ? 0 : length, .m = ret,
		/* The byte at the end is for a NUL. */
		.out = { .p = ret->text, .end = ret->text + sizeof(ret->text) - 1 },
	};

	memset(ret, 0, offsetof(struct dns_message, questions));
	if (!length)
		dns_fail(&r, DNS_EMPTY);
	else if (!stream && length > DNS_MESSAGE_MAX)
		dns_fail(&r, DNS_TOO_LONG);
	else if (!stream || read_stream_length(&r))
		read_message(&r);
	return stream && length ? 2 + r.length : length;
}
