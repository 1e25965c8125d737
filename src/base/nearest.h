/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the known word that a mistyped one was likely meant to be. */
#ifndef SAKER_BASE_NEAREST_H
#define SAKER_BASE_NEAREST_H

#include <stddef.h>

/* The nearest of n words; NULL when none is near enough, so that a guess is never absurd.
 * Inserting, removing or replacing a letter, or swapping two neighbours, is one step;
 * about a quarter of the word may be wrong. */
const char *nearest(const char *word, const char *const *words, size_t n);

#endif
