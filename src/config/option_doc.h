/* SPDX-License-Identifier: Apache-2.0 */
/* What option tables say to people. */
#ifndef SAKER_CONFIG_OPTION_DOC_H
#define SAKER_CONFIG_OPTION_DOC_H

#include <stdio.h>

#include "config/option.h"

/* A line or two for each option; where: "sinks.NAME", before their names, "" for none. */
void option_help(const struct option_row *rows, const char *where, FILE *to);

/* A YAML file of the defaults with a comment for each option. */
void option_sample(const struct option_row *rows, FILE *to);

/* The same as comments, so many maps deep. */
void option_sample_off(const struct option_row *rows, unsigned depth, FILE *to);

/* The items of a list in mdoc. */
void option_manual(const struct option_row *rows, const char *where, FILE *to);

#endif
