/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record as Falco writes an alert: as its JSON, with the names that Falco gives to fields, or as its
 * line of text.  An event stands for a rule of its name.  Printable ASCII only.
 */
#ifndef SAKER_OUTPUT_FALCO_H
#define SAKER_OUTPUT_FALCO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/json.h"
#include "output/table.h"

struct subject;

enum { FALCO_TAGS = 64 };

struct falco_encoder {
	struct json_encoder json;	/* places and memos of values */
	struct table_encoder table;	/* for the sentence */
	bool text;			/* the line of text alone */
	char *sentence;			/* room for one */
	const char *policies[FALCO_TAGS];	/* that want the record to come */
	unsigned npolicies;
};

/* text: no JSON.  -ENOMEM. */
int falco_encoder_init(struct falco_encoder *falco, const char *hostname, int64_t boot_to_wall, bool text);
void falco_encoder_fini(struct falco_encoder *falco);

/* The wall clock was set. */
void falco_encoder_clock(struct falco_encoder *falco, int64_t boot_to_wall);

/* The policies that want the record to come, n of them; the names must live until it is encoded. */
void falco_encoder_policies(struct falco_encoder *falco, const char *const *names, unsigned n);

/* Write the line of a valid record, '\n' included; its length, 0 if it did not fit.  subject may be
 * NULL.  What lies behind the line in buf may be overwritten. */
size_t falco_encode(struct falco_encoder *falco, const void *record, const struct subject *subject,
		    char *buf, size_t size);

#endif
