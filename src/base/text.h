/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text appended to memory of the caller.
 *
 * An append that does not fit writes nothing and sets full; from then on every append does nothing,
 * so the caller asks once, at the end. The text is not NUL-terminated.
 */
#ifndef SAKER_BASE_TEXT_H
#define SAKER_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
	char *p, *end;	/* next byte to write; one past the last */
	bool full;
};

/* Whether n more bytes fit; if not, the text is full. */
static inline bool text_room(struct text *t, size_t n)
{
	if (!t->full && (size_t)(t->end - t->p) >= n)
		return true;
	t->full = true;
	return false;
}

/* Copy without a call what is short, in two pieces that may overlap. */
static inline void text_copy(char *to, const char *from, size_t n)
{
	if (n > 16) {
		memcpy(to, from, n);
	} else if (n >= 8) {
		uint64_t a, b;

		memcpy(&a, from, 8);
		memcpy(&b, from + n - 8, 8);
		memcpy(to, &a, 8);
		memcpy(to + n - 8, &b, 8);
	} else if (n >= 4) {
		uint32_t a, b;

		memcpy(&a, from, 4);
		memcpy(&b, from + n - 4, 4);
		memcpy(to, &a, 4);
		memcpy(to + n - 4, &b, 4);
	} else if (n) {
		to[0] = from[0];
		to[n / 2] = from[n / 2];
		to[n - 1] = from[n - 1];
	}
}

static inline void text_raw(struct text *t, const void *data, size_t n)
{
	if (!text_room(t, n))
		return;
	text_copy(t->p, data, n);
	t->p += n;
}

static inline void text_char(struct text *t, char c)
{
	if (text_room(t, 1))
		*t->p++ = c;
}

/* A literal's length is known when compiling, so strlen costs nothing there. */
static inline void text_str(struct text *t, const char *s)
{
	text_raw(t, s, strlen(s));
}

void text_dec(struct text *t, int64_t value);
void text_udec(struct text *t, uint64_t value);

/* With at least so many digits, filled with zeros. */
void text_udec_pad(struct text *t, uint64_t value, unsigned width);

/* Lower case, without 0x. */
void text_hex(struct text *t, uint64_t value);

/* Without a leading 0. */
void text_oct(struct text *t, uint64_t value);

#endif
