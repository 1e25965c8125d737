/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a text in expressions: tolower(proc.name) = bash. */
#ifndef SAKER_EXPR_TRANSFORM_H
#define SAKER_EXPR_TRANSFORM_H

#include <stdint.h>

#include "expr/fetch.h"

enum { TRANSFORMS_MAX = 4 };	/* in each other */

/* The number of a function, four bits wide and never 0; 0: there is none of this name. */
unsigned transform_find(const char *name);

/* Put the value through the functions of via, the lowest four bits first; what is no base64 becomes no value. */
void transform(struct fetched *f, uint16_t via);

#endif
