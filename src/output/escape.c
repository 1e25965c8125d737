// SPDX-License-Identifier: Apache-2.0
#include "output/escape.h"

#include <stdint.h>
#include <string.h>

/* Eight bytes are looked at in one word, the first in the lowest bits. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "byte order");

#define EACH(byte) (0x0101010101010101ULL * (byte))

static const char hex[] = "0123456789abcdef";

/* The lowest bit that is set belongs to the first byte that must be escaped; above it, a carry may
 * set others wrongly. */
static uint64_t special(uint64_t w)
{
	uint64_t quote = w ^ EACH('"'), backslash = w ^ EACH('\\');

	return (((w - EACH(0x20)) & ~w) | ((quote - EACH(1)) & ~quote) |
		((backslash - EACH(1)) & ~backslash) | (w + EACH(1)) | w) & EACH(0x80);
}

/* The last n < 8 bytes, and zeros. */
static uint64_t load_tail(const char *s, size_t n)
{
	uint32_t a, b;

	if (n >= 4) {
		memcpy(&a, s, 4);
		memcpy(&b, s + n - 4, 4);
		return a | (uint64_t)b << 8 * (n - 4);
	}
	if (n == 0)
		return 0;
	return (uint64_t)(unsigned char)s[0] | (uint64_t)(unsigned char)s[n / 2] << 8 * (n / 2) |
	       (uint64_t)(unsigned char)s[n - 1] << 8 * (n - 1);
}

static char *put_unit(char *to, unsigned unit)
{
	*to++ = '\\';
	*to++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*to++ = hex[unit >> shift & 15];
	return to;
}

static bool is_continuation(const unsigned char *s, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* Length of the UTF-8 sequence that begins here, 0 if there is none.  RFC 3629: shortest form only,
 * no surrogates, nothing above U+10FFFF. */
static size_t sequence(const unsigned char *s, size_t len, uint32_t *point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > len || !is_continuation(s, n))
		return 0;
	*point = s[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++)
		*point = *point << 6 | (s[i] & 0x3f);
	if (*point < least[n] || *point > 0x10ffff || (*point >= 0xd800 && *point < 0xe000))
		return 0;
	return n;
}

static char *put_high(char *to, const unsigned char **from, size_t len, bool *invalid)
{
	uint32_t point = **from;
	size_t n = sequence(*from, len, &point);

	if (!n) {
		*invalid = true;
		point = **from;
		n = 1;
	}
	*from += n;
	if (point < 0x10000)
		return put_unit(to, point);
	to = put_unit(to, 0xd800 + ((point - 0x10000) >> 10));
	return put_unit(to, 0xdc00 + (point & 0x3ff));
}

static char *put_special(char *to, const char **from, size_t len, bool *invalid)
{
	static const char letters[32] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
	};
	unsigned char c = **from;

	if (c >= 0x80)
		return put_high(to, (const unsigned char **)from, len, invalid);
	++*from;
	if (c < 0x20 ? !letters[c] : c == 0x7f)
		return put_unit(to, c);
	*to++ = '\\';
	*to++ = c < 0x20 ? letters[c] : (char)c;
	return to;
}

char *escape(char *to, const char *from, size_t len, bool *invalid)
{
	const char *end = from + len;

	while (from < end) {
		size_t left = end - from, plain;
		uint64_t w, found;

		if (left >= 8)
			memcpy(&w, from, 8);
		else
			w = load_tail(from, left);
		memcpy(to, &w, 8);
		found = special(w);
		plain = found ? (unsigned)__builtin_ctzll(found) / 8 : 8;
		to += plain;
		from += plain;
		if (!found)
			continue;
		if (from >= end || !*from)
			break;
		to = put_special(to, &from, end - from, invalid);
	}
	return to;
}
