/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a line, shared by the files behind json.h alone.
 *
 * Room is asked for once for several appends: what begins with put_ does not ask.
 */
#ifndef SAKER_OUTPUT_JSON_LINE_H
#define SAKER_OUTPUT_JSON_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "event/schema.h"
#include "event/value.h"
#include "output/json.h"

struct container;
struct fact;
struct subject;

enum {
	FRAGMENTS = 256, FRAGMENT_TEXT = 2128,
	MEMOS = 1024, MEMO_TEXT = 51,
	CONTAINER_TEXTS = 64, CONTAINER_TEXT = 1012,
	CGROUP_TEXTS = 32, CGROUP_TEXT = 492,
	PIECE_STEP = 16,	/* pieces are copied, and so padded, in such steps */
	KEY_MAX = 64,		/* bytes of a name with quotes, colon and padding */
	VALUE_ROOM = KEY_MAX + 2 * KEY_MAX + VALUE_TEXT_MAX,	/* for any member that is no string */
};

/* How the value of a field is written. */
enum form { FORM_TEXT, FORM_ARG, FORM_NUMBER, FORM_ID, FORM_TIME, FORM_WALL, FORM_COMM, FORM_ADDR,
	    FORM_STR, FORM_STRV, FORM_BYTES, FORM_WHO, FORM_ASKED };

struct piece { uint32_t off; uint32_t len; };

struct json_field {
	struct piece key;	/* ,"name": and for the first one what is before */
	uint16_t off;		/* in the record */
	uint8_t form, type;
};

struct json_shape {
	struct piece opening;	/* Z","event":"openat","seq": */
	struct json_field *fields;
	uint8_t nfields;
	bool syscall, has_ret;
	uint8_t ret_type;
};

struct fragment {
	struct who who;
	uint64_t stamp;		/* of the process; 0 none */
	uint64_t tree;		/* of the process table, when lineage was last found to hold */
	uint64_t lineage;	/* of the ancestors */
	uint64_t names;		/* of users and groups */
	uint32_t len;		/* 0: empty */
	char text[FRAGMENT_TEXT];
};

struct memo {
	uint64_t value;
	uint16_t key;		/* type and compat, plus 1; 0: empty */
	uint8_t len;
	char text[MEMO_TEXT + 2];
};

/* What was written of a container before. */
struct container_text {
	uint64_t stamp;		/* of the container; 0: empty */
	uint32_t len;
	char text[CONTAINER_TEXT];
};

/* What was written of a cgroup before. */
struct cgroup_text {
	uint64_t id, stamp;	/* of the table; 0: empty */
	uint32_t len;
	char text[CGROUP_TEXT];
};

/* The text before each member of a cgroup, and behind the last one. */
struct cgroup_keys { const char *path, *unit, *slice, *session, *end; };

/* The line that is being written. */
struct line {
	struct text t;
	struct json_encoder *json;
	const void *record;
	bool compat;
};

static inline void put(struct text *t, const char *s, size_t n)
{
	memcpy(t->p, s, n);
	t->p += n;
}

#define PUT(t, literal) put(t, literal, sizeof(literal) - 1)

static inline void put_char(struct text *t, char c)
{
	*t->p++ = c;
}

/* Copies up to PIECE_STEP - 1 bytes too many, within the room of any member. */
static inline void put_piece(struct text *t, const struct json_encoder *json, struct piece piece)
{
	const char *from = json->pieces + piece.off;
	char *to = t->p;

	for (int n = (int)piece.len; n > 0; n -= PIECE_STEP, to += PIECE_STEP, from += PIECE_STEP)
		memcpy(to, from, PIECE_STEP);
	t->p += piece.len;
}

enum form form_of(enum type type);

/* A string with its quotes; true if it was not UTF-8. */
bool text_quoted(struct text *t, const char *s, size_t len);

/* A list of strings that end with a NUL each; invalid is set if one is not UTF-8. */
void text_strv(struct text *t, const char *s, size_t len, bool *invalid);

/* Remember a field for the object raw. */
void raw_add(struct json_encoder *json, struct json_raw raw);

void put_value(struct line *l, enum form form, enum type type, uint64_t value);
void put_addr(struct line *l, const struct wire_addr *addr);

/* The value of the i-th field; VALUE_ROOM was asked for. */
void line_value(struct line *l, const struct json_field *f, const struct schema *s, unsigned i);

/* "key":value of the i-th field. */
void line_field(struct line *l, const struct json_field *f, const struct schema *s, unsigned i);

/* ,"proc":{..},"user":{..} and ,"hostname":.. */
void line_who(struct line *l, const struct subject *who);
void line_hostname(struct line *l);

/* ,"container":{..},"k8s":{..} */
void line_container(struct line *l, const struct container *container);

/* ,"cgroup":{"path":..,"unit":..,"slice":..,"session":..}; an encoder always uses the same keys. */
extern const struct cgroup_keys cgroup_keys_json;
void line_cgroup(struct line *l, const struct subject *who, const struct cgroup_keys *keys);

/* ,"ret":.. ,"fd":{..} ,"fds":[..] of a system call */
void line_result(struct line *l, const struct json_shape *shape);
void line_facts(struct line *l, const struct schema *s);

/* ,"stack":[{"addr":..,"file":..,"offset":..},..] */
void line_stack(struct line *l, const struct subject *who);

/* Two hexadecimal digits a byte; nothing where there is no room. */
void line_hex(struct line *l, const void *data, size_t len);

/* ,"truncated":[..] ,"faulted":[..] ,"raw":{..}, each if there is something to tell */
void line_flaws(struct line *l, const struct schema *s, const struct subject *who);

#endif
