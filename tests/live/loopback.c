// SPDX-License-Identifier: Apache-2.0
#include "loopback.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "live.h"

void own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		subject_fail("unshare");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		subject_fail("lo");
	close(fd);
}

union address loopback(int family, int port)
{
	union address a = { .any = { .sa_family = family } };

	if (family == AF_INET) {
		a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a.in.sin_port = htons(port);
	} else {
		a.in6.sin6_addr = in6addr_loopback;
		a.in6.sin6_port = htons(port);
	}
	return a;
}

socklen_t address_size(int family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

int port_of(int fd)
{
	union address a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.any, &len) < 0)
		subject_fail("getsockname");
	return ntohs(a.any.sa_family == AF_INET ? a.in.sin_port : a.in6.sin6_port);
}
