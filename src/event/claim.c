// SPDX-License-Identifier: Apache-2.0
#include "event/claim.h"

#include <string.h>

/* Fields of events that are no system calls and yet come from user memory. */
static const struct { const char *event, *field; } claims[] = {
	{ "process_exec", "filename" },
	{ "process_exec", "argv" },
	{ "process_exec", "envp" },
	{ "process_existing", "argv" },
};

bool event_claim(const struct schema *s, unsigned n)
{
	const struct field *f = &s->fields[n];

	if (s->syscall)
		return type_info[f->type].fetch != FETCH_NUM && type_info[f->type].fetch != FETCH_FD;
	for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++)
		if (!strcmp(s->name, claims[i].event) && !strcmp(f->name, claims[i].field))
			return true;
	return false;
}
