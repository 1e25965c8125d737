/* SPDX-License-Identifier: Apache-2.0 */
/* A table that matches as an NFA does, with one look into it a byte. */
#ifndef SAKER_EXPR_DFA_H
#define SAKER_EXPR_DFA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct dfa;
struct nfa;

/* NULL when it would be larger than 16 KiB, or without memory. */
const struct dfa *dfa_make(struct arena *arena, const struct nfa *nfa);

/* Whether all of the text matches. */
bool dfa_match(const struct dfa *dfa, const char *text, size_t n);

#endif
