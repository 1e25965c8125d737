/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands: one file each, one row each in main.c. */
#ifndef SAKER_CMD_COMMAND_H
#define SAKER_CMD_COMMAND_H

struct command {
	const char *name, *usage, *doc;
	int (*run)(int argc, char **argv);	/* argv[0] is the name; the exit status */
};

/* Exit statuses; with a command to follow, its own status is passed on. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CANNOT = 3, EXIT_BUSY = 4 };

extern const struct command cmd_check, cmd_ctl, cmd_doctor, cmd_events, cmd_record, cmd_replay, cmd_run, cmd_top, cmd_trace;

#endif
