/* SPDX-License-Identifier: Apache-2.0 */
/* What was masked, for the tests of redaction. */
#ifndef SAKER_TESTS_UNIT_SECRETS_H
#define SAKER_TESTS_UNIT_SECRETS_H

#include <string.h>

#include "output/redact.h"

/* How often something of this name was replaced; NULL: of any. */
static inline uint64_t secrets_masked(const struct redact_counts *counts, const char *name)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < counts->n; i++)
		if (!name || !strcmp(counts->names[i], name))
			total += counts->found[i];
	return total;
}

#endif
