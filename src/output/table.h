/* SPDX-License-Identifier: Apache-2.0 */
/* A record as one line for people: aligned columns, then what happened; printable ASCII only. */
#ifndef SAKER_OUTPUT_TABLE_H
#define SAKER_OUTPUT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct subject;
struct text;

enum table_option { TABLE_COLOUR = 1, TABLE_FULL = 2 };	/* full: strings are not shortened */

enum { TABLE_LINE_MAX = 256 << 10 };	/* fits any line, full or not, like JSON_LINE_MAX */

struct table_encoder {
	int64_t boot_to_wall;
	unsigned options;	/* enum table_option */
	uint64_t second;	/* that clock shows */
	char clock[8];		/* HH:MM:SS, local time */
};

/* boot_to_wall: nanoseconds to add to record times for the time since 1970.  Always 0. */
int table_encoder_init(struct table_encoder *table, int64_t boot_to_wall, unsigned options);
void table_encoder_fini(struct table_encoder *table);

/* The wall clock was set. */
void table_encoder_clock(struct table_encoder *table, int64_t boot_to_wall);

/* The time of day in a second since 1970, local. */
void table_time_of_day(struct table_encoder *table, uint64_t second, struct text *to);

/* What happened, without the columns before it and '\n'; its length, 0 if it did not fit. */
size_t table_details(const struct table_encoder *table, const void *record, char *buf, size_t size);

/* The names of the columns, '\n' included; its length, 0 if it did not fit. */
size_t table_header(const struct table_encoder *table, char *buf, size_t size);

/* Write the line of a valid record, '\n' included; its length, 0 if it did not fit.  subject may be
 * NULL. */
size_t table_encode(struct table_encoder *table, const void *record, const struct subject *subject,
		    char *buf, size_t size);

#endif
