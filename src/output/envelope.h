/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines inside messages of syslog (RFC 5424) or as entries of systemd's journal: what the peer is to
 * know of an event without reading the line.
 */
#ifndef SAKER_OUTPUT_ENVELOPE_H
#define SAKER_OUTPUT_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/stream.h"

struct subject;

enum { ENVELOPE_VALUE = 256 };	/* bytes of a value in structured data; what is longer ends in .. */

struct envelope {
	struct config_envelope config;
	int64_t boot_to_wall;
	char host[256];		/* as RFC 5424 wants it */
	unsigned pid;		/* our own */
};

/* Whether two make the same of a line. */
bool envelope_same(const struct config_envelope *a, const struct config_envelope *b);

/* Always 0. */
int envelope_init(struct envelope *envelope, const struct config_envelope *config, const char *host,
		  int64_t boot_to_wall);

/* Write what stands before the line; its length, 0 if it did not fit. */
size_t envelope_open(const struct envelope *envelope, const void *record, const struct subject *subject,
		     char *buf, size_t size);

/* Finish a message of head bytes and a line of len bytes behind them; its length with the '\n', 0 if it is
 * longer than allowed and shall be dropped then.  cut: its end is missing, for it was longer. */
size_t envelope_close(const struct envelope *envelope, char *buf, size_t head, size_t len, bool *cut);

#endif
