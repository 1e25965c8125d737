/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of what is limited and deduplicated: a hash of fields of a record, or of who did it.
 *
 * What is hashed is chosen by those who are watched, so the hash is SipHash-2-4 with a secret seed:
 * nobody outside can find two that collide.
 */
#ifndef SAKER_POLICY_KEY_H
#define SAKER_POLICY_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/limit.h"

struct access;
struct expr_view;
struct schema;
struct who;

struct key { uint64_t hi, lo; };

struct key_seed { uint64_t k[2]; };

/* A hash under way.  What is put in is told apart by its length: "a", "bc" is not "ab", "c". */
struct key_state {
	uint64_t v[4];
	uint64_t words;
};

/* Fresh from the kernel.  0 or negative errno. */
int key_seed_init(struct key_seed *seed);

void key_begin(struct key_state *state, const struct key_seed *seed);
void key_word(struct key_state *state, uint64_t word);
void key_bytes(struct key_state *state, const void *data, size_t len);
struct key key_end(struct key_state *state);

/* Where a value lies in a record of one event, or how it is come by. */
struct key_field {
	uint16_t off;
	uint8_t size;		/* bytes */
	uint8_t type;		/* enum type */
	uint32_t bits;		/* its own in truncated and faulted; 0: none */
	const struct access *operand;	/* of expressions, whose value is taken instead; NULL: none */
};

/* The n-th field of an event, of those that all records have, and a system call's result. */
struct key_field key_field_event(const struct schema *schema, unsigned n);
struct key_field key_field_common(unsigned n);
struct key_field key_field_ret(const struct schema *schema);

/* Put in a value of a valid record.  A text that was cut, or that could not be read, is another
 * than the same text whole, and what is not known is another than any value. */
void key_field(struct key_state *state, const struct expr_view *view, const struct key_field *field);

/* All of n fields at once. */
struct key key_fields(const struct key_seed *seed, const struct expr_view *view,
		      const struct key_field *fields, size_t n);

/* Whether the value is a text without a byte, or is not known. */
bool key_field_empty(const struct expr_view *view, const struct key_field *field);

/* The key of a limit.  exe "" (unknown) stands for the process alone, container 0 for the cgroup.
 * For a cgroup it is the cgroup's id, so limiter_forget takes that. */
uint64_t key_identity(const struct key_seed *seed, enum limit_key kind, const struct who *who,
		      const char *exe, uint64_t container);

#endif
