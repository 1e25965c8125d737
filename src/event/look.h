/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the values of a type look: one row a type, shared by the files behind value.h alone.
 *
 * A value may hold a choice in some of its bits and flags in the others; most types are only the
 * one or the other.
 */
#ifndef SAKER_EVENT_LOOK_H
#define SAKER_EVENT_LOOK_H

#include "event/names.h"
#include "event/type.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct look;
struct text;

/* A piece of a text that is read back. */
struct word {
	const char *p;
	size_t len;
};

/* show gets a clean value; parse gives 0, -EINVAL or -ERANGE and a value not yet clean. */
typedef void look_show(struct text *t, const struct look *look, uint64_t value);
typedef int look_parse(const struct look *look, struct word word, uint64_t *ret);

struct look {
	look_show *show;
	look_parse *parse;
	uint8_t bits;			/* 0: as wide as the caller's registers */
	bool sign;
	bool number;			/* a JSON number */
	const char *zero;		/* what 0 is called */
	uint64_t part;			/* bits that hold a choice */
	const struct names *choices, *flags;
	const char *prefix;		/* before the number of a choice without a name */
};

extern const struct look looks[T_COUNT];

uint64_t look_clean(const struct look *look, uint64_t value, bool compat);

void look_hex(struct text *t, uint64_t value);
void look_octal(struct text *t, uint64_t value);

/*
 * The names of flags joined by |, what has no name in hexadecimal at the end; nothing for 0. more
 * says that the text already holds a part of the value.
 */
void look_flags(struct text *t, const struct names *flags, uint64_t value, bool more);

/* A number as people write it: 12, -12, 0x1f, 0644. */
look_parse look_parse_number;

/* Types whose text follows rules of their own. */
look_show show_bool, show_caps, show_clone, show_dev, show_dirfd, show_exit, show_file_mode;
look_show show_ioctl, show_ioprio, show_ipc_flags, show_kdev, show_mode, show_or_zero;
look_show show_personality, show_prefixed, show_quota, show_signal;
look_parse parse_bool, parse_caps, parse_dev, parse_dirfd, parse_exit, parse_ioctl, parse_ioprio;
look_parse parse_kdev, parse_or_zero, parse_prefixed, parse_quota, parse_signal;

#endif
