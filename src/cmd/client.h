/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the agent that runs, through its control socket. */
#ifndef SAKER_CMD_CLIENT_H
#define SAKER_CMD_CLIENT_H

#include <jansson.h>
#include <stddef.h>

#define CLIENT_SOCKET "/run/saker/control.sock"

/* Ask once.  The reply with "ok" true, owned by the caller; NULL with words in error, and the exit
 * status in *status. */
json_t *client_ask(const char *socket, json_t *request, int *status, char *error, size_t size);

#endif
