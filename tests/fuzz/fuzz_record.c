// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a record: what passes the check on entry gives a line of JSON and a row of a table. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "event/schema.h"
#include "identity/process.h"
#include "identity/subject.h"
#include "output/json.h"
#include "output/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct process_table processes;
	struct json_encoder json;
	struct table_encoder table;
};

static _Alignas(8) uint8_t record[RECORD_MAX];
/* Spans of such records may share bytes, so that lines get longer than those of real ones. */
static char line[8 << 20];

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_json(struct fuzz *f, const struct subject *subject)
{
	size_t len = json_encode(&f->json, record, subject, line, sizeof(line));
	json_error_t error;
	json_t *tree;

	check(len > 0 && line[len - 1] == '\n');
	for (size_t i = 0; i < len - 1; i++)
		check(line[i] >= 0x20 && line[i] <= 0x7e);
	tree = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	check(tree);
	json_decref(tree);
}

static void check_table(struct fuzz *f, const struct subject *subject)
{
	size_t len = table_encode(&f->table, record, subject, line, sizeof(line));

	check(len > 0 && line[len - 1] == '\n');
	for (size_t i = 0; i < len - 1; i++)
		check(line[i] >= 0x20 && line[i] <= 0x7e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct head *h = (const struct head *)record;
	struct subject subject = { 0 };
	static struct fuzz f;

	if (!f.processes.slots)
		check(!process_table_init(&f.processes, PROCESS_BYTES_MIN) &&
		      !json_encoder_init(&f.json, "fuzz", 0) && !table_encoder_init(&f.table, 0, 0));
	if (size > sizeof(record))
		return 0;
	memcpy(record, data, size);
	if (!event_valid(record, size))
		return 0;
	process_observe(&f.processes, record);
	subject = (struct subject){ .process = process_of(&f.processes, h), .processes = &f.processes };
	check_json(&f, &subject);
	f.table.options ^= TABLE_FULL;
	check_table(&f, &subject);
	return 0;
}
