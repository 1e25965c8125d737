/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection was given to send: pieces of text end to end, with a number for each byte and a
 * count of lines.  A piece leaves when all of it was written and all of its lines are settled: the
 * peer acknowledged them, or the bytes left our side.
 */
#ifndef SAKER_OUTPUT_FLIGHT_H
#define SAKER_OUTPUT_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

enum { FLIGHT_PIECES = 1024 };

/* Text is '\n'-ended lines, borrowed until the piece has left. */
struct flight_piece {
	const char *text;
	uint32_t bytes, lines;
	uint32_t settled;		/* of its lines */
};

struct flight {
	struct flight_piece ring[FLIGHT_PIECES];
	unsigned head, n;
	uint64_t begin, end;		/* numbers of the oldest piece's first byte and of the one behind the last */
};

static inline bool flight_full(const struct flight *f)
{
	return f->n == FLIGHT_PIECES;
}

static inline uint64_t flight_bytes(const struct flight *f)
{
	return f->end - f->begin;
}

/* Forget all; bytes are numbered from 0 again. */
void flight_clear(struct flight *flight);

/* Not when it is full. */
void flight_add(struct flight *flight, const char *text, uint32_t bytes, uint32_t lines);

/* The bytes from this number on, as at most max vectors; how many. */
unsigned flight_vectors(const struct flight *flight, uint64_t from, struct iovec *vectors, unsigned max);

/* Lines not yet settled whose bytes all come before this number. */
uint32_t flight_whole(const struct flight *flight, uint64_t before);

/* The oldest so many lines, at most flight_whole(flight, written), are settled.  written: number of
 * the byte behind those that the system took. */
void flight_settle(struct flight *flight, uint32_t lines, uint64_t written);

#endif
