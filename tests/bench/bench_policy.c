// SPDX-License-Identifier: Apache-2.0
/* What 1, 10 and 64 policies (64 is the most there may be) cost: to read and compile them, which a reload
 * does on the loop, and to ask them about a record. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/policy.h"
#include "../unit/record.h"

enum { ROUNDS = 5, COMPILES = 20, RECORDS = 300000 };

static const char *const kinds[] = {
	"every policy wants the event",
	"every policy asks for another path",
	"none wants the event",
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void write_policy(char *to, size_t size, unsigned n, unsigned kind)
{
	static const char *const events[] = {
		"openat: {where: \"proc.pid > 1\"}",
		"openat: {where: \"args.path startswith /nowhere/%u and proc.name != sh\"}",
		"unlinkat: {where: \"args.path startswith /nowhere/%u\"}",
	};
	char event[160];

	if (kind == 0)
		snprintf(event, sizeof(event), "%s", events[0]);
	else
		snprintf(event, sizeof(event), "%.*s%u%s", (int)(strstr(events[kind], "%u") - events[kind]), events[kind],
			 n, strstr(events[kind], "%u") + 2);
	snprintf(to, size, "name: p%u\nscope: user.uid >= 0\nevents:\n  process_exec: {limit: 5/s}\n  %s\n", n, event);
}

static int compile(struct policy_set *set, char texts[][512], unsigned n)
{
	static const char *const sinks[] = { "events" };
	struct policy_file_set files;
	struct diag diag = { 0 };

	policy_file_set_init(&files);
	for (unsigned i = 0; i < n; i++)
		if (policy_file_parse(&files, "bench.yaml", texts[i], strlen(texts[i]), &diag) < 0)
			goto wrong;
	if (policy_compile(set, &files, NULL, sinks, 1, &diag) == 0)
		return 0;
wrong:
	fprintf(stderr, "%u:%u: %s\n", diag.line, diag.col, diag.text);
	return -1;
}

static double compile_us(char texts[][512], unsigned n)
{
	static struct policy_set set;
	double start = seconds();

	for (int i = 0; i < COMPILES; i++) {
		if (compile(&set, texts, n) < 0)
			exit(1);
		policy_set_fini(&set);
	}
	return (seconds() - start) / COMPILES * 1e6;
}

static double match_ns(struct policy_set *set, uint64_t *taken)
{
	static struct record r;
	struct expr_view view = { .record = &r };
	double best = 1e9;

	record_openat(&r);
	for (int round = 0; round < ROUNDS; round++) {
		double start = seconds(), took;

		for (unsigned i = 0; i < RECORDS; i++) {
			r.head.seq = i;
			*taken += policy_match(set, &view).policies != 0;
		}
		took = seconds() - start;
		best = took < best ? took : best;
	}
	return best / RECORDS * 1e9;
}

int main(void)
{
	static const unsigned numbers[] = { 1, 10, POLICY_FILES };
	static char texts[POLICY_FILES][512];
	static struct policy_set set;
	uint64_t taken = 0;

	printf("| policies | | us to read and compile | ns to ask about a record | records a second |\n|---|---|---|---|---|\n");
	for (unsigned kind = 0; kind < LEN_OF(kinds); kind++)
		for (unsigned i = 0; i < LEN_OF(numbers); i++) {
			double us, ns;

			for (unsigned k = 0; k < numbers[i]; k++)
				write_policy(texts[k], sizeof(texts[k]), k, kind);
			us = compile_us(texts, numbers[i]);
			if (compile(&set, texts, numbers[i]) < 0)
				return 1;
			ns = match_ns(&set, &taken);
			policy_set_fini(&set);
			printf("| %u | %s | %.0f | %.1f | %.0f |\n", numbers[i], kinds[kind], us, ns, 1e9 / ns);
		}
	return taken == 0;
}
