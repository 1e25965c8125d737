// SPDX-License-Identifier: Apache-2.0
/* Any text as an expression: what compiles can be asked, pushed down and explained, and what it matches
 * passes the filter of the kernel side. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/expr.h"
#include "expr/kernel_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = EXPR_LENGTH_MAX + 16, EVENTS = 8 };

static const unsigned ids[EVENTS] = {
	EVENT_call_openat, EVENT_process_exec, EVENT_sock_state, EVENT_file_open, EVENT_call_connect, EVENT_call_mmap,
	EVENT_process_exit, EVENT_call_read,
};

static struct record records[EVENTS];

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void ask(const struct expr *expr, const struct record *r, FILE *to)
{
	static struct filter_text texts[FILTER_TEXTS];
	static struct filter_member members[FILTER_SETS];
	struct push_down shared = {
		.texts = texts, .members = members, .max_texts = FILTER_TEXTS, .max_members = FILTER_SETS,
	};
	struct expr_view view = { .record = r };
	struct event_filter filter;
	enum push push = expr_push_down(expr, r->head.id, &shared, &filter);
	bool pass = model_match(&filter, &shared, r, NULL);

	check(!expr_match(expr, &view) || pass);
	check(push != PUSH_NOTHING || !pass);
	check(push != PUSH_EVERYTHING || pass);
	check(shared.ntexts <= FILTER_TEXTS && shared.nmembers <= FILTER_SETS);
	expr_explain(expr, r->head.id, to);
}

static FILE *begin(void)
{
	static FILE *nowhere;
	uint64_t state = 88172645463325252;

	if (nowhere)
		return nowhere;
	for (unsigned i = 0; i < EVENTS; i++)
		record_random_fill(&records[i], ids[i], &state);
	nowhere = fopen("/dev/null", "w");
	check(nowhere);
	return nowhere;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX + 1];
	FILE *nowhere = begin();
	struct arena arena;
	struct diag diag;
	struct expr *expr;

	if (size > TEXT_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	if (test_compile(&expr, &arena, text, size % 2 ? NULL : "fs,process_exec,sock_state", &diag)) {
		check(diag.text[0] || arena.used + (1 << 20) > arena.limit);
		check(!diag.text[0] || (diag.line && diag.col));
	} else {
		for (unsigned i = 0; i < EVENTS; i++)
			ask(expr, &records[i], nowhere);
	}
	arena_fini(&arena);
	return 0;
}
