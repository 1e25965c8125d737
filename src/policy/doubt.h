/* SPDX-License-Identifier: Apache-2.0 */
/* Policies that are right, but would blind or drown whoever reads: surely not what was meant, unless somebody
 * says so by "confirm". */
#ifndef SAKER_POLICY_DOUBT_H
#define SAKER_POLICY_DOUBT_H

#include <stdbool.h>

struct policy_file;
struct policy_set;

enum policy_doubt_kind { DOUBT_NEVER, DOUBT_FLOOD, DOUBT_SHADOW };

struct policy_doubt {
	enum policy_doubt_kind kind;
	const struct policy_file *file;
	unsigned line, col;
	bool confirmed;
	bool together;			/* it comes of several policies, none of which is doubtful alone */
	char text[280];			/* with how to confirm it, if it is not */
};

/* Call seen for each doubt of a compiled set, in the order of the files. */
void policy_doubts(const struct policy_set *set, void (*seen)(void *ctx, const struct policy_doubt *doubt), void *ctx);

/* Whether more than half of the entries that are in force would go without others in their place.  *had, *left:
 * how many there are in all. */
bool policy_removes_most(const struct policy_set *before, const struct policy_set *after, unsigned *had,
			 unsigned *left);

#endif
