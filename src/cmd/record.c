// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/watch.h"
#include "output/capture.h"

static int fail(const char *file, int r)
{
	fprintf(stderr, "saker: cannot write %s: %s\n", file, strerror(-r));
	return EXIT_FAILED;
}

static int record(struct watch_options *o)
{
	struct capture_info info;
	struct capture_writer writer;
	int r, status;

	capture_info_here(&info, clock_boot_to_wall());
	r = capture_writer_open(&writer, o->file, &info);
	if (r < 0)
		return fail(o->file, r);
	o->agent.pipeline.capture = &writer;
	status = watch(&o->agent);
	r = capture_writer_close(&writer);
	if (r < 0)
		return fail(o->file, r);
	fprintf(stderr, "saker: %llu records, %llu bytes in %s\n", (unsigned long long)writer.records,
		(unsigned long long)writer.bytes, o->file);
	return status;
}

static int run(int argc, char **argv)
{
	static struct watch_options o;
	int status;

	if (options_parse(&o, FOR_RECORD, argc, argv, "record -w FILE [OPTION].. [EXPR] [-- COMMAND [ARGUMENT]..]") < 0)
		return EXIT_USAGE;
	if (o.exit >= 0)
		return o.exit;
	if (!o.file || !*o.file) {
		fprintf(stderr, "saker: record wants -w FILE (- for standard output)\n");
		return EXIT_USAGE;
	}
	status = record(&o);
	options_fini(&o);
	return status;
}

const struct command cmd_record = {
	.name = "record",
	.usage = "-w FILE [-e EVENT,..] [--for TIME] [--count N] [EXPR] [-- COMMAND]",
	.doc = "capture raw records",
	.run = run,
};
