// SPDX-License-Identifier: Apache-2.0
/*
 * Paths of cgroups.  The kernel has names, one on each level: of a path the components are asked for,
 * each on its level, so that whatever lies below passes, too.  No id is needed, so the cgroup may be made
 * later, or anew; one of version 1 that was renamed has its new name here.  Nothing follows from an
 * opposite: user space may not know the path.
 */
#include "expr/push.h"

#include <string.h>

#include "expr/glob.h"

enum { LEVELS = 3 };	/* asked for of one path; the lowest ones tell most */

/* The component that ends before end, which the slash at *slash precedes. */
static bool last_component(const char *path, size_t end, size_t *slash)
{
	for (size_t i = end; i > 0; i--) {
		if (path[i - 1] != '/')
			continue;
		*slash = i - 1;
		return true;
	}
	return false;
}

static void component(const struct push_context *c, const char *name, size_t len, unsigned level, struct dnf *ret)
{
	const struct filter_term term = { .from = FROM_CGROUP, .off = level, .width = 8 };
	const struct constant_text text = { name, len };
	struct dnf one;

	push_text_term(c, term, TERM_TEXT_EQ, &text, false, true, &one);
	dnf_and(ret, &one);
}

/* Is in or below the first len bytes.  In a pattern a component may stand for others. */
static void below(const struct push_context *c, const char *path, size_t len, bool pattern, struct dnf *ret)
{
	unsigned level = 0, asked = 0;
	size_t slash = 0;

	dnf_everything(ret, false);
	if (len && path[len - 1] == '/')
		len--;
	for (size_t i = 0; i < len; i++)
		level += path[i] == '/';
	if (!len || *path != '/' || memmem(path, len, "//", 2))
		return;
	for (; len && asked < LEVELS && last_component(path, len, &slash); len = slash, level--) {
		const char *name = path + slash + 1;
		size_t n = len - slash - 1;

		if (n > FILTER_TEXT_MAX || (pattern && glob_literal(name, n) < n))
			continue;
		component(c, name, n, level, ret);
		asked++;
	}
}

/* Of a text that begins so only whole components are known. */
static void begins(const struct push_context *c, const struct constant_text *text, struct dnf *ret)
{
	size_t len = text->len;

	while (len && text->s[len - 1] != '/')
		len--;
	below(c, text->s, len, false, ret);
}

void push_cgroup(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	const struct constant *k = t->constant;
	bool pattern = t->op == OP_PMATCH;
	struct dnf one;

	dnf_everything(ret, false);
	if (negate)
		return;
	if (t->op == OP_STARTSWITH) {
		begins(c, &k->texts[0], ret);
	} else if (t->op == OP_EQ || t->op == OP_IN || pattern) {
		dnf_nothing(ret);
		for (size_t i = 0; i < k->n; i++) {
			below(c, k->texts[i].s, k->texts[i].len, pattern, &one);
			dnf_or(ret, &one);
		}
		ret->exact = false;
	}
}
