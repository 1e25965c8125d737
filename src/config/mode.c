// SPDX-License-Identifier: Apache-2.0
#include "config/mode.h"

#include <string.h>

int mode_read(const struct option_context *cx, const struct option_row *row, const struct node *node, void *to)
{
	const char *text = node->kind == NODE_SCALAR ? node->text : "";
	size_t n = strlen(text);
	unsigned mode = 0;

	if (n < 3 || n > 4 || (n == 4 && *text != '0') || strspn(text, "01234567") < n)
		return option_wrong(cx, row->name, node, "%s", row->form);
	for (; *text; text++)
		mode = mode * 8 + (unsigned)(*text - '0');
	if (mode & 02)
		return option_wrong(cx, row->name, node, "%s", row->form);
	*(unsigned *)to = mode;
	return 0;
}
