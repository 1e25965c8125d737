/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language of the control socket: a line with a JSON object is a request, a line with a JSON
 * object answers it.
 *
 *	{"cmd": "loglevel", "level": "debug"}
 *	{"ok": true, "level": "debug"}
 *	{"ok": false, "error": "unknown command \"lvel\""}
 */
#ifndef SAKER_AGENT_REQUEST_H
#define SAKER_AGENT_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { REQUEST_MAX = 4096, REQUEST_ARGUMENTS = 8 };	/* bytes of a line with its newline */

struct control;

/* Who may ask for it. */
enum request_right {
	RIGHT_READ,		/* everybody who may connect */
	RIGHT_ARGUMENTS,	/* with arguments it changes something: root and the agent's own user */
	RIGHT_CHANGE,		/* root and the agent's own user */
};

struct request {
	const struct control_command *command;
	json_t *body;		/* the object; owned */
	char error[512];
};

struct control_command {
	const char *name, *doc;		/* name NULL ends a table */
	enum request_right right;
	const char *arguments[REQUEST_ARGUMENTS];	/* members it takes beside cmd; NULL ends them */
	/* Put the answer's members in the reply.  0, or negative errno with words in request->error;
	 * -EINPROGRESS: it is answered later. */
	int (*run)(struct control *control, struct request *request, json_t *reply);
};

/* Read a line of len bytes.  may_change: the one who asks has every right.  0, or negative errno with
 * words in request->error.  Drop it with request_fini in any case. */
int request_parse(struct request *request, const struct control_command *table, const char *line, size_t len,
		  bool may_change);
void request_fini(struct request *request);

/* Fail a request: fills in the error, returns r. */
__attribute__((format(printf, 3, 4)))
int request_fail(struct request *request, int r, const char *format, ...);

/* A member that must be a text: NULL if it is not there.  -EINVAL with words if it is something else. */
int request_text(struct request *request, const char *name, const char **ret);

/* A text for a reply: what is not printable ASCII becomes "?", for jansson takes nothing but UTF-8.
 * NULL gives null. */
json_t *request_json(const char *text);

/* The answer to a line as a line, from malloc; NULL when out of memory or when *result is
 * -EINPROGRESS.  control goes to the command; *result: 0 or a negative errno, of which -EPERM says that
 * it was asked for more than the peer may. */
char *request_answer(const struct control_command *table, struct control *control, const char *line, size_t len,
		     bool may_change, int *result);

/* A reply as a line, from malloc; NULL when out of memory.  Takes the reply over. */
char *request_line(json_t *reply);

/* The answer that says only what is wrong; as above. */
char *request_refusal(const char *error);

#endif
