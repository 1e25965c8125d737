/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses with a port, in numbers: nothing is looked up. */
#ifndef SAKER_CONFIG_ENDPOINT_H
#define SAKER_CONFIG_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct endpoint {
	struct sockaddr_storage at;
	socklen_t len;
};

enum { ENDPOINT_TEXT = 64 };

/* "127.0.0.1:9464", "[::1]:9464".  0 or -EINVAL. */
int endpoint_parse(struct endpoint *ret, const char *text);

/* The same again as text.  Returns to. */
char *endpoint_text(const struct endpoint *address, char to[ENDPOINT_TEXT]);

/* Whether only this machine can reach it. */
bool endpoint_loopback(const struct endpoint *address);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

#endif
