// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"

#include <string.h>

/* Longer words are not compared: nobody mistypes them, and the rows below stay small. */
enum { LONGEST = 64 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Steps from a to b by optimal string alignment; above limit, any number above limit. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb, unsigned limit)
{
	unsigned rows[3][LONGEST + 1];

	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *swap = rows[(i + 1) % 3];
		unsigned best = row[0] = i;

		for (size_t j = 1; j <= nb; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], swap[j - 2] + 1);
			best = least(best, row[j]);
		}
		if (best > limit)
			return limit + 1;
	}
	return rows[na % 3][nb];
}

const char *nearest(const char *word, const char *const *words, size_t n)
{
	size_t len = strlen(word);
	unsigned limit = len < 3 ? 1 : 1 + len / 4;
	const char *found = NULL;

	if (len < 2 || len > LONGEST)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(words[i]);
		unsigned steps;

		if (other > LONGEST || other > len + limit || len > other + limit)
			continue;
		steps = distance(word, len, words[i], other, limit);
		if (steps <= limit && steps < least(len, other)) {
			found = words[i];
			if (steps == 0)
				break;
			limit = steps - 1;	/* the first of equals stays */
		}
	}
	return found;
}
