/* SPDX-License-Identifier: Apache-2.0 */
/* Where a peer is: host and port as they are written, and what a name stands for. */
#ifndef SAKER_OUTPUT_ADDRESS_H
#define SAKER_OUTPUT_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/diag.h"
#include "config/option.h"

struct config_sink;

enum { ADDRESS_HOST = 256, ADDRESS_RESULTS = 8 };

/* "127.0.0.1:5170", "[::1]:5170", "siem.example:5170" */
struct address {
	char host[ADDRESS_HOST];
	char port[6];
};

union endpoint {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

/* 0 or -EINVAL. */
int address_parse(struct address *address, const char *text);

/* Whether a sink's option "address" is one, or its option "path" a socket's: at / or, where abstract names
 * will do, at @.  0, or -EINVAL with words in diag. */
int address_check(const struct config_sink *sink, const struct option_text *address, struct diag *diag);
int address_check_path(const struct config_sink *sink, const struct option_text *path, bool abstract,
		       struct diag *diag);

/* Where a numeric address is; false for a name. */
bool address_numeric(const struct address *address, union endpoint *to, socklen_t *len);

/* A path in the file system, or an abstract name that begins with @.  -ENAMETOOLONG. */
int address_local(const char *path, union endpoint *to, socklen_t *len);

#endif
