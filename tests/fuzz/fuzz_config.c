// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a saker.yaml and as a policy. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "output/sink.h"
#include "policy/policy_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is wrong is told, in printable ASCII and at a place that can be shown. */
static void judge(int r, const struct diag *diag, const char *text, size_t len)
{
	static FILE *nowhere;

	if ((r < 0) != (diag->text[0] != 0) || (r < 0 && r != -EINVAL && r != -ENOMEM))
		abort();
	for (const char *p = diag->text; *p; p++)
		if (*p < ' ' || *p > '~')
			abort();
	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (nowhere && r < 0)
		diag_print(diag, diag_line(text, len, diag->line), nowhere);
}

static void read_config(const char *text, size_t len)
{
	struct config config = { 0 };
	struct diag diag = { 0 };
	int r = config_parse(&config, sink_config_kinds, "fuzz.yaml", text, len, &diag);

	judge(r, &diag, text, len);
	if (r == 0 && (config.policies.n == 0 || config.nsinks == 0))
		abort();
	config_fini(&config);
}

/* No event is in two entries, and none is empty. */
static void judge_policy(const struct policy_file *file)
{
	struct event_set seen = { 0 };

	for (unsigned i = 0; i < file->nentries; i++) {
		uint64_t any = 0;

		for (size_t k = 0; k < sizeof(seen.bits) / sizeof(*seen.bits); k++) {
			uint64_t bits = file->entries[i].events.bits[k];

			if (seen.bits[k] & bits)
				abort();
			seen.bits[k] |= bits;
			any |= bits;
		}
		if (!any)
			abort();
	}
}

static void read_policy(const char *text, size_t len)
{
	struct policy_file_set set;
	struct diag diag = { 0 };
	int r;

	policy_file_set_init(&set);
	r = policy_file_parse(&set, "fuzz.yaml", text, len, &diag);
	judge(r, &diag, text, len);
	if (r == 0)
		judge_policy(set.files[0]);
	policy_file_set_fini(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	read_config(text, size);
	read_policy(text, size);
	free(text);
	return 0;
}
