/* SPDX-License-Identifier: Apache-2.0 */
/* A record as a line, whatever the format: one encoder a stream, one row of a table a format. */
#ifndef SAKER_OUTPUT_ENCODER_H
#define SAKER_OUTPUT_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/stream.h"
#include "output/envelope.h"
#include "output/falco.h"
#include "output/json.h"
#include "output/redact.h"
#include "output/selection.h"
#include "output/table.h"

struct encoder_ops;
struct subject;

enum { ENCODER_LINE_MAX = 384 << 10 };	/* fits any line of a record whose spans do not overlap, with its envelope */

struct encoder_options {
	const char *host;	/* name of the machine, for records that do not carry one */
	int64_t boot_to_wall;	/* nanoseconds to add to record times for the time since 1970 */
	unsigned table;		/* enum table_option */
	struct redact_counts *redacted;	/* NULL: the encoder has its own */
	struct json_lineage lineage;
};

struct encoder {
	const struct encoder_ops *ops;
	struct redactor redactor;	/* the encoders see only what it leaves */
	struct envelope envelope;
	struct selection fields;	/* of JSON */
	bool cut;			/* the last line has lost its end */
	bool too_long;			/* it is longer than the sinks may send */
	union {
		struct json_encoder json;
		struct table_encoder table;
		struct falco_encoder falco;
	};
};

/* The format of this name, -1 if there is none; and back. */
int format_find(const char *name);
const char *format_name(enum format format);

/* Whether a stream can be made: 0, or -EINVAL or -ENOMEM with words in diag. */
int stream_check(const struct config_stream *stream, struct diag *diag);

/* Whether the lines of two streams are the same, so that one encoder serves both. */
bool stream_same(const struct config_stream *a, const struct config_stream *b);

/* stream must have passed stream_check; what it points to must live as long as the encoder.
 * -ENOMEM. */
int encoder_init(struct encoder *encoder, const struct config_stream *stream, const struct encoder_options *options);

/* Also after a failed encoder_init, and of a zeroed one. */
void encoder_fini(struct encoder *encoder);

/* The wall clock was set. */
void encoder_clock(struct encoder *encoder, int64_t boot_to_wall);

/* The policies that want the records to come, n of them, and how many like them a limit left out
 * before; n 0: none to name. */
void encoder_policies(struct encoder *encoder, const char *const *names, unsigned n, uint64_t suppressed);

/* The line that stands before all others, '\n' included; its length, 0 if the format has none. */
size_t encoder_header(const struct encoder *encoder, char *buf, size_t size);

/* Write the line of a valid record, without its secrets, '\n' included; its length, 0 if it did not
 * fit or is too_long.  subject may be NULL.  What lies behind the line in buf may be overwritten. */
size_t encoder_encode(struct encoder *encoder, const void *record, const struct subject *subject,
		      char *buf, size_t size);

#endif
