/* SPDX-License-Identifier: Apache-2.0 */
/* What option tables say to people. */
#ifndef SAKER_CONFIG_OPTION_DOC_H
#define SAKER_CONFIG_OPTION_DOC_H

#include <stdio.h>

#include "config/option.h"

/* A line or two for each option. */
void option_help(const struct option_row *rows, FILE *to);

/* A YAML file of the defaults with a comment for each option. */
void option_sample(const struct option_row *rows, FILE *to);

/* The items of a list in mdoc. */
void option_manual(const struct option_row *rows, FILE *to);

#endif
