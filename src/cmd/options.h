/* SPDX-License-Identifier: Apache-2.0 */
/* The options that trace and record share. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>

#include "agent/agent.h"
#include "policy/where.h"

struct watch_options {
	struct agent_options agent;
	enum format format;
	const char *file;	/* -w of record */
	const char *color;	/* "auto", "always", "never" */
	bool events_given;
	char expr[EXPR_LENGTH_MAX];	/* words of the expression; "" for none */
	struct where where;		/* compiled */
	int exit;		/* status to end with at once; -1: go on */
};

/* Read the command line; what is wrong is told on standard error.  command names the subcommand.
 * 0, or -EINVAL; when options->exit >= 0 (help) there is nothing more to do. */
int options_parse(struct watch_options *options, int argc, char **argv, const char *usage);

/* Free what options_parse made. */
void options_fini(struct watch_options *options);

#endif
