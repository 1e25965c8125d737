/* SPDX-License-Identifier: Apache-2.0 */
/* Sinks in saker.yaml: what all have, and kinds that bring option tables of their own. */
#ifndef SAKER_CONFIG_SINK_H
#define SAKER_CONFIG_SINK_H

#include <stdint.h>
#include <stdio.h>

#include "base/diag.h"
#include "config/option.h"
#include "config/rate.h"
#include "config/stream.h"

struct config;
struct config_sink;

enum { CONFIG_SINKS = 32, CONFIG_NAME = 63 };

/* A kind of sink, as configuration sees it. */
struct config_sink_kind {
	const char *name, *doc;
	const struct option_row *rows;	/* of the settings; NULL: it has none */
	size_t size;			/* of the settings */
	/* What rows cannot say, once all sinks were read: it may look at those before this one.  0, or
	 * -EINVAL with words in diag.  NULL: nothing. */
	int (*check)(const struct config_sink *sink, const struct config *config, struct diag *diag);
};

struct config_queue {
	uint64_t bytes;
	unsigned when_full;		/* enum queue_full */
	unsigned reserve;		/* percent */
};

struct config_sink {
	const char *name;
	unsigned line, col;		/* of the name; 0 of the one there is without any */
	const struct config_sink_kind *kind;
	unsigned type;			/* index of the kind */
	void *settings;			/* of the kind */
	struct config_stream stream;
	struct option_text where;	/* expression; none: everything */
	struct config_queue queue;
	struct rate limit;
	uint64_t hash;			/* of all that is written of it but where */
};

/* Options of all kinds. */
extern const struct option_row config_sink_rows[];

/* An option_parser for the map of sinks; cx->user is the config. */
int config_sinks_read(const struct option_context *cx, const struct option_row *row, const struct node *node,
		      void *to);

/* That the sinks go together; with none there is one, standard output.  0, -EINVAL or -ENOMEM. */
int config_sinks_check(struct config *config, struct diag *diag);

const struct config_sink *config_sink(const struct config *config, const char *name);

/* What of the kinds follows the options of all. */
void config_sinks_help(const struct config_sink_kind *const *kinds, FILE *to);
void config_sinks_sample(const struct config_sink_kind *const *kinds, FILE *to);
void config_sinks_manual(const struct config_sink_kind *const *kinds, FILE *to);

#endif
