// SPDX-License-Identifier: Apache-2.0
/* Packets of real tools, and broken ones, each with what a reader must find in it: tests/golden/dns_packets.py. */
#include "net/dns.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_line.h"

enum { LINE_MAX_LEN = 300000, PACKETS_MIN = 500, BROKEN_MIN = 250, SOUND_MIN = 250 };

static const char path[] = "tests/golden/dns.packets";

/* A packet as its line tells it: "udp HEX", "tcp HEX", and "udp+N HEX" when N bytes more were on the wire. */
struct packet {
	bool stream;
	size_t n, length;
	uint8_t *bytes;
};

/* The bytes have memory of their own size, so that a sanitizer sees what reads beyond them. */
static struct packet parse_packet(const char *line)
{
	struct packet p = { .stream = !strncmp(line, "tcp", 3) };
	const char *hex = strchr(line, ' ') + 1;
	size_t missing = line[3] == '+' ? strtoul(line + 4, NULL, 10) : 0;

	cr_assert(p.stream || !strncmp(line, "udp", 3), "%.60s", line);
	if (*hex == '-')
		hex++;
	p.n = strcspn(hex, "\n") / 2;
	p.bytes = malloc(p.n ? p.n : 1);
	cr_assert(p.bytes);
	for (size_t i = 0; i < p.n; i++) {
		unsigned byte;

		cr_assert_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
		p.bytes[i] = (uint8_t)byte;
	}
	p.length = p.n + missing;
	return p;
}

/* Gives what is wrong with the packet. */
static enum dns_fault check(const char *line, const char *want)
{
	static struct dns_message m;
	static char got[LINE_MAX_LEN];
	struct packet p = parse_packet(line);
	size_t took = dns_read(p.bytes, p.n, p.length, p.stream, &m);

	if (!p.stream)
		cr_expect_eq(took, p.length);
	dns_line(&m, got, sizeof(got));
	cr_expect_str_eq(got, want, "%.100s\n got: %s\nwant: %s", line, got, want);
	free(p.bytes);
	return m.malformed;
}

static bool next_line(FILE *f, char *line)
{
	do {
		if (!fgets(line, LINE_MAX_LEN, f))
			return false;
	} while (*line == '#');
	line[strcspn(line, "\n")] = 0;
	return true;
}

Test(dns_packets, golden)
{
	static char line[LINE_MAX_LEN], want[LINE_MAX_LEN];
	unsigned faults[DNS_FAULTS_COUNT] = { 0 }, sound = 0, all = 0;
	FILE *f = fopen(path, "r");

	cr_assert(f, "%s", path);
	while (next_line(f, line)) {
		cr_assert(next_line(f, want), "%.60s: no expectation", line);
		faults[check(line, want)]++;
		all++;
	}
	fclose(f);
	sound = faults[DNS_WELL_FORMED];
	cr_expect_geq(all, PACKETS_MIN);
	cr_expect_geq(sound, SOUND_MIN);
	cr_expect_geq(all - sound, BROKEN_MIN);
	/* One of 64 KiB would be half of the file. */
	for (unsigned i = 0; i < DNS_FAULTS_COUNT; i++)
		cr_expect(faults[i] || i == DNS_TOO_LONG, "no packet with: %s", dns_fault_text(i));
}
