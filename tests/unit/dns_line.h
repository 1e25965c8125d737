/* SPDX-License-Identifier: Apache-2.0 */
/* A message of the DNS on one line, as tests/golden/dns.packets has it. */
#ifndef SAKER_TESTS_DNS_LINE_H
#define SAKER_TESTS_DNS_LINE_H

#include "base/text.h"
#include "event/value.h"
#include "net/dns.h"

static void line_head(struct text *t, const struct dns_message *m)
{
	const uint16_t counts[] = { m->question_count, m->answer_count, m->authority_count, m->additional_count };

	text_str(t, m->response ? "response " : "query ");
	text_udec(t, m->id);
	text_char(t, ' ');
	value_text(t, T_dns_opcode, m->opcode, false);
	text_char(t, ' ');
	value_text(t, T_dns_rcode, m->rcode, false);
	text_char(t, ' ');
	value_text(t, T_dns_flags, m->flags, false);
	for (int i = 0; i < 4; i++) {
		text_char(t, i ? '/' : ' ');
		text_udec(t, counts[i]);
	}
	if (!m->edns.present)
		return;
	text_str(t, " edns=");
	text_udec(t, m->edns.version);
	text_char(t, ',');
	text_udec(t, m->edns.udp_size);
	text_str(t, m->edns.dnssec_ok ? ",DO" : "");
}

static void line_question(struct text *t, const struct dns_message *m, const struct dns_question *q)
{
	text_str(t, " | ");
	text_str(t, dns_text(m, q->name));
	text_char(t, ' ');
	value_text(t, T_dns_class, q->class, false);
	text_char(t, ' ');
	value_text(t, T_dns_type, q->type, false);
}

static void line_answer(struct text *t, const struct dns_message *m, const struct dns_answer *a)
{
	text_str(t, " | ");
	text_str(t, dns_text(m, a->name));
	text_char(t, ' ');
	text_udec(t, a->ttl);
	text_char(t, ' ');
	value_text(t, T_dns_class, a->class, false);
	text_char(t, ' ');
	value_text(t, T_dns_type, a->type, false);
	text_char(t, ' ');
	text_str(t, dns_text(m, a->data));
}

/* Into room for all of it. */
static inline void dns_line(const struct dns_message *m, char *buf, size_t size)
{
	struct text t = { .p = buf, .end = buf + size - 1 };

	if (m->header)
		line_head(&t, m);
	else
		text_str(&t, "none");
	if (m->malformed) {
		text_str(&t, " malformed=\"");
		text_str(&t, dns_fault_text(m->malformed));
		text_char(&t, '"');
	}
	if (m->cut) {
		text_str(&t, " cut=");
		text_udec(&t, m->cut);
	}
	for (unsigned i = 0; i < m->questions_kept; i++)
		line_question(&t, m, &m->questions[i]);
	for (unsigned i = 0; i < m->answers_kept; i++)
		line_answer(&t, m, &m->answers[i]);
	*t.p = 0;
}

#endif
