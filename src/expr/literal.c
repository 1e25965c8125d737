// SPDX-License-Identifier: Apache-2.0
#include "expr/literal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { SECOND = 1000000000 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* --- addresses */

/* Digits up to the end; -1 for anything else or above max. */
static int number_to_end(const char *s, unsigned max)
{
	size_t digits = strspn(s, "0123456789");
	unsigned long n = strtoul(s, NULL, 10);

	return digits && digits < 6 && !s[digits] && n <= max ? (int)n : -1;
}

/* The address without brackets and what follows it; false when it is longer than any. */
static bool split_net(const char *s, char addr[INET6_ADDRSTRLEN], const char **rest, bool *bracket)
{
	size_t len;

	*bracket = *s == '[';
	s += *bracket;
	len = strcspn(s, *bracket ? "]" : strchr(s, '.') && !strstr(s, "::") ? "/:" : "/");
	if (len >= INET6_ADDRSTRLEN || (*bracket && !s[len]))
		return false;
	memcpy(addr, s, len);
	addr[len] = 0;
	*rest = s + len + *bracket;
	return true;
}

bool literal_net(const struct literal *value, struct constant_net *net)
{
	char text[INET6_ADDRSTRLEN];
	const char *rest;
	uint8_t addr[16];
	unsigned family, most;
	int bits, port = -1;
	bool bracket;

	if (strlen(value->s) != value->len || !split_net(value->s, text, &rest, &bracket))
		return false;
	family = inet_pton(AF_INET, text, addr) == 1 ? 4 : inet_pton(AF_INET6, text, addr) == 1 ? 6 : 0;
	if (!family || (bracket && (family == 4 || *rest != ':')))
		return false;
	most = family == 4 ? 32 : 128;
	bits = *rest == '/' ? number_to_end(rest + 1, most) : (int)most;
	if (*rest == ':')
		port = number_to_end(rest + 1, UINT16_MAX);
	if (bits < 0 || (*rest == ':' && port < 0))
		return false;
	net_normal(net, addr, family, bits);
	net->has_port = port >= 0;
	net->port = port >= 0 ? port : 0;
	return true;
}

bool literal_is_shown_address(const struct literal *value)
{
	static const char *const begins[] = { "/", "@", "AF_", "netlink:", "packet:", "vsock:", "alg:" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (!strncmp(value->s, begins[i], strlen(begins[i])))
			return true;
	return (*value->s == '[' && strchr(value->s, '%')) || number_to_end(value->s, UINT16_MAX) >= 0;
}

/* --- dates */

/* Each d a digit, other characters as they are. */
static bool looks_like(const char *s, const char *shape)
{
	for (; *shape; s++, shape++)
		if (*shape == 'd' ? !is_digit(*s) : *s != *shape)
			return false;
	return true;
}

bool literal_is_date(const struct literal *value)
{
	return looks_like(value->s, "dddd-dd-dd");
}

static unsigned two(const char *s)
{
	return (unsigned)(10 * (s[0] - '0') + s[1] - '0');
}

/* Up to nine digits behind a point, as nanoseconds. */
static bool read_fraction(const char **s, uint64_t *ns)
{
	uint64_t unit = SECOND;

	*ns = 0;
	if (**s != '.')
		return true;
	for (++*s; is_digit(**s); ++*s) {
		unit /= 10;
		*ns += unit * (uint64_t)(**s - '0');
	}
	return unit < SECOND && s[0][-1] != '.';
}

/* Z, or hours and minutes; seconds east of Greenwich. */
static bool read_zone(const char *s, int *east)
{
	*east = 0;
	if (!strcmp(s, "Z"))
		return true;
	if ((*s != '+' && *s != '-') || !looks_like(s + 1, "dd:dd") || s[6])
		return false;
	*east = (int)(two(s + 1) * 3600 + two(s + 4) * 60);
	*east = *s == '-' ? -*east : *east;
	return two(s + 1) < 24 && two(s + 4) < 60;
}

int literal_date(const struct literal *value, uint64_t *ret)
{
	const char *s = value->s;
	struct tm tm = { 0 };
	uint64_t ns;
	int64_t at;
	int east;

	if (!looks_like(s, "dddd-dd-ddTdd:dd:dd"))
		return -EINVAL;
	tm.tm_year = (int)(100 * two(s) + two(s + 2)) - 1900;
	tm.tm_mon = (int)two(s + 5) - 1;
	tm.tm_mday = (int)two(s + 8);
	tm.tm_hour = (int)two(s + 11);
	tm.tm_min = (int)two(s + 14);
	tm.tm_sec = (int)two(s + 17);
	s += 19;
	if (!read_fraction(&s, &ns) || !read_zone(s, &east))
		return -EINVAL;
	at = timegm(&tm);
	/* What is no month, day, hour or minute was counted on. */
	if (tm.tm_mon != (int)two(value->s + 5) - 1 || tm.tm_mday != (int)two(value->s + 8) ||
	    tm.tm_hour != (int)two(value->s + 11) ||
	    tm.tm_min != (int)two(value->s + 14) || at < east || (uint64_t)(at - east) > UINT64_MAX / SECOND - 1)
		return -ERANGE;
	*ret = (uint64_t)(at - east) * SECOND + ns;
	return 0;
}

/* --- bytes */

static int digit_of(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int literal_hex(const struct literal *value, char *to)
{
	if (value->len % 2)
		return -EINVAL;
	for (size_t i = 0; i < value->len; i += 2) {
		int high = digit_of(value->s[i]), low = digit_of(value->s[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		to[i / 2] = (char)(high << 4 | low);
	}
	return (int)(value->len / 2);
}
