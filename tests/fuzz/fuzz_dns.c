// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a DNS message: what is kept is sound, and less captured bytes give the begin of the same. */
#include <stdlib.h>
#include <string.h>

#include "net/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte of an input says how the rest was captured. */
enum { STREAM = 1, MISSING_SHIFT = 1 };

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* A character of a name, escaped or not. */
static const char *skip_character(const char *p)
{
	if (*p != '\\')
		return p + 1;
	if (p[1] < '0' || p[1] > '9')
		return p + 2;
	check(p[1] <= '2' && p[2] >= '0' && p[2] <= '9' && p[3] >= '0' && p[3] <= '9');
	return p + 4;
}

/* Read back, labels are as long as they may be, and so is the name. */
static void check_name(const struct dns_message *m, struct dns_text name)
{
	const char *p = dns_text(m, name), *end = p + name.len;
	size_t label = 0, whole = 1;

	if (name.len == 1 && *p == '.')
		return;
	while (p < end) {
		if (*p == '.') {
			check(label && label <= DNS_LABEL_MAX);
			whole += label + 1;
			label = 0;
			p++;
			continue;
		}
		p = skip_character(p);
		label++;
	}
	check(p == end && label && label <= DNS_LABEL_MAX && whole + label + 1 <= DNS_NAME_MAX);
}

static void check_text(const struct dns_message *m, struct dns_text text)
{
	const char *p = m->text + text.at, *end = p + text.len;

	check((size_t)text.at + text.len < sizeof(m->text) && !*end);
	for (; p < end; p++)
		check(*p >= ' ' && *p <= '~');
}

static void check_kept(const struct dns_message *m)
{
	check(m->questions_kept <= DNS_QUESTIONS_MAX && m->questions_kept <= m->question_count);
	check(m->answers_kept <= DNS_ANSWERS_MAX && m->answers_kept <= m->answer_count);
	for (unsigned i = 0; i < m->questions_kept; i++) {
		check_text(m, m->questions[i].name);
		check_name(m, m->questions[i].name);
	}
	for (unsigned i = 0; i < m->answers_kept; i++) {
		check_text(m, m->answers[i].name);
		check_name(m, m->answers[i].name);
		check_text(m, m->answers[i].data);
	}
}

/* What is missing is told. */
static void check_told(const struct dns_message *m, size_t n, size_t length, bool stream, size_t took)
{
	bool all = m->questions_kept == m->question_count && m->answers_kept == m->answer_count;

	check(m->malformed < DNS_FAULTS_COUNT);
	check(!m->malformed == !*dns_fault_text(m->malformed));
	check(all || m->malformed || m->cut);
	check(m->header || m->malformed || m->cut);
	check(!(m->cut & DNS_CUT_CAPTURE) || n < length || (stream && took > length));
	check(stream ? took >= 2 || !length : took == length);
}

static bool same(const struct dns_message *a, struct dns_text x, const struct dns_message *b, struct dns_text y)
{
	return x.len == y.len && !memcmp(a->text + x.at, b->text + y.at, x.len);
}

/* What was read of half the bytes is the begin of what was read of all. */
static void check_begin(const struct dns_message *part, const struct dns_message *m)
{
	check(part->questions_kept <= m->questions_kept && part->answers_kept <= m->answers_kept);
	for (unsigned i = 0; i < part->questions_kept; i++)
		check(same(part, part->questions[i].name, m, m->questions[i].name));
	for (unsigned i = 0; i < part->answers_kept; i++) {
		check(same(part, part->answers[i].name, m, m->answers[i].name));
		check(same(part, part->answers[i].data, m, m->answers[i].data));
		check(part->answers[i].ttl == m->answers[i].ttl && part->answers[i].type == m->answers[i].type);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_message m, part;
	size_t n = size ? size - 1 : 0, length = n + (size ? data[0] >> MISSING_SHIFT : 0);
	bool stream = size && data[0] & STREAM;

	if (!size)
		return 0;
	check_told(&m, n, length, stream, dns_read(data + 1, n, length, stream, &m));
	check_kept(&m);
	check_told(&part, n / 2, length, stream, dns_read(data + 1, n / 2, length, stream, &part));
	check_kept(&part);
	check_begin(&part, &m);
	return 0;
}
