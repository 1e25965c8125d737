/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong use of a subcommand, told on standard error in the same words by all.  Each returns EXIT_USAGE. */
#ifndef SAKER_CMD_USAGE_H
#define SAKER_CMD_USAGE_H

#include <getopt.h>

/* getopt_long gave ':' (a value is missing) or '?', with opterr 0 and a ':' first in its short options.
 * argv[0] is the subcommand. */
int usage_option(int given, char **argv, const struct option *longs);

/* A word that the subcommand has no use for; usage is what it takes. */
int usage_word(const char *word, const char *command, const char *usage);

/* A value that cannot be: 'saker: --count "0": want a number above 0'. */
int usage_value(const char *option, const char *value, const char *want);

#endif
