/* SPDX-License-Identifier: Apache-2.0 */
/* The right side of a comparison, read for the type that the left side has in some event. */
#ifndef SAKER_EXPR_CONSTANT_H
#define SAKER_EXPR_CONSTANT_H

#include <string.h>

#include "expr/node.h"
#include "expr/operand.h"

struct dfa;
struct need;
struct regex;

struct constant_text {
	const char *s;
	size_t len;
};

/* Flags that must all be set, and what the bits that hold a choice must be. */
struct constant_flags { uint64_t flags, part, choice; };

struct constant_net {
	uint8_t addr[16];
	uint8_t family, bits;	/* 4 or 6; of the prefix */
	bool has_port;		/* else any port will do */
	uint16_t port;
};

struct constant {
	struct constant *next;	/* of the same comparison, for another type */
	uint8_t class, type, get, arg;	/* of the access */
	uint16_t event;		/* likewise */
	uint8_t op;		/* enum op; not always the comparison's */
	bool valid;
	bool has_right;		/* another field is what is compared with */
	size_t n;		/* of the one that is not NULL */
	uint64_t *numbers;	/* sorted */
	struct constant_flags *flags;
	struct constant_text *texts;
	struct constant_net *nets;
	const struct regex *regex;
	const struct dfa *dfa;		/* of a pattern; NULL: too large */
	const struct need *needs;	/* of which a text meets one if it matches; NULL: not known */
	size_t nneeds;
	struct access right;
	uint32_t *slots, mask;	/* texts of "in" by hash: their number and 1; 0 is free */
};

static inline uint32_t text_hash(const char *s, size_t len)
{
	uint64_t h = len * UINT64_C(0x9e3779b97f4a7c15), w = 0;

	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&w, s, 8);
		h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, s, len);
	h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
	return h >> 32;
}

/* Where the comparison's field is in the records of an event, and as what it is compared: addresses
 * also as the text that is shown of them.  false when the event has none. */
bool comparison_access(const struct comparison *cmp, unsigned id, struct access *access);

/* The constant of a comparison for this operand, made if need be.  NULL without memory. */
const struct constant *constant_get(struct context *c, struct comparison *cmp,
			      const struct access *access);

/* The one that was made before, NULL if none was. */
const struct constant *constant_find(const struct comparison *cmp, const struct access *access);

/* The address of 4 or 16 bytes, version 4 if it is one that was mapped into version 6. */
void net_normal(struct constant_net *net, const void *addr, unsigned family, unsigned bits);

#endif
