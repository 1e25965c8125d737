/* SPDX-License-Identifier: Apache-2.0 */
/* How lines look. Sinks that want the same share the lines of one stream. */
#ifndef SAKER_CONFIG_STREAM_H
#define SAKER_CONFIG_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "config/option.h"

enum { CONFIG_PATTERNS = 64, CONFIG_PATTERN_NAME = 32 };

/* As format_words, in this order. */
enum format { FORMAT_JSON, FORMAT_TABLE, FORMAT_FALCO, FORMAT_FALCO_TEXT, FORMATS };

struct config_pattern {
	struct option_text name;	/* what stands in the place of what was found: <redacted:name> */
	struct option_text regex;
	const char *where;		/* the option it is part of: agent.redact */
};

/* What is masked beside the usual secrets. */
struct config_redact {
	bool off;			/* nothing is masked */
	struct config_pattern *patterns;	/* the arena's */
	unsigned npatterns;
};

enum envelope_kind { ENVELOPE_NONE, ENVELOPE_SYSLOG, ENVELOPE_JOURNAL };

/* What a kind of sink wants around each line, as part of it. */
struct config_envelope {
	unsigned kind;			/* enum envelope_kind */
	unsigned facility;		/* of syslog, 0 to 23 */
	uint64_t enterprise;		/* number in the name of structured data */
	const char *app;		/* name of the application */
	uint64_t max;			/* bytes of a message; what is longer loses its end; 0: any */
	bool drop;			/* the whole message instead of its end */
	bool counted;			/* each message has its length before it, RFC 6587 */
};

struct config_stream {
	unsigned format;		/* enum format */
	struct option_list fields;	/* none: all */
	struct config_redact redact;
	struct config_envelope envelope;	/* set by the kind of sink */
};

extern const char *const format_words[];
extern const struct option_row config_redact_rows[];

/* Let a stream mask what all are told to mask, too.  0 or -ENOMEM. */
int config_redact_join(struct arena *arena, struct config_redact *to, const struct config_redact *all);

/* The hash (fnv64) of what is masked, after another hash. */
uint64_t config_redact_hash(uint64_t hash, const struct config_redact *redact);

#endif
