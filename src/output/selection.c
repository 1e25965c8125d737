// SPDX-License-Identifier: Apache-2.0
#include "output/selection.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "event/schema.h"

enum { WORDS = 4096 };

/* What lines have beside the fields of the tables; a test holds that nothing is missing. */
static const char *const members[] = {
	"time", "event", "seq", "cpu", "lane", "nest", "hostname", "abi", "ret", "errno", "stack", "truncated", "faulted",
	"raw", "proc", "user", "args", "fd", "fds", "policy", "container", "k8s", "cgroup",
	"proc.exe", "proc.args", "proc.host_pid", "proc.host_tid", "proc.host_ppid", "proc.exec_chain", "proc.pname",
	"proc.ancestors", "user.name", "user.loginname", "group", "group.name",
	"fd.num", "fd.type", "fd.name", "fd.dev", "fd.ino", "fd.deleted", "fd.created", "fd.family", "fd.socktype",
	"fd.proto", "fd.state", "fd.src", "fd.dst", "policy.generation", "policy.names", "policy.suppressed",
	"container.id", "container.name", "container.image", "container.image_digest", "container.type", "container.outer",
	"container.privileged", "container.claimed", "k8s.ns", "k8s.pod", "enrichment",
	"cgroup.path", "cgroup.unit", "cgroup.slice", "cgroup.session",
};

static const char *known_member(unsigned i)
{
	return i < sizeof(members) / sizeof(*members) ? members[i] : NULL;
}

static bool known_common(const char *path)
{
	unsigned n;
	const struct field *f = schema_common(&n);

	for (unsigned i = 0; i < n; i++)
		if (!strcmp(f[i].name, path))
			return true;
	return false;
}

static bool known_arg(const char *name)
{
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		for (unsigned i = 0; schema_get(id) && i < schema_get(id)->nfields; i++)
			if (!strcmp(schema_get(id)->fields[i].name, name))
				return true;
	return false;
}

static bool knows(const char *path)
{
	for (unsigned i = 0; known_member(i); i++)
		if (!strcmp(members[i], path))
			return true;
	return known_common(path) || (!strncmp(path, "args.", 5) && known_arg(path + 5));
}

/* Of all names; those of arguments only for what looks like one. */
static const char *meant(const char *path, char to[static SELECTION_NAME])
{
	const bool arg = !strncmp(path, "args.", 5);
	const char *words[WORDS], *near;
	unsigned n = 0, common;
	const struct field *f = schema_common(&common);

	for (unsigned i = 0; !arg && known_member(i); i++)
		words[n++] = members[i];
	for (unsigned i = 0; !arg && i < common; i++)
		words[n++] = f[i].name;
	for (unsigned id = 0; arg && id < EVENT_COUNT; id++)
		for (unsigned i = 0; schema_get(id) && i < schema_get(id)->nfields && n < WORDS; i++)
			words[n++] = schema_get(id)->fields[i].name;
	near = nearest(arg ? path + 5 : path, words, n);
	if (near)
		snprintf(to, SELECTION_NAME, "%s%s", arg ? "args." : "", near);
	return near ? to : NULL;
}

int selection_check(const struct option_list *list, struct diag *diag)
{
	for (unsigned i = 0; i < list->n; i++) {
		const struct option_text *t = &list->items[i];
		char buf[SELECTION_NAME];
		const char *near;

		if (knows(t->text))
			continue;
		near = meant(t->text, buf);
		return diag_set(diag, t->line, t->col, "fields: no line has \"%.64s\"%s%s%s", t->text,
				near ? ", did you mean \"" : "; want members of the JSON such as time, proc or args.path",
				near ? near : "", near ? "\"?" : "");
	}
	return 0;
}

bool selection_asks(const struct option_list *list)
{
	unsigned n;
	const struct field *f = schema_common(&n);

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; schema_asked(f[i].off) && k < list->n; k++)
			if (!strcmp(f[i].name, list->items[k].text))
				return true;
	return false;
}

void selection_init(struct selection *sel, const struct option_list *list)
{
	static const char *const always[] = { "truncated", "faulted" };

	sel->n = 0;
	for (unsigned i = 0; i < list->n + 2 && list->n && sel->n < SELECTION_MAX; i++) {
		struct selected *s = &sel->paths[sel->n++];

		snprintf(s->name, sizeof(s->name), "%s", i < list->n ? list->items[i].text : always[i - list->n]);
		s->len = strlen(s->name);
		s->group = strcspn(s->name, ".");
	}
}

/* --- lines: made by our own encoder, so without spaces, and the keys are plain */

/* Behind the string that begins at p. */
static const char *skip_string(const char *p)
{
	for (p++; *p != '"'; p++)
		p += *p == '\\';
	return p + 1;
}

/* Behind the value that begins at p. */
static const char *skip_value(const char *p)
{
	unsigned depth = 0;

	do {
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
	} while (depth || (*p != ',' && *p != '}' && *p != ']'));
	return p;
}

enum wanted { NONE, SOME, ALL };

static enum wanted wants(const struct selection *sel, const char *key, size_t len)
{
	enum wanted wanted = NONE;

	for (unsigned i = 0; i < sel->n; i++) {
		const struct selected *s = &sel->paths[i];

		if (s->group != len || memcmp(s->name, key, len) != 0)
			continue;
		if (s->len == len)
			return ALL;
		wanted = SOME;
	}
	return wanted;
}

bool selection_wants(const struct selection *sel, const char *key)
{
	return wants(sel, key, strlen(key)) != NONE;
}

/* Whether a path, group.name or what lies in it, is selected. */
static bool wants_path(const struct selection *sel, const char *group, size_t group_len, const char *name, size_t len)
{
	for (unsigned i = 0; i < sel->n; i++) {
		const struct selected *s = &sel->paths[i];

		if (s->group == group_len && !memcmp(s->name, group, group_len) &&
		    (s->len == group_len || (s->len == group_len + 1 + len && !memcmp(s->name + group_len + 1, name, len))))
			return true;
	}
	return false;
}

static char *copy(char *to, const char *from, const char *end)
{
	memmove(to, from, end - from);
	return to + (end - from);
}

/* The members of a group that are wanted; at p is its brace.  raw: keys are whole paths. */
static char *copy_group(const struct selection *sel, char *to, const char *p, const char *key, size_t len, bool raw)
{
	char *begin = to;

	*to++ = '{';
	while (*p != '}') {
		const char *name = p + 2, *end = skip_string(p + 1) - 1, *behind = skip_value(end + 2);
		size_t name_len = end - name, dot = raw ? strcspn(name, ".\"") : 0;
		bool take = !raw ? wants_path(sel, key, len, name, name_len)
				 : wants_path(sel, name, dot, name + dot + 1, dot < name_len ? name_len - dot - 1 : 0);

		if (take) {
			if (to > begin + 1)
				*to++ = ',';
			to = copy(to, p + 1, behind);
		}
		p = behind;
	}
	*to++ = '}';
	return to;
}

size_t selection_apply(const struct selection *sel, char *line, size_t len)
{
	const char *p = line, *close = line + len - 2;
	char *to = line + 1;

	while (p < close) {
		const char *key = p + 2, *end = skip_string(p + 1) - 1, *value = end + 2, *behind = skip_value(value);
		size_t key_len = end - key;
		bool raw = key_len == 3 && !memcmp(key, "raw", 3), more = to > line + 1;
		enum wanted wanted = raw ? SOME : wants(sel, key, key_len);
		char *start = to;

		if (wanted != NONE && more)
			*to++ = ',';
		if (wanted == ALL || (wanted == SOME && *value != '{')) {
			to = copy(to, p + 1, behind);
		} else if (wanted == SOME) {
			to = copy(to, p + 1, value);
			to = copy_group(sel, to, value, key, key_len, raw);
			if (raw && to[-2] == '{')
				to = start;	/* nothing of it is selected */
		}
		p = behind;
	}
	*to++ = '}';
	*to++ = '\n';
	return to - line;
}
