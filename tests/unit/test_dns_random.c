// SPDX-License-Identifier: Apache-2.0
/* Random messages, read by saker and by libresolv: where both take one, they find the same. */
#include "net/dns.h"

#include <arpa/nameser.h>
#include <criterion/criterion.h>
#include <string.h>

enum { MESSAGES = 20000, ROOM = 8192, NAMES = 64, TAKEN_MIN = MESSAGES / 20 };

static uint64_t state = 88172645463325252;

static unsigned below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % n);
}

/* A message that is being written, and where in it names begin that may be pointed at, with their sizes. */
struct writer {
	uint8_t p[ROOM];
	size_t n;
	struct { uint16_t at; unsigned size, hops; } names[NAMES];
	unsigned known;
};

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

static void put_label(struct writer *w, unsigned n)
{
	put8(w, n);
	while (n--)
		put8(w, below(4) ? (unsigned)"abcXYZ019-_."[below(12)] : below(256));
}

/* Up to six labels, then the root or a pointer to a name that was written. */
static void put_name(struct writer *w)
{
	unsigned labels = below(7), size = 1, last = w->known ? below(2 * w->known) : 1, hops = 0;
	size_t at = w->n;
	bool points = last < w->known && w->names[last].hops < DNS_HOPS_MAX;

	if (points) {
		size = w->names[last].size;
		hops = w->names[last].hops + 1;
	}
	for (; labels; labels--) {
		unsigned n = 1 + below(below(8) ? 8 : 63);

		if (size + 1 + n > DNS_NAME_MAX)
			break;
		size += 1 + n;
		put_label(w, n);
	}
	if (points)
		put16(w, 0xc000 | w->names[last].at);
	else
		put8(w, 0);
	if (w->known < NAMES && at < 0x3fff) {
		w->names[w->known].at = (uint16_t)at;
		w->names[w->known].size = size;
		w->names[w->known++].hops = hops;
	}
}

static void put_bytes(struct writer *w, unsigned n)
{
	while (n--)
		put8(w, below(256));
}

static void put_data(struct writer *w, unsigned type)
{
	unsigned n;

	switch (type) {
	case ns_t_a:
		put_bytes(w, 4);
		break;
	case ns_t_aaaa:
		put_bytes(w, 16);
		break;
	case ns_t_cname:
	case ns_t_ns:
		put_name(w);
		break;
	case ns_t_mx:
		put_bytes(w, 2);
		put_name(w);
		break;
	case ns_t_soa:
		put_name(w);
		put_name(w);
		put_bytes(w, 20);
		break;
	case ns_t_txt:
		n = below(40);
		put8(w, n);
		put_bytes(w, n);
		break;
	default:
		put_bytes(w, below(30));
	}
}

static void put_record(struct writer *w)
{
	static const uint16_t types[] = {
		ns_t_a, ns_t_aaaa, ns_t_cname, ns_t_ns, ns_t_mx, ns_t_soa, ns_t_txt, 65280, ns_t_rrsig,
	};
	unsigned type = types[below(sizeof(types) / sizeof(*types))];
	size_t at, n;

	put_name(w);
	put16(w, type);
	put16(w, ns_c_in);
	put_bytes(w, 4);
	at = w->n;
	put16(w, 0);
	put_data(w, type);
	n = w->n - at - 2;
	w->p[at] = (uint8_t)(n >> 8);
	w->p[at + 1] = (uint8_t)n;
}

static void put_message(struct writer *w)
{
	const unsigned counts[] = { below(3), below(12), below(4), below(4) };

	w->n = w->known = 0;
	put_bytes(w, 4);
	for (int i = 0; i < 4; i++)
		put16(w, counts[i]);
	for (unsigned i = 0; i < counts[0]; i++) {
		put_name(w);
		put_bytes(w, 4);
	}
	for (unsigned i = 0; i < counts[1] + counts[2] + counts[3]; i++)
		put_record(w);
}

static void compare_name(const struct dns_message *m, struct dns_text name, ns_rr *rr)
{
	/* The root has no text there. */
	const char *want = *ns_rr_name(*rr) ? ns_rr_name(*rr) : ".";

	cr_expect_str_eq(dns_text(m, name), want);
}

/* Whether libresolv takes each record, too; if so they must be equal. */
static bool compare(const struct dns_message *m, ns_msg *handle)
{
	ns_rr rr;

	cr_expect_eq(m->id, ns_msg_id(*handle));
	cr_expect_eq(m->response, ns_msg_getflag(*handle, ns_f_qr));
	cr_expect_eq(m->question_count, ns_msg_count(*handle, ns_s_qd));
	cr_expect_eq(m->answer_count, ns_msg_count(*handle, ns_s_an));
	cr_expect_eq(m->authority_count, ns_msg_count(*handle, ns_s_ns));
	cr_expect_eq(m->additional_count, ns_msg_count(*handle, ns_s_ar));
	cr_expect_eq(m->questions_kept, m->question_count);
	cr_expect_eq(m->answers_kept, m->answer_count);
	for (unsigned i = 0; i < m->questions_kept; i++) {
		if (ns_parserr(handle, ns_s_qd, (int)i, &rr))
			return false;
		compare_name(m, m->questions[i].name, &rr);
		cr_expect_eq(m->questions[i].type, ns_rr_type(rr));
		cr_expect_eq(m->questions[i].class, ns_rr_class(rr));
	}
	for (unsigned i = 0; i < m->answers_kept; i++) {
		if (ns_parserr(handle, ns_s_an, (int)i, &rr))
			return false;
		compare_name(m, m->answers[i].name, &rr);
		cr_expect_eq(m->answers[i].type, ns_rr_type(rr));
		cr_expect_eq(m->answers[i].class, ns_rr_class(rr));
		cr_expect_eq(m->answers[i].ttl, ns_rr_ttl(rr));
	}
	return true;
}

/* Whether both take the message. */
static bool taken(const struct writer *w)
{
	static struct dns_message m;
	ns_msg handle;

	dns_read(w->p, w->n, w->n, false, &m);
	if (m.malformed || m.cut || ns_initparse(w->p, (int)w->n, &handle))
		return false;
	return compare(&m, &handle);
}

Test(dns_random, sound)
{
	static struct writer w;

	for (unsigned i = 0; i < MESSAGES; i++) {
		put_message(&w);
		/* An opcode whose rest is not looked at. */
		w.p[2] &= 0x87;
		cr_expect(taken(&w), "message %u", i);
	}
}

Test(dns_random, changed)
{
	static struct writer w;
	unsigned both = 0;

	for (unsigned i = 0; i < MESSAGES; i++) {
		put_message(&w);
		for (unsigned left = 1 + below(2); left; left--)
			w.p[below((unsigned)w.n)] ^= (uint8_t)(1 << below(8));
		w.p[2] &= 0x87;
		both += taken(&w);
	}
	cr_expect_gt(both, TAKEN_MIN);
	cr_expect_lt(both, MESSAGES);
}
