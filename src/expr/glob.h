/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of file names, and searches that mind no case. */
#ifndef SAKER_EXPR_GLOB_H
#define SAKER_EXPR_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* ? * [a-z] [!a-z] \c over all of the text; slashes and leading dots are characters like others.
 * Time is bounded by the product of both lengths. */
bool glob_match(const char *pattern, size_t npattern, const char *text, size_t n, bool fold);

/* Bytes of the pattern before the first that means more than itself. */
size_t glob_literal(const char *pattern, size_t n);

/* Whether the path is in or below the folder (or file) that the pattern names, by components. */
bool glob_path(const char *pattern, size_t npattern, const char *path, size_t n);

/* ASCII letters of both cases are the same. */
bool contains_folded(const char *text, size_t n, const char *part, size_t npart);

#endif
