// SPDX-License-Identifier: Apache-2.0
/* Nanoseconds that reading a message of the DNS takes. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net/dns.h"

enum { ROUNDS = 7, READS = 500000 };

#define QUESTION "\3www\7example\3com\0\0\1\0\1"
#define OPT "\0\0\x29\4\xd0\0\0\0\0\0\0"
#define A "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1"
#define AAAA "\xc0\x0c\0\x1c\0\1\0\0\1\x2c\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define CNAME "\xc0\x0c\0\5\0\1\0\0\1\x2c\0\x13\x04" "edge\3cdn\7network\xc0\x18"
#define TXT "\xc0\x0c\0\x10\0\1\0\0\1\x2c\0\x10\x0fv=spf1 mx ~all."

#define HEAD(bits, answers) "\x12\x34" bits "\0\1\0" answers "\0\0\0\1"
#define ROW(name, bytes) { name, bytes, sizeof(bytes) - 1 }

static const struct { const char *name, *bytes; size_t n; } rows[] = {
	ROW("a query", HEAD("\1\0", "\0") QUESTION OPT),
	ROW("a response, 4 addresses", HEAD("\x81\x80", "\4") QUESTION A A A A OPT),
	ROW("a response, 4 addresses of IPv6", HEAD("\x81\x80", "\4") QUESTION AAAA AAAA AAAA AAAA OPT),
	ROW("a response, alias and 3 addresses", HEAD("\x81\x80", "\4") QUESTION CNAME A A A OPT),
	ROW("a response, 4 texts", HEAD("\x81\x80", "\4") QUESTION TXT TXT TXT TXT OPT),
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static double read_ns(const char *bytes, size_t n, struct dns_message *m)
{
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		double start = seconds(), took;

		for (unsigned i = 0; i < READS; i++) {
			dns_read(bytes, n, n, false, m);
			__asm__ volatile("" ::: "memory");
		}
		took = seconds() - start;
		best = took < best ? took : best;
	}
	return best / READS * 1e9;
}

int main(void)
{
	static struct dns_message m;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		double ns = read_ns(rows[i].bytes, rows[i].n, &m);

		if (m.malformed || m.cut || m.answers_kept != m.answer_count) {
			fprintf(stderr, "%s: %s\n", rows[i].name, dns_fault_text(m.malformed));
			return 1;
		}
		printf("%-36s %4zu bytes  %5.0f ns\n", rows[i].name, rows[i].n, ns);
	}
	return 0;
}
