/* SPDX-License-Identifier: Apache-2.0 */
/* How lines look. Sinks that want the same share the lines of one stream. */
#ifndef SAKER_CONFIG_STREAM_H
#define SAKER_CONFIG_STREAM_H

/* As the words of the option format, in this order. */
enum format { FORMAT_JSON, FORMAT_TABLE, FORMATS };

struct config_stream {
	unsigned format;		/* enum format */
};

#endif
