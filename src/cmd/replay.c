// SPDX-License-Identifier: Apache-2.0
/* The same pipeline over records from a file: no kernel, no privilege. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/pipeline.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "event/schema.h"
#include "output/capture.h"

static int fail(const char *file, const char *why)
{
	fprintf(stderr, "saker: %s: %s\n", file, why);
	return EXIT_FAILED;
}

static int replay_records(struct capture_reader *reader, struct pipeline *p, const char *file)
{
	const void *record;
	size_t len;
	int r;

	while (!p->done && (r = capture_read(reader, &record, &len)) != 0) {
		if (r < 0)
			return fail(file, reader->error);
		pipeline_record(p, record, len);
		if (p->road.sinks[0]->state == SINK_GONE)
			break;
	}
	return EXIT_OK;
}

static int replay(struct watch_options *o, struct capture_reader *reader, const char *file)
{
	const struct config_stream stream = { .format = o->format };
	struct pipeline p;
	struct sink *sink;
	int status, r = sink_console_new(&sink, &stream);

	if (r == 0)
		r = pipeline_init(&p, &o->agent.pipeline, reader->info.boot_to_wall, reader->info.host);
	if (r < 0)
		return fail(file, strerror(-r));
	road_add(&p.road, 0, sink);
	status = replay_records(reader, &p, file);
	pipeline_end(&p);
	r = pipeline_flush(&p);
	if (r < 0 && r != -EPIPE)
		status = fail("standard output", strerror(-r));
	if (p.counts.invalid) {
		fprintf(stderr, "saker: %s: %llu malformed records were left out\n", file,
			(unsigned long long)p.counts.invalid);
		status = EXIT_FAILED;
	}
	pipeline_fini(&p);
	sink_free(sink);
	return status;
}

static int replay_file(struct watch_options *o, const char *file)
{
	struct capture_reader *reader = calloc(1, sizeof(*reader));
	FILE *in = strcmp(file, "-") ? fopen(file, "rbe") : stdin;
	int status;

	if (!in || !reader)
		status = fail(file, strerror(errno));
	else if (capture_reader_open(reader, in) < 0)
		status = fail(file, reader->error);
	else
		status = replay(o, reader, file);
	if (in && in != stdin)
		fclose(in);
	free(reader);
	return status;
}

/* All that the file holds, but for the processes that only give names to others. */
static void select_recorded(struct event_set *set)
{
	memset(set, 0xff, sizeof(*set));
	event_set_remove(set, EVENT_process_existing);
}

static int run(int argc, char **argv)
{
	static struct watch_options o;
	int status;

	if (options_parse(&o, FOR_REPLAY, argc, argv, "replay FILE [OPTION].. [EXPR]") < 0)
		return EXIT_USAGE;
	if (o.exit >= 0)
		return o.exit;
	if (!o.file || !*o.file) {
		fprintf(stderr, "saker: want saker replay FILE [OPTION].. (- for standard input)\n");
		return EXIT_USAGE;
	}
	if (!o.events_given && !*o.expr)
		select_recorded(&o.agent.pipeline.selected);
	o.agent.pipeline.filter_all = true;
	status = replay_file(&o, o.file);
	options_fini(&o);
	return status;
}

const struct command cmd_replay = {
	.name = "replay",
	.usage = "FILE [-e EVENT,..] [-o FORMAT] [EXPR]",
	.doc = "run the same pipeline over captured records",
	.run = run,
};
