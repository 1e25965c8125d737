// SPDX-License-Identifier: Apache-2.0
#include "event/select.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "event/schema.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

enum { WORD_MAX = 64, ALIASES_BYTES = 8192, ALIASES_MAX = 512 };

static const uint16_t first_seen[] = {
	EVENT_process_exec, EVENT_process_exit, EVENT_oom_kill, EVENT_file_open, EVENT_sock_state,
	EVENT_io_uring_submit, EVENT_cgroup_mkdir, EVENT_cgroup_rmdir,
};

static const uint16_t always[] = { EVENT_lost, EVENT_agent_start, EVENT_agent_stop };

/* Only by their own names. */
static const uint16_t quiet[] = { EVENT_stats, EVENT_process_existing };

static const char *const groups[] = { "all", "syscalls" };

static void add_each(struct event_set *set, const uint16_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		event_set_add(set, ids[i]);
}

void select_default(struct event_set *set)
{
	memset(set, 0, sizeof(*set));
	add_each(set, first_seen, LEN(first_seen));
	add_each(set, always, LEN(always));
}

/* The part before the first _. */
static size_t parent_len(const char *category)
{
	return strcspn(category, "_");
}

static bool category_is(const struct schema *s, const char *word)
{
	size_t len = parent_len(s->category);

	if (!strcmp(word, "all"))
		return strcmp(s->category, "agent") != 0;
	if (!strcmp(word, "syscalls"))
		return s->syscall;
	return !strcmp(s->category, word) || (strlen(word) == len && !strncmp(s->category, word, len));
}

static bool alias_is(const struct schema *s, const char *word)
{
	size_t len = strlen(word);

	for (const char *a = s->aliases; *a; a += strcspn(a, " "), a += strspn(a, " "))
		if (strcspn(a, " ") == len && !strncmp(a, word, len))
			return true;
	return false;
}

static bool name_is(const struct schema *s, const char *word)
{
	return !strcmp(s->name, word) || alias_is(s, word);
}

static bool glob_is(const struct schema *s, const char *word)
{
	return fnmatch(word, s->name, 0) == 0;
}

static unsigned add_if(struct event_set *set, const char *word, bool (*is)(const struct schema *, const char *))
{
	unsigned n = 0;

	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		const struct schema *s = schema_get(id);

		if (!s || !is(s, word))
			continue;
		event_set_add(set, id);
		n++;
	}
	return n;
}

static unsigned add_many(struct event_set *set, const char *word)
{
	if (strpbrk(word, "*?["))
		return add_if(set, word, glob_is);
	return add_if(set, word, category_is);
}

unsigned select_word(struct event_set *set, const char *word)
{
	unsigned n = add_many(set, word);

	return n ? n : add_if(set, word, name_is);
}

/* Like select_word, but what stands for many leaves out the quiet ones. */
static unsigned add_word(struct event_set *set, const char *word)
{
	unsigned n = add_many(set, word);

	if (n == 0)
		return add_if(set, word, name_is);
	for (size_t i = 0; i < LEN(quiet); i++)
		event_set_remove(set, quiet[i]);
	return n;
}

struct known {
	const char *words[3 * EVENTS_MAX + ALIASES_MAX + LEN(groups)];
	size_t n;
	char aliases[ALIASES_BYTES], parents[EVENTS_MAX][16];
};

/* Split a copy of the aliases into words; what does not fit is not suggested. */
static char *known_aliases(struct known *k, const char *aliases, char *to)
{
	size_t len = strlen(aliases) + 1;
	char *rest = to;

	if (len == 1 || len > (size_t)(k->aliases + sizeof(k->aliases) - to))
		return to;
	memcpy(to, aliases, len);
	for (char *word; (word = strsep(&rest, " ")) && k->n < LEN(k->words);)
		k->words[k->n++] = word;
	return to + len;
}

static void known_all(struct known *k)
{
	char *aliases = k->aliases;

	k->n = 0;
	for (size_t i = 0; i < LEN(groups); i++)
		k->words[k->n++] = groups[i];
	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		const struct schema *s = schema_get(id);

		if (!s || k->n + 3 > LEN(k->words))
			continue;
		snprintf(k->parents[id], sizeof(k->parents[id]), "%.*s", (int)parent_len(s->category), s->category);
		k->words[k->n++] = s->name;
		k->words[k->n++] = s->category;
		k->words[k->n++] = k->parents[id];
		aliases = known_aliases(k, s->aliases, aliases);
	}
}

void select_unknown(struct select_error *error, const char *word)
{
	struct known known;
	const char *near = NULL;

	if (!strpbrk(word, "*?[")) {
		known_all(&known);
		near = nearest(word, known.words, known.n);
	}
	if (near)
		snprintf(error->text, sizeof(error->text), "unknown event \"%.64s\", did you mean \"%s\"?", word, near);
	else
		snprintf(error->text, sizeof(error->text), "unknown event \"%.64s\"; saker events lists them", word);
}

static void set_subtract(struct event_set *set, const struct event_set *less)
{
	for (size_t i = 0; i < LEN(set->bits); i++)
		set->bits[i] &= ~less->bits[i];
}

static void set_join(struct event_set *set, const struct event_set *more)
{
	for (size_t i = 0; i < LEN(set->bits); i++)
		set->bits[i] |= more->bits[i];
}

static bool set_empty(const struct event_set *set)
{
	static const struct event_set none;

	return !memcmp(set, &none, sizeof(none));
}

static int apply(struct event_set *set, const char *word, struct select_error *error)
{
	struct event_set some = { 0 };
	bool less = word[0] == '-';

	word += less;
	if (!*word) {
		snprintf(error->text, sizeof(error->text), "a list of events has an empty place");
		return -EINVAL;
	}
	if (!(less ? select_word(&some, word) : add_word(&some, word))) {
		select_unknown(error, word);
		return -EINVAL;
	}
	if (less && set_empty(set))
		select_default(set);
	if (less)
		set_subtract(set, &some);
	else
		set_join(set, &some);
	return 0;
}

/* Cut the next word out of the list, without spaces around it.  The place after it, or NULL. */
static const char *next_word(const char *list, char word[static WORD_MAX])
{
	size_t len = strcspn(list, ","), begin = strspn(list, " \t"), end = len;

	begin = begin < len ? begin : len;
	while (end > begin && strchr(" \t", list[end - 1]))
		end--;
	snprintf(word, WORD_MAX, "%.*s", (int)(end - begin), list + begin);
	return list[len] ? list + len + 1 : NULL;
}

int select_parse(struct event_set *set, const char *list, struct select_error *error)
{
	struct event_set next = *set;
	char word[WORD_MAX];

	while (list) {
		int r;

		list = next_word(list, word);
		r = apply(&next, word, error);
		if (r < 0)
			return r;
	}
	add_each(&next, always, LEN(always));
	*set = next;
	return 0;
}
