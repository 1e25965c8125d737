/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses with a port, in numbers: nothing is looked up. */
#ifndef SAKER_CONFIG_ADDRESS_H
#define SAKER_CONFIG_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct address {
	struct sockaddr_storage at;
	socklen_t len;
};

enum { ADDRESS_TEXT = 64 };

/* "127.0.0.1:9464", "[::1]:9464".  0 or -EINVAL. */
int address_parse(struct address *ret, const char *text);

/* The same again as text.  Returns to. */
char *address_text(const struct address *address, char to[ADDRESS_TEXT]);

/* Whether only this machine can reach it. */
bool address_loopback(const struct address *address);

bool address_equal(const struct address *a, const struct address *b);

#endif
