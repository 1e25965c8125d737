/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket of the agent that runs, as a client has it. */
#ifndef SAKER_TESTS_LIVE_CONTROL_H
#define SAKER_TESTS_LIVE_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "live.h"

enum { MEMBER = 65534, OUTSIDER = 65533 };	/* the user and group whom agent.group lets look, and another */

/* A file of the agent's run_dir, "" for itself; good until three more were asked for. */
const char *control_path(const char *name);

/* Permissions; 0: there is no such file. */
mode_t mode_of(const char *path);

/* A policy that marks barriers, these sinks, and a control socket that MEMBER may look through. */
void control_start(const char *sinks);

/* It listens a moment after its first event. */
void control_await(void);

/* A descriptor, or negative errno. */
int control_connect(void);
bool control_says(int fd, const char *text, size_t len);

/* What comes until a newline or the end; NULL: that is no JSON. */
json_t *control_hear(int fd);

/* One line and its answer. */
json_t *control_ask(const char *line);

/* `saker ctl COMMAND ARGUMENT` as a user; NULL: no argument. */
struct run control_command(uid_t uid, const char *command, const char *argument);

/* For a subject: a thousand calls of dup. */
void control_calls(void);

#endif
