/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a value of a type looks like to people, and back.
 *
 * compat says that a 32-bit caller passed the value: where a type is as wide as the caller's
 * registers, only the low half counts.
 */
#ifndef SAKER_EVENT_VALUE_H
#define SAKER_EVENT_VALUE_H

#include "event/type.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

/* Bytes that hold any text value_text makes. */
enum { VALUE_TEXT_MAX = 1024 };

/* The value without what a register may hold beyond its type, sign extended where it has one. */
uint64_t value_clean(enum type type, uint64_t value, bool compat);

/* Printable ASCII without quotes and backslashes, so it needs no escaping in JSON. */
void value_text(struct text *t, enum type type, uint64_t value, bool compat);

/* The same for argument i of a call, where arguments before it may decide what it means. */
void value_text_arg(struct text *t, enum type type, const uint64_t *args, unsigned i, bool compat);

/*
 * Of arguments whose names mean something only beside another one, as NETLINK_AUDIT does of a protocol: the value
 * in the low half and in the upper one which names it has, 0 for none.  value_told reads a name, -EINVAL if it is none.
 */
uint64_t value_told_arg(enum type type, const uint64_t *args, unsigned i, bool compat);
int value_told(enum type type, const char *name, uint64_t *ret);

/* Whether the text is a JSON number (or true, false) and stands without quotes. */
bool value_is_number(enum type type);

/*
 * What was fetched from memory. Paths of sockets may hold any byte, so this text must be escaped.
 * Data shorter than the type is shown as far as it goes.
 */
void value_bytes(struct text *t, enum type type, const void *data, size_t len);

/* An address of AF_INET or AF_INET6, without port; nothing for other families. */
void value_ip(struct text *t, int family, const void *ip);

/*
 * How many of the fetched bytes are the value: fewer for native types of 32-bit callers, SIZE_MAX
 * where the length tells.
 */
size_t value_size(enum type type, bool compat);

/*
 * What value_text wrote, or any mix of names and numbers joined by |. Returns 0, -EINVAL for text
 * that is no such value, -ERANGE for a number that does not fit the type.
 */
int value_parse(enum type type, const char *text, uint64_t *ret);

/* The name of a positive error number, NULL when it has none. */
const char *errno_name(int err);

#endif
