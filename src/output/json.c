// SPDX-License-Identifier: Apache-2.0
/*
 * What is the same in every line of an event (names, punctuation) is joined into pieces beforehand;
 * what is the same for every line of a thread (proc, user) is kept as a fragment; and the text of a
 * set of flags is kept as a memo.  A record then costs a few copies and the escaping of its strings.
 */
#include "output/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "identity/subject.h"
#include "output/json_line.h"
#include "output/stamp.h"

enum { OPENING_LEN = 9 + STAMP_SECOND };

static const char lanes[LANES][24] = {
	",\"lane\":\"critical\"", ",\"lane\":\"normal\"", ",\"lane\":\"bulk\"",
};

/* Append to the pieces; with none yet, only count. */
static struct piece piece_add(struct json_encoder *json, const char *a, const char *b, const char *c)
{
	struct piece piece = { json->pieces_len, strlen(a) + strlen(b) + strlen(c) };
	struct text t;

	if (json->pieces) {
		t = (struct text){ .p = json->pieces + piece.off };
		t.end = t.p + piece.len;
		text_str(&t, a);
		text_str(&t, b);
		text_str(&t, c);
	}
	json->pieces_len += (piece.len + PIECE_STEP - 1) / PIECE_STEP * PIECE_STEP;
	return piece;
}

static enum form who_form(const struct field *f)
{
	if (schema_asked(f->off))
		return FORM_ASKED;
	return f->size == 4 ? FORM_WHO : form_of(f->type);
}

/* The keys of proc and user; the number of their fields. */
static size_t lay_out_who(struct json_encoder *json, struct json_field *fields)
{
	const struct field *f = schema_common(&json->nwho);
	size_t group = 0;

	for (unsigned i = 0; i < json->nwho; i++, f++) {
		size_t len = strchr(f->name, '.') - f->name;
		bool opens = i == 0 || len != group || strncmp(f->name, f[-1].name, len);
		char key[KEY_MAX];
		struct piece piece;

		if (opens)
			snprintf(key, sizeof(key), "%s,\"%.*s\":{\"", i ? "}" : "", (int)len, f->name);
		group = len;
		piece = piece_add(json, opens ? key : ",\"", f->name + len + 1, "\":");
		if (fields)
			fields[i] = (struct json_field){ piece, f->off, who_form(f), f->type };
	}
	return json->nwho;
}

/* Lay out the text of all events; fields is NULL when only counting.  The number of fields. */
static size_t lay_out(struct json_encoder *json, struct json_field *fields)
{
	size_t n = 0;

	json->pieces_len = 0;
	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		const struct schema *s = schema_get(id);
		struct json_shape *shape = &json->shapes[id];

		if (!s)
			continue;
		shape->opening = piece_add(json, "Z\",\"event\":\"", s->name, "\",\"seq\":");
		shape->fields = fields ? fields + n : NULL;
		shape->nfields = s->nfields;
		shape->has_ret = s->syscall && s->view != VIEW_entry && s->ret != T_none;
		shape->ret_type = s->ret;
		for (unsigned i = 0; i < s->nfields; i++, n++) {
			struct piece key = piece_add(json, i ? ",\"" : ",\"args\":{\"", s->fields[i].name, "\":");

			if (fields)
				fields[n] = (struct json_field){ key, schema_field_off(s, i),
								 form_of(s->fields[i].type), s->fields[i].type };
		}
	}
	json->who = fields ? fields + n : NULL;
	return n + lay_out_who(json, json->who);
}

static void set_hostname(struct json_encoder *json, const char *name)
{
	struct text t = { .p = json->hostname, .end = json->hostname + sizeof(json->hostname) };

	text_str(&t, ",\"hostname\":");
	text_quoted(&t, name, strnlen(name, 64));
	json->hostname_len = t.p - json->hostname;
}

int json_encoder_init(struct json_encoder *json, const char *hostname, int64_t boot_to_wall)
{
	size_t nfields;

	memset(json, 0, sizeof(*json));
	json->shapes = calloc(EVENT_COUNT, sizeof(*json->shapes));
	json->fragments = calloc(FRAGMENTS, sizeof(*json->fragments));
	json->memos = calloc(MEMOS, sizeof(*json->memos));
	json->containers = calloc(CONTAINER_TEXTS, sizeof(*json->containers));
	json->cgroup_texts = calloc(CGROUP_TEXTS, sizeof(*json->cgroup_texts));
	if (!json->shapes || !json->fragments || !json->memos || !json->containers || !json->cgroup_texts)
		goto fail;
	nfields = lay_out(json, NULL);
	json->pieces = calloc(1, json->pieces_len);
	json->fields = calloc(nfields, sizeof(*json->fields));
	if (!json->pieces || !json->fields)
		goto fail;
	lay_out(json, json->fields);
	set_hostname(json, hostname);
	json->boot_to_wall = boot_to_wall;
	json->second = UINT64_MAX;
	return 0;
fail:
	json_encoder_fini(json);
	return -ENOMEM;
}

void json_encoder_fini(struct json_encoder *json)
{
	free(json->shapes);
	free(json->fields);
	free(json->fragments);
	free(json->memos);
	free(json->containers);
	free(json->cgroup_texts);
	free(json->pieces);
	memset(json, 0, sizeof(*json));
}

void json_encoder_clock(struct json_encoder *json, int64_t boot_to_wall)
{
	int64_t change = boot_to_wall - json->boot_to_wall;

	if (change > -CLOCK_ERROR && change < CLOCK_ERROR)
		return;
	json->boot_to_wall = boot_to_wall;
	json->second = UINT64_MAX;
	for (unsigned i = 0; i < FRAGMENTS; i++)
		json->fragments[i].len = 0;
}

static void opening(struct line *l, const struct json_shape *shape, const struct head *h)
{
	struct json_encoder *json = l->json;
	uint64_t wall = h->time + (uint64_t)json->boot_to_wall, second = wall / 1000000000;

	if (!text_room(&l->t, 512))
		return;
	if (second != json->second) {
		memcpy(json->opening, "{\"time\":\"", 9);
		stamp_second(json->opening + 9, second);
		json->second = second;
	}
	memcpy(l->t.p, json->opening, sizeof(json->opening));
	stamp_fraction(l->t.p + OPENING_LEN, wall - second * 1000000000);
	l->t.p += OPENING_LEN + 9;
	put_piece(&l->t, json, shape->opening);
	put_value(l, FORM_NUMBER, T_wide, h->seq);
	PUT(&l->t, ",\"cpu\":");
	text_udec(&l->t, h->cpu);
	memcpy(l->t.p, lanes[h->lane], sizeof(lanes[0]));
	l->t.p += strlen(lanes[h->lane]);
	if (h->slot) {
		PUT(&l->t, ",\"nest\":");
		text_udec(&l->t, h->slot);
	}
}

static void fields(struct line *l, const struct json_shape *shape, const struct schema *s)
{
	for (unsigned i = 0; i < shape->nfields; i++)
		line_field(l, &shape->fields[i], s, i);
	if (!text_room(&l->t, KEY_MAX))
		return;
	if (shape->nfields)
		put_char(&l->t, '}');
	else
		PUT(&l->t, ",\"args\":{}");
}

/* The generation that selected the record, and those of its policies that want it. */
static void line_policy(struct line *l, uint16_t generation)
{
	text_str(&l->t, ",\"policy\":{\"generation\":");
	text_udec(&l->t, generation);
	text_raw(&l->t, l->json->policies, l->json->policies_len);
	text_char(&l->t, '}');
}

void json_encoder_policies(struct json_encoder *json, const char *const *names, unsigned n, uint64_t suppressed)
{
	struct text t = { .p = json->policies, .end = json->policies + sizeof(json->policies) };

	for (unsigned i = 0; i < n; i++) {
		text_str(&t, i ? ",\"" : ",\"names\":[\"");
		text_str(&t, names[i]);
		text_char(&t, '"');
	}
	if (n)
		text_char(&t, ']');
	if (suppressed) {
		text_str(&t, ",\"suppressed\":");
		text_udec(&t, suppressed);
	}
	json->policies_len = t.full ? 0 : (size_t)(t.p - json->policies);
}

size_t json_encode(struct json_encoder *json, const void *record, const struct subject *subject,
		   char *buf, size_t size)
{
	static const struct subject unknown;
	const struct subject *who = subject ? subject : &unknown;
	const struct head *h = record;
	const struct schema *s = schema_get(h->id);
	const struct json_shape *shape = &json->shapes[h->id];
	struct line l = {
		.t = { .p = buf, .end = buf + size }, .json = json, .record = record,
		.compat = s->syscall && h->abi == ABI_32,
	};

	json->nraw = 0;
	json->lineage_cut = json->stack_cut = json->cgroup_cut = false;
	opening(&l, shape, h);
	line_who(&l, who);
	line_container(&l, who->container);
	line_cgroup(&l, who, &cgroup_keys_json);
	line_hostname(&l);
	if (h->abi == ABI_32)
		text_str(&l.t, ",\"abi\":\"32-bit\"");
	fields(&l, shape, s);
	if (s->syscall) {
		line_result(&l, shape);
		line_facts(&l, s);
	}
	line_stack(&l, who);
	if (h->policy)
		line_policy(&l, h->policy);
	line_flaws(&l, s, who);
	text_str(&l.t, "}\n");
	return l.t.full ? 0 : (size_t)(l.t.p - buf);
}
