// SPDX-License-Identifier: Apache-2.0
#include "base/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

enum { WIDTH = 96, BEFORE = 64 };	/* of a line that is shown, and of it before the column */

static bool printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* Bytes of UTF-8 behind the first of a character. */
static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

int diag_set(struct diag *diag, unsigned line, unsigned col, const char *fmt, ...)
{
	va_list args;

	if (diag->text[0])
		return -EINVAL;
	diag->line = line;
	diag->col = col;
	va_start(args, fmt);
	vsnprintf(diag->text, sizeof(diag->text), fmt, args);
	va_end(args);
	for (char *p = diag->text; *p; p++)
		if (!printable(*p))
			*p = '?';
	return -EINVAL;
}

const char *diag_line(const char *text, size_t len, unsigned line)
{
	const char *end = text + len;

	while (line > 1 && text) {
		text = memchr(text, '\n', (size_t)(end - text));
		if (text)
			text++;
		line--;
	}
	return line ? text : NULL;
}

/* A character a column; the line's part around the column when it is long. */
static void print_line(const char *line, unsigned col, FILE *to)
{
	unsigned from = col > WIDTH ? col - BEFORE : 1, at = 0;

	for (; *line && *line != '\n' && *line != '\r'; line++) {
		if (continues(*line))
			continue;
		if (++at >= from + WIDTH)
			break;
		if (at >= from)
			fputc(*line == '\t' ? ' ' : printable(*line) ? *line : '?', to);
	}
	fprintf(to, "\n%*s\n", (int)(col - from + 1), "^");
}

void diag_print(const struct diag *diag, const char *source_line, FILE *to)
{
	for (const char *p = diag->file ? diag->file : ""; *p; p++)
		fputc(printable(*p) ? *p : '?', to);
	if (diag->line)
		fprintf(to, "%s%u:%u", diag->file ? ":" : "", diag->line, diag->col);
	fprintf(to, "%s%s\n", diag->file || diag->line ? ": " : "", diag->text);
	if (source_line && diag->line && diag->col)
		print_line(source_line, diag->col, to);
}
