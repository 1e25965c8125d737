// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a record, and the check on entry alone: of what it lets pass every byte that a reader may
 * look at is read. */
#include <stdlib.h>
#include <string.h>

#include "event/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* A sum, so that reading is not optimized away. */
static unsigned read_bytes(const void *record, const struct span *at)
{
	const uint8_t *p = (const void *)event_span(record, at);
	unsigned sum = 0;

	for (uint32_t i = 0; i < at->len; i++)
		sum += p[i];
	return sum;
}

static unsigned read_text(const void *record, const struct span *at)
{
	check(at->len == 0 || event_span(record, at)[at->len - 1] == 0);
	return read_bytes(record, at);
}

static unsigned read_fact(const void *record, const struct span *at)
{
	const struct fact *fact = (const void *)event_span(record, at);
	const struct fact_sock *sock;
	unsigned sum = 0;

	if (!at->len)
		return 0;
	sum += read_text(record, &fact->name);
	if (fact->sock.len) {
		sock = (const void *)event_span(record, &fact->sock);
		sum += read_bytes(record, &fact->sock) + read_bytes(record, &sock->name);
	}
	return sum;
}

static unsigned read_record(const void *record)
{
	const struct head *h = record;
	const struct schema *s = schema_get(h->id);
	unsigned sum = read_text(record, &h->hostname) + read_bytes(record, &h->stack);

	for (unsigned i = 0; i < s->nfields; i++) {
		const struct span *at = (const void *)((const char *)record + schema_field_off(s, i));
		enum wire wire = type_info[s->fields[i].type].wire;

		if (wire == WIRE_bytes)
			sum += read_bytes(record, at);
		else if (wire == WIRE_str || wire == WIRE_strv)
			sum += read_text(record, at);
	}
	for (unsigned i = 0; s->syscall && i < FACTS_MAX; i++)
		sum += read_fact(record, &((const struct event_syscall *)record)->facts[i]);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static volatile unsigned sum;

	if (event_valid(data, size))
		sum += read_record(data);
	return 0;
}
