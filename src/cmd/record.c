// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/turn.h"
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

struct recording {
	struct capture_writer writer;
	int error;		/* of beginning the file */
	bool begun;
};

/* Only now: where the programs cannot be loaded, what was in the file stays. */
static void on_opened(void *ctx, struct agent *agent)
{
	struct recording *to = ctx;
	struct capture_info info;

	to->begun = true;
	capture_info_here(&info, clock_boot_to_wall());
	to->error = capture_writer_begin(&to->writer, &info);
	if (to->error < 0)
		agent_stop(agent, "the file cannot be written");
}

static int record(struct watch_options *o)
{
	struct recording to = { 0 };
	int r = capture_writer_open(&to.writer, o->file), status;

	if (r < 0) {
		capture_writer_close(&to.writer);
		return fail(o->file, r);
	}
	o->agent.pipeline.capture = &to.writer;
	o->agent.opened = on_opened;
	o->agent.ctx = &to;
	status = watch(&o->agent);
	r = capture_writer_close(&to.writer);
	r = to.error < 0 ? to.error : r;
	if (r < 0)
		return fail(o->file, r);
	if (to.begun)
		fprintf(stderr, "saker: %llu records, %llu bytes in %s\n", (unsigned long long)to.writer.records,
			(unsigned long long)to.writer.bytes, o->file);
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
