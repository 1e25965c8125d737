// SPDX-License-Identifier: Apache-2.0
/* Whether a text is worth a look: sixteen bytes at once, for signs that every kind of secret has. */
#include "output/secret.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "byte order");

typedef uint8_t lanes __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

#define PAIR(first, second) ((a == (uint8_t)(first)) & (b == (uint8_t)(second)))

/* Neighbours that each kind of token has in its prefix; -- begins PEM and long options. */
/* a: bytes of a text; b: those behind each. */
static inline bool triggers(lanes a, lanes b)
{
	lanes any = (lanes)((b == '=') | (b == ':') | PAIR('I', 'A') | PAIR('g', 'h') | PAIR('t', '_') |
			    PAIR('l', 'p') | PAIR('x', 'o') | PAIR('I', 'z') | PAIR('k', '_') | PAIR('m', '_') |
			    PAIR('k', '-') | PAIR('y', 'J') | PAIR('-', '-') | PAIR(' ', '-') | PAIR(0, '-') |
			    PAIR('r', ' ') | PAIR('r', 0));
	halves half = (halves)any;

	return half[0] | half[1];
}

static inline bool triggers_at(const char *s)
{
	lanes a, b;

	memcpy(&a, s, sizeof(a));
	memcpy(&b, s + 1, sizeof(b));
	return triggers(a, b);
}

/* Without a call: up to sixteen bytes, the rest zero. */
static void load_short(uint64_t half[2], const char *s, size_t n)
{
	half[0] = half[1] = 0;
	if (n > 8) {
		memcpy(&half[0], s, 8);
		memcpy(&half[1], s + n - 8, 8);
		half[1] >>= 8 * (16 - n);
	} else if (n >= 4) {
		uint32_t begin, end;

		memcpy(&begin, s, 4);
		memcpy(&end, s + n - 4, 4);
		half[0] = begin | (uint64_t)end << 8 * (n - 4);
	} else {
		for (size_t i = 0; i < n; i++)
			half[0] |= (uint64_t)(unsigned char)s[i] << 8 * i;
	}
}

/* Behind the last byte stands an x, as no NUL does there. */
static bool triggers_short(const char *s, size_t n)
{
	uint64_t a[2], b[2];
	lanes first, second;

	load_short(a, s, n);
	b[0] = a[0] >> 8 | a[1] << 56;
	b[1] = a[1] >> 8;
	b[(n - 1) / 8] |= (uint64_t)'x' << 8 * ((n - 1) % 8);
	memcpy(&first, a, sizeof(first));
	memcpy(&second, b, sizeof(second));
	return triggers(first, second);
}

bool secret_possible(const char *text, size_t n)
{
	size_t i = 0;

	if (!n)
		return false;
	if (text[0] == '-' || text[0] == '=' || text[0] == ':')	/* none is before it */
		return true;
	if (n <= sizeof(lanes))
		return triggers_short(text, n);
	for (; n - i > sizeof(lanes); i += sizeof(lanes))
		if (triggers_at(text + i))
			return true;
	return triggers_at(text + n - sizeof(lanes) - 1);
}
