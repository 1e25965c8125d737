/* SPDX-License-Identifier: Apache-2.0 */
/* Data of DNS records as text. Of types that have no row here, nothing is known but how long they are. */
#include "net/dns_reader.h"

#include "event/value.h"

#include <arpa/nameser.h>
#include <sys/socket.h>

enum { UNICAST_CLASS = 0x7fff, TYPE_URI = 256, TYPE_SVCB = 64, TYPE_HTTPS = 65 };

/* What data is made of, part by part. Those after STRINGS take all that is left. */
enum part {
	NOTHING, NUMBER8, NUMBER16, NUMBER32, NAME, ADDRESS4, ADDRESS6, TAG, STRING, STRINGS, QUOTED, HEX, PARAMS, PARTS
};

struct form {
	uint16_t type;
	bool internet;		/* of class IN alone */
	uint8_t parts[8];
};

static const struct form forms[] = {
	{ ns_t_a, true, { ADDRESS4 } },						/* RFC 1035 3.4.1 */
	{ ns_t_aaaa, true, { ADDRESS6 } },					/* RFC 3596 */
	{ ns_t_cname, false, { NAME } },					/* RFC 1035 3.3 */
	{ TYPE_HTTPS, true, { NUMBER16, NAME, PARAMS } },			/* RFC 9460 */
	{ ns_t_ns, false, { NAME } },
	{ ns_t_ptr, false, { NAME } },
	{ ns_t_mx, false, { NUMBER16, NAME } },
	{ ns_t_txt, false, { STRINGS } },
	{ ns_t_srv, true, { NUMBER16, NUMBER16, NUMBER16, NAME } },		/* RFC 2782 */
	{ ns_t_soa, false, { NAME, NAME, NUMBER32, NUMBER32, NUMBER32, NUMBER32, NUMBER32 } },
	{ ns_t_md, false, { NAME } },
	{ ns_t_mf, false, { NAME } },
	{ ns_t_mb, false, { NAME } },
	{ ns_t_mg, false, { NAME } },
	{ ns_t_mr, false, { NAME } },
	{ ns_t_hinfo, false, { STRING, STRING } },
	{ ns_t_minfo, false, { NAME, NAME } },
	{ ns_t_rp, false, { NAME, NAME } },					/* RFC 1183 */
	{ ns_t_afsdb, false, { NUMBER16, NAME } },
	{ ns_t_rt, false, { NUMBER16, NAME } },
	{ ns_t_px, true, { NUMBER16, NAME, NAME } },				/* RFC 2163 */
	{ ns_t_naptr, true, { NUMBER16, NUMBER16, STRING, STRING, STRING, NAME } },	/* RFC 3403 */
	{ ns_t_kx, true, { NUMBER16, NAME } },					/* RFC 2230 */
	{ ns_t_dname, false, { NAME } },					/* RFC 6672 */
	{ ns_t_ds, false, { NUMBER16, NUMBER8, NUMBER8, HEX } },		/* RFC 4034 5 */
	{ ns_t_sshfp, false, { NUMBER8, NUMBER8, HEX } },			/* RFC 4255 */
	{ ns_t_tlsa, false, { NUMBER8, NUMBER8, NUMBER8, HEX } },		/* RFC 6698 */
	{ ns_t_smimea, false, { NUMBER8, NUMBER8, NUMBER8, HEX } },		/* RFC 8162 */
	{ ns_t_cds, false, { NUMBER16, NUMBER8, NUMBER8, HEX } },		/* RFC 7344 */
	{ TYPE_SVCB, true, { NUMBER16, NAME, PARAMS } },
	{ ns_t_spf, false, { STRINGS } },					/* RFC 7208 */
	{ TYPE_URI, false, { NUMBER16, NUMBER16, QUOTED } },			/* RFC 7553 */
	{ ns_t_caa, false, { NUMBER8, TAG, QUOTED } },				/* RFC 8659 */
};

static void show_hex(struct text *t, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n && !t->full; i++) {
		text_char(t, digits[bytes[i] >> 4]);
		text_char(t, digits[bytes[i] & 15]);
	}
}

static void show_quoted(struct text *t, const uint8_t *bytes, size_t n)
{
	text_char(t, '"');
	dns_show_string(t, bytes, n);
	text_char(t, '"');
}

static bool read_number(struct dns_reader *r, size_t size)
{
	uint32_t value = 0;

	if (!dns_need(r, size))
		return false;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | r->bytes[r->at++];
	text_udec(&r->out, value);
	return true;
}

static bool read_number8(struct dns_reader *r)
{
	return read_number(r, 1);
}

static bool read_number16(struct dns_reader *r)
{
	return read_number(r, 2);
}

static bool read_number32(struct dns_reader *r)
{
	return read_number(r, 4);
}

static bool read_address(struct dns_reader *r, int family, size_t size)
{
	if (!dns_need(r, size))
		return false;
	value_ip(&r->out, family, r->bytes + r->at);
	r->at += size;
	return true;
}

static bool read_address4(struct dns_reader *r)
{
	return read_address(r, AF_INET, 4);
}

static bool read_address6(struct dns_reader *r)
{
	return read_address(r, AF_INET6, 16);
}

/* Begin of a string behind its length, which is taken; NULL when it is not all there. */
static const uint8_t *take_string(struct dns_reader *r, size_t *ret)
{
	size_t n;

	if (!dns_need(r, 1))
		return NULL;
	n = r->bytes[r->at];
	if (!dns_need(r, 1 + n))
		return NULL;
	r->at += 1 + n;
	*ret = n;
	return r->bytes + r->at - n;
}

static bool read_string(struct dns_reader *r)
{
	size_t n = 0;
	const uint8_t *s = take_string(r, &n);

	if (s)
		show_quoted(&r->out, s, n);
	return s;
}

static bool is_letter_or_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* RFC 8659 4.1: letters and digits, one at least. */
static bool read_tag(struct dns_reader *r)
{
	size_t n = 0;
	const uint8_t *s = take_string(r, &n);

	if (!s)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_letter_or_digit(s[i]))
			return dns_fail(r, DNS_DATA_FORM);
	}
	text_raw(&r->out, s, n);
	return n || dns_fail(r, DNS_DATA_FORM);
}

static bool read_strings(struct dns_reader *r)
{
	do {
		if (!read_string(r))
			return false;
		if (r->at < r->end)
			text_char(&r->out, ' ');
	} while (r->at < r->end);
	return true;
}

/* All that is left; NULL when it was not captured. */
static const uint8_t *take_rest(struct dns_reader *r, size_t *ret)
{
	size_t n = r->end - r->at;

	if (!dns_need(r, n))
		return NULL;
	r->at += n;
	*ret = n;
	return r->bytes + r->at - n;
}

static bool read_quoted(struct dns_reader *r)
{
	size_t n = 0;
	const uint8_t *s = take_rest(r, &n);

	if (s)
		show_quoted(&r->out, s, n);
	return s;
}

static bool read_hex(struct dns_reader *r)
{
	size_t n = 0;
	const uint8_t *s = take_rest(r, &n);

	if (!s)
		return false;
	show_hex(&r->out, s, n);
	return n || dns_fail(r, DNS_DATA_FORM);
}

/* RFC 3597 5. */
static bool read_unknown(struct dns_reader *r)
{
	size_t n = 0;
	const uint8_t *s = take_rest(r, &n);

	if (!s)
		return false;
	text_str(&r->out, "\\# ");
	text_udec(&r->out, n);
	if (n)
		text_char(&r->out, ' ');
	show_hex(&r->out, s, n);
	return true;
}

static bool (*const readers[PARTS])(struct dns_reader *) = {
	[NUMBER8] = read_number8, [NUMBER16] = read_number16, [NUMBER32] = read_number32, [NAME] = dns_read_name,
	[ADDRESS4] = read_address4, [ADDRESS6] = read_address6, [TAG] = read_tag, [STRING] = read_string,
	[STRINGS] = read_strings, [QUOTED] = read_quoted, [HEX] = read_hex, [PARAMS] = dns_read_params,
};

static const struct form *form_of(unsigned type, unsigned class)
{
	const struct form *form = forms, *end = forms + sizeof(forms) / sizeof(*forms);

	for (; form < end; form++) {
		if (form->type == type)
			return !form->internet || (class & UNICAST_CLASS) == ns_c_in ? form : NULL;
	}
	return NULL;
}

bool dns_read_data(struct dns_reader *r, unsigned type, unsigned class)
{
	const struct form *form = form_of(type, class);

	if (!form)
		return read_unknown(r);
	for (const uint8_t *part = form->parts; *part; part++) {
		/* Parameters bring their own: there may be none. */
		if (part > form->parts && *part != PARAMS)
			text_char(&r->out, ' ');
		if (!readers[*part](r))
			return false;
	}
	return true;
}
