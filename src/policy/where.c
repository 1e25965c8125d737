// SPDX-License-Identifier: Apache-2.0
#include "policy/where.h"

#include <errno.h>
#include <string.h>

#include "event/schema.h"

enum { WHERE_ARENA = 16 << 20 };

static int tables_alloc(struct where *w)
{
	w->shared.max_texts = FILTER_TEXTS;
	w->shared.max_members = FILTER_SETS;
	w->shared.texts = arena_alloc(&w->arena, FILTER_TEXTS * sizeof(*w->shared.texts));
	w->shared.members = arena_alloc(&w->arena, FILTER_SETS * sizeof(*w->shared.members));
	w->filters = arena_alloc(&w->arena, FILTERS_MAX * sizeof(*w->filters));
	return w->shared.texts && w->shared.members && w->filters ? 0 : -ENOMEM;
}

static uint16_t push_down(struct where *w, unsigned id)
{
	switch (expr_push_down(w->expr, id, &w->shared, &w->filters[w->nfilters])) {
	case PUSH_NOTHING:
		return FILTER_UNWANTED;
	case PUSH_FILTER:
		return w->nfilters + 2 < FILTERS_MAX ? ++w->nfilters : FILTER_NONE;
	case PUSH_EVERYTHING:
		break;
	}
	return FILTER_NONE;
}

int where_compile(struct where *w, const char *text, const struct event_set *events, struct diag *diag)
{
	const struct expr_source source = { NULL, 1, 1, 1 };
	int r;

	memset(w, 0, sizeof(*w));
	arena_init(&w->arena, WHERE_ARENA);
	r = tables_alloc(w);
	if (r == 0)
		r = expr_compile(&w->expr, &w->arena, text, &source, NULL, events, diag);
	if (r < 0)
		return r;
	for (unsigned id = 1; id < EVENT_COUNT; id++) {
		bool possible = schema_get(id) && event_set_has(events, id) && expr_event_possible(w->expr, id);

		w->filter_of[id] = possible ? push_down(w, id) : FILTER_UNWANTED;
		if (possible)
			event_set_add(&w->events, id);
		if (possible && expr_asks_session(w->expr, id))
			event_set_add(&w->sessions, id);
	}
	return 0;
}

void where_fini(struct where *w)
{
	arena_fini(&w->arena);
}
