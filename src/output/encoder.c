// SPDX-License-Identifier: Apache-2.0
#include "output/encoder.h"

#include <errno.h>
#include <string.h>

struct encoder_ops {
	const char *name;
	int (*init)(struct encoder *e, const struct config_stream *stream, const struct encoder_options *options);
	void (*fini)(struct encoder *e);
	void (*clock)(struct encoder *e, int64_t boot_to_wall);
	void (*policies)(struct encoder *e, const char *const *names, unsigned n, uint64_t suppressed);
	size_t (*header)(const struct encoder *e, char *buf, size_t size);	/* NULL: none */
	size_t (*encode)(struct encoder *e, const void *record, const struct subject *subject, char *buf,
			 size_t size);
};

_Static_assert((int)ENCODER_LINE_MAX >= (int)JSON_LINE_MAX && (int)ENCODER_LINE_MAX >= (int)TABLE_LINE_MAX,
	       "the longest line of any format");

static int json_init(struct encoder *e, const struct config_stream *stream, const struct encoder_options *options)
{
	int r = json_encoder_init(&e->json, options->host, options->boot_to_wall);

	selection_init(&e->fields, &stream->fields);
	e->json.lineage = options->lineage;
	e->json.cgroups = selection_wants(&e->fields, "cgroup");
	e->json.redactor = &e->redactor;
	return r;
}

static void json_fini(struct encoder *e)
{
	json_encoder_fini(&e->json);
}

static void json_clock(struct encoder *e, int64_t boot_to_wall)
{
	json_encoder_clock(&e->json, boot_to_wall);
}

static void json_policies(struct encoder *e, const char *const *names, unsigned n, uint64_t suppressed)
{
	json_encoder_policies(&e->json, names, n, suppressed);
}

static size_t json_line(struct encoder *e, const void *record, const struct subject *subject, char *buf, size_t size)
{
	size_t len = json_encode(&e->json, record, subject, buf, size);

	return len && e->fields.n ? selection_apply(&e->fields, buf, len) : len;
}

static int table_init(struct encoder *e, const struct config_stream *stream, const struct encoder_options *options)
{
	(void)stream;
	return table_encoder_init(&e->table, options->boot_to_wall, options->table);
}

static void table_fini(struct encoder *e)
{
	table_encoder_fini(&e->table);
}

static void table_clock(struct encoder *e, int64_t boot_to_wall)
{
	table_encoder_clock(&e->table, boot_to_wall);
}

static void no_policies(struct encoder *e, const char *const *names, unsigned n, uint64_t suppressed)
{
	(void)e;
	(void)names;
	(void)n;
	(void)suppressed;
}

static size_t table_names(const struct encoder *e, char *buf, size_t size)
{
	return table_header(&e->table, buf, size);
}

static size_t table_line(struct encoder *e, const void *record, const struct subject *subject, char *buf, size_t size)
{
	return table_encode(&e->table, record, subject, buf, size);
}

static int falco_init(struct encoder *e, const struct config_stream *stream, const struct encoder_options *options)
{
	int r = falco_encoder_init(&e->falco, options->host, options->boot_to_wall, stream->format == FORMAT_FALCO_TEXT);

	e->falco.json.redactor = &e->redactor;
	return r;
}

static void falco_fini(struct encoder *e)
{
	falco_encoder_fini(&e->falco);
}

static void falco_clock(struct encoder *e, int64_t boot_to_wall)
{
	falco_encoder_clock(&e->falco, boot_to_wall);
}

static void falco_policies(struct encoder *e, const char *const *names, unsigned n, uint64_t suppressed)
{
	(void)suppressed;
	falco_encoder_policies(&e->falco, names, n);
}

static size_t falco_line(struct encoder *e, const void *record, const struct subject *subject, char *buf, size_t size)
{
	return falco_encode(&e->falco, record, subject, buf, size);
}

#define FALCO falco_init, falco_fini, falco_clock, falco_policies, NULL, falco_line

static const struct encoder_ops formats[FORMATS] = {
	[FORMAT_JSON] = { "json", json_init, json_fini, json_clock, json_policies, NULL, json_line },
	[FORMAT_TABLE] = { "table", table_init, table_fini, table_clock, no_policies, table_names, table_line },
	[FORMAT_FALCO] = { "falco", FALCO },
	[FORMAT_FALCO_TEXT] = { "falco_text", FALCO },
};

int format_find(const char *name)
{
	for (int i = 0; i < FORMATS; i++)
		if (!strcmp(formats[i].name, name))
			return i;
	return -1;
}

const char *format_name(enum format format)
{
	return formats[format].name;
}

int stream_check(const struct config_stream *stream, struct diag *diag)
{
	const struct option_list *fields = &stream->fields;

	if (fields->n && stream->format != FORMAT_JSON)
		return diag_set(diag, fields->items[0].line, fields->items[0].col,
				"fields: only lines of format json are made of them, not %s", format_name(stream->format));
	if (selection_check(fields, diag) < 0)
		return -EINVAL;
	return redact_check(&stream->redact, diag);
}

static bool same_redaction(const struct config_redact *a, const struct config_redact *b)
{
	if (a->off != b->off || (!a->off && a->npatterns != b->npatterns))
		return false;
	for (unsigned i = 0; !a->off && i < a->npatterns; i++)
		if (strcmp(a->patterns[i].name.text, b->patterns[i].name.text) ||
		    strcmp(a->patterns[i].regex.text, b->patterns[i].regex.text))
			return false;
	return true;
}

static bool same_fields(const struct option_list *a, const struct option_list *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (strcmp(a->items[i].text, b->items[i].text) != 0)
			return false;
	return true;
}

bool stream_same(const struct config_stream *a, const struct config_stream *b)
{
	return a->format == b->format && same_fields(&a->fields, &b->fields) && same_redaction(&a->redact, &b->redact) &&
	       envelope_same(&a->envelope, &b->envelope);
}

int encoder_init(struct encoder *e, const struct config_stream *stream, const struct encoder_options *options)
{
	int r;

	*e = (struct encoder){ .ops = &formats[stream->format] };
	r = redactor_init(&e->redactor, &stream->redact, options->redacted);
	r = r < 0 ? r : envelope_init(&e->envelope, &stream->envelope, options->host, options->boot_to_wall);
	return r < 0 ? r : e->ops->init(e, stream, options);
}

void encoder_fini(struct encoder *e)
{
	if (e->ops)
		e->ops->fini(e);
	redactor_fini(&e->redactor);
	e->ops = NULL;
}

void encoder_clock(struct encoder *e, int64_t boot_to_wall)
{
	e->envelope.boot_to_wall = boot_to_wall;
	e->ops->clock(e, boot_to_wall);
}

void encoder_policies(struct encoder *e, const char *const *names, unsigned n, uint64_t suppressed)
{
	e->ops->policies(e, names, n, suppressed);
}

size_t encoder_header(const struct encoder *e, char *buf, size_t size)
{
	return e->ops->header ? e->ops->header(e, buf, size) : 0;
}

size_t encoder_encode(struct encoder *e, const void *record, const struct subject *subject, char *buf, size_t size)
{
	struct redacted seen;

	size_t head, len;

	e->cut = e->too_long = false;
	redact(&e->redactor, record, subject, &seen);
	if (e->envelope.config.kind == ENVELOPE_NONE)
		return e->ops->encode(e, seen.record, &seen.subject, buf, size);
	head = envelope_open(&e->envelope, seen.record, &seen.subject, buf, size);
	len = head ? e->ops->encode(e, seen.record, &seen.subject, buf + head, size - head) : 0;
	if (!len)
		return 0;
	len = envelope_close(&e->envelope, buf, head, len, &e->cut);
	e->too_long = !len;
	return len;
}
