/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of SVCB and HTTPS records (RFC 9460 2.1, 7) as text. */
#include "net/dns_reader.h"

#include "event/value.h"

#include <sys/socket.h>

/* Dohpath is of RFC 9461, ohttp of RFC 9540. */
enum { MANDATORY, ALPN, NO_DEFAULT_ALPN, PORT, IPV4HINT, ECH, IPV6HINT, DOHPATH, OHTTP, PARAMS };

static const char *const names[PARAMS] = {
	"mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp",
};

static void show_key(struct text *t, unsigned key)
{
	text_str(t, key < PARAMS ? names[key] : "key");
	if (key >= PARAMS)
		text_udec(t, key);
}

static bool show_number(struct dns_reader *r)
{
	if (r->end - r->at != 2)
		return false;
	text_udec(&r->out, dns_take16(r));
	return true;
}

static bool show_nothing(struct dns_reader *r)
{
	return r->at == r->end;
}

static bool show_addresses(struct dns_reader *r, int family, size_t size)
{
	if (r->at == r->end || (r->end - r->at) % size)
		return false;
	for (size_t from = r->at; r->at < r->end; r->at += size) {
		if (r->at > from)
			text_char(&r->out, ',');
		value_ip(&r->out, family, r->bytes + r->at);
	}
	return true;
}

static bool show_ipv4(struct dns_reader *r)
{
	return show_addresses(r, AF_INET, 4);
}

static bool show_ipv6(struct dns_reader *r)
{
	return show_addresses(r, AF_INET6, 16);
}

/* A comma that is no separator is escaped once as an item of a list and once more as a string (appendix A.1). */
static void show_protocol(struct text *t, const uint8_t *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == ',' || s[i] == '\\')
			text_str(t, s[i] == ',' ? "\\\\," : "\\\\\\\\");
		else
			dns_show_string(t, s + i, 1);
	}
}

static bool show_protocols(struct dns_reader *r)
{
	size_t from = r->at;

	while (r->at < r->end) {
		size_t n = r->bytes[r->at];

		if (!n || n >= r->end - r->at)
			return false;
		if (r->at > from)
			text_char(&r->out, ',');
		show_protocol(&r->out, r->bytes + r->at + 1, n);
		r->at += 1 + n;
	}
	return r->at > from;
}

static bool show_keys(struct dns_reader *r)
{
	if (r->at == r->end || (r->end - r->at) % 2)
		return false;
	for (size_t from = r->at; r->at < r->end;) {
		if (r->at > from)
			text_char(&r->out, ',');
		show_key(&r->out, dns_take16(r));
	}
	return true;
}

static bool show_base64(struct dns_reader *r)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	while (r->at < r->end) {
		size_t n = r->end - r->at < 3 ? r->end - r->at : 3;
		uint32_t bits = 0;

		for (size_t i = 0; i < 3; i++)
			bits = bits << 8 | (i < n ? r->bytes[r->at + i] : 0);
		for (size_t i = 0; i < 4; i++)
			text_char(&r->out, i <= n ? digits[bits >> (18 - 6 * i) & 63] : '=');
		r->at += n;
	}
	return true;
}

/* The value of each, from at to end, all of which is there; NULL is any bytes. */
static bool (*const shows[PARAMS])(struct dns_reader *r) = {
	[MANDATORY] = show_keys, [ALPN] = show_protocols, [NO_DEFAULT_ALPN] = show_nothing, [PORT] = show_number,
	[IPV4HINT] = show_ipv4, [ECH] = show_base64, [IPV6HINT] = show_ipv6, [OHTTP] = show_nothing,
};

static bool show_value(struct dns_reader *r, unsigned key)
{
	bool (*show)(struct dns_reader *) = key < PARAMS ? shows[key] : NULL;
	bool sound = true;

	if (r->at == r->end && (!show || show == show_nothing))
		return true;
	text_str(&r->out, "=\"");
	if (show) {
		sound = show(r);
	} else {
		dns_show_string(&r->out, r->bytes + r->at, r->end - r->at);
		r->at = r->end;
	}
	text_char(&r->out, '"');
	return sound || dns_fail(r, DNS_DATA_FORM);
}

static bool read_param(struct dns_reader *r, unsigned *key)
{
	size_t end = r->end, n;
	bool sound;

	if (!dns_need(r, 4))
		return false;
	*key = dns_take16(r);
	n = dns_take16(r);
	if (!dns_need(r, n))
		return false;
	text_char(&r->out, ' ');
	show_key(&r->out, *key);
	r->end = r->at + n;
	sound = show_value(r, *key);
	r->end = end;
	return sound;
}

/* Keys rise, and none is there twice. */
bool dns_read_params(struct dns_reader *r)
{
	unsigned key, last = 0;

	for (size_t from = r->at; r->at < r->end; last = key) {
		bool first = r->at == from;

		if (!read_param(r, &key))
			return false;
		if (!first && key <= last)
			return dns_fail(r, DNS_DATA_FORM);
	}
	return true;
}
