// SPDX-License-Identifier: Apache-2.0
/* Any bytes as YAML: a tree within its bounds whose parts know where they stand, or words that say why not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
	const char *text;
	size_t len;
	unsigned nodes;
};

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_scalar(struct source *source, const struct node *node)
{
	unsigned line, col;
	size_t len;
	const char *raw = yaml_raw(node, &len, &line, &col);

	check(node->n <= YAML_SCALAR && strlen(node->text) == node->n);
	if (!raw)
		return;
	check(raw >= source->text && len <= source->len && raw <= source->text + source->len - len);
	check(line >= node->line && col);
}

static void check_node(struct source *source, const struct node *node, unsigned depth)
{
	unsigned n = 0;

	check(depth <= YAML_DEPTH && ++source->nodes <= YAML_EVENTS && node->line && node->col);
	if (node->kind == NODE_SCALAR) {
		check_scalar(source, node);
		return;
	}
	for (const struct node *child = node->first; child; child = child->next, n++) {
		check((child->key != NULL) == (node->kind == NODE_MAP));
		if (child->key)
			check_scalar(source, child->key);
		check_node(source, child, depth + 1);
	}
	check(n == node->n && (node->kind == NODE_LIST || n <= YAML_KEYS));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const struct node *root = NULL;
	struct yaml_work work = { 0 };
	struct diag diag = { 0 };
	struct arena arena;
	int r;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	arena_init(&arena, YAML_ARENA);
	r = yaml_read(&root, text, size, &arena, &diag, &work);
	check(r == 0 || r == -EINVAL || r == -ENOMEM);
	check((r < 0) == (diag.text[0] != 0) && work.events <= YAML_EVENTS + 1);
	for (const char *p = diag.text; *p; p++)
		check(*p >= ' ' && *p <= '~');
	if (r == 0)
		check_node(&(struct source){ .text = text, .len = size }, root, 0);
	arena_fini(&arena);
	free(text);
	return 0;
}
