// SPDX-License-Identifier: Apache-2.0
#include "output/flight.h"

#include <string.h>

static struct flight_piece *piece_at(const struct flight *f, unsigned i)
{
	return (struct flight_piece *)&f->ring[(f->head + i) % FLIGHT_PIECES];
}

void flight_clear(struct flight *f)
{
	f->head = f->n = 0;
	f->begin = f->end = 0;
}

void flight_add(struct flight *f, const char *text, uint32_t bytes, uint32_t lines)
{
	*piece_at(f, f->n++) = (struct flight_piece){ .text = text, .bytes = bytes, .lines = lines };
	f->end += bytes;
}

unsigned flight_vectors(const struct flight *f, uint64_t from, struct iovec *vectors, unsigned max)
{
	uint64_t begin = f->begin;
	unsigned used = 0;

	for (unsigned i = 0; i < f->n && used < max; i++) {
		const struct flight_piece *p = piece_at(f, i);
		uint64_t skip = from > begin ? from - begin : 0;

		if (skip < p->bytes)
			vectors[used++] = (struct iovec){ (char *)p->text + skip, p->bytes - skip };
		begin += p->bytes;
	}
	return used;
}

static uint32_t count_lines(const char *text, size_t bytes)
{
	const char *end = text + bytes;
	uint32_t n = 0;

	while ((text = memchr(text, '\n', (size_t)(end - text)))) {
		n++;
		text++;
	}
	return n;
}

uint32_t flight_whole(const struct flight *f, uint64_t before)
{
	uint64_t begin = f->begin;
	uint32_t lines = 0;

	for (unsigned i = 0; i < f->n && begin < before; i++) {
		const struct flight_piece *p = piece_at(f, i);
		uint32_t whole = before - begin >= p->bytes ? p->lines : count_lines(p->text, before - begin);

		lines += whole > p->settled ? whole - p->settled : 0;
		begin += p->bytes;
	}
	return lines;
}

void flight_settle(struct flight *f, uint32_t lines, uint64_t written)
{
	while (f->n) {
		struct flight_piece *p = piece_at(f, 0);
		uint32_t some = p->lines - p->settled < lines ? p->lines - p->settled : lines;

		p->settled += some;
		lines -= some;
		if (p->settled < p->lines || f->begin + p->bytes > written)
			return;
		f->begin += p->bytes;
		f->head = (f->head + 1) % FLIGHT_PIECES;
		f->n--;
	}
}
