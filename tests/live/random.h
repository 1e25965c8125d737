/* SPDX-License-Identifier: Apache-2.0 */
/* Random expressions, often such as random calls fulfil. */
#ifndef SAKER_TESTS_LIVE_RANDOM_H
#define SAKER_TESTS_LIVE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* The events, in the order in which they are told apart below. */
enum random_event {
	RANDOM_openat, RANDOM_faccessat, RANDOM_mkdirat, RANDOM_kill, RANDOM_lseek, RANDOM_getpriority, RANDOM_connect,
	RANDOM_dup3, RANDOM_fchmodat, RANDOM_getppid, RANDOM_sock_state, RANDOM_EVENTS
};

enum { RANDOM_TEXT = 900 };

/* What does not fit is left out, and n is RANDOM_TEXT at least. */
struct text {
	char s[RANDOM_TEXT];
	size_t n;
};

/* All that follows is the same again for the same seed, which is not 0. */
void chance_from(uint64_t seed);
uint64_t chance(uint64_t n);		/* below n */
const char *any_path(void);		/* a file that is there, or not */
const char *no_path(void);		/* one that is not there */
uint64_t any_value(void);

/* It may not be one of this event. */
void say_expr(struct text *text, enum random_event event, unsigned depth);

#endif
