/* SPDX-License-Identifier: Apache-2.0 */
/* Where lines go: one row of sink_types a kind, one struct sink each that is configured. */
#ifndef OUTPUT_SINK_H
#define OUTPUT_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "config/stream.h"
#include "output/writer.h"

struct expr;

struct sink;

struct sink_ops {
	const char *name, *doc;
	int (*open)(struct sink *sink);		/* sets writer.fd; 0 or negative errno */
	void (*close)(struct sink *sink);
};

struct sink {
	const struct sink_ops *ops;
	char name[64];
	char path[256];
	enum format format;
	const struct expr *where;	/* borrowed; NULL: everything */
	struct writer writer;
	bool open;
	uint64_t written, rejected;	/* records: given to the writer; kept back by where */
};

extern const struct sink_ops sink_stdout, sink_file;

/* The kind of sink of this name, NULL if there is none. */
const struct sink_ops *sink_type(const char *name);

/* Open a sink whose ops, name, path and format are set.  0 or negative errno. */
int sink_open(struct sink *sink);

/* Write what is left and close; also one that is not open. */
void sink_close(struct sink *sink);

#endif
