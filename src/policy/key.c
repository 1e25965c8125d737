// SPDX-License-Identifier: Apache-2.0
#include "policy/key.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "event/schema.h"
#include "event/value.h"
#include "expr/fetch.h"
#include "expr/operand.h"

int key_seed_init(struct key_seed *seed)
{
	ssize_t n = getrandom(seed->k, sizeof(seed->k), 0);

	return n == sizeof(seed->k) ? 0 : n < 0 ? -errno : -EIO;
}

static uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void rounds(uint64_t v[4], unsigned n)
{
	for (; n; n--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

/* SipHash-2-4 with a result of 128 bits, of a message of whole words. */
void key_begin(struct key_state *s, const struct key_seed *seed)
{
	s->v[0] = seed->k[0] ^ 0x736f6d6570736575;
	s->v[1] = seed->k[1] ^ 0x646f72616e646f6d ^ 0xee;
	s->v[2] = seed->k[0] ^ 0x6c7967656e657261;
	s->v[3] = seed->k[1] ^ 0x7465646279746573;
	s->words = 0;
}

void key_word(struct key_state *s, uint64_t word)
{
	s->v[3] ^= word;
	rounds(s->v, 2);
	s->v[0] ^= word;
	s->words++;
}

/* note tells apart bytes that are the same but for what is known of them. */
static void put_bytes(struct key_state *s, const void *data, size_t len, uint64_t note)
{
	const char *p = data;
	uint64_t word;

	key_word(s, len | note << 62);
	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		key_word(s, word);
	}
	word = 0;
	memcpy(&word, p, len);
	if (len)
		key_word(s, word);
}

void key_bytes(struct key_state *s, const void *data, size_t len)
{
	put_bytes(s, data, len, 0);
}

static uint64_t fold(const uint64_t v[4])
{
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct key key_end(struct key_state *s)
{
	struct key key;

	key_word(s, s->words * sizeof(uint64_t) << 56);
	s->v[2] ^= 0xee;
	rounds(s->v, 4);
	key.hi = fold(s->v);
	s->v[1] ^= 0xdd;
	rounds(s->v, 4);
	key.lo = fold(s->v);
	return key;
}

struct key_field key_field_event(const struct schema *schema, unsigned n)
{
	const struct field *f = &schema->fields[n];

	return (struct key_field){
		.off = schema_field_off(schema, n), .size = f->size, .type = f->type,
		.bits = n < 32 ? 1u << n : 0,
	};
}

struct key_field key_field_common(unsigned n)
{
	unsigned count;
	const struct field *f = &schema_common(&count)[n];

	return (struct key_field){ .off = f->off, .size = f->size, .type = f->type };
}

struct key_field key_field_ret(const struct schema *schema)
{
	return (struct key_field){
		.off = offsetof(struct event_syscall, ret), .size = 8, .type = schema->ret,
	};
}

static void put_number(struct key_state *s, const struct head *h, const struct key_field *f)
{
	bool compat = h->id >= EVENT_SYSCALL && h->abi == ABI_32;
	const char *at = (const char *)h + f->off;
	uint64_t value = 0;
	uint32_t half;

	if (f->size == sizeof(half)) {
		memcpy(&half, at, sizeof(half));
		value = half;
	} else {
		memcpy(&value, at, sizeof(value));
	}
	key_word(s, value_clean(f->type, value, compat));
}

static void put_span(struct key_state *s, const struct head *h, const struct key_field *f)
{
	uint64_t truncated = !!(h->truncated & f->bits), faulted = !!(h->faulted & f->bits);
	struct span at;

	memcpy(&at, (const char *)h + f->off, sizeof(at));
	put_bytes(s, event_span(h, &at), at.len, faulted << 1 | truncated);
}

static void put_net(struct key_state *s, const struct constant_net *net)
{
	uint64_t words[2];

	memcpy(words, net->addr, sizeof(words));
	key_word(s, (uint64_t)net->family << 8 | net->bits);
	key_word(s, words[0]);
	key_word(s, words[1]);
}

static void put_operand(struct key_state *s, const struct expr_view *view, const struct access *operand)
{
	struct fetched f;

	fetch(&f, operand, view);
	key_word(s, f.n);
	if (operand->class == CLASS_NUM || operand->class == CLASS_ADDR) {
		for (unsigned i = 0; i < f.n; i++)
			if (operand->class == CLASS_NUM)
				key_word(s, f.numbers[i]);
			else
				put_net(s, &f.nets[i]);
	} else if (f.n) {
		key_bytes(s, f.text.s, f.text.len);
	}
}

void key_field(struct key_state *s, const struct expr_view *view, const struct key_field *f)
{
	const struct head *h = view->record;
	const char *at = (const char *)h + f->off;

	if (f->operand) {
		put_operand(s, view, f->operand);
		return;
	}
	switch (type_info[f->type].wire) {
	case WIRE_num:
		put_number(s, h, f);
		break;
	case WIRE_str:
	case WIRE_strv:
	case WIRE_bytes:
		put_span(s, h, f);
		break;
	case WIRE_comm:
		/* Behind the NUL may be what is left of an older name. */
		key_bytes(s, at, strnlen(at, sizeof(wire_comm)));
		break;
	case WIRE_addr:
		key_bytes(s, at, sizeof(struct wire_addr));
		break;
	}
}

struct key key_fields(const struct key_seed *seed, const struct expr_view *view,
		      const struct key_field *fields, size_t n)
{
	struct key_state s;

	key_begin(&s, seed);
	for (size_t i = 0; i < n; i++)
		key_field(&s, view, &fields[i]);
	return key_end(&s);
}

static bool operand_empty(const struct expr_view *view, const struct access *operand)
{
	bool text = operand->class != CLASS_NUM && operand->class != CLASS_ADDR;
	struct fetched f;

	fetch(&f, operand, view);
	return !f.n || (text && !f.text.len);
}

bool key_field_empty(const struct expr_view *view, const struct key_field *field)
{
	const struct span *at = (const void *)((const char *)view->record + field->off);
	enum wire wire = type_info[field->type].wire;

	if (field->operand)
		return operand_empty(view, field->operand);
	if (wire == WIRE_comm)
		return !*(const char *)at;
	if (wire == WIRE_str || wire == WIRE_strv)
		return at->len <= 1;
	return wire == WIRE_bytes && at->len == 0;
}

static uint64_t process_key(const struct key_seed *seed, const struct who *who)
{
	struct key_state s;

	key_begin(&s, seed);
	key_word(&s, who->host_pid);
	key_word(&s, who->proc_leader_start);
	return key_end(&s).hi;
}

static uint64_t executable_key(const struct key_seed *seed, const struct who *who,
			       const char *exe)
{
	struct key_state s;

	if (!*exe)
		return process_key(seed, who);
	key_begin(&s, seed);
	key_bytes(&s, exe, strlen(exe));
	return key_end(&s).hi;
}

uint64_t key_identity(const struct key_seed *seed, enum limit_key kind, const struct who *who,
		      const char *exe, uint64_t container)
{
	switch (kind) {
	case LIMIT_cgroup:
		return who->proc_cgroup;
	case LIMIT_process:
		return process_key(seed, who);
	case LIMIT_executable:
		return executable_key(seed, who, exe);
	case LIMIT_container:
		return container ? container : who->proc_cgroup;
	case LIMIT_global:
		return 0;
	}
	return 0;
}
