// SPDX-License-Identifier: Apache-2.0
#include "config/utf8.h"

static unsigned continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

size_t utf8_next(const char *text, size_t n, unsigned *code)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)text;
	size_t len = p[0] < 0x80       ? 1
		     : p[0] >> 5 == 6  ? 2
		     : p[0] >> 4 == 14 ? 3
		     : p[0] >> 3 == 30 ? 4
				       : 0;

	if (len == 0 || len > n)
		return 0;
	*code = len == 1 ? p[0] : p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (!continuation(p[i]))
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	return *code < least[len] || *code > 0x10ffff || *code >> 11 == 0x1b ? 0 : len;
}

const char *utf8_unfit(unsigned code)
{
	if (code == '\t' || code == '\n')
		return NULL;
	if (code == 0)
		return "a NUL byte";
	if (code == '\r')
		return "a carriage return that ends no line";
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return "a control character";
	if (code == 0x2028 || code == 0x2029)
		return "a line separator that does not show";
	if (code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069))
		return "a character that changes the reading direction";
	if (code == 0xfeff)
		return "a byte order mark inside the text";
	if ((code & 0xfffe) == 0xfffe)
		return "a code point that is no character";
	return NULL;
}

int utf8_check(const char *text, size_t len, struct diag *diag)
{
	const char *end = text + len, *wrong;
	unsigned line = 1, col = 1, code = 0;

	for (size_t n; text < end; text += n) {
		n = utf8_next(text, (size_t)(end - text), &code);
		if (n == 0)
			return diag_set(diag, line, col, "byte 0x%02x is not UTF-8",
					(unsigned char)*text);
		if (code == '\r' && end - text > 1 && text[1] == '\n')
			continue;
		wrong = utf8_unfit(code);
		if (wrong)
			return diag_set(diag, line, col, "%s (U+%04X)", wrong, code);
		col = code == '\n' ? 1 : col + 1;
		line += code == '\n';
	}
	return 0;
}
