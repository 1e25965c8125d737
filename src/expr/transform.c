// SPDX-License-Identifier: Apache-2.0
#include "expr/transform.h"

enum { LETTERS = 64 };

static void copy(struct fetched *f)
{
	size_t n = f->text.len < sizeof(f->made) ? f->text.len : sizeof(f->made);

	memmove(f->made, f->text.s, n);
	f->text = (struct constant_text){ f->made, n };
}

static void to_lower(struct fetched *f)
{
	copy(f);
	for (char *p = f->made; p < f->made + f->text.len; p++)
		*p += *p >= 'A' && *p <= 'Z' ? 'a' - 'A' : 0;
}

static void to_upper(struct fetched *f)
{
	copy(f);
	for (char *p = f->made; p < f->made + f->text.len; p++)
		*p -= *p >= 'a' && *p <= 'z' ? 'a' - 'A' : 0;
}

static void basename_of(struct fetched *f)
{
	const char *slash = memrchr(f->text.s, '/', f->text.len);

	if (slash)
		f->text = (struct constant_text){ slash + 1, f->text.s + f->text.len - slash - 1 };
}

static int letter_value(char c)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = memchr(letters, c, LETTERS);

	return at ? (int)(at - letters) : -1;
}

/* Six bits a letter; the end may be filled up with = or not.  What is read is never behind what is written. */
static void from_base64(struct fetched *f)
{
	size_t n = f->text.len, written = 0;
	uint32_t bits = 0;

	for (unsigned fill = 0; fill < 2 && n && f->text.s[n - 1] == '='; fill++)
		n--;
	f->n = n % 4 != 1;
	for (size_t i = 0; i < n && f->n; i++) {
		int value = letter_value(f->text.s[i]);

		f->n = value >= 0 && written < sizeof(f->made);
		bits = bits << 6 | ((uint32_t)value & (LETTERS - 1));
		if (i % 4 && f->n)
			f->made[written++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	f->text = (struct constant_text){ f->made, written };
}

static const struct { const char *name; void (*run)(struct fetched *f); } transforms[] = {
	{ "tolower", to_lower }, { "toupper", to_upper }, { "basename", basename_of }, { "b64", from_base64 },
};

unsigned transform_find(const char *name)
{
	for (unsigned i = 0; i < sizeof(transforms) / sizeof(*transforms); i++)
		if (!strcmp(transforms[i].name, name))
			return i + 1;
	return 0;
}

void transform(struct fetched *f, uint16_t via)
{
	for (; via && f->n; via >>= 4)
		transforms[(via & 15) - 1].run(f);
}
