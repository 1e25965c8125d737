/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that take a password by an option whose name does not tell it. */
#ifndef SAKER_OUTPUT_SECRET_COMMAND_H
#define SAKER_OUTPUT_SECRET_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

enum secret_how {
	SECRET_ATTACHED = 1,	/* -pX */
	SECRET_SEPARATE = 2,	/* -p X */
	SECRET_LOGIN = 4,	/* only behind the word login */
};

struct secret_option {
	const char *command;	/* a name, or with * the begin of one */
	const char *option;
	unsigned how;		/* enum secret_how */
	char behind;		/* the secret is what follows this character; 0: all */
};

/* The command whose words are read; zeroed: none is known. */
struct secret_command {
	const struct secret_option *options;	/* its first row */
	bool login;
};

/* A word of a command line: perhaps a command. */
void secret_command_word(struct secret_command *command, const char *word, size_t n);

/* The option that text of n bytes begins with, and its length; NULL if the command has none. */
const struct secret_option *secret_command_option(const struct secret_command *command, const char *text, size_t n,
						  size_t *len);

#endif
