// SPDX-License-Identifier: Apache-2.0
#include "state.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live.h"
#include "running.h"
#include "shared.h"
#include "saker.skel.h"

enum { MAPS = 64, SETTLE_TRIES = 500 };

/* --- descriptors */

/* "anon_inode:bpf_link link_id 7 prog_id 9"; the number of the map it is, or 0. */
static unsigned describe(const char *fd, char *to, size_t size)
{
	char path[300], line[300];
	unsigned map = 0;
	ssize_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fd/%s", agent_pid(), fd);
	n = readlink(path, to, size - 1);
	to[n < 0 ? 0 : n] = 0;		/* closed meanwhile */
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", agent_pid(), fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		char name[32];
		unsigned id;

		if (sscanf(line, "%31[a-z_]:%u", name, &id) != 2 || strlen(name) < 3 || strcmp(name + strlen(name) - 3, "_id"))
			continue;
		n = strlen(to);
		snprintf(to + n, size - n, " %s %u", name, id);
		if (!strcmp(name, "map_id"))
			map = id;
	}
	if (f)
		fclose(f);
	return map;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

static json_t *sorted(json_t *texts)
{
	size_t n = json_array_size(texts);
	json_t **all = calloc(n + 1, sizeof(*all)), *to = json_array();

	for (size_t i = 0; i < n; i++)
		all[i] = json_array_get(texts, i);
	qsort(all, n, sizeof(*all), by_text);
	for (size_t i = 0; i < n; i++)
		json_array_append(to, all[i]);
	free(all);
	json_decref(texts);
	return to;
}

struct maps { unsigned ids[MAPS], n; };

static json_t *descriptors(struct maps *maps)
{
	char path[64], text[5000];
	json_t *all = json_array();
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", agent_pid());
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		unsigned id;

		if (*e->d_name == '.')
			continue;
		id = describe(e->d_name, text, sizeof(text));
		if (id && maps->n < MAPS)
			maps->ids[maps->n++] = id;
		if (*text)
			json_array_append_new(all, json_string(text));
	}
	if (dir)
		closedir(dir);
	return sorted(all);
}

/* --- what the kernel's filters say */

struct filters {
	int filters, texts, members, bss;	/* descriptors of our own */
	struct saker_bpf__bss values;
};

static void open_maps(struct filters *f, const struct maps *maps)
{
	*f = (struct filters){ .filters = -1, .texts = -1, .members = -1, .bss = -1 };
	for (unsigned i = 0; i < maps->n; i++) {
		const struct { const char *name; int *fd; } wanted[] = {
			{ "filters", &f->filters }, { "filter_texts", &f->texts }, { "filter_members", &f->members },
			{ "saker_bp.bss", &f->bss },
		};
		int fd = bpf_map_get_fd_by_id(maps->ids[i]);
		struct bpf_map_info info = { 0 };
		uint32_t len = sizeof(info);

		if (fd >= 0)
			bpf_obj_get_info_by_fd(fd, &info, &len);
		for (unsigned k = 0; k < sizeof(wanted) / sizeof(*wanted) && fd >= 0; k++)
			if (!strcmp(info.name, wanted[k].name) && *wanted[k].fd < 0) {
				*wanted[k].fd = fd;
				fd = -1;
			}
		if (fd >= 0)
			close(fd);
	}
}

static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	for (const unsigned char *p = data; len; len--)
		h = (h ^ *p++) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t bank_hash(int fd, unsigned first, unsigned n, void *value, size_t size)
{
	uint64_t h = 1;

	for (uint32_t key = first; key < first + n; key++) {
		memset(value, 0, size);
		if (bpf_map_lookup_elem(fd, &key, value) < 0)
			give_up("a filter cannot be read: %s", strerror(errno));
		h = hash(h, value, size);
	}
	return h;
}

/* Members of the generation in force, in any order; others: of all others, which nobody needs. */
static unsigned count_members(int fd, uint16_t generation, uint64_t *sum, unsigned *others)
{
	struct filter_member key, *last = NULL;
	unsigned n = 0;

	*sum = *others = 0;
	for (; bpf_map_get_next_key(fd, last, &key) == 0; last = &key) {
		if (key.generation != generation) {
			++*others;
			continue;
		}
		*sum += hash(1, (char *)&key + sizeof(key.generation), sizeof(key) - sizeof(key.generation));
		n++;
	}
	return n;
}

static json_t *filters_read(struct filters *f, unsigned *others)
{
	union { struct event_filter filter; struct filter_text text; } value;
	uint16_t generation = f->values.policy_generation;
	unsigned bank = generation & 1, n;
	uint64_t sum, filters, texts, events;

	filters = bank_hash(f->filters, bank * FILTERS_MAX, FILTERS_MAX, &value, sizeof(value.filter));
	texts = bank_hash(f->texts, bank * FILTER_TEXTS, FILTER_TEXTS, &value, sizeof(value.text));
	events = hash(1, f->values.filter_of[bank], sizeof(f->values.filter_of[bank]));
	events = hash(events, f->values.stacks_wanted[bank], sizeof(f->values.stacks_wanted[bank]));
	events = hash(events, f->values.sessions_wanted[bank], sizeof(f->values.sessions_wanted[bank]));
	n = count_members(f->members, generation, &sum, others);
	return json_pack("{s:i, s:I, s:I, s:I, s:i, s:I}", "generation", generation, "filters", (json_int_t)filters,
			 "texts", (json_int_t)texts, "events", (json_int_t)events, "members", (int)n, "sum", (json_int_t)sum);
}

static json_t *filters_of(const struct maps *maps, unsigned *others)
{
	struct filters f;
	uint32_t zero = 0;
	json_t *said = NULL;

	open_maps(&f, maps);
	if (f.filters >= 0 && f.texts >= 0 && f.members >= 0 && f.bss >= 0 &&
	    bpf_map_lookup_elem(f.bss, &zero, &f.values) == 0)
		said = filters_read(&f, others);
	close(f.filters);
	close(f.texts);
	close(f.members);
	close(f.bss);
	if (!said)
		give_up("the agent's filters cannot be found among its %u maps", maps->n);
	return said;
}

/* --- what it says itself */

/* Of each row only these members. */
static json_t *rows(json_t *all, const char *const *members)
{
	json_t *to = json_array(), *row;
	size_t i;

	json_array_foreach(all, i, row) {
		json_t *some = json_object();

		for (const char *const *m = members; *m; m++)
			if (json_object_get(row, *m))
				json_object_set(some, *m, json_object_get(row, *m));
		json_array_append_new(to, some);
	}
	return to;
}

static json_t *take(unsigned *others)
{
	static const char *const sink[] = { "name", "type", "state", "dropped", "error", NULL };
	static const char *const policy[] = { "name", "file", "hash", NULL };
	static const char *const same[] = { "generation", "degraded", "hooks", "events" };
	struct maps maps = { .n = 0 };
	json_t *status = agent_ask("status"), *sinks = agent_ask("sinks"), *state = json_object();

	json_object_set_new(state, "sinks", rows(json_object_get(sinks, "sinks"), sink));
	json_object_set_new(state, "policies", rows(json_object_get(status, "policies"), policy));
	for (unsigned i = 0; i < sizeof(same) / sizeof(*same); i++)
		json_object_set(state, same[i], json_object_get(status, same[i]));
	json_object_set_new(state, "descriptors", descriptors(&maps));
	json_object_set_new(state, "filters", filters_of(&maps, others));
	return state;
}

/* Links of hooks that are not needed any more are closed on another thread. */
static bool links_closed(json_t *state)
{
	long long links = 0;
	json_t *text;
	size_t i;

	json_array_foreach(json_object_get(state, "descriptors"), i, text)
		links += strstr(json_string_value(text), " link_id ") != NULL;
	return !links || links == json_integer_value(json_object_get(state, "hooks"));
}

static json_t *take_settled(void)
{
	unsigned others = 0;
	json_t *state;

	for (unsigned i = 0; i < SETTLE_TRIES; i++) {
		state = take(&others);
		if (!others && links_closed(state))
			return state;
		json_decref(state);
		poll(NULL, 0, 2);
	}
	give_up("the reload before is not over: %u members of a generation before are left", others);
}

/* The connection that asked may be closed a moment later. */
json_t *state_take(void)
{
	json_t *state = take_settled(), *before = NULL;

	for (unsigned i = 0; i < SETTLE_TRIES && (!before || !json_equal(before, state)); i++) {
		json_decref(before);
		before = state;
		state = take_settled();
	}
	json_decref(before);
	return state;
}

json_t *state_shape(json_t *state)
{
	json_t *shape = json_deep_copy(state), *texts = json_array(), *text;
	size_t i;

	json_array_foreach(json_object_get(state, "descriptors"), i, text) {
		char bare[5000], *to = bare;

		for (const char *c = json_string_value(text); *c; c++)
			if (*c < '0' || *c > '9')
				*to++ = *c;
		*to = 0;
		json_array_append_new(texts, json_string(bare));
	}
	json_object_set_new(shape, "descriptors", sorted(texts));
	json_object_del(shape, "generation");
	json_object_del(json_object_get(shape, "filters"), "generation");
	return shape;
}

/* The members of two arrays that the other has not. */
static void tell_rows(json_t *was, json_t *is)
{
	for (size_t i = 0, k = 0; i < json_array_size(was) || k < json_array_size(is); ) {
		const char *a = json_string_value(json_array_get(was, i)), *b = json_string_value(json_array_get(is, k));
		int order = !a ? 1 : !b ? -1 : strcmp(a, b);

		if (order)
			note("  %s: %s", order < 0 ? "gone" : "new", order < 0 ? a : b);
		i += order <= 0;
		k += order >= 0;
	}
}

void state_tell(json_t *before, json_t *after)
{
	const char *name;
	json_t *was;

	json_object_foreach(before, name, was) {
		json_t *is = json_object_get(after, name);
		char *a, *b;

		if (json_equal(was, is))
			continue;
		if (!strcmp(name, "descriptors")) {
			tell_rows(was, is);
			continue;
		}
		a = json_dumps(was, JSON_COMPACT);
		b = json_dumps(is, JSON_COMPACT);
		note("  %s was %s and is %s", name, a, b);
		free(a);
		free(b);
	}
}

bool state_is(json_t *before, const char *after)
{
	double end = now() + 1 + slowness();
	json_t *state;

	while (state = take_settled(), !json_equal(state, before) && now() < end) {
		json_decref(state);
		poll(NULL, 0, 5);
	}
	if (json_equal(state, before)) {
		json_decref(state);
		return true;
	}
	fail("%s: something has changed", after);
	state_tell(before, state);
	json_decref(state);
	return false;
}
