/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAKER_EXPR_REGEX_READ_H
#define SAKER_EXPR_REGEX_READ_H

#include "expr/nfa.h"

/* The automaton of a pattern, into zeroed memory.  false with what is wrong in error. */
bool regex_read(struct nfa *nfa, const char *pattern, size_t n, struct regex_error *error);

#endif
