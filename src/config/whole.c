// SPDX-License-Identifier: Apache-2.0
#include "config/whole.h"

#include <string.h>

#include "config/yaml.h"

static bool is_true(const struct node *node)
{
	return node && node->kind == NODE_SCALAR && !strcmp(node->text, "true");
}

static unsigned last_line(const struct file_text *file)
{
	unsigned n = 1;

	for (size_t i = 0; i + 1 < file->len; i++)
		n += file->text[i] == '\n';
	return n;
}

int whole_check(const struct node *map, const struct file_text *file, bool strict, struct diag *diag)
{
	const struct node *first = node_get(map, "strict"), *end = node_get(map, "end");

	if (first && first != map->first)
		return diag_set(diag, first->key->line, first->key->col,
				"\"strict\" is not the first key: the file may be cut before it");
	if (end && !is_true(end))
		return diag_set(diag, end->line, end->col, "end: want true, as the last line of the file");
	if (end && end->next)
		return diag_set(diag, end->next->key->line, end->next->key->col,
				"\"%.64s\" comes after \"end\": want end: true as the last line",
				end->next->key->text);
	if ((strict || is_true(first)) && !end)
		return diag_set(diag, last_line(file), 1,
				"the end of the file is missing: want end: true as its last line");
	return 0;
}
