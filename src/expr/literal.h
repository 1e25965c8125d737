/* SPDX-License-Identifier: Apache-2.0 */
/* Values as they are written in expressions that are more than a number, a name or a text. */
#ifndef SAKER_EXPR_LITERAL_H
#define SAKER_EXPR_LITERAL_H

#include "expr/constant.h"

/* 10.0.0.1, 10.0.0.0/8, fe80::/10, and as JSON shows the end of a connection, 10.0.0.1:80, [fe80::1]:80. */
bool literal_net(const struct literal *value, struct constant_net *net);

/* Whether it is what JSON shows of an address that has no IP address: /PATH, @NAME, netlink:7, AF_UNSPEC, .. */
bool literal_is_shown_address(const struct literal *value);

/* Whether it begins like a date. */
bool literal_is_date(const struct literal *value);

/* 2026-11-23T10:00:00.123456789Z or with +01:00 in place of Z, the fraction may be missing: nanoseconds since
 * 1970.  -EINVAL; -ERANGE before 1970 and for a 30th of February. */
int literal_date(const struct literal *value, uint64_t *ret);

/* Two hexadecimal digits a byte; to has room for half of the text.  The number of bytes, -EINVAL. */
int literal_hex(const struct literal *value, char *to);

#endif
