/* SPDX-License-Identifier: Apache-2.0 */
/* The options that trace, record and replay share. */
#ifndef SAKER_CMD_OPTIONS_H
#define SAKER_CMD_OPTIONS_H

#include <stdbool.h>

#include "agent/agent.h"
#include "policy/where.h"

/* Whose options are read; a set in the table of options. */
enum options_for { FOR_TRACE = 1, FOR_RECORD = 2, FOR_REPLAY = 4 };

struct watch_options {
	enum options_for subcommand;
	struct agent_options agent;
	enum format format;
	const char *file;	/* -w of record; what replay reads */
	const char *color;	/* "auto", "always", "never" */
	bool events_given;
	char expr[EXPR_LENGTH_MAX];	/* words of the expression; "" for none */
	struct where where;		/* compiled */
	int exit;		/* status to end with at once; -1: go on */
};

/* Read the command line, of which argv[0] is the subcommand; usage is its synopsis.  What is wrong, or of
 * no use to the subcommand, is told on standard error.  0, or -EINVAL; when options->exit >= 0 (help)
 * there is nothing more to do. */
int options_parse(struct watch_options *options, enum options_for subcommand, int argc, char **argv, const char *usage);

/* Free what options_parse made. */
void options_fini(struct watch_options *options);

#endif
