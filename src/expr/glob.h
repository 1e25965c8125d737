/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of file names, and searches that mind no case. */
#ifndef SAKER_EXPR_GLOB_H
#define SAKER_EXPR_GLOB_H

#include <stdbool.h>
#include <stddef.h>

struct constant_text;
struct dfa;
struct effort;
struct need;

/* ? * [a-z] [!a-z] \c over all of the text; slashes and leading dots are characters like others.
 * Time is bounded by the product of both lengths. */
bool glob_match(const char *pattern, size_t npattern, const char *text, size_t n, bool fold);

/* Bytes of the pattern before the first that means more than itself. */
size_t glob_literal(const char *pattern, size_t n);

/* Whether the path is in or below the folder (or file) that the pattern names, by components. */
bool glob_path(const char *pattern, size_t npattern, const char *path, size_t n);

/* What follows the character, class or ? at p when it stands for c; NULL when it does not. */
const char *glob_one(const char *p, const char *end, char c, bool fold);

/* What matches as glob_match does.  NULL as dfa_make. */
const struct dfa *glob_dfa(struct effort *effort, const char *pattern, size_t n, bool fold);

/* What matches what one of the patterns would of glob_path.  NULL as dfa_make. */
const struct dfa *glob_path_dfa(struct effort *effort, const struct constant_text *patterns, size_t n);

/* Bytes of the component that begins at p. */
size_t glob_component(const char *p, const char *end);

/* What each text that the pattern matches has, and each path that is in or below what it names. */
void glob_need(const char *pattern, size_t n, struct need *need);
void glob_path_need(const char *pattern, size_t n, struct need *need);

/* ASCII letters of both cases are the same. */
bool contains_folded(const char *text, size_t n, const char *part, size_t npart);

#endif
