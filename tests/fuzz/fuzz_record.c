// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a record: what passes the check on entry gives a line in every format. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "event/schema.h"
#include "identity/process.h"
#include "identity/subject.h"
#include "output/encoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct process_table processes;
	struct encoder encoders[FORMATS];
};

static _Alignas(8) uint8_t record[RECORD_MAX];
/* Spans of such records may share bytes, so that lines get longer than those of real ones. */
static char line[8 << 20];

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_json(size_t len)
{
	json_error_t error;
	json_t *tree = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	check(tree);
	json_decref(tree);
}

static void check_line(struct fuzz *f, enum format format, const struct subject *subject)
{
	size_t len = encoder_encode(&f->encoders[format], record, subject, line, sizeof(line));

	check(len > 0 && line[len - 1] == '\n');
	for (size_t i = 0; i < len - 1; i++)
		check(line[i] >= 0x20 && line[i] <= 0x7e);
	if (format == FORMAT_JSON || format == FORMAT_FALCO)
		check_json(len);
}

static void init(struct fuzz *f)
{
	const struct encoder_options options = { .host = "fuzz" };

	check(!process_table_init(&f->processes, PROCESS_BYTES_MIN));
	for (unsigned i = 0; i < FORMATS; i++)
		check(!encoder_init(&f->encoders[i], &(struct config_stream){ .format = i }, &options));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct head *h = (const struct head *)record;
	struct subject subject = { 0 };
	static struct fuzz f;

	if (!f.processes.slots)
		init(&f);
	if (size > sizeof(record))
		return 0;
	memcpy(record, data, size);
	if (!event_valid(record, size))
		return 0;
	process_observe(&f.processes, record);
	subject = (struct subject){ .process = process_of(&f.processes, h), .processes = &f.processes };
	f.encoders[FORMAT_TABLE].table.options ^= TABLE_FULL;
	for (unsigned i = 0; i < FORMATS; i++)
		check_line(&f, i, &subject);
	return 0;
}
