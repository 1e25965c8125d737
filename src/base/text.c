/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

static const char pairs[] =
	"00010203040506070809" "10111213141516171819" "20212223242526272829"
	"30313233343536373839" "40414243444546474849" "50515253545556575859"
	"60616263646566676869" "70717273747576777879" "80818283848586878889"
	"90919293949596979899";

static unsigned digits(uint64_t value)
{
	unsigned n = 1;

	for (; value >= 10000; value /= 10000)
		n += 4;
	return n + (value >= 10) + (value >= 100) + (value >= 1000);
}

/* Write the digits so that they end before p. */
static void put_digits(char *p, uint64_t value)
{
	for (; value >= 100; value /= 100) {
		p -= 2;
		memcpy(p, pairs + value % 100 * 2, 2);
	}
	if (value >= 10)
		memcpy(p - 2, pairs + value * 2, 2);
	else
		p[-1] = '0' + (char)value;
}

void text_udec(struct text *t, uint64_t value)
{
	unsigned n = digits(value);

	if (!text_room(t, n))
		return;
	t->p += n;
	put_digits(t->p, value);
}

void text_dec(struct text *t, int64_t value)
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
	unsigned n = digits(size) + (value < 0);

	if (!text_room(t, n))
		return;
	*t->p = '-';
	t->p += n;
	put_digits(t->p, size);
}

void text_udec_pad(struct text *t, uint64_t value, unsigned width)
{
	unsigned n = digits(value), pad = width > n ? width - n : 0;

	if (!text_room(t, n + pad))
		return;
	memset(t->p, '0', pad);
	t->p += n + pad;
	put_digits(t->p, value);
}

void text_hex(struct text *t, uint64_t value)
{
	unsigned n = value ? (67 - (unsigned)__builtin_clzll(value)) / 4 : 1;

	if (!text_room(t, n))
		return;
	t->p += n;
	for (char *p = t->p; n > 0; n--, value >>= 4)
		*--p = "0123456789abcdef"[value & 15];
}

void text_oct(struct text *t, uint64_t value)
{
	unsigned n = value ? (66 - (unsigned)__builtin_clzll(value)) / 3 : 1;

	if (!text_room(t, n))
		return;
	t->p += n;
	for (char *p = t->p; n > 0; n--, value >>= 3)
		*--p = '0' + (char)(value & 7);
}
