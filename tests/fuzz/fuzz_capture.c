// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a recording: as they are, and with the hash of the events of today. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/schema.h"
#include "output/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SCHEMA_AT = 16 };

static void replay(uint8_t *bytes, size_t size)
{
	static struct capture_reader reader;
	FILE *in = fmemopen(bytes, size, "r");
	const void *record;
	uint64_t whole = 0;
	size_t len;
	int r;

	if (!in)
		return;
	r = capture_reader_open(&reader, in);
	while (r >= 0 && (r = capture_read(&reader, &record, &len)) == 1) {
		whole += event_valid(record, len);
		if (len > RECORD_MAX || reader.offset > size)
			abort();
	}
	if ((r < 0) != (reader.error[0] != 0) || whole > reader.records)
		abort();
	fclose(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t schema = schema_hash();
	uint8_t *copy;

	if (size == 0)
		return 0;
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	replay(copy, size);
	/* The hash changes with each event that is added: the corpus shall not age by it. */
	if (size >= SCHEMA_AT + sizeof(schema)) {
		memcpy(copy + SCHEMA_AT, &schema, sizeof(schema));
		replay(copy, size);
	}
	free(copy);
	return 0;
}
