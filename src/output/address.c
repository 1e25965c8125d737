// SPDX-License-Identifier: Apache-2.0
#include "output/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config/sink.h"

static bool port_fits(const char *port)
{
	size_t n = strlen(port);

	return n && n <= 5 && strspn(port, "0123456789") == n && atoi(port) > 0 && atoi(port) <= 65535;
}

static bool host_fits(const char *host, size_t n)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

	return n && n < ADDRESS_HOST && strspn(host, chars) >= n;
}

static bool host6_fits(const char *host, size_t n)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr to;

	if (n >= sizeof(copy))
		return false;
	memcpy(copy, host, n);
	copy[n] = 0;
	return inet_pton(AF_INET6, copy, &to) == 1;
}

int address_parse(struct address *a, const char *text)
{
	const char *host = text, *colon = strrchr(host, ':');
	bool brackets = *host == '[' && colon > host + 1 && colon[-1] == ']';
	size_t n;

	if (!colon || !port_fits(colon + 1))
		return -EINVAL;
	host += brackets;
	n = (size_t)(colon - host) - brackets;
	if (brackets ? !host6_fits(host, n) : !host_fits(host, n))
		return -EINVAL;
	memcpy(a->host, host, n);
	a->host[n] = 0;
	memcpy(a->port, colon + 1, strlen(colon));
	return 0;
}

bool address_numeric(const struct address *a, union endpoint *to, socklen_t *len)
{
	uint16_t port = htons((uint16_t)atoi(a->port));

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, a->host, &to->v4.sin_addr) == 1) {
		to->v4.sin_family = AF_INET;
		to->v4.sin_port = port;
		*len = sizeof(to->v4);
		return true;
	}
	if (inet_pton(AF_INET6, a->host, &to->v6.sin6_addr) != 1)
		return false;
	to->v6.sin6_family = AF_INET6;
	to->v6.sin6_port = port;
	*len = sizeof(to->v6);
	return true;
}

int address_local(const char *path, union endpoint *to, socklen_t *len)
{
	size_t n = strlen(path);

	memset(to, 0, sizeof(*to));
	to->local.sun_family = AF_UNIX;
	if (n >= sizeof(to->local.sun_path))
		return -ENAMETOOLONG;
	memcpy(to->local.sun_path, path, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (*path == '@')
		to->local.sun_path[0] = 0;
	else
		*len += 1;
	return 0;
}

int address_check(const struct config_sink *sink, const struct option_text *text, struct diag *diag)
{
	struct address address;

	if (address_parse(&address, text->text) == 0)
		return 0;
	return diag_set(diag, text->line, text->col,
			"sinks.%s.address \"%.200s\": want HOST:PORT, [IPV6]:PORT, or the name of a machine for HOST, "
			"port 1 to 65535", sink->name, option_shown(text));
}

int address_check_path(const struct config_sink *sink, const struct option_text *path, bool abstract,
		       struct diag *diag)
{
	union endpoint to;
	socklen_t len;

	if ((*path->text == '/' || (*path->text == '@' && abstract)) && address_local(path->text, &to, &len) == 0)
		return 0;
	return diag_set(diag, path->line, path->col,
			"sinks.%s.path \"%.120s\": want at most 107 bytes that begin with /%s", sink->name,
			option_shown(path), abstract ? ", or with @ for an abstract name" : "");
}
