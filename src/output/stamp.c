// SPDX-License-Identifier: Apache-2.0
#include "output/stamp.h"

#include <string.h>

static void put_two(char *to, unsigned value)
{
	to[0] = '0' + value / 10;
	to[1] = '0' + value % 10;
}

/* Years begin in March here, so that the leap day is the last of its year; 400 years, an era, have
 * 146097 days. */
static void put_date(char *to, uint64_t days)
{
	uint64_t shifted = days + 719468, era = shifted / 146097;
	unsigned day = shifted % 146097;
	unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned of_year = day - (365 * year + year / 4 - year / 100);
	unsigned march = (5 * of_year + 2) / 153, month = march < 10 ? march + 3 : march - 9;

	year += era * 400 + (month <= 2);
	put_two(to, year / 100 % 100);
	put_two(to + 2, year % 100);
	to[4] = '-';
	put_two(to + 5, month);
	to[7] = '-';
	put_two(to + 8, of_year - (153 * march + 2) / 5 + 1);
}

void stamp_second(char *to, uint64_t seconds)
{
	unsigned of_day = seconds % 86400;

	put_date(to, seconds / 86400);
	to[10] = 'T';
	put_two(to + 11, of_day / 3600);
	to[13] = ':';
	put_two(to + 14, of_day / 60 % 60);
	to[16] = ':';
	put_two(to + 17, of_day % 60);
	to[19] = '.';
}

/* Four digits each in a byte of one word: split by 100, then by 10, in both halves at once. */
static uint32_t four_digits(uint32_t value)
{
	uint32_t pairs = value / 100 | value % 100 << 16;
	uint32_t tens = pairs * 103 >> 10 & 0x000f000f;

	return 0x30303030 + (tens | (pairs - tens * 10) << 8);
}

void stamp_fraction(char *to, uint32_t ns)
{
	uint32_t high = ns / 10000, first = high / 10000, a = four_digits(high % 10000),
		 b = four_digits(ns % 10000);

	to[0] = '0' + (char)first;
	memcpy(to + 1, &a, 4);
	memcpy(to + 5, &b, 4);
}

void stamp_wall(char *to, uint64_t ns)
{
	stamp_second(to, ns / 1000000000);
	stamp_fraction(to + STAMP_SECOND, ns % 1000000000);
	to[STAMP_LEN - 1] = 'Z';
}
