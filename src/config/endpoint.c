// SPDX-License-Identifier: Apache-2.0
#include "config/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "config/unit.h"

static int parse_v6(struct endpoint *ret, const char *host, in_port_t port)
{
	struct sockaddr_in6 *at = (void *)&ret->at;

	*at = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port };
	ret->len = sizeof(*at);
	return inet_pton(AF_INET6, host, &at->sin6_addr) == 1 ? 0 : -EINVAL;
}

static int parse_v4(struct endpoint *ret, const char *host, in_port_t port)
{
	struct sockaddr_in *at = (void *)&ret->at;

	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
	ret->len = sizeof(*at);
	return inet_pton(AF_INET, host, &at->sin_addr) == 1 ? 0 : -EINVAL;
}

int endpoint_parse(struct endpoint *ret, const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool v6 = *text == '[';
	char host[ENDPOINT_TEXT];
	uint64_t port;

	*ret = (struct endpoint){ 0 };
	if (len == 0 || len >= sizeof(host) || unit_number(colon + 1, &port) < 0 || port > UINT16_MAX)
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = 0;
	if (!v6)
		return parse_v4(ret, host, htons(port));
	if (len < 3 || host[len - 1] != ']')
		return -EINVAL;
	host[len - 1] = 0;
	return parse_v6(ret, host + 1, htons(port));
}

char *endpoint_text(const struct endpoint *a, char to[ENDPOINT_TEXT])
{
	const struct sockaddr_in6 *v6 = (const void *)&a->at;
	const struct sockaddr_in *v4 = (const void *)&a->at;
	char host[INET6_ADDRSTRLEN] = "";

	if (a->at.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(to, ENDPOINT_TEXT, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(to, ENDPOINT_TEXT, "%s:%u", host, ntohs(v4->sin_port));
	}
	return to;
}

bool endpoint_loopback(const struct endpoint *a)
{
	const struct sockaddr_in6 *v6 = (const void *)&a->at;
	const struct sockaddr_in *v4 = (const void *)&a->at;

	if (a->at.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->len == b->len && !memcmp(&a->at, &b->at, a->len);
}
