// SPDX-License-Identifier: Apache-2.0
#include <criterion/criterion.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config/sink.h"
#include "output/address.h"
#include "output/flight.h"

static struct flight f;

/* Ten lines of 1 to 10 bytes: 55 bytes. */
static const char text[] = "\na\nbb\nccc\ndddd\neeeee\nffffff\nggggggg\nhhhhhhhh\niiiiiiiii\n";

enum { BYTES = sizeof(text) - 1, LINES = 10 };

/* Whole lines in so many bytes of the text repeated. */
static uint32_t lines_in(uint64_t bytes)
{
	uint32_t n = (uint32_t)(bytes / BYTES) * LINES;

	for (uint64_t i = 0; i < bytes % BYTES; i++)
		n += text[i] == '\n';
	return n;
}

static void vectors_are(uint64_t from)
{
	struct iovec v[FLIGHT_PIECES];
	unsigned n = flight_vectors(&f, from, v, FLIGHT_PIECES);
	uint64_t at = from;

	for (unsigned i = 0; i < n; i++) {
		cr_assert(v[i].iov_len && at % BYTES + v[i].iov_len <= BYTES);
		cr_assert(!memcmp(v[i].iov_base, text + at % BYTES, v[i].iov_len));
		at += v[i].iov_len;
	}
	cr_assert_eq(at, f.end);
}

Test(flight, random_walk)
{
	uint64_t written = 0, settled = 0;

	srandom(1);
	for (unsigned i = 0; i < 200000; i++) {
		uint32_t whole;

		if (!flight_full(&f) && random() % 2)
			flight_add(&f, text, BYTES, LINES);
		if (random() % 2 && f.end > written)
			written += (uint64_t)random() % (f.end - written + 1);
		vectors_are(written);
		whole = flight_whole(&f, written);
		cr_assert_eq(whole, lines_in(written) - settled);
		if (whole && random() % 2) {
			uint32_t some = 1 + (uint32_t)random() % whole;

			flight_settle(&f, some, written);
			settled += some;
		}
		cr_assert_leq(f.begin, written);
		cr_assert_geq(f.begin + BYTES, written ? settled / LINES * BYTES : 0);
	}
	cr_assert_gt(settled, 1000);
}

Test(flight, text_stays_until_written)
{
	flight_clear(&f);
	flight_add(&f, text, BYTES, LINES);
	cr_expect_eq(flight_whole(&f, BYTES - 1), LINES - 1);
	flight_settle(&f, LINES - 1, BYTES - 1);
	cr_expect_eq(flight_bytes(&f), BYTES);
	flight_settle(&f, 1, BYTES);
	cr_expect_eq(flight_bytes(&f), 0);
}

static int parse(const char *address, struct address *to)
{
	const struct option_text t = { .text = address, .line = 3, .col = 7 };
	const struct config_sink sink = { .name = "a" };
	struct diag diag = { 0 };
	int r = address_parse(to, address);

	cr_expect_eq(address_check(&sink, &t, &diag), r);
	cr_expect_eq(r < 0, diag.text[0] != 0, "%s: %s", address, diag.text);
	cr_expect(r == 0 || (diag.line == 3 && diag.col == 7));
	return r;
}

Test(address, right)
{
	static const struct { const char *text, *host, *port; int family; } rows[] = {
		{ "127.0.0.1:5170", "127.0.0.1", "5170", AF_INET }, { "[::1]:1", "::1", "1", AF_INET6 },
		{ "[2001:db8::7]:65535", "2001:db8::7", "65535", AF_INET6 }, { "a.example:514", "a.example", "514", 0 },
		{ "host_1-x:9", "host_1-x", "9", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		union endpoint to;
		struct address a;
		socklen_t len;

		cr_assert_eq(parse(rows[i].text, &a), 0);
		cr_expect_str_eq(a.host, rows[i].host);
		cr_expect_str_eq(a.port, rows[i].port);
		cr_expect_eq(address_numeric(&a, &to, &len), rows[i].family != 0);
		cr_expect(!rows[i].family || to.any.sa_family == rows[i].family);
	}
}

Test(address, wrong)
{
	static const char *const rows[] = {
		"", ":", "a", "a:", ":1", "a:0", "a:65536", "a:-1", "a:1x", "a b:1", "::1:5", "[::1]", "[::1]5", "[]:1",
		"[a]:1", "[1.2.3.4]:1", "a:b:1", "http://a:1", "a:123456", "a/b:1", "[::1:1", "::1]:1",
	};
	char longer[400];
	struct address a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_lt(parse(rows[i], &a), 0, "\"%s\" passed", rows[i]);
	memset(longer, 'a', sizeof(longer));
	memcpy(longer + sizeof(longer) - 3, ":1", 3);
	cr_expect_lt(parse(longer, &a), 0);
}

Test(address, local)
{
	union endpoint to;
	socklen_t len;
	char path[120];

	cr_expect_eq(address_local("/run/x", &to, &len), 0);
	cr_expect_eq(len, offsetof(struct sockaddr_un, sun_path) + 7);
	cr_expect_eq(address_local("@x", &to, &len), 0);
	cr_expect(len == offsetof(struct sockaddr_un, sun_path) + 2 && !to.local.sun_path[0] && to.local.sun_path[1] == 'x');
	memset(path, 'a', sizeof(path));
	path[108] = 0;
	cr_expect_eq(address_local(path, &to, &len), -ENAMETOOLONG);
}
