// SPDX-License-Identifier: Apache-2.0
#include "config/mute.h"

#include <errno.h>
#include <string.h>

#include "config/config.h"

enum { NAME_MAX_BYTES = 255 };

/* With the names that expressions have for the same. */
static const struct { const char *key; enum config_mute_kind kind; } keys[] = {
	{ "namespace", CONFIG_MUTE_NAMESPACE },	{ "k8s.ns", CONFIG_MUTE_NAMESPACE },
	{ "k8s.ns.name", CONFIG_MUTE_NAMESPACE }, { "pod", CONFIG_MUTE_POD },
	{ "k8s.pod.name", CONFIG_MUTE_POD },	{ "container", CONFIG_MUTE_CONTAINER },
	{ "container.name", CONFIG_MUTE_CONTAINER }, { "container.id", CONFIG_MUTE_CONTAINER },
	{ "cgroup", CONFIG_MUTE_CGROUP },
};

static int kind_of(const struct option_context *cx, const struct node *key)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(keys[i].key, key->text))
			return keys[i].kind;
	return diag_set(cx->diag, key->line, key->col, "mute: \"%.64s\": want namespace, pod, container or cgroup",
			key->text);
}

static bool is_path(const char *text)
{
	size_t len = strlen(text);

	return len > 1 && text[0] == '/' && text[len - 1] != '/';
}

static int read_one(const struct option_context *cx, const struct option_row *row, const struct node *node,
		    struct config_mute *mute)
{
	const struct node *name = node->kind == NODE_MAP && node->n == 1 ? node->first : node;
	int kind = name == node ? CONFIG_MUTE_NAMESPACE : kind_of(cx, name->key), r;

	if (kind < 0)
		return kind;
	if (name->kind != NODE_SCALAR)
		return option_wrong(cx, row->name, name, "%s", row->form);
	r = option_expand(cx, name, &mute->name);
	if (r < 0)
		return r;
	mute->kind = kind;
	if (!*mute->name.text || strlen(mute->name.text) > NAME_MAX_BYTES)
		return option_wrong(cx, row->name, name, "a name of 1 to %u bytes", (unsigned)NAME_MAX_BYTES);
	if (kind == CONFIG_MUTE_CGROUP && !is_path(mute->name.text))
		return option_wrong(cx, row->name, name, "the path of a cgroup below the root: /system.slice/cron.service");
	return 0;
}

int config_mutes_read(const struct option_context *cx, const struct option_row *row, const struct node *node,
		      void *to)
{
	struct config *config = cx->user;
	int r = 0;

	if (node->kind != NODE_LIST)
		return option_wrong(cx, row->name, node, "%s", row->form);
	if (node->n > CONFIG_MUTES)
		return diag_set(cx->diag, node->line, node->col, "mute: want at most %u, not %u", (unsigned)CONFIG_MUTES,
				node->n);
	config->mutes = arena_alloc(cx->arena, node->n * sizeof(*config->mutes));
	if (!config->mutes)
		return -ENOMEM;
	for (const struct node *child = node->first; r == 0 && child; child = child->next)
		r = read_one(cx, row, child, &config->mutes[config->nmutes++]);
	return r;
}
