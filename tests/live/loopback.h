/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets on the loopback of a network that is the subject's own. */
#ifndef SAKER_TESTS_LIVE_LOOPBACK_H
#define SAKER_TESTS_LIVE_LOOPBACK_H

#include <netinet/in.h>
#include <sys/socket.h>

union address { struct sockaddr any; struct sockaddr_in in; struct sockaddr_in6 in6; };

/* In the subject: a network of its own, where all ports are free. */
void own_network(void);

/* Of AF_INET or AF_INET6. */
union address loopback(int family, int port);
socklen_t address_size(int family);

/* That a socket of the subject is bound to. */
int port_of(int fd);

#endif
