/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the test program tell each other, and tests need not know. */
#ifndef SAKER_TESTS_LIVE_LIVE_OWN_H
#define SAKER_TESTS_LIVE_LIVE_OWN_H

#include <jansson.h>

void subjects_begin(void);
void subjects_end(void);	/* kill those that are left */
void scratch_remove(void);
void trace_forget(void);	/* the records of the last test */

/* Does the record fit the event, the process (0: any) and all conditions? */
bool record_fits(json_t *record, const char *event, pid_t pid, const char *const *where);

/* The value at a path of names with dots, NULL if there is none. */
json_t *record_at(json_t *record, const char *path);

/* A line of saker's: checked for what every line owes.  NULL after telling why. */
json_t *record_parse(const char *line, size_t len);

enum { CONDITIONS_MAX = 12 };

/* The rest of an argument list as conditions. */
#define CONDITIONS(where, last) do {						\
	va_list args_;								\
	unsigned n_ = 0;							\
	va_start(args_, last);							\
	while (n_ < CONDITIONS_MAX && ((where)[n_] = va_arg(args_, const char *))) \
		n_++;								\
	(where)[n_] = NULL;							\
	va_end(args_);								\
} while (0)

#endif
