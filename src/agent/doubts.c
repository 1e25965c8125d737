// SPDX-License-Identifier: Apache-2.0
#include "agent/doubts.h"

#include <stdio.h>

#include "base/diag.h"
#include "base/log.h"
#include "config/config.h"
#include "policy/doubt.h"
#include "policy/policy.h"

struct judging {
	struct doubts *doubts;
	const struct policy_set *before;
	bool all;		/* are confirmed */
	struct diag *diag;
	int result;
};

static void note(struct doubts *d, const char *file, unsigned line, unsigned col, const char *text)
{
	if (d->n++ >= DOUBTS_KEPT)
		return;
	if (line)
		snprintf(d->texts[d->n - 1], DOUBT_BYTES, "%.100s:%u:%u: %s", file, line, col, text);
	else
		snprintf(d->texts[d->n - 1], DOUBT_BYTES, "%.100s: %s", file, text);
}

static void on_doubt(void *ctx, const struct policy_doubt *doubt)
{
	const char *path = doubt->file->file.path;
	struct judging *j = ctx;

	if (doubt->confirmed || j->all || policy_has(j->before, doubt->file)) {
		note(j->doubts, path, doubt->line, doubt->col, doubt->text);
	} else if (j->result == 0) {
		j->diag->file = path;
		j->result = diag_set(j->diag, doubt->line, doubt->col, "%s", doubt->text);
	}
}

static int judge_removal(struct judging *j, const struct policy_set *after, const struct config *config)
{
	unsigned had, left;
	char text[100];

	if (!j->before || !policy_removes_most(j->before, after, &had, &left))
		return 0;
	if (j->all || config->agent.confirm.removal) {
		snprintf(text, sizeof(text), "of %u entries of policies %u are left (confirmed)", had, left);
		note(j->doubts, config->file.path, 0, 0, text);
		return 0;
	}
	j->diag->file = config->file.path;
	return diag_set(j->diag, 0, 0, "of %u entries of policies in force %u would be left; if that is meant: saker ctl "
			"reload confirm, or agent: {confirm: [removal]}", had, left);
}

int doubts_judge(struct doubts *doubts, const struct policy_set *before, const struct policy_set *after,
		 const struct config *config, bool confirmed, struct diag *diag)
{
	struct judging j = { doubts, before, confirmed || !before, diag, 0 };

	policy_doubts(after, on_doubt, &j);
	return j.result < 0 ? j.result : judge_removal(&j, after, config);
}

void doubts_log(const struct doubts *d, struct log *log)
{
	for (unsigned i = 0; i < d->n && i < DOUBTS_KEPT; i++)
		log_say(log, LOG_warning, "%s", d->texts[i]);
	if (d->n > DOUBTS_KEPT)
		log_say(log, LOG_warning, "and %u more that look like mistakes: saker check tells them", d->n - DOUBTS_KEPT);
}
