// SPDX-License-Identifier: Apache-2.0
#include "config/stream.h"

#include <errno.h>
#include <string.h>

#include "base/fnv.h"

const char *const format_words[] = { "json", "table", "falco", "falco_text", NULL };

static const struct option_row pattern_rows[] = {
	OPTION(WORD, config_pattern, name, .name = "name", .required = true, .sample = "badge",
	       .help = "what stands in the place of what was found: <redacted:badge>"),
	OPTION(TEXT, config_pattern, regex, .name = "regex", .required = true, .sample = "'badge-[0-9]{6}'",
	       .help = "all that matches is replaced"),
	{ 0 },
};

static const char name_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

static int parse_pattern(const struct option_context *cx, const struct node *node, struct config_pattern *to)
{
	int r;

	if (node->kind != NODE_MAP)
		return option_wrong(cx, "patterns", node, "a map with name and regex");
	to->where = arena_strdup(cx->arena, cx->where);
	if (!to->where)
		return -ENOMEM;
	r = option_defaults(pattern_rows, cx, to);
	r = r < 0 ? r : option_read(pattern_rows, cx, node, to);
	if (r < 0)
		return r;
	if (!*to->name.text || strlen(to->name.text) > CONFIG_PATTERN_NAME ||
	    strspn(to->name.text, name_chars) != strlen(to->name.text))
		return diag_set(cx->diag, to->name.line, to->name.col,
				"%s.patterns.name \"%.64s\": want 1 to %d letters, digits, _ - or .", cx->where,
				to->name.text, CONFIG_PATTERN_NAME);
	return 0;
}

/* to is the first of the members patterns and npatterns. */
static int parse_patterns(const struct option_context *cx, const struct option_row *row, const struct node *node,
			  void *to)
{
	struct config_redact *redact = (struct config_redact *)((char *)to - offsetof(struct config_redact, patterns));
	int r = 0;

	if (node->kind != NODE_LIST)
		return option_wrong(cx, row->name, node, "%s", row->form);
	if (node->n > CONFIG_PATTERNS)
		return diag_set(cx->diag, node->line, node->col, "%s.patterns: want at most %d, not %u", cx->where,
				CONFIG_PATTERNS, node->n);
	redact->patterns = arena_alloc(cx->arena, node->n * sizeof(*redact->patterns));
	if (!redact->patterns)
		return -ENOMEM;
	redact->npatterns = 0;
	for (const struct node *child = node->first; r == 0 && child; child = child->next)
		r = parse_pattern(cx, child, &redact->patterns[redact->npatterns++]);
	return r;
}

const struct option_row config_redact_rows[] = {
	OPTION(CUSTOM, config_redact, patterns, .name = "patterns", .parse = parse_patterns,
	       .form = "a list of maps with name and regex", .sample = "[{name: badge, regex: 'badge-[0-9]{6}'}]",
	       .help = "what is masked beside passwords, tokens and keys in their usual shapes"),
	OPTION(BOOL, config_redact, off, .name = "off", .value = "false",
	       .help = "mask nothing, neither these nor the usual"),
	{ 0 },
};

int config_redact_join(struct arena *arena, struct config_redact *to, const struct config_redact *all)
{
	struct config_pattern *patterns;
	unsigned n = to->npatterns + all->npatterns;

	to->off |= all->off;
	if (!all->npatterns)
		return 0;
	patterns = arena_alloc(arena, n * sizeof(*patterns));
	if (!patterns)
		return -ENOMEM;
	memcpy(patterns, all->patterns, all->npatterns * sizeof(*patterns));
	if (to->npatterns)
		memcpy(patterns + all->npatterns, to->patterns, to->npatterns * sizeof(*patterns));
	to->patterns = patterns;
	to->npatterns = n;
	return 0;
}

uint64_t config_redact_hash(uint64_t hash, const struct config_redact *redact)
{
	hash = fnv64(hash, &redact->off, sizeof(redact->off));
	for (unsigned i = 0; i < redact->npatterns; i++) {
		const struct config_pattern *p = &redact->patterns[i];

		hash = fnv64(hash, p->name.text, strlen(p->name.text) + 1);
		hash = fnv64(hash, p->regex.text, strlen(p->regex.text) + 1);
	}
	return hash;
}
