// SPDX-License-Identifier: Apache-2.0
/* Any text as a policy: what compiles can be asked, again after a reload of itself, and what it wants
 * passes the filter of the kernel side. */
#include <stdlib.h>
#include <string.h>

#include "../unit/expr.h"
#include "expr/kernel_model.h"
#include "policy/doubt.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS = 10, TEXT_MAX = 16 << 10 };

static const unsigned ids[RECORDS] = {
	EVENT_call_openat, EVENT_process_exec, EVENT_sock_state, EVENT_file_open, EVENT_call_connect,
	EVENT_process_exit, EVENT_call_read, EVENT_call_setuid, EVENT_oom_kill, EVENT_call_unlinkat,
};

static struct record records[RECORDS];

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void begin(void)
{
	static bool begun;
	uint64_t state = 88172645463325252;

	for (unsigned i = 0; i < RECORDS && !begun; i++)
		record_random_fill(&records[i], ids[i], &state);
	begun = true;
}

/* 0: it is right and compiled; the set is the caller's then. */
static int compile(struct policy_set *set, const struct policy_set *before, const char *text, size_t len)
{
	static const char *const sinks[] = { "one", "events" };
	struct policy_file_set files;
	struct diag diag = { 0 };
	int r;

	policy_file_set_init(&files);
	r = policy_file_parse(&files, "fuzz.yaml", text, len, &diag);
	if (r < 0) {
		policy_file_set_fini(&files);
		return r;
	}
	r = policy_compile(set, &files, before, sinks, 2, &diag);
	check((r < 0) == (diag.text[0] != 0));
	if (r < 0)
		policy_set_fini(set);
	return r;
}

static void ask(struct policy_set *set, const struct record *r)
{
	struct expr_view view = { .record = r };
	uint16_t filter = set->filter_of[r->head.id];
	struct policy_verdict verdict = policy_match(set, &view);

	if (!verdict.policies)
		return;
	check(event_set_has(&set->events, r->head.id) && filter != FILTER_UNWANTED);
	if (filter != FILTER_NONE)
		check(filter <= set->nfilters && model_match(&set->filters[filter - 1], &set->shared, r, NULL));
}

/* What never matches matches none of the records. */
static void on_doubt(void *ctx, const struct policy_doubt *doubt)
{
	struct policy_set *set = ctx;

	check(doubt->text[0] && doubt->line);
	for (unsigned i = 0; i < RECORDS && doubt->kind == DOUBT_NEVER; i++) {
		const struct policy_plan *plan = &set->plans[ids[i]];
		const struct expr_view view = { .record = &records[i] };

		for (unsigned k = 0; k < plan->n; k++)
			if (plan->rules[k].entry->line == doubt->line && plan->rules[k].entry->col == doubt->col)
				check(!((!plan->rules[k].where || expr_match(plan->rules[k].where, &view)) &&
					(!plan->rules[k].scope || expr_match(plan->rules[k].scope, &view))));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy_set set, again;
	char *text;

	if (size > TEXT_MAX)
		return 0;
	begin();
	text = calloc(1, size + 1);
	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (compile(&set, NULL, text, size) == 0) {
		for (unsigned i = 0; i < RECORDS; i++)
			ask(&set, &records[i]);
		policy_doubts(&set, on_doubt, &set);
		if (compile(&again, &set, text, size) == 0) {
			check(policy_compare(&set, &again).same == 1);
			for (unsigned i = 0; i < RECORDS; i++)
				ask(&again, &records[i]);
			policy_set_fini(&again);
		}
		policy_set_fini(&set);
	}
	free(text);
	return 0;
}
